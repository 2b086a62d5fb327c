//! An honest rule for items whose probe does not exist yet: unknown, and what it will take.

use serde::{Deserialize, Serialize};

use super::{Rule, sentence};
use crate::verdict::{Confidence, Outcome, Verdict};

/// Judges nothing; says what judging would need.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Awaits {
    /// What the item will be judged from, as a sentence.
    pub needs: String,
    /// The threshold that will hold, in words.
    pub threshold: String,
    /// How far the answer will be trusted.
    pub confidence: Confidence,
}

impl Rule for Awaits {
    type Needs<'e> = ();
    const NAME: &'static str = "Awaits";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        self.threshold.clone()
    }

    fn confidence(&self) -> Confidence {
        self.confidence
    }

    fn judge(&self, (): ()) -> Verdict {
        let summary = format!("Not judged yet: {}", sentence(&self.needs));
        Verdict::new(Outcome::Unknown, self.confidence, "", summary)
    }
}
