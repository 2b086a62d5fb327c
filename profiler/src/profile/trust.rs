//! How far a loaded capture can be trusted.

use scrutineer_evidence::{
    capture::Quality,
    trust::{self, Conditions, Trust},
};

use crate::{capture::model::SAMPLE_TRUNCATED, profile::Profile};

impl Profile {
    /// The judgement of the capture's quality: the one that every report and screen shows.
    pub fn trust(&self) -> Trust {
        trust::judge(&self.weighed_quality(), &self.conditions())
    }

    /// The quality in the unit of the samples: where one row stands for many samples, or for
    /// bytes, shares are of what the rows weigh.
    pub fn weighed_quality(&self) -> Quality {
        if self.sample_weights.is_empty() {
            return self.quality.clone();
        }
        let is_named = |stack: u32| {
            let frame = self.stacks.frame.get(stack as usize);
            let innermost = frame.and_then(|frame| self.logical_of(*frame).first());
            innermost.is_some_and(|frame| self.functions[frame.function as usize].named)
        };
        let mut quality = Quality {
            samples: 0,
            truncated: 0,
            unresolved: 0,
            ..self.quality.clone()
        };
        for (row, weight) in self.sample_weights.iter().enumerate() {
            let add = |sum: &mut u64, counts: bool| {
                *sum = sum.saturating_add(if counts { *weight } else { 0 });
            };
            let is_truncated = self.samples.flags[row] & SAMPLE_TRUNCATED != 0;
            add(&mut quality.samples, true);
            add(&mut quality.truncated, is_truncated);
            add(&mut quality.unresolved, !is_named(self.samples.stack[row]));
        }
        quality
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
