//! The shapes of the seven outcomes, drawn once and used by reference.

use scrutineer_checklists::verdict::Outcome;

use super::page::Page;
pub(super) use crate::wording::outcome_key as class;

/// All shapes in a box of 16; colours come from the style sheet, so that they follow the scheme.
const SYMBOLS: &str = r#"<svg class="symbols" width="0" height="0" aria-hidden="true" focusable="false">
<symbol id="o-pass" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7.2" fill="currentColor"/><path d="M4.6 8.2l2.4 2.4 4.5-4.9" class="cut"/></symbol>
<symbol id="o-attention" viewBox="0 0 16 16"><path d="M8 1.2l7 13H1z" fill="currentColor" stroke="currentColor" stroke-width="1.2" stroke-linejoin="round"/><path d="M8 5.8v4M8 11.9v.4" class="cut"/></symbol>
<symbol id="o-fail" viewBox="0 0 16 16"><path d="M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5z" fill="currentColor"/><path d="M5.5 5.5l5 5M10.5 5.5l-5 5" class="cut"/></symbol>
<symbol id="o-inconclusive" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6.4" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="M8 1.6a6.4 6.4 0 0 0 0 12.8z" fill="currentColor"/></symbol>
<symbol id="o-unknown" viewBox="0 0 16 16"><circle cx="8" cy="8" r="6.6" fill="none" stroke="currentColor" stroke-width="1.4" stroke-dasharray="2.4 1.75"/><path d="M6.2 6.4a1.9 1.9 0 1 1 2.6 1.8c-.6.25-.8.6-.8 1.1M8 11.4v.3" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round"/></symbol>
<symbol id="o-person" viewBox="0 0 16 16"><path d="M8 .9L15.1 8 8 15.1.9 8z" fill="none" stroke="currentColor" stroke-width="1.3" stroke-linejoin="round"/><circle cx="8" cy="6.3" r="1.5" fill="currentColor"/><path d="M5.2 10.9a2.8 2.4 0 0 1 5.6 0z" fill="currentColor"/></symbol>
<symbol id="o-na" viewBox="0 0 16 16"><rect x="1.8" y="1.8" width="12.4" height="12.4" rx="2.4" fill="none" stroke="currentColor" stroke-width="1.4"/><path d="M5 8h6" stroke="currentColor" stroke-width="1.5" stroke-linecap="round"/></symbol>
</svg>"#;

/// Draws all shapes, unseen, for later use.
pub(super) fn define(page: &mut Page) {
    page.raw(SYMBOLS);
}

/// Draws the shape of an outcome with a name for those who do not see it.
pub(super) fn outcome(page: &mut Page, outcome: Outcome) {
    page.raw("<svg class=\"glyph ")
        .raw(class(outcome))
        .raw("\" role=\"img\" aria-label=\"");
    page.text(outcome.label().to_lowercase());
    page.raw("\"><use href=\"#")
        .raw(symbol(outcome))
        .raw("\"/></svg>");
}

/// Draws the shape of an outcome beside words that say the same.
pub(super) fn beside_words(page: &mut Page, outcome: Outcome) {
    page.raw("<svg class=\"glyph ")
        .raw(class(outcome))
        .raw("\" aria-hidden=\"true\"><use href=\"#")
        .raw(symbol(outcome))
        .raw("\"/></svg>");
}

const fn symbol(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fail => "o-fail",
        Outcome::Attention => "o-attention",
        Outcome::Pass => "o-pass",
        Outcome::Inconclusive => "o-inconclusive",
        Outcome::Unknown => "o-unknown",
        Outcome::NeedsPerson => "o-person",
        Outcome::NotApplicable => "o-na",
    }
}

/// The shape of an outcome as a file of its own, in the light colours.
pub(super) fn standalone(outcome: Outcome) -> String {
    let colour = match outcome {
        Outcome::Fail => "#b93721",
        Outcome::Attention => "#c27c00",
        Outcome::Pass => "#12775a",
        Outcome::Inconclusive => "#1b6ca8",
        Outcome::Unknown => "#6b4fb3",
        Outcome::NeedsPerson => "#a13a7f",
        Outcome::NotApplicable => "#5f6875",
    };
    let open = format!("<symbol id=\"{}\" viewBox=\"0 0 16 16\">", symbol(outcome));
    let from = SYMBOLS.find(&open).expect("each outcome has a shape") + open.len();
    let shape = SYMBOLS[from..].split("</symbol>").next();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 16 16\" color=\"{colour}\"><style>\
         .cut {{ fill: none; stroke: #fff; stroke-width: 1.7; stroke-linecap: round; \
         stroke-linejoin: round; }}</style>{}</svg>\n",
        shape.expect("what is split has a first part")
    )
}
