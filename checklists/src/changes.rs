//! A user's own checklist: other limits, items switched off, items added to the guideline.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    checklist::{CHECKLIST_FORMAT_VERSION, Checklist, ChecklistError, Section},
    ron_text::{self, RonError},
    rules::{AnyRule, SwitchedOff},
};

/// What a team changes of a checklist: the content of a file that `checklists` in
/// `scrutineer.ron` names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "ScrutineerChecklistChanges", deny_unknown_fields)]
pub struct Changes {
    /// Version of the format; a newer one is refused.
    pub format_version: u32,
    /// Name: `ledger-team`.
    pub name: String,
    /// Limits in place of the rule's own, by item id and name.
    #[serde(default)]
    pub limits: BTreeMap<String, BTreeMap<String, ron::Value>>,
    /// Items that are switched off, by item id, each with the reason.
    #[serde(default)]
    pub off: BTreeMap<String, String>,
    /// Items that are added: to the section of that title, or in a section of their own.
    #[serde(default)]
    pub sections: Vec<Section>,
}

/// What is wrong with a user's checklist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangesError {
    /// The text is not valid, or says what does not fit the checklist that it changes.
    #[error(transparent)]
    Text(#[from] RonError),
    /// A newer product wrote it.
    #[error(
        "the checklist has format version {found}, newer than {CHECKLIST_FORMAT_VERSION}, which is \
         the newest that this version reads; update Scrutineer"
    )]
    Newer {
        /// Version of the text.
        found: u32,
    },
    /// The checklist that came out of it is not sound.
    #[error(transparent)]
    Checklist(#[from] ChecklistError),
}

#[derive(Deserialize)]
#[serde(rename = "ScrutineerChecklistChanges")]
struct Header {
    format_version: u32,
}

impl Changes {
    /// Parses a user's checklist; unknown fields and variants are refused with line, column and
    /// the nearest known name.
    pub fn parse(text: &str) -> Result<Self, ChangesError> {
        if let Ok(Header {
            format_version: found,
        }) = ron_text::parse_rules(text)
            && found > CHECKLIST_FORMAT_VERSION
        {
            return Err(ChangesError::Newer { found });
        }
        Ok(ron_text::parse_rules(text)?)
    }

    /// Changes a checklist as the user's `text` says.
    pub fn apply(text: &str, checklist: &mut Checklist) -> Result<(), ChangesError> {
        let changes = Self::parse(text)?;
        let refused = |word: &str, what: String| {
            let (line, column) = place_of(text, word);
            ChangesError::Text(RonError { line, column, what })
        };
        for (id, limits) in &changes.limits {
            for (name, value) in limits {
                set_limit(checklist, id, name, value, &changes.name)
                    .map_err(|(word, what)| refused(&word, what))?;
            }
        }
        for (id, why) in &changes.off {
            switch_off(checklist, id, why, &changes.name)
                .map_err(|(word, what)| refused(&word, what))?;
        }
        for section in changes.sections {
            let known = checklist.sections.iter_mut();
            match known.into_iter().find(|known| known.title == section.title) {
                Some(known) => known.items.extend(section.items),
                None => checklist.sections.push(section),
            }
        }
        checklist.version = format!("{} with {}", checklist.version, changes.name);
        Ok(checklist.check()?)
    }
}

/// What is refused: the word in the text that it hangs on, and what is wrong.
type Refusal = (String, String);

/// Puts a limit in place of the rule's own. `by` is the name of whoever says so.
pub fn set_limit(
    checklist: &mut Checklist,
    id: &str,
    name: &str,
    limit: &ron::Value,
    by: &str,
) -> Result<(), Refusal> {
    let item = checklist
        .item_mut(id)
        .map_err(|what| (id.to_owned(), what))?;
    let mut rule = serde_json::to_value(&item.rule).expect("rules have only what JSON can hold");
    let known = rule
        .as_object_mut()
        .and_then(|variant| variant.values_mut().next()?.as_object_mut())
        .filter(|known| !known.is_empty());
    let Some(known) = known else {
        return Err((id.to_owned(), format!("the rule of \"{id}\" has no limits")));
    };
    let names: Vec<String> = known.keys().cloned().collect();
    let Some(place) = known.get_mut(name) else {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        return Err((name.to_owned(), ron_text::unknown("limit", name, &names)));
    };
    let value = serde_json::to_value(limit);
    *place = value.map_err(|error| (name.to_owned(), format!("limit \"{name}\": {error}")))?;
    let changed: AnyRule = serde_json::from_value(rule)
        .map_err(|error| (name.to_owned(), format!("limit \"{name}\": {error}")))?;
    item.rule = changed;
    let mark = format!("{by}, in place of: ");
    if !item.source.starts_with(&mark) {
        item.source = format!("{mark}{}", item.source);
    }
    Ok(())
}

