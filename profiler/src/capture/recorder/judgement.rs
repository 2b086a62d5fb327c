//! What a recording tells of its own quality, in numbers and in sentences.

use scrutineer_evidence::capture::{Quality, Sampler as SamplerKind};

/// Below this share nothing is said.
const WORTH_A_WORD: f64 = 0.01;
/// With fewer, chance and the coarse clock of `/proc/PID/stat` explain any difference.
const LEAST_EXPECTED_SAMPLES: f64 = 100.0;
const LEAST_SHARE_OF_EXPECTED: f64 = 0.8;

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
}

impl Window {
    /// Samples that so much CPU time should have given.
    fn expected_samples(&self) -> f64 {
        self.visible_cpu_ns as f64 / 1e9 * f64::from(self.frequency_hz)
    }
}

/// Sentences on what was invisible, lost or cut, and what to do about it.
pub(super) fn warnings(quality: &Quality, window: Window) -> Vec<String> {
    let mut warnings = Vec::new();
    let expected = window.expected_samples();
    let taken = (quality.samples + quality.lost) as f64;
    if expected >= LEAST_EXPECTED_SAMPLES && taken < expected * LEAST_SHARE_OF_EXPECTED {
        warnings.push(format!(
            "Only {:.0} % of the samples that the target's CPU time should have given were taken: \
             threads that live for less than {:.1} ms end before their first sample. Record at \
             more than {} Hz with -F",
            taken / expected * 100.0,
            1e3 / f64::from(window.frequency_hz),
            window.frequency_hz
        ));
    } else if quality.samples == 0 {
        warnings.push(
            "No sample was taken: the target used no CPU time that could be seen, or ended at \
             once. Record for longer, or while it works"
                .to_owned(),
        );
    }
    if let Some(share) = quality
        .kernel_invisible_share
        .filter(|share| *share >= WORTH_A_WORD)
    {
        let enable = match window.sampler {
            SamplerKind::Ptrace => "ptrace shows only where user code entered the kernel",
            _ => {
                "to see it: sudo scrutineer doctor --install-helper, or for every program: \
                 sudo sysctl kernel.perf_event_paranoid=1"
            }
        };
        warnings.push(format!(
            "{:.0} % of the target's CPU time was spent in the kernel and is invisible here; {enable}",
            share * 100.0
        ));
    }
    let lost = quality.lost as f64 / (quality.samples + quality.lost).max(1) as f64;
    if lost >= WORTH_A_WORD {
        let why = match window.sampler {
            SamplerKind::Ptrace => "were left out because the machine was too busy to stop the \
                                    target on time; record while less else runs"
                .to_owned(),
            _ => format!(
                "were lost because they came faster than they could be read; record at less than \
                 {} Hz with -F",
                window.frequency_hz
            ),
        };
        warnings.push(format!("{:.0} % of the samples {why}", lost * 100.0));
    }
    let truncated = quality.share(quality.truncated);
    if truncated >= WORTH_A_WORD {
        warnings.push(format!(
            "{:.0} % of the stacks do not reach their outermost function: they are deeper than \
             what is copied of them, or code on them has no unwind information",
            truncated * 100.0
        ));
    }
    warnings
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
        }
    }

    #[test]
    fn each_sampler_has_its_own_remedy_for_samples_that_were_lost() {
        let quality = Quality {
            samples: 900,
            lost: 100,
            ..Quality::default()
        };
        let ptrace = Window {
            sampler: SamplerKind::Ptrace,
            ..window(1_000)
        };
        assert!(warnings(&quality, window(1_000))[0].contains("less than 1000 Hz"));
        assert!(warnings(&quality, ptrace)[0].contains("less else runs"));
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
    fn each_flaw_has_its_sentence() {
        let quality = Quality {
            samples: 90,
            lost: 10,
            truncated: 45,
            kernel_invisible_share: Some(0.3),
            ..Quality::default()
        };
        let found = warnings(&quality, window(100));
        assert_eq!(found.len(), 3);
        assert!(found[0].contains("30 %") && found[0].contains("sudo sysctl"));
        assert!(found[1].contains("10 %"));
        assert!(found[2].contains("50 %"));
        assert_eq!(warnings(&Quality::default(), window(0)).len(), 1);
    }
}
