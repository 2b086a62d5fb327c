//! Baselines are stored, complete and fresh.

use scrutineer_evidence::{
    Kind,
    history::{BaselineEntry, HistoryFacts},
};
use serde::{Deserialize, Serialize};

use super::Rule;
use crate::{
    needs::JudgedAt,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads the baselines of the workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baselines {
    /// Age up to which a baseline passes, days.
    pub fresh_days: f64,
    /// Fewest runs of a baseline.
    pub least_runs: u32,
}

impl Rule for Baselines {
    type Needs<'e> = (JudgedAt, &'e HistoryFacts);
    const NAME: &'static str = "Baselines";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: ≥ {} runs with machine, commit and digest, ≤ {} old; attention: incomplete; \
             fail: none",
            self.least_runs,
            words::days(self.fresh_days)
        )
    }

    fn judge(&self, (judged_at, history): Self::Needs<'_>) -> Verdict {
        let best = history
            .baselines
            .iter()
            .map(|baseline| (self.gaps(judged_at, baseline), baseline))
            .min_by_key(|(gaps, baseline)| (gaps.len(), u32::MAX - baseline.runs));
        let verdict = match best {
            None => {
                let summary = "The workspace keeps no baseline.";
                Verdict::new(Outcome::Fail, Confidence::Strong, "none", summary)
                    .read(Kind::History, "no file in .scrutineer/baselines")
            }
            Some((gaps, baseline)) => {
                let runs = words::counted(baseline.runs.into(), "run", "runs");
                let (outcome, summary) = if gaps.is_empty() {
                    (
                        Outcome::Pass,
                        format!("{} holds {runs}, complete and fresh.", baseline.name),
                    )
                } else {
                    (
                        Outcome::Attention,
                        format!("{}: {}.", baseline.name, gaps.join(", ")),
                    )
                };
                Verdict::new(outcome, Confidence::Strong, runs, summary).rests_on(
                    "gaps of the best baseline",
                    gaps.len() as f64,
                    0.0,
                )
            }
        };
        history
            .baselines
            .iter()
            .take(10)
            .fold(verdict, |verdict, baseline| {
                let runs = words::counted(baseline.runs.into(), "run", "runs");
                verdict.read(
                    Kind::History,
                    format!("{}: {runs}, saved at {}", baseline.name, baseline.saved_at),
                )
            })
    }
}

impl Baselines {
    fn gaps(&self, judged_at: JudgedAt, baseline: &BaselineEntry) -> Vec<String> {
        let age = judged_at.days_since(baseline.saved_at);
        let mut gaps = Vec::new();
        if baseline.runs < self.least_runs {
            let runs = words::counted(baseline.runs.into(), "run", "runs");
            gaps.push(format!("{runs} (needs {})", self.least_runs));
        }
        if !baseline.complete {
            gaps.push("machine, commit or digest missing".into());
        }
        if age > self.fresh_days {
            gaps.push(format!("{} old", words::days(age)));
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    fn verdict(change: impl FnOnce(&mut HistoryFacts)) -> Verdict {
        let mut history = testing::history();
        change(&mut history);
        let rule = Baselines {
            fresh_days: 90.0,
            least_runs: 5,
        };
        judged(&rule, |evidence| evidence.history = Ok(history))
    }

    #[test]
    fn a_complete_fresh_baseline_passes() {
        assert_eq!(verdict(|_| {}).outcome, Outcome::Pass);
    }

    #[test]
    fn gaps_are_worth_attention_and_none_fails() {
        assert_eq!(
            verdict(|history| history.baselines[0].runs = 4).outcome,
            Outcome::Attention
        );
        assert_eq!(
            verdict(|history| history.baselines[0].complete = false).outcome,
            Outcome::Attention
        );
        let old = verdict(|history| history.baselines[0].saved_at = testing::days_ago(91));
        assert_eq!(old.outcome, Outcome::Attention);
        assert_eq!(
            verdict(|history| history.baselines.clear()).outcome,
            Outcome::Fail
        );
    }
}
