//! Threads that serve event loops wait for events and for nothing else.

use scrutineer_evidence::{Absent, Kind, waits::WaitFacts};
use serde::{Deserialize, Serialize};

use super::{Rule, Scale, absence_verdict};
use crate::{
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// The share that is judged.
const MATERIAL: &str = "share of time that an event loop is blocked";

/// Reads how long event loops were blocked, of the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventLoops {
    /// Share of the window below which the most blocked loop passes, 0..1.
    pub good_share: f64,
    /// Share of the window from which a person is asked to confirm a fail, 0..1.
    pub fail_share: f64,
    /// Shortest capture to judge, seconds.
    pub least_window_s: f64,
}

impl Rule for EventLoops {
    type Needs<'e> = &'e WaitFacts;
    const NAME: &'static str = "EventLoops";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: event loops blocked < {} of the window; attention: up to {}; fail: above",
            words::percent(self.good_share),
            words::percent(self.fail_share),
        )
    }

    fn confidence(&self) -> Confidence {
        Confidence::Indicative
    }

    fn scale(&self) -> Option<Scale> {
        Some(Scale {
            material: MATERIAL,
            good: self.good_share,
            fail: None,
            less_is_better: true,
        })
    }

    fn judge(&self, waits: Self::Needs<'_>) -> Verdict {
        if waits.window_s < self.least_window_s {
            return absence_verdict(&Absent::TooLittleData {
                seen: format!("{} of capture", words::seconds(waits.window_s)),
                needed: format!("at least {}", words::seconds(self.least_window_s)),
            });
        }
        let Some(worst) = waits.event_loops.first() else {
            return Verdict::new(
                Outcome::NotApplicable,
                Confidence::Indicative,
                "no event loop",
                "Not applicable: no thread waited for events of many descriptors at once.",
            )
            .read(Kind::Waits, "no thread that serves an event loop was seen");
        };
        let share = worst.blocked_s / waits.window_s;
        let outcome = Outcome::within(share, self.good_share, self.fail_share);
        let number = words::percent(share);
        let inside = if worst.worst.is_empty() {
            String::new()
        } else {
            format!(", most in {}", worst.worst)
        };
        let summary = format!(
            "The event loop of {} is blocked {number} of the time{inside}.",
            worst.thread
        );
        let mut verdict = Verdict::new(outcome, Confidence::Indicative, number, summary)
            .rests_on(MATERIAL, share, 0.25)
            .over(format!("{} of capture", words::seconds(waits.window_s)));
        for one in waits.event_loops.iter().take(3) {
            verdict = verdict.read(
                Kind::Waits,
                format!(
                    "{}: blocked {} of {}",
                    one.thread,
                    words::seconds(one.blocked_s),
                    words::seconds(waits.window_s)
                ),
            );
        }
        verdict
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    const RULE: EventLoops = EventLoops {
        good_share: 0.01,
        fail_share: 0.05,
        least_window_s: 3.0,
    };

    fn verdict(change: impl FnOnce(&mut WaitFacts)) -> Verdict {
        let mut waits = testing::waits();
        change(&mut waits);
        judged(&RULE, |evidence| evidence.waits = Ok(waits))
    }

    fn blocked(share: f64) -> Verdict {
        verdict(|waits| waits.event_loops[0].blocked_s = share * waits.window_s)
    }

    #[test]
    fn the_most_blocked_loop_decides_and_never_fails_alone() {
        assert_eq!(blocked(0.009).outcome, Outcome::Pass);
        assert_eq!(blocked(0.011).outcome, Outcome::Attention);
        let much = blocked(0.5);
        assert_eq!(much.outcome, Outcome::Attention);
        assert!(much.summary.contains("confirmation"), "{}", much.summary);
    }

    #[test]
    fn without_a_loop_it_does_not_apply_and_a_short_capture_says_nothing() {
        let none = verdict(|waits| waits.event_loops.clear());
        assert_eq!(none.outcome, Outcome::NotApplicable);
        let short = verdict(|waits| waits.window_s = 1.0);
        assert_eq!(short.outcome, Outcome::Inconclusive);
    }
}
