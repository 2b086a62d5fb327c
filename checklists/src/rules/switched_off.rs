//! An item that a team has switched off, with its reason.

use serde::{Deserialize, Serialize};

use super::Rule;
use crate::verdict::{Confidence, Outcome, Verdict};

/// Answers that the item does not apply, whatever the evidence says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SwitchedOff {
    /// Checklist that says so.
    pub by: String,
    /// Why.
    pub why: String,
}

impl Rule for SwitchedOff {
    type Needs<'e> = ();
    const NAME: &'static str = "SwitchedOff";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        "none: the item is switched off".into()
    }

    fn confidence(&self) -> Confidence {
        Confidence::Manual
    }

    fn judge(&self, (): Self::Needs<'_>) -> Verdict {
        let (by, why) = (&self.by, &self.why);
        Verdict::new(
            Outcome::NotApplicable,
            Confidence::Manual,
            "switched off",
            format!("Switched off by the checklist {by}: {why}"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::judged;

    #[test]
    fn the_reason_and_who_gives_it_are_said() {
        let rule = SwitchedOff {
            by: "ledger-team".into(),
            why: "no database".into(),
        };
        let verdict = judged(&rule, |_| {});
        assert_eq!(verdict.outcome, Outcome::NotApplicable);
        assert!(verdict.summary.contains("ledger-team: no database"));
    }
}
