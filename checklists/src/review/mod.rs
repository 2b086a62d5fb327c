//! People's decisions, bound to what they were made on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::verdict::{Material, Outcome};

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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decisions {
    /// Version of the file's format.
    pub version: u32,
    /// Item id to decision.
    pub items: BTreeMap<String, Decision>,
}
