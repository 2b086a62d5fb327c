//! A frozen review: what was seen, judged and decided at a moment, in one file that never changes.

use scrutineer_evidence::Evidence;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Decisions, Review, ReviewFileError, session};
use crate::{
    checklist::{Checklist, ChecklistError},
    document::ReviewDocument,
    judge, ron_text,
};

/// Newest version of the file's format that is understood.
pub const MILESTONE_FORMAT_VERSION: u32 = 1;

/// A frozen review: the content of `.scrutineer/reviews/<name>/milestones/<milestone>.ron`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "ScrutineerMilestone", deny_unknown_fields)]
pub struct Milestone {
    /// Version of the file's format.
    pub version: u32,
    /// Name of the milestone: `2026-q1`.
    pub name: String,
    /// When it was frozen.
    pub frozen_at: jiff::Timestamp,
    /// By whom.
    pub frozen_by: String,
    /// The checklist's text, limits and all: rules of later versions may not understand it.
    pub checklist: String,
    /// Facts.
    pub evidence: Evidence,
    /// People's decisions.
    pub decisions: Decisions,
    /// What people wrote down.
    pub review: Review,
    /// The document, as every exporter reads it.
    pub document: ReviewDocument,
}

/// What of a milestone does not hold when it is looked at again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The evidence is not the one that the document was made from.
    OtherEvidence {
        /// Digest that the document bears.
        stated: String,
        /// Digest of the evidence in the file.
        found: String,
    },
    /// The checklist cannot be read by this version of the product.
    Checklist(ChecklistError),
    /// The evidence is judged otherwise than the document says.
    OtherVerdict {
        /// The item.
        item: String,
        /// What differs, in words.
        what: String,
    },
    /// The checklist has an item that the document lacks, or the other way round.
    OtherItems,
}

impl Milestone {
    /// Parses the text of a milestone's file.
    pub fn parse(text: &str) -> Result<Self, ReviewFileError> {
        session::parse(text, MILESTONE_FORMAT_VERSION)
    }

    /// The text of the file: the same milestone gives the same bytes.
    pub fn print(&self) -> String {
        ron_text::print(self)
    }

    /// Recomputes what can be recomputed from what the file holds, without the target: the digest
    /// of the evidence, and every verdict. Empty where all of it holds.
    pub fn doubts(&self) -> Vec<Doubt> {
        let mut doubts = Vec::new();
        let found = judge::evidence_digest(&self.evidence);
        if found != self.document.evidence_digest {
            doubts.push(Doubt::OtherEvidence {
                stated: self.document.evidence_digest.clone(),
                found,
            });
        }
        match Checklist::parse(&self.checklist) {
            Ok(checklist) => doubts.extend(self.judged_otherwise(&checklist)),
            Err(error) => doubts.push(Doubt::Checklist(error)),
        }
        doubts
    }

    fn judged_otherwise(&self, checklist: &Checklist) -> Vec<Doubt> {
        let judgements = judge::judge(checklist, &self.evidence);
        let items: Vec<_> = self.document.items().collect();
        let ids = judgements.iter().map(|judgement| &judgement.id);
        if !ids.eq(items.iter().map(|item| &item.id)) {
            return vec![Doubt::OtherItems];
        }
        let pairs = judgements.iter().zip(items);
        let differing = pairs.filter_map(|(now, then)| {
            let what = if now.rule_version != then.rule_version {
                format!(
                    "the rule {} is now version {}, it was {}",
                    now.rule, now.rule_version, then.rule_version
                )
            } else if now.limits_digest != then.limits_digest {
                "the limits are others".to_owned()
            } else if now.verdict.outcome != then.verdict.outcome {
                format!(
                    "judged again it is {}, the document says {}",
                    now.verdict.outcome.label().to_lowercase(),
                    then.verdict.outcome.label().to_lowercase()
                )
            } else if now.verdict != then.verdict {
                "its words or numbers differ".to_owned()
            } else {
                return None;
            };
            Some(Doubt::OtherVerdict {
                item: now.id.clone(),
                what,
            })
        });
        differing.collect()
    }
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OtherEvidence { stated, found } => write!(
                formatter,
                "the evidence is not the one that the document was made from: its digest is \
                 {found}, the document states {stated}"
            ),
            Self::Checklist(error) => write!(
                formatter,
                "the verdicts cannot be judged again, because this version does not read the \
                 checklist: {error}"
            ),
            Self::OtherVerdict { item, what } => write!(formatter, "{item}: {what}"),
            Self::OtherItems => {
                formatter.write_str("the document's items are not those of its checklist")
            }
        }
    }
}

/// SHA-256 of a milestone's text, hexadecimal: what is signed.
pub fn digest_of(text: &str) -> String {
    let bytes: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    bytes
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{document, testing, verdict::Outcome};

    fn milestone() -> Milestone {
        let evidence = testing::full_evidence();
        let decisions = Decisions::default();
        let checklist = Checklist::performance();
        let document = document::assemble(document::Inputs {
            evidence: &evidence,
            checklist: &checklist,
            decisions: &decisions,
            review: None,
            flame: None,
            comparison: None,
            commit: Some("3f2a".into()),
            product_version: "0.1.0",
        });
        Milestone {
            version: MILESTONE_FORMAT_VERSION,
            name: "2026-q1".into(),
            frozen_at: testing::judged_at(),
            frozen_by: "ada".into(),
            checklist: checklist.print(),
            review: Review::new("", "ada", testing::judged_at()),
            evidence,
            decisions,
            document,
        }
    }

    #[test]
    fn a_milestone_is_printed_and_parsed_the_same_and_nothing_of_it_is_in_doubt() {
        let text = milestone().print();
        let again = Milestone::parse(&text).unwrap();
        assert_eq!(again, milestone());
        assert_eq!(digest_of(&again.print()), digest_of(&text));
        assert_eq!(again.doubts(), []);
    }

    #[test]
    fn evidence_that_was_changed_afterwards_is_found_with_the_verdicts_that_it_changes() {
        let mut milestone = milestone();
        milestone.evidence.tasks.as_mut().unwrap().counts = vec![400; 60];
        let doubts = milestone.doubts();
        assert!(matches!(doubts[0], Doubt::OtherEvidence { .. }));
        let said: Vec<String> = doubts.iter().map(ToString::to_string).collect();
        assert!(
            said.iter()
                .any(|words| words.starts_with("concurrency.thread-monitoring: judged again")),
            "{said:?}"
        );
    }

    #[test]
    fn a_verdict_that_was_changed_afterwards_is_found() {
        let mut milestone = milestone();
        let item = &mut milestone.document.sections[0].items[1];
        item.verdict.outcome = Outcome::Pass;
        item.verdict.summary = "all is well".into();
        let id = item.id.clone();
        let doubts = milestone.doubts();
        assert!(
            matches!(&doubts[..], [Doubt::OtherVerdict { item, .. }] if *item == id),
            "{doubts:?}"
        );
    }

    #[test]
    fn a_checklist_of_another_product_is_said_and_does_not_hide_the_rest() {
        let mut milestone = milestone();
        milestone.checklist = milestone.checklist.replacen("rule: ", "rule: X", 1);
        milestone.document.evidence_digest = "00".into();
        let doubts = milestone.doubts();
        assert!(matches!(
            &doubts[..],
            [Doubt::OtherEvidence { .. }, Doubt::Checklist(_)]
        ));
    }
}
