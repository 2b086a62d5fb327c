//! What a rule says of an item.

use scrutineer_evidence::Kind;
use serde::{Deserialize, Serialize};

/// The seven outcomes, never mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Below the limit.
    Fail,
    /// Worth a look.
    Attention,
    /// As it should be.
    Pass,
    /// Measured, but not enough data.
    Inconclusive,
    /// The probe could not run.
    Unknown,
    /// Only a person can say.
    NeedsPerson,
    /// Does not apply, with a reason.
    NotApplicable,
}

impl Outcome {
    /// All outcomes, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Fail,
        Self::Attention,
        Self::Pass,
        Self::Inconclusive,
        Self::Unknown,
        Self::NeedsPerson,
        Self::NotApplicable,
    ];

    /// The word that is shown.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Fail => "Fail",
            Self::Attention => "Attention",
            Self::Pass => "Pass",
            Self::Inconclusive => "Inconclusive",
            Self::Unknown => "Unknown",
            Self::NeedsPerson => "Needs a person",
            Self::NotApplicable => "Not applicable",
        }
    }

    /// Pass below `good`, attention up to `most`, else a fail: for what there should be little of.
    pub(crate) fn within(value: f64, good: f64, most: f64) -> Self {
        if value < good {
            Self::Pass
        } else if value <= most {
            Self::Attention
        } else {
            Self::Fail
        }
    }

    /// Whether a machine judged the item from evidence.
    pub const fn is_judged(self) -> bool {
        matches!(
            self,
            Self::Fail | Self::Attention | Self::Pass | Self::NotApplicable
        )
    }
}

/// How far a machine's answer can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Strong: may fail an item on its own.
    Strong,
    /// Indicative: its worst is attention.
    Indicative,
    /// Manual: a person answers.
    Manual,
}

impl Confidence {
    /// `S`, `I` or `M`.
    pub const fn letter(self) -> char {
        match self {
            Self::Strong => 'S',
            Self::Indicative => 'I',
            Self::Manual => 'M',
        }
    }
}

/// A number that a verdict rests on; a decision lapses when it moves by more than the tolerance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Material {
    /// Stable name.
    pub name: String,
    /// Value.
    pub value: f64,
    /// Change, as a share of the value, that still says the same: 0.1 for ten percent.
    pub tolerance: f64,
}

/// What was read, and where.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceLine {
    /// Kind of facts.
    pub kind: Kind,
    /// Sentence: `GET /orders answered 41 280 items`.
    pub text: String,
}

/// What a rule says of an item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// Outcome.
    pub outcome: Outcome,
    /// How far it can be trusted.
    pub confidence: Confidence,
    /// The number, short enough for a table's cell: `41 280 items`. Empty where there is none.
    pub number: String,
    /// One sentence for people.
    pub summary: String,
    /// The threshold in words, with its unit.
    pub threshold: String,
    /// Length of the window, where counters were judged.
    pub window: Option<String>,
    /// What it was read from.
    pub evidence: Vec<EvidenceLine>,
    /// The facts that a decision is bound to.
    pub material: Vec<Material>,
}

impl Verdict {
    /// A verdict without evidence yet; the judge fills the rule's threshold where none is set.
    pub fn new(
        outcome: Outcome,
        confidence: Confidence,
        number: impl Into<String>,
        summary: impl Into<String>,
    ) -> Self {
        Self {
            outcome,
            confidence,
            number: number.into(),
            summary: summary.into(),
            threshold: String::new(),
            window: None,
            evidence: Vec::new(),
            material: Vec::new(),
        }
    }

    /// Adds what was read.
    #[must_use]
    pub fn read(mut self, kind: Kind, text: impl Into<String>) -> Self {
        self.evidence.push(EvidenceLine {
            kind,
            text: text.into(),
        });
        self
    }

    /// Adds a number that a decision is bound to, with the relative change that it tolerates.
    #[must_use]
    pub fn rests_on(mut self, name: &str, value: f64, tolerance: f64) -> Self {
        self.material.push(Material {
            name: name.into(),
            value,
            tolerance,
        });
        self
    }

    /// Says over which window counters were judged.
    #[must_use]
    pub fn over(mut self, window: String) -> Self {
        self.window = Some(window);
        self
    }

    /// Replaces the rule's threshold by a declared one.
    #[must_use]
    pub fn against(mut self, threshold: impl Into<String>) -> Self {
        self.threshold = threshold.into();
        self
    }
}
