//! People's decisions, bound to what they were made on.

mod change;
mod file;
mod milestone;
mod session;
mod sign_off;
mod standing;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    document::LedgerItem,
    judge::Judgement,
    verdict::{Material, Outcome},
};

pub use change::{Change, ChangedItem, MilestoneComparison, Side};
pub use file::{DECISIONS_FORMAT_VERSION, DecisionsError};
pub use milestone::{Doubt, MILESTONE_FORMAT_VERSION, Milestone, MilestoneHead, digest_of};
pub use session::{
    Action, ActionStanding, Done, Finding, Note, REVIEW_FORMAT_VERSION, Review, ReviewFileError,
    Severity,
};
pub use sign_off::{
    SIGN_OFFS_FORMAT_VERSION, SIGNATURE_NAMESPACE, SignOff, SignOffStanding, SignOffs, Signature,
};
pub use standing::{effective, standing};

/// What a person decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Choice {
    /// The verdict stands; for an item that needs a person: it is done as the title says.
    Confirm,
    /// The verdict is wrong: this holds instead.
    Overrule(Outcome),
    /// Accepted until a date.
    Waive {
        /// Last day on which the waiver holds.
        until: jiff::civil::Date,
    },
    /// The item does not apply.
    NotApplicable,
}

/// What a decision was made on; it lapses when one of these changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// Name of the rule.
    pub rule: String,
    /// Version of the rule.
    pub rule_version: u32,
    /// SHA-256 of the rule's limits.
    pub limits_digest: String,
    /// The machine's outcome.
    pub outcome: Outcome,
    /// Material facts.
    pub material: Vec<Material>,
}

/// A person's decision on an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// What was decided.
    pub choice: Choice,
    /// Who.
    pub by: String,
    /// When.
    pub at: jiff::Timestamp,
    /// Why; may be empty only for [`Choice::Confirm`].
    pub why: String,
    /// What it was made on.
    pub bound: Binding,
    /// Whether it was made for many items by one act, such as accepting all strong passes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub together: bool,
}

/// How a decision stands against today's evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It holds.
    Holds,
    /// It lapsed, and why.
    Lapsed(String),
}

/// Decisions by item id: the content of `.scrutineer/reviews/<name>/decisions.ron`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "ScrutineerDecisions", deny_unknown_fields)]
pub struct Decisions {
    /// Version of the file's format.
    pub version: u32,
    /// Item id to decision.
    pub items: BTreeMap<String, Decision>,
}

impl Default for Decisions {
    fn default() -> Self {
        Self {
            version: DECISIONS_FORMAT_VERSION,
            items: BTreeMap::new(),
        }
    }
}

/// Why a decision is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    /// Everything but a confirmation wants a reason.
    #[error("say why: only a confirmation needs no reason")]
    NoReason,
    /// A decision is somebody's.
    #[error("say who decided")]
    NoName,
}

impl Decision {
    /// A decision on what the machine says; refused without a name, and without a reason unless
    /// it confirms.
    pub fn new(
        choice: Choice,
        by: impl Into<String>,
        at: jiff::Timestamp,
        why: impl Into<String>,
        bound: Binding,
    ) -> Result<Self, DecisionError> {
        let decision = Self {
            choice,
            by: by.into(),
            at,
            why: why.into(),
            bound,
            together: false,
        };
        decision.check().map(|()| decision)
    }

    /// The same decision, made for many items by one act.
    #[must_use]
    pub fn made_together(mut self) -> Self {
        self.together = true;
        self
    }

    fn check(&self) -> Result<(), DecisionError> {
        if self.why.trim().is_empty() && self.choice != Choice::Confirm {
            return Err(DecisionError::NoReason);
        }
        if self.by.trim().is_empty() {
            return Err(DecisionError::NoName);
        }
        Ok(())
    }
}

impl Binding {
    /// What a decision on this judgement is bound to.
    pub fn of(judgement: &Judgement) -> Self {
        Self {
            rule: judgement.rule.clone(),
            rule_version: judgement.rule_version,
            limits_digest: judgement.limits_digest.clone(),
            outcome: judgement.verdict.outcome,
            material: judgement.verdict.material.clone(),
        }
    }
}

impl From<&LedgerItem> for Binding {
    /// What a decision on this item of a review is bound to.
    fn from(item: &LedgerItem) -> Self {
        Self {
            rule: item.rule.clone(),
            rule_version: item.rule_version,
            limits_digest: item.limits_digest.clone(),
            outcome: item.verdict.outcome,
            material: item.verdict.material.clone(),
        }
    }
}

impl Choice {
    /// What was decided, in words: `confirmed`, `overruled: pass`, `waived until 2026-04-01`,
    /// `not applicable`.
    pub fn words(&self) -> String {
        match self {
            Self::Confirm => "confirmed".into(),
            Self::Overrule(outcome) => format!("overruled: {}", outcome.label().to_lowercase()),
            Self::Waive { until } => format!("waived until {until}"),
            Self::NotApplicable => "not applicable".into(),
        }
    }
}
