//! The ledger in words for a terminal, and in JSON for scripts.

use std::fmt::Write as _;

use scrutineer_checklists::{
    document::{LedgerItem, ReviewDocument},
    review::{Choice, Decision, Standing},
    verdict::{Confidence, Outcome},
};
use serde::Serialize;

/// Version of the JSON; kept from now on, because scripts are written against it.
const JSON_SCHEMA_VERSION: u32 = 1;

/// The mark of an outcome, after the shapes of the window.
pub(crate) const fn mark(outcome: Outcome) -> char {
    match outcome {
        Outcome::Fail => '✗',
        Outcome::Attention => '▲',
        Outcome::Pass => '✓',
        Outcome::Inconclusive => '◐',
        Outcome::Unknown => '?',
        Outcome::NeedsPerson => '◆',
        Outcome::NotApplicable => '–',
    }
}

/// `3 fail, 5 attention, 9 pass …`; outcomes without items are left out.
pub(crate) fn counts(document: &ReviewDocument) -> String {
    let counts = document.counts();
    let words: Vec<_> = Outcome::ALL
        .iter()
        .filter_map(|outcome| Some((outcome.label().to_lowercase(), counts.get(outcome)?)))
        .filter(|(_, count)| **count > 0)
        .map(|(label, count)| format!("{count} {label}"))
        .collect();
    words.join(", ")
}

/// All items by section; what to do next stands below fails and attention.
pub(crate) fn text(document: &ReviewDocument) -> String {
    let mut text = String::new();
    let width = document.items().map(|item| item.id.len()).max().unwrap_or(0);
    for section in &document.sections {
        let _ = writeln!(text, "{}", section.title);
        for item in &section.items {
            write_item(&mut text, item, width);
        }
        text.push('\n');
    }
    let _ = writeln!(text, "{}: {}", document.title, counts(document));
    text
}

fn write_item(text: &mut String, item: &LedgerItem, width: usize) {
    let verdict = &item.verdict;
    let outcome = item.effective;
    let (mark, label) = (mark(outcome), outcome.label());
    let _ = writeln!(text, "  {mark} {label:14} {:width$}  {}", item.id, verdict.summary);
    if let Some((decision, standing)) = &item.decision {
        let _ = writeln!(text, "    {:14} {:width$}  {}", "", "", decided(decision, standing));
    }
    if matches!(outcome, Outcome::Fail | Outcome::Attention) {
        let _ = writeln!(text, "    {:14} {:width$}  next: {}", "", "", item.remedy);
    }
}

fn decided(decision: &Decision, standing: &Standing) -> String {
    let what = match &decision.choice {
        Choice::Confirm => "confirmed".into(),
        Choice::Overrule(outcome) => format!("overruled as {}", outcome.label().to_lowercase()),
        Choice::Waive { until } => format!("waived until {until}"),
        Choice::NotApplicable => "called not applicable".into(),
    };
    let why = if decision.why.is_empty() { String::new() } else { format!(": {}", decision.why) };
    let lapsed = match standing {
        Standing::Holds => String::new(),
        Standing::Lapsed(why) => format!(" (lapsed: {why}; decide again)"),
    };
    format!("{what} by {}{why}{lapsed}", decision.by)
}

/// The ledger for scripts: `{schema_version, judged_at, items: […]}`.
#[derive(Debug, Serialize)]
pub(crate) struct JsonLedger<'a> {
    schema_version: u32,
    judged_at: jiff::Timestamp,
    items: Vec<JsonItem<'a>>,
}

#[derive(Debug, Serialize)]
struct JsonItem<'a> {
    id: &'a str,
    outcome: Outcome,
    effective: Outcome,
    confidence: Confidence,
    summary: &'a str,
    threshold: &'a str,
    evidence: Vec<JsonEvidence<'a>>,
    decision: Option<JsonDecision<'a>>,
}

#[derive(Debug, Serialize)]
struct JsonEvidence<'a> {
    kind: &'static str,
    text: &'a str,
}

#[derive(Debug, Serialize)]
struct JsonDecision<'a> {
    choice: &'static str,
    outcome: Option<Outcome>,
    until: Option<jiff::civil::Date>,
    by: &'a str,
    at: jiff::Timestamp,
    why: &'a str,
    holds: bool,
    lapsed: Option<&'a str>,
}

impl<'a> JsonLedger<'a> {
    /// The ledger of a review.
    pub(crate) fn of(document: &'a ReviewDocument) -> Self {
        let items = document.items().map(JsonItem::of).collect();
        Self { schema_version: JSON_SCHEMA_VERSION, judged_at: document.judged_at, items }
    }
}

impl<'a> JsonItem<'a> {
    fn of(item: &'a LedgerItem) -> Self {
        let verdict = &item.verdict;
        let evidence = verdict.evidence.iter();
        Self {
            id: &item.id,
            outcome: verdict.outcome,
            effective: item.effective,
            confidence: verdict.confidence,
            summary: &verdict.summary,
            threshold: &verdict.threshold,
            evidence: evidence
                .map(|line| JsonEvidence { kind: line.kind.name(), text: &line.text })
                .collect(),
            decision: item.decision.as_ref().map(JsonDecision::of),
        }
    }
}

impl<'a> JsonDecision<'a> {
    fn of((decision, standing): &'a (Decision, Standing)) -> Self {
        let (choice, outcome, until) = match &decision.choice {
            Choice::Confirm => ("confirm", None, None),
            Choice::Overrule(outcome) => ("overrule", Some(*outcome), None),
            Choice::Waive { until } => ("waive", None, Some(*until)),
            Choice::NotApplicable => ("not_applicable", None, None),
        };
        let lapsed = match standing {
            Standing::Holds => None,
            Standing::Lapsed(why) => Some(why.as_str()),
        };
        Self {
            choice,
            outcome,
            until,
            by: &decision.by,
            at: decision.at,
            why: &decision.why,
            holds: lapsed.is_none(),
            lapsed,
        }
    }
}
