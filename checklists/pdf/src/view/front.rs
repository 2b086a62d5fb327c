//! The first page: who, what, how much was judged, and what is worst.

use scrutineer_checklists::{document::ReviewDocument, verdict::Outcome};
use scrutineer_report::wording;
use serde_json::{Value, json};

use super::{anchor, claim, key};

pub(super) fn of(document: &ReviewDocument) -> Value {
    let at = document.judged_at.to_zoned(jiff::tz::TimeZone::UTC);
    let findings = document.findings();
    let first = findings.iter().take(wording::FIRST_FINDINGS);
    json!({
        "title": document.title,
        "metadata": {
            "title": document.title,
            "authors": authors(document),
            "description": wording::lead(document),
        },
        "date": [at.year(), at.month(), at.day()],
        "said": wording::when_and_by_whom(document),
        "sub": wording::subtitle(document),
        "counts": document.counts().into_iter().map(count).collect::<Vec<_>>(),
        "labels": Outcome::ALL.map(|outcome| json!([key(outcome), outcome.label().to_lowercase()])),
        "tiles": wording::tiles(document).map(|tile| json!({
            "title": tile.title, "number": tile.number, "line": tile.line,
        })),
        "sections": sections(document),
        "lead": wording::lead(document),
        "facts": wording::facts(document),
        "findings": first.map(|item| claim(item, document)).collect::<Vec<_>>(),
        "more": wording::more_findings(document),
        "product": document.product_version,
    })
}

fn count((outcome, count): (Outcome, usize)) -> Value {
    json!({"outcome": key(outcome), "label": outcome.label().to_lowercase(), "count": count})
}

fn authors(document: &ReviewDocument) -> Vec<&str> {
    let people = &document.people;
    let mut authors: Vec<_> = people
        .milestone
        .iter()
        .map(|milestone| milestone.frozen_by.as_str())
        .chain(wording::deciders(document))
        .chain(
            people
                .findings
                .iter()
                .map(|(_, finding)| finding.by.as_str()),
        )
        .collect();
    let mut seen = std::collections::BTreeSet::new();
    authors.retain(|name| !name.trim().is_empty() && seen.insert(*name));
    authors
}

fn sections(document: &ReviewDocument) -> Vec<Value> {
    let mut place = 0;
    let section = |section: &scrutineer_checklists::document::LedgerSection| {
        let mut items: Vec<_> = section.items.iter().map(|item| item.effective).collect();
        let from = place;
        place += items.len();
        items.sort_unstable();
        json!({
            "title": section.title,
            "outcomes": items.into_iter().map(key).collect::<Vec<_>>(),
            "anchor": anchor(from),
        })
    };
    document.sections.iter().map(section).collect()
}