fn switch_off(checklist: &mut Checklist, id: &str, why: &str, by: &str) -> Result<(), Refusal> {
    let item = checklist
        .item_mut(id)
        .map_err(|what| (id.to_owned(), what))?;
    if why.trim().is_empty() {
        let what = format!("say why \"{id}\" is switched off");
        return Err((id.to_owned(), what));
    }
    item.rule = AnyRule::SwitchedOff(SwitchedOff {
        by: by.to_owned(),
        why: why.to_owned(),
    });
    Ok(())
}

/// Line and column, from 1, where a name stands as a whole word: as a key, in quotes or not.
fn place_of(text: &str, word: &str) -> (usize, usize) {
    let is_part = |letter: char| letter.is_alphanumeric() || "_-.".contains(letter);
    let found = text.match_indices(word).find(|(at, _)| {
        let before = text[..*at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    });
    let at = found.map_or(0, |(at, _)| at);
    let line_start = text[..at].rfind('\n').map_or(0, |feed| feed + 1);
    let line = text[..at].matches('\n').count() + 1;
    (line, text[line_start..at].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{judge, testing, verdict::Outcome};

    const TEAM: &str = r#"ScrutineerChecklistChanges(
    format_version: 1,
    name: "ledger-team",
    limits: {
        "concurrency.thread-monitoring": { "most_threads": 500 },
    },
    off: {
        "caching.redis": "one instance; the cache is in process",
    },
    sections: [
        Section(
            title: "Concurrency",
            items: [
                Item(
                    id: "ledger.backpressure",
                    title: "Refuse orders when the queue is long",
                    probes: [],
                    rule: Human(question: "Is the queue bounded?", threshold: "a limit"),
                    source: "ledger-team",
                    weight: 2,
                    risk: "A long queue is a slow one.",
                    remedy: "Answer 503 early.",
                ),
            ],
        ),
    ],
)
"#;

    fn changed(text: &str) -> Result<Checklist, ChangesError> {
        let mut checklist = Checklist::performance();
        Changes::apply(text, &mut checklist).map(|()| checklist)
    }

    #[test]
    fn limits_change_items_go_and_items_come() {
        let checklist = changed(TEAM).unwrap();
        assert_eq!(checklist.items().count(), 57);
        assert!(checklist.version.ends_with("with ledger-team"));
        let threads = checklist.item("concurrency.thread-monitoring").unwrap();
        assert!(threads.rule.threshold().contains("500"));
        assert!(threads.source.starts_with("ledger-team, in place of: "));
        let judged = judge::judge(&checklist, &testing::full_evidence());
        let outcome = |id: &str| {
            let found = judged.iter().find(|judgement| judgement.id == id).unwrap();
            (found.verdict.outcome, found.verdict.summary.clone())
        };
        let (off, why) = outcome("caching.redis");
        assert_eq!(off, Outcome::NotApplicable);
        assert!(why.contains("the cache is in process") && why.contains("ledger-team"));
        assert_eq!(outcome("ledger.backpressure").0, Outcome::NeedsPerson);
    }

    #[test]
    fn a_changed_checklist_is_printed_and_parsed_the_same() {
        let checklist = changed(TEAM).unwrap();
        assert_eq!(Checklist::parse(&checklist.print()).unwrap(), checklist);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_the_nearest_name() {
        for (from, to, words) in [
            (
                "thread-monitoring",
                "thread-monitorin",
                "5:10: did you mean \"concurrency.thread-monitoring\"?",
            ),
            (
                "most_threads",
                "most_thread",
                "5:45: did you mean \"most_threads\"?",
            ),
            (
                "\"most_threads\": 500",
                "\"most_threads\": \"x\"",
                "5:45: limit \"most_threads\"",
            ),
            (
                "caching.redis",
                "caching.reddis",
                "8:10: did you mean \"caching.redis\"?",
            ),
            (
                "one instance; the cache is in process",
                " ",
                "8:10: say why",
            ),
            ("rule: Human", "rule: Humn", "did you mean \"Human\"?"),
            ("weight: 2", "weight: 4", "weights are 1, 2 or 3"),
            (
                "ledger.backpressure",
                "memory.leaks",
                "two items have the id",
            ),
            (
                "format_version: 1",
                "format_version: 2",
                "update Scrutineer",
            ),
        ] {
            let error = changed(&TEAM.replacen(from, to, 1)).unwrap_err();
            let said = match &error {
                ChangesError::Text(RonError { line, column, what }) => {
                    let what = what.split_once("; ").map_or(what.as_str(), |(_, tip)| tip);
                    format!("{line}:{column}: {what}")
                }
                other => other.to_string(),
            };
            assert!(said.contains(words), "{to}: {said}");
        }
    }
}
