//! A capture, summarised for a baseline.

use scrutineer_evidence::{
    capture::{FunctionShare, Sampler},
    residency::Growth,
};
use serde::{Deserialize, Serialize};

use crate::{
    capture::model::Activity,
    profile::{self, Profile},
};

/// Resident memory over a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemorySummary {
    /// First reading of the resident set.
    pub start_rss_bytes: u64,
    /// Last reading.
    pub end_rss_bytes: u64,
    /// Highest reading.
    pub peak_rss_bytes: u64,
    /// Growth's slope; `None` where there were too few readings.
    pub slope_bytes_per_s: Option<f64>,
}

/// One run: a capture, summarised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaptureSummary {
    /// Name of the target (`comm`).
    pub target: String,
    /// When the capture began.
    pub started_at: jiff::Timestamp,
    /// Length, seconds.
    pub duration_s: f64,
    /// Sampling frequency, hertz.
    pub frequency_hz: u32,
    /// How it was sampled.
    pub sampler: Sampler,
    /// Samples taken.
    pub samples: u64,
    /// Samples lost.
    pub lost: u64,
    /// The functions with most self samples, at most 50, most first.
    pub top_functions: Vec<FunctionShare>,
    /// CPU time per wall time, cores; `None` where the counters were not read twice.
    pub cpu_cores: Option<f64>,
    /// Resident memory; `None` where it was not read.
    pub memory: Option<MemorySummary>,
}

impl CaptureSummary {
    /// Functions that a summary holds.
    pub const TOP_FUNCTIONS: usize = 50;

    /// Summarises a profile; `growth` is that of its residency
    /// ([`crate::memory::growth::estimate`]).
    pub fn of(profile: &Profile, growth: Option<&Growth>) -> Self {
        let header = &profile.header;
        Self {
            target: header.name.clone(),
            started_at: header.started_at,
            duration_s: profile.duration_ns() as f64 / 1e9,
            frequency_hz: header.frequency_hz,
            sampler: header.sampler,
            samples: profile.quality.samples,
            lost: profile.quality.lost,
            top_functions: profile::facts(profile, "", "").top_functions,
            cpu_cores: cpu_cores(&profile.activity),
            memory: memory(profile, growth),
        }
    }

    /// Self samples of a function, those of its namesakes in other modules too. A function that a
    /// full list does not hold has at most as many as the last one: that bound is returned.
    pub fn self_samples(&self, name: &str) -> u64 {
        let namesakes = self
            .top_functions
            .iter()
            .filter(|function| function.name == name);
        let listed: u64 = namesakes.map(|function| function.self_samples).sum();
        if listed > 0 || self.top_functions.len() < Self::TOP_FUNCTIONS {
            return listed;
        }
        self.top_functions
            .last()
            .map_or(0, |last| last.self_samples)
    }
}

fn cpu_cores(activity: &[Activity]) -> Option<f64> {
    let (first, last) = (activity.first()?, activity.last()?);
    let wall_ns = last
        .time_ns
        .checked_sub(first.time_ns)
        .filter(|wall| *wall > 0)?;
    let used = |reading: &Activity| reading.user_ns.saturating_add(reading.kernel_ns);
    let used_ns = used(last).saturating_sub(used(first));
    Some(used_ns as f64 / wall_ns as f64)
}

fn memory(profile: &Profile, growth: Option<&Growth>) -> Option<MemorySummary> {
    let (first, last) = (profile.residency.first()?, profile.residency.last()?);
    let peak = profile
        .residency
        .iter()
        .map(|reading| reading.rss_bytes)
        .max()?;
    Some(MemorySummary {
        start_rss_bytes: first.rss_bytes,
        end_rss_bytes: last.rss_bytes,
        peak_rss_bytes: peak,
        slope_bytes_per_s: growth.map(|growth| growth.slope_bytes_per_s),
    })
}

#[cfg(test)]
mod tests {
    use scrutineer_evidence::residency::ResidencySample;

    use super::*;
    use crate::{capture::model::Chunk, profile::testing};

    #[test]
    fn a_summary_holds_the_captures_figures() {
        let mut chunks = testing::chunks(&[vec!["main", "hot"], vec!["main", "hot"], vec!["main"]]);
        let rss = |time_ns, rss_bytes| ResidencySample {
            time_ns,
            rss_bytes,
            pss_bytes: None,
            anonymous_bytes: None,
        };
        chunks.push(Chunk::Residency(vec![
            rss(0, 100),
            rss(1, 300),
            rss(2, 200),
        ]));
        let activity = |time_ns, user_ns| Activity {
            time_ns,
            user_ns,
            kernel_ns: user_ns / 2,
            threads: 1,
            descriptors: None,
        };
        chunks.push(Chunk::Activity(vec![
            activity(0, 1_000),
            activity(1_000, 2_000),
        ]));
        let summary = CaptureSummary::of(&testing::build(chunks), None);
        assert_eq!((summary.samples, summary.self_samples("hot")), (3, 2));
        assert_eq!(summary.self_samples("unheard of"), 0);
        assert_eq!(summary.cpu_cores, Some(1.5));
        let memory = summary.memory.expect("memory was read");
        assert_eq!(
            (
                memory.start_rss_bytes,
                memory.peak_rss_bytes,
                memory.end_rss_bytes
            ),
            (100, 300, 200)
        );
    }

    #[test]
    fn what_was_not_read_is_missing_not_zero() {
        let summary = CaptureSummary::of(&testing::profile(&[vec!["main"]]), None);
        assert_eq!((summary.cpu_cores, summary.memory), (None, None));
    }
}
