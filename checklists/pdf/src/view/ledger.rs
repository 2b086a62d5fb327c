//! Every item with what it was judged from, what could not be judged, and the digests.

use scrutineer_checklists::{
    document::{LedgerItem, ReviewDocument},
    verdict::{Material, Outcome},
    words,
};
use serde_json::{Value, json};

use super::{claim, key, people, place};

/// What could not be judged, by the reason.
pub(super) fn lacking(document: &ReviewDocument) -> Vec<Value> {
    let reasons = [
        (Outcome::Unknown, "The probe could not run"),
        (Outcome::Inconclusive, "Too little data"),
        (Outcome::NeedsPerson, "Only a person can say"),
    ];
    let group = |(outcome, reason): (Outcome, &str)| {
        let items = document.items().filter(|item| item.effective == outcome);
        let items: Vec<_> = items
            .map(|item| {
                json!({
                    "title": item.title,
                    "summary": item.verdict.summary,
                    "anchor": place(document, &item.id),
                })
            })
            .collect();
        (!items.is_empty())
            .then(|| json!({"outcome": key(outcome), "reason": reason, "items": items}))
    };
    reasons.into_iter().filter_map(group).collect()
}

/// The findings in detail: what fails, then what wants attention, by weight.
pub(super) fn findings(document: &ReviewDocument) -> Vec<Value> {
    let findings = document.findings();
    findings
        .into_iter()
        .map(|item| {
            let mut finding = claim(item, document);
            add_detail(&mut finding, item);
            finding
        })
        .collect()
}

pub(super) fn of(document: &ReviewDocument) -> Vec<Value> {
    let sections = document.sections.iter();
    sections
        .map(|section| {
            let items = section.items.iter();
            let items: Vec<_> = items.map(|item| ledger_item(item, document)).collect();
            json!({"title": section.title, "items": items})
        })
        .collect()
}

fn ledger_item(item: &LedgerItem, document: &ReviewDocument) -> Value {
    let mut shown = claim(item, document);
    add_detail(&mut shown, item);
    let is_good = matches!(item.effective, Outcome::Pass | Outcome::NotApplicable);
    let is_found = matches!(item.effective, Outcome::Fail | Outcome::Attention);
    // Findings say both above already, where they are read.
    if is_good || is_found {
        shown["remedy"] = Value::Null;
        shown["links"] = json!([]);
    }
    shown["risk"] = Value::Null;
    shown["decided"] = people::decision(item).unwrap_or_default();
    shown
}

fn add_detail(shown: &mut Value, item: &LedgerItem) {
    let verdict = &item.verdict;
    shown["threshold"] = verdict.threshold.clone().into();
    shown["confidence"] = match verdict.confidence.letter() {
        'S' => "strong",
        'I' => "indicative",
        _ => "manual",
    }
    .into();
    let lines = verdict.evidence.iter();
    shown["evidence"] = lines
        .map(|line| json!([line.kind.name(), line.text]))
        .collect();
    shown["risk"] = item.risk.clone().into();
    shown["remedy"] = item.remedy.clone().into();
    shown["links"] = item.links.iter().map(|link| address(link)).collect();
}

/// Only a plain https address becomes a link: a checklist may come from anywhere.
fn address(link: &str) -> Value {
    let is_plain = link.starts_with("https://") && link.bytes().all(|byte| byte.is_ascii_graphic());
    let shown = link.strip_prefix("https://").unwrap_or(link);
    json!({"address": is_plain.then_some(link), "words": shown.trim_end_matches('/')})
}

/// The raw figures that the verdicts rest on, and all digests.
pub(super) fn digests(document: &ReviewDocument) -> Value {
    let mut files = vec![json!(["evidence", document.evidence_digest])];
    if let Some(milestone) = &document.people.milestone {
        files.push(json!([
            format!("milestone {}", milestone.name),
            milestone.digest
        ]));
    }
    if let Some(capture) = &document.capture {
        files.push(json!([format!("capture {}", capture.file), capture.digest]));
    }
    for pin in &document.pins {
        files.push(json!([
            format!("pinned {}", pin.capture.file),
            pin.capture.digest
        ]));
    }
    let items = document.items();
    json!({
        "checklist": document.checklist,
        "files": files,
        "items": items.map(|item| json!({
            "id": item.id,
            "rule": format!("{} {}", item.rule, item.rule_version),
            "limits": item.limits_digest,
            "figures": item.verdict.material.iter().map(figure).collect::<Vec<_>>().join(", "),
        })).collect::<Vec<_>>(),
    })
}

fn figure(material: &Material) -> String {
    format!("{} {}", material.name, words::number(material.value))
}
