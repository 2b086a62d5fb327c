//! How far a loaded capture can be trusted.

use scrutineer_evidence::trust::{self, Conditions, Trust};

use crate::profile::Profile;

impl Profile {
    /// The judgement of the capture's quality: the one that every report and screen shows.
    pub fn trust(&self) -> Trust {
        trust::judge(&self.quality, &self.conditions())
    }

    /// What the judgement goes by beside the quality.
    pub fn conditions(&self) -> Conditions {
        Conditions {
            // Another tool's way of sampling is not for us to judge.
            sampler: Some(self.header.sampler).filter(|_| self.foreign.is_none()),
            frequency_hz: self.header.frequency_hz,
            duration_s: self.duration_ns() as f64 / 1e9,
            visible_cpu_s: None,
            page_faults: self.page_faults.weight.iter().sum(),
        }
    }
}
