//! How much of the guideline was judged, and by whom.

use super::{LedgerItem, ReviewDocument};
use crate::{
    review::{Choice, Standing},
    verdict::Outcome,
};

/// How many items the machine judged from evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Items that passed, failed or want attention.
    pub judged: usize,
    /// Items that apply.
    pub applicable: usize,
    /// Items with too little data.
    pub lack_data: usize,
    /// Items whose probe could not run, or does not exist yet.
    pub lack_access: usize,
    /// Items that only a person can answer.
    pub need_person: usize,
}

/// How many items people decided; lapsed decisions are counted apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// Items that need a decision or have one: all.
    pub items: usize,
    /// Decisions that hold.
    pub holding: usize,
    /// Of these, overruled.
    pub overruled: usize,
    /// Of these, waived.
    pub waived: usize,
    /// Of these, not applicable.
    pub not_applicable: usize,
    /// Decisions that lapsed.
    pub lapsed: usize,
}

impl ReviewDocument {
    /// How many items the machine judged from evidence.
    pub fn coverage(&self) -> Coverage {
        let mut coverage = Coverage::default();
        for item in self.items() {
            let count = match item.verdict.outcome {
                Outcome::NotApplicable => continue,
                Outcome::Fail | Outcome::Attention | Outcome::Pass => &mut coverage.judged,
                Outcome::Inconclusive => &mut coverage.lack_data,
                Outcome::Unknown => &mut coverage.lack_access,
                Outcome::NeedsPerson => &mut coverage.need_person,
            };
            *count += 1;
            coverage.applicable += 1;
        }
        coverage
    }

    /// How many items people decided.
    pub fn decided(&self) -> Decided {
        let mut decided = Decided::default();
        for item in self.items() {
            decided.items += 1;
            let Some((decision, standing)) = &item.decision else {
                continue;
            };
            if matches!(standing, Standing::Lapsed(_)) {
                decided.lapsed += 1;
                continue;
            }
            decided.holding += 1;
            match decision.choice {
                Choice::Confirm => {}
                Choice::Overrule(_) => decided.overruled += 1,
                Choice::Waive { .. } => decided.waived += 1,
                Choice::NotApplicable => decided.not_applicable += 1,
            }
        }
        decided
    }

    /// What to look at first: fails, then attention, each by weight, then in the guideline's
    /// order.
    pub fn findings(&self) -> Vec<&LedgerItem> {
        let mut findings: Vec<_> = self
            .items()
            .filter(|item| matches!(item.effective, Outcome::Fail | Outcome::Attention))
            .collect();
        findings.sort_by_key(|item| (item.effective, u8::MAX - item.weight));
        findings
    }

    /// Whether a fail stands: then `check` exits 1. A waived fail stands as attention.
    pub fn has_fail(&self) -> bool {
        self.items().any(|item| item.effective == Outcome::Fail)
    }

    /// Whether anything could be judged, by the machine or by people: else `check` exits 3.
    pub fn is_judged(&self) -> bool {
        self.items().any(|item| item.effective.is_judged())
    }
}
