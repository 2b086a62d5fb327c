//! What a recording tells of its own quality, in numbers and in sentences.

use scrutineer_evidence::{
    capture::{Quality, Sampler as SamplerKind},
    trust::{self, Conditions},
};

/// CPU times of a process, nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CpuTimes {
    pub(super) user_ns: u64,
    pub(super) kernel_ns: u64,
}

/// Kernel time as a share of all CPU time between two readings; `None` where none was used.
pub(super) fn kernel_share(first: CpuTimes, last: CpuTimes) -> Option<f64> {
    let user = last.user_ns.saturating_sub(first.user_ns);
    let kernel = last.kernel_ns.saturating_sub(first.kernel_ns);
    let both = user + kernel;
    (both > 0).then(|| kernel as f64 / both as f64)
}

/// What the sampler was asked to do and what the target did meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) sampler: SamplerKind,
    pub(super) frequency_hz: u32,
    /// CPU time of the target that the sampler could see.
    pub(super) visible_cpu_ns: u64,
    /// Length of the recording.
    pub(super) duration_ns: u64,
    /// Page faults captured with their stacks.
    pub(super) page_faults: u64,
}

impl Window {
    /// What the judgement of trust goes by.
    fn conditions(&self) -> Conditions {
        Conditions {
            sampler: Some(self.sampler),
            frequency_hz: self.frequency_hz,
            duration_s: self.duration_ns as f64 / 1e9,
            visible_cpu_s: Some(self.visible_cpu_ns as f64 / 1e9),
            page_faults: self.page_faults,
        }
    }
}

/// Sentences on what was invisible, lost or cut, and what to do about it, worst first. Names are
/// looked up after the recording, so that they are not judged here.
pub(super) fn warnings(quality: &Quality, window: Window) -> Vec<String> {
    trust::judge(quality, &window.conditions()).sentences()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_share_is_that_of_the_window_alone() {
        let first = CpuTimes {
            user_ns: 100,
            kernel_ns: 900,
        };
        let last = CpuTimes {
            user_ns: 400,
            kernel_ns: 1_000,
        };
        assert_eq!(kernel_share(first, last), Some(0.25));
        assert_eq!(kernel_share(last, last), None);
    }

    fn window(samples: u64) -> Window {
        Window {
            sampler: SamplerKind::PerfCpuClock,
            frequency_hz: 1_000,
            visible_cpu_ns: samples * 1_000_000,
            duration_ns: samples * 1_000_000,
            page_faults: 0,
        }
    }

    #[test]
    fn a_flawless_recording_warns_of_nothing() {
        let quality = Quality {
            samples: 1_000,
            ..Quality::default()
        };
        assert!(warnings(&quality, window(1_050)).is_empty());
    }

    #[test]
    fn samples_that_should_have_been_taken_are_missed() {
        let quality = Quality {
            samples: 500,
            ..Quality::default()
        };
        let warnings = warnings(&quality, window(1_000));
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].starts_with("Only 50 %"), "{warnings:?}");
    }

    #[test]
    fn a_recording_without_a_sample_says_so() {
        let warnings = warnings(&Quality::default(), window(0));
        assert!(
            warnings[0].starts_with("No sample was taken"),
            "{warnings:?}"
        );
    }
}
