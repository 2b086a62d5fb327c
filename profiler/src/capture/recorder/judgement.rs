//! What a recording tells of its own quality, in numbers and in sentences.

use scrutineer_evidence::capture::{Quality, Sampler as SamplerKind};

/// Below this share nothing is said.
const WORTH_A_WORD: f64 = 0.01;

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

/// Sentences on what was invisible, lost or cut, and what to do about it.
pub(super) fn warnings(quality: &Quality, sampler: SamplerKind, frequency_hz: u32) -> Vec<String> {
    let mut warnings = Vec::new();
    if quality.samples == 0 {
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
        let enable = match sampler {
            SamplerKind::Ptrace => "ptrace shows only where user code entered the kernel",
            _ => "to see it: sudo sysctl kernel.perf_event_paranoid=1",
        };
        warnings.push(format!(
            "{:.0} % of the target's CPU time was spent in the kernel and is invisible here; {enable}",
            share * 100.0
        ));
    }
    let lost = quality.lost as f64 / (quality.samples + quality.lost).max(1) as f64;
    if lost >= WORTH_A_WORD {
        warnings.push(format!(
            "{:.0} % of the samples were lost because they came faster than they could be read; \
             record at less than {frequency_hz} Hz with -F",
            lost * 100.0
        ));
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

    #[test]
    fn a_flawless_recording_warns_of_nothing() {
        let quality = Quality {
            samples: 1_000,
            ..Quality::default()
        };
        assert!(warnings(&quality, SamplerKind::PerfCpuClock, 999).is_empty());
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
        let warnings = warnings(&quality, SamplerKind::PerfCpuClock, 999);
        assert_eq!(warnings.len(), 3);
        assert!(warnings[0].contains("30 %") && warnings[0].contains("sudo sysctl"));
        assert!(warnings[1].contains("10 %"));
        assert!(warnings[2].contains("50 %"));
        assert_eq!(
            super::warnings(&Quality::default(), SamplerKind::Ptrace, 99).len(),
            1
        );
    }
}
