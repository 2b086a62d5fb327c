//! The garbage collector takes a small share of the CPU.

use scrutineer_evidence::{Absent, Kind, capture::CaptureFacts, process::ProcessFacts};
use serde::{Deserialize, Serialize};

use super::{Rule, Scale, absence_verdict};
use crate::{
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// The share that is judged.
const MATERIAL: &str = "share of samples in the collector";

/// Reads the share of samples with a collector's frame on the stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GarbageCollection {
    /// Share of the samples below which the item passes, 0..1.
    pub good_share: f64,
    /// Share of the samples from which the item fails, 0..1.
    pub fail_share: f64,
    /// Fewest samples to judge.
    pub least_samples: u64,
    /// Largest share of samples without a name: a collector could hide there.
    pub most_unresolved_share: f64,
}

impl Rule for GarbageCollection {
    type Needs<'e> = (&'e ProcessFacts, Result<&'e CaptureFacts, &'e Absent>);
    const NAME: &'static str = "GarbageCollection";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: < {} of CPU samples in the collector; attention: up to {}; fail: ≥ {}",
            words::percent(self.good_share),
            words::percent(self.fail_share),
            words::percent(self.fail_share),
        )
    }

    fn scale(&self) -> Option<Scale> {
        Some(Scale {
            material: MATERIAL,
            good: self.good_share,
            fail: Some(self.fail_share),
            less_is_better: true,
        })
    }

    fn judge(&self, (process, capture): Self::Needs<'_>) -> Verdict {
        let runtime = process.runtime.label();
        if !process.runtime.collects_garbage() {
            let summary = format!("Not applicable: {runtime} code has no garbage collector.");
            return Verdict::new(
                Outcome::NotApplicable,
                Confidence::Strong,
                "no collector",
                summary,
            )
            .read(Kind::Process, format!("runtime recognised as {runtime}"));
        }
        let capture = match capture {
            Ok(capture) => capture,
            Err(absent) => return absence_verdict(absent).read(Kind::Capture, absent.reason()),
        };
        let quality = &capture.quality;
        let unresolved = quality.share(quality.unresolved);
        let share = capture.garbage_collection_share;
        let verdict = if quality.samples < self.least_samples {
            absence_verdict(&Absent::TooLittleData {
                seen: words::counted(quality.samples, "sample", "samples"),
                needed: format!("at least {}", words::count(self.least_samples)),
            })
        } else if unresolved > self.most_unresolved_share && share < self.fail_share {
            absence_verdict(&Absent::TooLittleData {
                seen: format!("{} of the samples have no name", words::percent(unresolved)),
                needed: format!("at most {}", words::percent(self.most_unresolved_share)),
            })
        } else {
            self.weigh(share, runtime)
        };
        verdict
            .read(
                Kind::Capture,
                format!(
                    "{} of {} with a collector's frame, {}",
                    words::percent(share),
                    words::counted(quality.samples, "sample", "samples"),
                    capture.file
                ),
            )
            .over(format!("{} of capture", words::seconds(capture.duration_s)))
    }
}

impl GarbageCollection {
    fn weigh(&self, share: f64, runtime: &str) -> Verdict {
        let outcome = if share >= self.fail_share {
            Outcome::Fail
        } else if share >= self.good_share {
            Outcome::Attention
        } else {
            Outcome::Pass
        };
        let number = words::percent(share);
        let summary = format!("{runtime}'s collector takes {number} of the CPU samples.");
        Verdict::new(outcome, Confidence::Strong, number, summary).rests_on(MATERIAL, share, 0.25)
    }
}

#[cfg(test)]
mod tests {
    use scrutineer_evidence::process::Runtime;

    use super::*;
    use crate::testing::{self, judged};

    const RULE: GarbageCollection = GarbageCollection {
        good_share: 0.05,
        fail_share: 0.25,
        least_samples: 1_000,
        most_unresolved_share: 0.2,
    };

    fn verdict(runtime: Runtime, change: impl FnOnce(&mut CaptureFacts)) -> Verdict {
        let mut capture = testing::capture();
        change(&mut capture);
        judged(&RULE, |evidence| {
            let mut process = testing::process();
            process.runtime = runtime;
            evidence.process = Ok(process);
            evidence.capture = Ok(capture);
        })
    }

    #[test]
    fn the_share_decides() {
        let share = |share| {
            verdict(Runtime::Jvm, |capture| {
                capture.garbage_collection_share = share;
            })
        };
        assert_eq!(share(0.049).outcome, Outcome::Pass);
        assert_eq!(share(0.05).outcome, Outcome::Attention);
        assert_eq!(share(0.25).outcome, Outcome::Fail);
    }

    #[test]
    fn native_code_has_no_collector_and_needs_no_capture() {
        let verdict = judged(&RULE, |evidence| evidence.process = Ok(testing::process()));
        assert_eq!(verdict.outcome, Outcome::NotApplicable);
    }

    #[test]
    fn few_or_nameless_samples_are_inconclusive() {
        let few = verdict(Runtime::Go, |capture| capture.quality.samples = 999);
        assert_eq!(few.outcome, Outcome::Inconclusive);
        let nameless = verdict(Runtime::Go, |capture| {
            capture.quality.unresolved = capture.quality.samples;
        });
        assert_eq!(nameless.outcome, Outcome::Inconclusive);
    }
}
