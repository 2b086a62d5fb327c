//! Why a fact is missing.

use serde::{Deserialize, Serialize};

/// A kind of facts, or why it is missing.
pub type Gathered<T> = Result<T, Absent>;

/// Why a kind of facts is missing. A missing fact is data: a rule that needs it cannot pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Absent {
    /// Nobody asked for it, or the workspace declares nothing to look at.
    NotAsked {
        /// What would have to be declared or asked, as a sentence for the user.
        would_need: String,
    },
    /// The system refused.
    Denied {
        /// What was refused.
        what: String,
        /// The command or setting that would allow it.
        would_need: String,
    },
    /// The probe ran and broke.
    Failed {
        /// What happened, as a sentence for the user.
        why: String,
    },
    /// The probe ran, but saw too little to say anything.
    TooLittleData {
        /// What was seen, with its number.
        seen: String,
        /// What would be enough, with its number.
        needed: String,
    },
}

impl Absent {
    /// A short sentence for the user: what is missing and why.
    pub fn reason(&self) -> String {
        match self {
            Self::NotAsked { would_need } => would_need.clone(),
            Self::Denied { what, would_need } => format!("{what} was refused; {would_need}"),
            Self::Failed { why } => why.clone(),
            Self::TooLittleData { seen, needed } => format!("{seen}; needs {needed}"),
        }
    }
}
