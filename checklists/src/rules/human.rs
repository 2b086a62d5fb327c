//! A question that only a person can answer.

use serde::{Deserialize, Serialize};

use super::Rule;
use crate::verdict::{Confidence, Outcome, Verdict};

/// Asks a person; judges nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Human {
    /// What is asked; a confirmation answers yes.
    pub question: String,
    /// What a good answer rests on, in words.
    pub threshold: String,
}

impl Rule for Human {
    type Needs<'e> = ();
    const NAME: &'static str = "Human";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        self.threshold.clone()
    }

    fn judge(&self, (): ()) -> Verdict {
        Verdict::new(
            Outcome::NeedsPerson,
            Confidence::Manual,
            "",
            self.question.clone(),
        )
    }
}
