//! The text of a decisions file: one item a block, in the order of the ids.

use serde::Deserialize;

use super::{DecisionError, Decisions};
use crate::ron_text::{self, RonError};

/// Newest version of the file's format that is understood.
pub const DECISIONS_FORMAT_VERSION: u32 = 1;

/// What is wrong with a decisions file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecisionsError {
    /// The text is not valid.
    #[error(transparent)]
    Text(#[from] RonError),
    /// A newer product wrote it.
    #[error(
        "the decisions have format version {found}, newer than {DECISIONS_FORMAT_VERSION}, which is \
         the newest that this version reads; update Scrutineer"
    )]
    Newer {
        /// Version of the text.
        found: u32,
    },
    /// A decision lacks what it needs.
    #[error("the decision on \"{id}\" is refused: {why}")]
    Refused {
        /// The item.
        id: String,
        /// What it lacks.
        why: DecisionError,
    },
}

/// The part of a decisions file that every version of the format has.
#[derive(Deserialize)]
#[serde(rename = "ScrutineerDecisions")]
struct Header {
    version: u32,
}

impl Decisions {
    /// Parses the text of a decisions file.
    pub fn parse(text: &str) -> Result<Self, DecisionsError> {
        if let Ok(Header { version: found }) = ron_text::parse(text)
            && found > DECISIONS_FORMAT_VERSION
        {
            return Err(DecisionsError::Newer { found });
        }
        let decisions: Self = ron_text::parse(text)?;
        for (id, decision) in &decisions.items {
            let refused = |why| DecisionsError::Refused {
                id: id.clone(),
                why,
            };
            decision.check().map_err(refused)?;
        }
        Ok(decisions)
    }

    /// The text of a decisions file: the same decisions give the same bytes.
    pub fn print(&self) -> String {
        ron_text::print(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        review::{Binding, Choice, Decision},
        testing,
        verdict::{Material, Outcome},
    };

    fn decisions() -> Decisions {
        let bound = Binding {
            rule: "Pagination".into(),
            rule_version: 1,
            limits_digest: "ab".repeat(32),
            outcome: Outcome::Fail,
            material: vec![Material {
                name: "items".into(),
                value: 41_280.0,
                tolerance: 0.25,
            }],
        };
        let until = "2026-04-01".parse().unwrap();
        let choices = [
            ("memory.leaks", Choice::Waive { until }),
            ("api.pagination", Choice::Overrule(Outcome::Attention)),
            ("db.sharding", Choice::Confirm),
            ("api.caching", Choice::NotApplicable),
        ];
        let mut decisions = Decisions::default();
        for (id, choice) in choices {
            let at = testing::judged_at();
            let decision = Decision::new(choice, "owner", at, "\"why\"\n", bound.clone()).unwrap();
            decisions.items.insert(id.into(), decision);
        }
        decisions
    }

    #[test]
    fn what_is_printed_is_parsed_again_and_printed_the_same() {
        let text = decisions().print();
        let again = Decisions::parse(&text).unwrap();
        assert_eq!(again, decisions());
        assert_eq!(again.print(), text);
        assert!(text.starts_with("ScrutineerDecisions("));
    }

    #[test]
    fn items_are_blocks_in_the_order_of_their_ids() {
        let text = decisions().print();
        let places: Vec<_> = [
            "api.caching",
            "api.pagination",
            "db.sharding",
            "memory.leaks",
        ]
        .iter()
        .map(|id| text.find(&format!("\n        \"{id}\": ")).unwrap())
        .collect();
        assert!(places.is_sorted());
    }

    #[test]
    fn a_newer_file_is_refused_in_one_sentence() {
        let text = "ScrutineerDecisions(version: 2, items: {}, signatures: [\"x\"])";
        assert_eq!(
            Decisions::parse(text),
            Err(DecisionsError::Newer { found: 2 })
        );
    }

    #[test]
    fn an_empty_reason_is_refused_except_for_a_confirmation() {
        let mut decisions = decisions();
        decisions.items.get_mut("db.sharding").unwrap().why.clear();
        assert!(Decisions::parse(&decisions.print()).is_ok());
        decisions.items.get_mut("memory.leaks").unwrap().why = "  ".into();
        let refused = Decisions::parse(&decisions.print()).unwrap_err();
        assert!(
            refused.to_string().contains("memory.leaks") && refused.to_string().contains("why")
        );
    }

    #[test]
    fn a_typo_is_found_with_line_column_and_a_suggestion() {
        let text = decisions()
            .print()
            .replacen("rule_version", "rule_verison", 1);
        let DecisionsError::Text(error) = Decisions::parse(&text).unwrap_err() else {
            panic!()
        };
        assert_eq!(
            error.what,
            "unknown field \"rule_verison\"; did you mean \"rule_version\"?"
        );
        let line = text.lines().nth(error.line - 1).unwrap();
        assert!(line.contains("rule_verison"), "{}: {line}", error.line);
        assert!(error.column > 1);
    }
}
