//! Profiles are taken, and findings rest on them.

use scrutineer_evidence::{Kind, history::HistoryFacts};
use serde::{Deserialize, Serialize};

use super::Rule;
use crate::{
    needs::JudgedAt,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads the captures that the workspace keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfilingHabit {
    /// Age up to which a linked capture passes, days.
    pub fresh_days: f64,
}

impl Rule for ProfilingHabit {
    type Needs<'e> = (JudgedAt, &'e HistoryFacts);
    const NAME: &'static str = "ProfilingHabit";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: a capture ≤ {} old that a finding names; attention: older, or named by none; \
             fail: no capture",
            words::days(self.fresh_days)
        )
    }

    fn judge(&self, (judged_at, history): Self::Needs<'_>) -> Verdict {
        let linked = history
            .captures
            .iter()
            .filter(|capture| capture.linked)
            .map(|capture| (judged_at.days_since(capture.started_at), capture))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        let verdict = match linked {
            Some((age, capture)) => {
                let outcome = if age <= self.fresh_days {
                    Outcome::Pass
                } else {
                    Outcome::Attention
                };
                let summary = format!(
                    "A finding rests on {}, {} old.",
                    capture.file,
                    words::days(age)
                );
                Verdict::new(outcome, Confidence::Strong, words::days(age), summary).read(
                    Kind::History,
                    format!("{} began at {}", capture.file, capture.started_at),
                )
            }
            None if history.captures.is_empty() => {
                let summary = "The workspace keeps no capture.";
                Verdict::new(Outcome::Fail, Confidence::Strong, "no capture", summary)
            }
            None => {
                let captures = words::counted(history.captures.len() as u64, "capture", "captures");
                let summary = format!("The workspace keeps {captures}, and no finding names one.");
                Verdict::new(
                    Outcome::Attention,
                    Confidence::Strong,
                    "none linked",
                    summary,
                )
            }
        };
        let count = words::counted(history.captures.len() as u64, "capture", "captures");
        verdict.read(Kind::History, format!("{count} in the workspace"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    fn verdict(change: impl FnOnce(&mut HistoryFacts)) -> Verdict {
        let mut history = testing::history();
        change(&mut history);
        judged(&ProfilingHabit { fresh_days: 90.0 }, |evidence| {
            evidence.history = Ok(history);
        })
    }

    #[test]
    fn a_fresh_linked_capture_passes() {
        assert_eq!(verdict(|_| {}).outcome, Outcome::Pass);
    }

    #[test]
    fn an_old_or_unlinked_capture_is_worth_attention_and_none_fails() {
        let old = verdict(|history| history.captures[0].started_at = testing::days_ago(91));
        assert_eq!(old.outcome, Outcome::Attention);
        assert_eq!(
            verdict(|history| history.captures[0].linked = false).outcome,
            Outcome::Attention
        );
        assert_eq!(
            verdict(|history| history.captures.clear()).outcome,
            Outcome::Fail
        );
    }
}
