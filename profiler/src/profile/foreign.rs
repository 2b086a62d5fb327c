//! What a profile of another tool says of its samples, where that differs from our own captures'.

use crate::profile::{Profile, Unit, Weight};

/// Where a profile of another tool comes from, and what its samples are weighed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// The format that it was read from: `perf.data`.
    pub format: &'static str,
    /// What [`Profile::sample_weights`] count.
    pub unit: Unit,
    /// The words of headings for what is counted: `CPU time`, `cache-misses`, `allocated`.
    pub label: String,
    /// What the file measures, by the names that reading it takes, where it measures several things.
    pub measures: Vec<String>,
    /// Position in [`Self::measures`] of what was read.
    pub measure: usize,
    /// Whether the samples bear times.
    pub has_times: bool,
    /// What the file does not tell or what was left out, a sentence each.
    pub notes: Vec<String>,
}

impl Foreign {
    /// The name of what was read, where the file measures several things.
    pub fn measure_name(&self) -> Option<&str> {
        let several = self.measures.len() > 1;
        let name = self.measures.get(self.measure).filter(|_| several);
        name.map(String::as_str)
    }
}

impl Profile {
    /// What a weight is counted in, in this profile.
    pub fn unit(&self, weight: Weight) -> Unit {
        match (&self.foreign, weight) {
            (Some(foreign), Weight::Cpu) => foreign.unit,
            _ => weight.unit(),
        }
    }

    /// The words of headings for a weight, in this profile: `CPU time`, `cache-misses`.
    pub fn label(&self, weight: Weight) -> &str {
        match (&self.foreign, weight) {
            (Some(foreign), Weight::Cpu) => &foreign.label,
            _ => weight.label(),
        }
    }

    /// Whether samples bear times: without them there is no timeline and no heat map.
    pub fn has_times(&self) -> bool {
        self.foreign
            .as_ref()
            .is_none_or(|foreign| foreign.has_times)
    }

    /// CPU time that a sample stands for, nanoseconds; `None` where that is not known, or where
    /// samples are not of CPU time.
    pub fn period_ns(&self) -> Option<u64> {
        let is_time = matches!(self.unit(Weight::Cpu), Unit::Samples | Unit::Nanoseconds);
        let frequency_hz = Some(self.header.frequency_hz).filter(|hz| *hz > 0 && is_time);
        frequency_hz.map(|hz| 1_000_000_000 / u64::from(hz))
    }

    /// Weight of the sample in a row: 1 where samples are counted.
    pub(super) fn sample_weight(&self, row: usize) -> u64 {
        self.sample_weights.get(row).copied().unwrap_or(1)
    }
}
