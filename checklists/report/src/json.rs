//! The object that `check --json` prints.

use scrutineer_checklists::{
    document::{LedgerItem, ReviewDocument},
    review::Standing,
    verdict::{Confidence, Outcome},
};
use serde::Serialize;

/// Version of the object; it grows when a key changes its meaning or goes.
pub const CHECK_SCHEMA_VERSION: u32 = 1;

/// A judgement for scripts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check<'d> {
    /// [`CHECK_SCHEMA_VERSION`].
    pub schema_version: u32,
    /// When the evidence was judged, RFC 3339.
    pub judged_at: jiff::Timestamp,
    /// Items in the guideline's order.
    pub items: Vec<CheckItem<'d>>,
}

/// One item.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckItem<'d> {
    /// Item id.
    pub id: &'d str,
    /// What the machine says.
    pub outcome: Outcome,
    /// After people's decisions.
    pub effective: Outcome,
    /// `strong`, `indicative` or `manual`.
    pub confidence: Confidence,
    /// One sentence.
    pub summary: &'d str,
    /// The threshold in words, with its source in front: `house rule: …`.
    pub threshold: String,
    /// What it was read from.
    pub evidence: Vec<CheckEvidence<'d>>,
    /// The decision in words (`confirmed`, `overruled: pass`, `waived until 2026-04-01`,
    /// `not applicable`, `lapsed: …`), or null.
    pub decision: Option<String>,
}

/// One line of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckEvidence<'d> {
    /// Kind of facts.
    pub kind: &'static str,
    /// Sentence.
    pub text: &'d str,
}

impl<'d> Check<'d> {
    /// The judgement of a document.
    pub fn of(document: &'d ReviewDocument) -> Self {
        Self {
            schema_version: CHECK_SCHEMA_VERSION,
            judged_at: document.judged_at,
            items: document.items().map(CheckItem::of).collect(),
        }
    }
}

impl<'d> CheckItem<'d> {
    fn of(item: &'d LedgerItem) -> Self {
        let verdict = &item.verdict;
        let lines = verdict.evidence.iter();
        Self {
            id: &item.id,
            outcome: verdict.outcome,
            effective: item.effective,
            confidence: verdict.confidence,
            summary: &verdict.summary,
            threshold: format!("{}: {}", item.source, verdict.threshold),
            evidence: lines
                .map(|line| CheckEvidence {
                    kind: line.kind.name(),
                    text: &line.text,
                })
                .collect(),
            decision: item
                .decision
                .as_ref()
                .map(|(decision, standing)| match standing {
                    Standing::Holds => decision.choice.words(),
                    Standing::Lapsed(why) => format!("lapsed: {why}"),
                }),
        }
    }
}

/// Renders the object, indented, with a line feed at its end.
pub fn render(document: &ReviewDocument) -> String {
    let mut text = serde_json::to_string_pretty(&Check::of(document))
        .expect("the object has only strings, numbers and arrays");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::testing;

    #[test]
    fn the_object_has_the_promised_keys_and_words() {
        let value: Value = serde_json::from_str(&render(&testing::document())).unwrap();
        let keys = |value: &Value| {
            value
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(keys(&value), ["items", "judged_at", "schema_version"]);
        assert_eq!(value["schema_version"], 1);
        assert_eq!(value["judged_at"], "2026-03-05T14:09:00Z");
        let items = value["items"].as_array().unwrap();
        assert_eq!(items.len(), 56);
        let outcomes = [
            "fail",
            "attention",
            "pass",
            "inconclusive",
            "unknown",
            "needs_person",
            "not_applicable",
        ];
        for item in items {
            assert_eq!(
                keys(item),
                [
                    "confidence",
                    "decision",
                    "effective",
                    "evidence",
                    "id",
                    "outcome",
                    "summary",
                    "threshold",
                ]
            );
            assert!(outcomes.contains(&item["outcome"].as_str().unwrap()));
            assert!(outcomes.contains(&item["effective"].as_str().unwrap()));
            assert!(
                ["strong", "indicative", "manual"].contains(&item["confidence"].as_str().unwrap())
            );
        }
    }

    #[test]
    fn decisions_are_words_and_change_only_what_is_effective() {
        let value: Value = serde_json::from_str(&render(&testing::document())).unwrap();
        let item = |id: &str| {
            let items = value["items"].as_array().unwrap();
            items.iter().find(|item| item["id"] == id).unwrap().clone()
        };
        let waived = item("api.pagination");
        assert_eq!(
            (&waived["outcome"], &waived["effective"]),
            (&"fail".into(), &"attention".into())
        );
        assert_eq!(waived["decision"], "waived until 2026-04-01");
        let person = item("db.sharding");
        assert_eq!(
            (&person["outcome"], &person["effective"]),
            (&"needs_person".into(), &"pass".into())
        );
        assert!(
            item("memory.leaks")["decision"]
                .as_str()
                .unwrap()
                .starts_with("lapsed: ")
        );
        assert_eq!(item("api.caching")["decision"], Value::Null);
    }
}
