//! Reviews are signed regularly, and their actions are done in time.

use scrutineer_evidence::{Kind, history::HistoryFacts};
use serde::{Deserialize, Serialize};

use super::Rule;
use crate::{
    needs::JudgedAt,
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// Reads the signed reviews of the workspace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewHabit {
    /// Age of the last signed review up to which the item passes, days.
    pub fresh_days: f64,
    /// Age above which it fails, days.
    pub stale_days: f64,
}

impl Rule for ReviewHabit {
    type Needs<'e> = (JudgedAt, &'e HistoryFacts);
    const NAME: &'static str = "ReviewHabit";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: last signed review ≤ {} old; attention: ≤ {}, or overdue actions; fail: older \
             or none",
            words::days(self.fresh_days),
            words::days(self.stale_days)
        )
    }

    fn judge(&self, (judged_at, history): Self::Needs<'_>) -> Verdict {
        let overdue: u32 = history
            .reviews
            .iter()
            .map(|review| review.overdue_actions)
            .sum();
        let last = history
            .reviews
            .iter()
            .filter_map(|review| Some((judged_at.days_since(review.signed_at?), review)))
            .min_by(|a, b| a.0.total_cmp(&b.0));
        let count = words::counted(history.reviews.len() as u64, "review", "reviews");
        let kept = format!("{count} in the workspace");
        let Some((age, review)) = last else {
            let summary = "No review of this workspace has been signed.";
            return Verdict::new(Outcome::Fail, Confidence::Strong, "none signed", summary)
                .read(Kind::History, kept);
        };
        let outcome = if age > self.stale_days {
            Outcome::Fail
        } else if age > self.fresh_days || overdue > 0 {
            Outcome::Attention
        } else {
            Outcome::Pass
        };
        let summary = format!(
            "{} was signed {} ago; {} overdue.",
            review.name,
            words::days(age),
            words::counted(overdue.into(), "action", "actions")
        );
        Verdict::new(outcome, Confidence::Strong, words::days(age), summary)
            .read(Kind::History, kept)
            .rests_on("overdue actions", overdue.into(), 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    fn verdict(change: impl FnOnce(&mut HistoryFacts)) -> Verdict {
        let mut history = testing::history();
        change(&mut history);
        let rule = ReviewHabit {
            fresh_days: 90.0,
            stale_days: 180.0,
        };
        judged(&rule, |evidence| evidence.history = Ok(history))
    }

    fn signed(days: i64) -> Verdict {
        verdict(|history| history.reviews[0].signed_at = Some(testing::days_ago(days)))
    }

    #[test]
    fn the_age_of_the_last_signature_decides() {
        assert_eq!(signed(90).outcome, Outcome::Pass);
        assert_eq!(signed(91).outcome, Outcome::Attention);
        assert_eq!(signed(181).outcome, Outcome::Fail);
        assert_eq!(
            verdict(|history| history.reviews[0].signed_at = None).outcome,
            Outcome::Fail
        );
    }

    #[test]
    fn overdue_actions_are_worth_attention() {
        let verdict = verdict(|history| history.reviews[0].overdue_actions = 1);
        assert_eq!(verdict.outcome, Outcome::Attention);
    }
}
