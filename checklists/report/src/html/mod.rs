//! `review.html`: one self-contained page, whole without scripts, from the review document alone.

mod findings;
mod flame;
mod ledger;
mod memory;
mod overview;
mod page;
mod people;
mod pins;
mod symbols;
mod tables;

use scrutineer_checklists::{
    document::{FlamePicture, ReviewDocument},
    verdict::Outcome,
};
use scrutineer_evidence::residency::ResidencyFacts;

use page::Page;

/// The page's styles; light, dark where the reader prefers it, and A4 in print.
const STYLES: &str = include_str!("../../../../assets/report/review.css");

/// Zooms flame graphs where scripts run; it has no `<` and knows nothing of the document.
const SCRIPT: &str = include_str!("../../../../assets/report/flame.js");

/// Renders the review. Everything that came from a target, a workspace or a person is escaped;
/// nothing is loaded from elsewhere.
pub fn render(document: &ReviewDocument) -> String {
    let mut page = Page::default();
    page.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    page.text(&document.title)
        .raw("</title>\n<style>\n")
        .raw(STYLES);
    page.raw("</style>\n</head>\n<body>\n");
    symbols::define(&mut page);
    page.raw("<main>\n");
    overview::draw(&mut page, document);
    if let Some(capture) = &document.capture {
        tables::warning(&mut page, capture);
    }
    findings::draw(&mut page, document);
    profile(&mut page, document);
    tables::comparison(&mut page, document);
    findings::draw_more(&mut page, document);
    people::draw(&mut page, document);
    tables::functions(&mut page, document);
    pins::draw(&mut page, document);
    residency(&mut page, document);
    ledger::draw(&mut page, document);
    people::sign_off(&mut page, document);
    footer(&mut page, document);
    page.raw("</main>\n");
    if document.flame.is_some() || !document.pins.is_empty() {
        page.raw("<script>\n").raw(SCRIPT).raw("</script>\n");
    }
    page.raw("</body>\n</html>\n");
    page.finish()
}

/// Renders a picture as an SVG file of its own; `total` tells in words what all of it is, and one
/// of its boxes may be marked.
pub fn picture(flame: &FlamePicture, total: &str, marked: Option<usize>) -> String {
    flame::standalone(flame, total, marked)
}

/// Renders the line of resident memory as an SVG file of its own.
pub fn memory(residency: &ResidencyFacts) -> String {
    memory::standalone(residency)
}

/// Renders the shape of an outcome as an SVG file of its own.
pub fn shape(outcome: Outcome) -> String {
    symbols::standalone(outcome)
}

/// Renders the product's mark as an SVG file of its own.
pub fn mark() -> String {
    overview::standalone_mark()
}

fn profile(page: &mut Page, document: &ReviewDocument) {
    if let Some(picture) = &document.flame {
        page.raw("<section class=\"picture\"><div class=\"head\"><h2>Where the time goes</h2>");
        flame::legend(page, picture);
        page.raw("</div>");
        flame::draw(page, picture);
        if let Some(capture) = &document.capture {
            tables::trust(page, capture);
        }
        page.raw("</section>\n");
    } else if let Some(capture) = &document.capture {
        page.raw("<section><h2>Capture</h2>");
        tables::trust(page, capture);
        page.raw("</section>\n");
    }
}

fn residency(page: &mut Page, document: &ReviewDocument) {
    let Some(residency) = document
        .residency
        .as_ref()
        .filter(|facts| facts.samples.len() > 1)
    else {
        return;
    };
    page.raw("<section class=\"picture\"><div class=\"head\"><h2>Resident memory</h2>");
    memory::legend(page, residency);
    page.raw("</div>");
    memory::draw(page, residency);
    page.raw("</section>\n");
}

fn footer(page: &mut Page, document: &ReviewDocument) {
    page.raw("<footer><p>Every number can be replayed from the evidence file that travels with ");
    page.raw("this document.</p><p>Scrutineer ")
        .text(&document.product_version);
    page.raw(" · checklist ")
        .text(&document.checklist)
        .raw(" · evidence SHA-256 <code>");
    page.text(&document.evidence_digest)
        .raw("</code></p></footer>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn the_page_holds_every_item_and_loads_nothing() {
        let document = testing::document();
        let html = render(&document).replace(SCRIPT, "");
        for item in document.items() {
            assert!(html.contains(&format!("id=\"{}\"", item.id)), "{}", item.id);
        }
        for load in [
            "src=", "url(", "@import", "<link", "<iframe", "<object", " onload", " onclick",
        ] {
            assert!(!html.contains(load), "{load}");
        }
    }

    #[test]
    fn the_one_script_is_ours_and_stands_only_beside_a_flame_graph() {
        assert!(!SCRIPT.contains('<'), "it would look like markup");
        let html = render(&testing::hostile_document());
        let script = format!("<script>\n{SCRIPT}</script>");
        assert_eq!(html.matches("<script").count(), 1);
        assert_eq!(html.matches(&script).count(), 1);
        assert!(!render(&testing::bare_document()).contains("<script"));
    }

    #[test]
    fn counts_are_shown_without_a_lone_score() {
        let html = render(&testing::document());
        assert!(!html.to_lowercase().contains("score"));
        for outcome in scrutineer_checklists::verdict::Outcome::ALL {
            assert!(
                html.contains(&outcome.label().to_lowercase()),
                "{outcome:?}"
            );
        }
    }

    #[test]
    fn hostile_names_never_become_markup() {
        let hostile = testing::hostile_document();
        let html = render(&hostile);
        let script = format!("<script>\n{SCRIPT}</script>");
        let body = html.replace(STYLES, "").replace(&script, "");
        assert!(!body.contains("<script"), "markup survived");
        assert!(!body.contains(testing::HOSTILE), "the raw string survived");
        assert!(!body.contains("alert(1)</"), "a closing tag survived");
        assert!(body.contains("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;"));
        // A link that is no https link is text.
        assert!(!body.contains("href=\"&lt;"));
        assert!(!body.to_lowercase().contains("javascript:"));
    }

    #[test]
    fn tags_are_balanced_whatever_the_document_holds() {
        for document in [
            testing::document(),
            testing::reviewed(),
            testing::hostile_document(),
            testing::bare_document(),
        ] {
            testing::assert_balanced(&render(&document));
        }
    }
}
