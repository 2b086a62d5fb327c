//! What people wrote down, decided and approved.

use scrutineer_checklists::{
    document::{LedgerItem, ReviewDocument},
    review::{ActionStanding, Decision, Standing},
};
use scrutineer_report::wording::{day, moment};
use serde_json::{Value, json};

use super::place;

pub(super) fn of(document: &ReviewDocument) -> Value {
    let people = &document.people;
    json!({
        "findings": people.findings.iter().map(|(_, finding)| json!({
            "severity": finding.severity.label(),
            "claim": finding.claim,
            "cause": finding.cause,
            "about": about(document, finding.item.as_deref()),
            "by": finding.by,
            "at": day(finding.at),
        })).collect::<Vec<_>>(),
        "actions": people.actions.iter().map(|line| json!({
            "what": line.action.what,
            "owner": line.action.owner,
            "due": line.action.due.to_string(),
            "about": about(document, line.action.item.as_deref()),
            "standing": line.standing.label(),
            "is_late": matches!(
                line.standing,
                ActionStanding::Overdue | ActionStanding::Contradicted
            ),
        })).collect::<Vec<_>>(),
        "decisions": decisions(document),
        "notes": people.notes.iter().map(|(_, note)| json!({
            "lines": note.text.lines().collect::<Vec<_>>(),
            "about": about(document, note.item.as_deref()),
            "by": note.by,
            "at": day(note.at),
        })).collect::<Vec<_>>(),
    })
}

fn about(document: &ReviewDocument, item: Option<&str>) -> Option<Value> {
    item.map(|id| json!({"id": id, "anchor": place(document, id)}))
}

fn decisions(document: &ReviewDocument) -> Vec<Value> {
    let decided = document.items().filter(|item| item.decision.is_some());
    decided
        .filter_map(|item| {
            let mut decision = decision(item)?;
            decision["title"] = item.title.clone().into();
            decision["about"] = about(document, Some(&item.id))?;
            Some(decision)
        })
        .collect()
}

/// A decision in words, with its reason, and why it lapsed where it did.
pub(super) fn decision(item: &LedgerItem) -> Option<Value> {
    let (decision, standing) = item.decision.as_ref()?;
    let lapsed = match standing {
        Standing::Holds => None,
        Standing::Lapsed(why) => Some(why.as_str()),
    };
    let machine = (lapsed.is_none() && item.effective != item.verdict.outcome)
        .then(|| item.verdict.outcome.label().to_lowercase());
    let Decision {
        choice,
        by,
        at,
        why,
        ..
    } = decision;
    Some(json!({
        "choice": choice.words(),
        "by": by,
        "at": moment(*at),
        "why": why.trim(),
        "lapsed": lapsed,
        "machine": machine,
    }))
}

/// The words of a decision that holds.
pub(super) fn holding(item: &LedgerItem) -> Option<String> {
    match &item.decision {
        Some((decision, Standing::Holds)) => Some(decision.choice.words()),
        _ => None,
    }
}

pub(super) fn sign_off(document: &ReviewDocument) -> Option<Value> {
    let milestone = document.people.milestone.as_ref()?;
    let lines = document.people.sign_offs.iter();
    Some(json!({
        "name": milestone.name,
        "frozen": format!("frozen {} by {}", moment(milestone.frozen_at), milestone.frozen_by),
        "digest": milestone.digest,
        "lines": lines.map(|line| json!({
            "name": line.sign_off.name,
            "role": line.sign_off.role,
            "at": day(line.sign_off.at),
            "standing": line.standing.words(),
        })).collect::<Vec<_>>(),
    }))
}
