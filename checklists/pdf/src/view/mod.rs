//! What the template shows: words, numbers and pictures, in the order of the pages.

mod evidence;
mod front;
mod ledger;
mod people;

use scrutineer_checklists::{
    document::{LedgerItem, ReviewDocument},
    verdict::Outcome,
};
use scrutineer_report::wording::outcome_key as key;
use scrutineer_report::{html, wording};
use serde_json::{Value, json};

use crate::text;

/// The values and pictures of one document.
pub(crate) struct View {
    /// Values for the template; each text in it is fit for a page.
    pub(crate) values: Value,
    /// SVG files by their path.
    pub(crate) pictures: Vec<(String, String)>,
}

/// Pictures under collection.
#[derive(Default)]
struct Pictures(Vec<(String, String)>);

impl Pictures {
    /// Adds a picture; gives its path.
    fn add(&mut self, svg: String) -> String {
        let path = format!("/picture-{}.svg", self.0.len());
        self.0.push((path.clone(), svg));
        path
    }
}

/// The view of a document.
pub(crate) fn of(document: &ReviewDocument) -> View {
    let mut pictures = Pictures::default();
    let mut values = json!({
        "front": front::of(document),
        "excerpt": evidence::excerpt(document, &mut pictures),
        "lacking": ledger::lacking(document),
        "capture": evidence::capture(document),
        "findings": ledger::findings(document),
        "people": people::of(document),
        "profile": evidence::profile(document, &mut pictures),
        "functions": evidence::functions(document),
        "pins": evidence::pins(document, &mut pictures),
        "memory": evidence::memory(document, &mut pictures),
        "comparison": evidence::comparison(document),
        "ledger": ledger::of(document),
        "sign_off": people::sign_off(document),
        "digests": ledger::digests(document),
    });
    text::fit_all(&mut values);
    let shapes = Outcome::ALL.into_iter();
    let shapes = shapes.map(|outcome| (shape(outcome), html::shape(outcome)));
    let mut pictures = pictures.0;
    pictures.extend(shapes);
    pictures.push(("/mark.svg".into(), html::mark()));
    View { values, pictures }
}

fn shape(outcome: Outcome) -> String {
    format!("/{}.svg", key(outcome))
}

/// The place of each item in the ledger, by which the pages refer to one another.
fn place(document: &ReviewDocument, id: &str) -> Option<String> {
    let mut items = document.items();
    items.position(|item| item.id == id).map(anchor)
}

fn anchor(place: usize) -> String {
    format!("item-{place}")
}

fn claim(item: &LedgerItem, document: &ReviewDocument) -> Value {
    let verdict = &item.verdict;
    json!({
        "outcome": key(item.effective),
        "summary": verdict.summary,
        "title": item.title,
        "id": item.id,
        "number": verdict.number,
        "window": verdict.window,
        "source": item.source,
        "to_pass": wording::to_pass(&verdict.threshold),
        "lines": verdict.evidence.len(),
        "anchor": place(document, &item.id),
        "decision": people::holding(item),
    })
}
