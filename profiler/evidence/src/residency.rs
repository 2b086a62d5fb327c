//! Resident memory of the target over the window.

use serde::{Deserialize, Serialize};

/// One reading of `/proc/PID/statm`, now and then with `smaps_rollup`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResidencySample {
    /// `CLOCK_MONOTONIC`, nanoseconds since the window's start.
    pub time_ns: u64,
    /// Resident set size.
    pub rss_bytes: u64,
    /// Proportional set size, where it was read at this time.
    pub pss_bytes: Option<u64>,
    /// Anonymous resident memory (`RssAnon`), where it was read at this time.
    pub anonymous_bytes: Option<u64>,
}

/// Growth of resident memory: Theil–Sen slope with a Mann–Kendall test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Growth {
    /// Median of pairwise slopes, bytes per second.
    pub slope_bytes_per_s: f64,
    /// Lower end of the 99 % interval of the slope, bytes per second.
    pub low_bytes_per_s: f64,
    /// Upper end of the 99 % interval of the slope, bytes per second.
    pub high_bytes_per_s: f64,
    /// Two-sided p-value of Mann–Kendall on the series, prewhitened where it is autocorrelated.
    pub mann_kendall_p: f64,
    /// Points that went into the estimate, after decimation.
    pub points: usize,
}

/// Resident memory over the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResidencyFacts {
    /// Length of the window, seconds.
    pub window_s: f64,
    /// Readings in order of time, decimated to at most 600.
    pub samples: Vec<ResidencySample>,
    /// Growth over the window; `None` below 20 readings.
    pub growth: Option<Growth>,
    /// Highest resident set in the window.
    pub peak_rss_bytes: u64,
}
