//! A frozen review: what was seen, judged and decided at a moment, in one file that never changes.

use std::collections::BTreeMap;

use scrutineer_evidence::Evidence;
use serde::{Deserialize, Serialize};

use super::{Decisions, Review, ReviewFileError, session};
use crate::{
    checklist::{Checklist, ChecklistError},
    document::{self, LedgerItem, ReviewDocument},
    judge, ron_text,
    verdict::Outcome,
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
    /// Items per outcome after people's decisions: what lists and trends show.
    pub counts: BTreeMap<Outcome, usize>,
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

/// What stands first in a milestone's file: lists and trends of hundreds read no more of each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "ScrutineerMilestone", deny_unknown_fields)]
pub struct MilestoneHead {
    /// Version of the file's format.
    pub version: u32,
    /// Name of the milestone.
    pub name: String,
    /// When it was frozen.
    pub frozen_at: jiff::Timestamp,
    /// By whom.
    pub frozen_by: String,
    /// Items per outcome after people's decisions.
    pub counts: BTreeMap<Outcome, usize>,
}

/// The line at which the head ends.
const BEHIND_HEAD: &str = "\n    checklist: ";

impl MilestoneHead {
    /// Parses the beginning of a milestone's file, which must reach behind the head.
    pub fn parse(beginning: &str) -> Result<Self, ReviewFileError> {
        match beginning.split_once(BEHIND_HEAD) {
            Some((head, _)) => session::parse(&format!("{head}\n)"), MILESTONE_FORMAT_VERSION),
            // A person changed its form: the whole of it may still be read.
            None => Milestone::parse(beginning).map(|milestone| Self {
                version: milestone.version,
                name: milestone.name,
                frozen_at: milestone.frozen_at,
                frozen_by: milestone.frozen_by,
                counts: milestone.counts,
            }),
        }
    }
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
    /// Findings, actions or notes differ.
    OtherWords,
    /// The counts in front are not those of the document.
    OtherCounts,
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
        if self.counts != self.document.counts() {
            doubts.push(Doubt::OtherCounts);
        }
        match Checklist::parse(&self.checklist) {
            Ok(checklist) => doubts.extend(self.judged_otherwise(&checklist)),
            Err(error) => doubts.push(Doubt::Checklist(error)),
        }
        doubts
    }

    /// The document, made again from what the file holds.
    fn made_again(&self, checklist: &Checklist) -> ReviewDocument {
        document::assemble(document::Inputs {
            evidence: &self.evidence,
            checklist,
            decisions: &self.decisions,
            review: Some(&self.review),
            flame: None,
            comparison: None,
            commit: None,
            product_version: &self.document.product_version,
        })
    }

    fn judged_otherwise(&self, checklist: &Checklist) -> Vec<Doubt> {
        let again = self.made_again(checklist);
        let ids = |document: &ReviewDocument| -> Vec<String> {
            document.items().map(|item| item.id.clone()).collect()
        };
        if ids(&again) != ids(&self.document) {
            return vec![Doubt::OtherItems];
        }
        let pairs = again.items().zip(self.document.items());
        let mut doubts: Vec<Doubt> = pairs
            .filter_map(|(now, then)| {
                Some(Doubt::OtherVerdict {
                    item: now.id.clone(),
                    what: difference(now, then)?,
                })
            })
            .collect();
        // Documents of the first version held nothing of it.
        if again.people != self.document.people && !self.document.people.is_empty() {
            doubts.push(Doubt::OtherWords);
        }
        doubts
    }
}

/// How an item that was judged again differs from what the document says, in words.
fn difference(now: &LedgerItem, then: &LedgerItem) -> Option<String> {
    if now.rule_version != then.rule_version {
        return Some(format!(
            "the rule {} is now version {}, it was {}",
            now.rule, now.rule_version, then.rule_version
        ));
    }
    let words = |outcome: Outcome| outcome.label().to_lowercase();
    if now.limits_digest != then.limits_digest {
        Some("the limits are others".to_owned())
    } else if now.verdict.outcome != then.verdict.outcome {
        Some(format!(
            "judged again it is {}, the document says {}",
            words(now.verdict.outcome),
            words(then.verdict.outcome)
        ))
    } else if now.verdict != then.verdict {
        Some("its words or numbers differ".to_owned())
    } else if (&now.decision, now.effective) != (&then.decision, then.effective) {
        Some("the decision does not stand as the document says".to_owned())
    } else {
        None
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
            Self::OtherCounts => {
                formatter.write_str("the counts at the file's head are not those of the document")
            }
            Self::OtherWords => formatter
                .write_str("findings, actions or notes are not those that the document shows"),
        }
    }
}

/// SHA-256 of a milestone's text, hexadecimal: what is signed.
pub fn digest_of(text: &str) -> String {
    ron_text::text_digest(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        review::{Binding, Choice, Decision},
        testing,
    };

    fn milestone() -> Milestone {
        let evidence = testing::full_evidence();
        let decisions = Decisions::default();
        let checklist = Checklist::performance();
        let review = Review::new("", "ada", testing::judged_at());
        let document = document::assemble(document::Inputs {
            evidence: &evidence,
            checklist: &checklist,
            decisions: &decisions,
            review: Some(&review),
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
            counts: document.counts(),
            checklist: checklist.print(),
            review,
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
    fn the_head_is_read_from_the_beginning_alone() {
        let whole = milestone();
        let text = whole.print();
        let beginning = &text[..text.find("    evidence: ").unwrap()];
        let head = MilestoneHead::parse(beginning).unwrap();
        assert_eq!((&head.name, &head.counts), (&whole.name, &whole.counts));
        assert_eq!(head.frozen_at, whole.frozen_at);
        let newer = text.replacen("version: 1", "version: 2", 1);
        assert!(matches!(
            MilestoneHead::parse(&newer),
            Err(ReviewFileError::Newer { .. })
        ));
    }

    #[test]
    fn counts_that_were_changed_afterwards_are_found() {
        let mut milestone = milestone();
        milestone.counts.insert(Outcome::Pass, 56);
        assert_eq!(milestone.doubts(), [Doubt::OtherCounts]);
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
    fn a_decision_that_was_added_afterwards_is_found() {
        let mut milestone = milestone();
        let item = milestone.document.findings()[0].clone();
        let choice = Choice::Overrule(Outcome::Pass);
        let at = testing::judged_at();
        let bound = Binding::from(&item);
        let decision = Decision::new(choice, "eve", at, "it is fine", bound).unwrap();
        milestone.decisions.items.insert(item.id.clone(), decision);
        let doubts = milestone.doubts();
        assert!(
            matches!(&doubts[..], [Doubt::OtherVerdict { item: id, .. }] if *id == item.id),
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
