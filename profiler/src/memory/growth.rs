//! Growth of a series: Theil–Sen slope with its interval, Mann–Kendall test.

use scrutineer_evidence::residency::{Growth, ResidencySample};

/// Growth of resident memory; `None` below 20 readings. The series is decimated to at most 300
/// points first (medians of equal spans of time).
pub fn estimate(samples: &[ResidencySample]) -> Option<Growth> {
    let _ = samples;
    todo!("memory room")
}
