//! The first page: title, verdict strip, coverage, sections and summary.

use scrutineer_checklists::document::ReviewDocument;

use super::{page::Page, symbols};
use crate::wording;

/// The product's mark.
const MARK: &str = r##"<svg class="mark" viewBox="0 0 20 20" aria-hidden="true"><path d="M2 3.4h16" stroke="#4B50C8"/><path d="M2 8h7" stroke="#C27C00"/><path d="M2 12.6h6" stroke="#12775A"/><circle cx="12.8" cy="11.4" r="3.5" stroke="currentColor"/><path d="M15.4 14l2.6 2.8" stroke="currentColor"/></svg>"##;

/// The mark as a file of its own, in the light colours.
pub(super) fn standalone_mark() -> String {
    MARK.replace(
        "<svg class=\"mark\"",
        "<svg xmlns=\"http://www.w3.org/2000/svg\" color=\"#171a20\" fill=\"none\" stroke-width=\"2.2\" stroke-linecap=\"round\"",
    )
}

/// Draws everything before the findings.
pub(super) fn draw(page: &mut Page, document: &ReviewDocument) {
    header(page, document);
    strip(page, document);
    coverage(page, document);
    sections(page, document);
    summary(page, document);
}

fn header(page: &mut Page, document: &ReviewDocument) {
    page.raw("<header><div class=\"brand\">")
        .raw(MARK)
        .raw("<span>Scrutineer</span><span>");
    page.text(wording::when_and_by_whom(document));
    page.raw("</span></div>\n<h1>")
        .text(&document.title)
        .raw("</h1>\n<p class=\"sub\">");
    page.text(wording::subtitle(document))
        .raw("</p></header>\n");
}

fn strip(page: &mut Page, document: &ReviewDocument) {
    let counts = document.counts();
    page.raw("<div class=\"strip\" aria-hidden=\"true\">");
    for (outcome, count) in &counts {
        if *count > 0 {
            page.raw("<i class=\"")
                .raw(symbols::class(*outcome))
                .raw("\" style=\"flex-grow:");
            page.text(count.to_string()).raw("\"></i>");
        }
    }
    page.raw("</div>\n<ul class=\"counts\">");
    for (outcome, count) in &counts {
        page.raw("<li>");
        symbols::outcome(page, *outcome);
        page.raw(" <b>").text(count.to_string()).raw("</b> ");
        page.text(outcome.label().to_lowercase()).raw("</li>");
    }
    page.raw("</ul>\n");
}

fn coverage(page: &mut Page, document: &ReviewDocument) {
    page.raw("<div class=\"boxes\">");
    for tile in wording::tiles(document) {
        page.element("<div><span>", tile.title, "</span>");
        page.element("<b>", tile.number, "</b>");
        page.element("<small>", tile.line, "</small></div>");
    }
    page.raw("</div>\n");
}

fn sections(page: &mut Page, document: &ReviewDocument) {
    page.raw("<div class=\"sections\">");
    for section in &document.sections {
        page.raw("<div><span>")
            .text(&section.title)
            .raw("</span><span class=\"glyphs\">");
        let mut items: Vec<_> = section.items.iter().collect();
        items.sort_by_key(|item| item.effective);
        for item in items {
            page.raw("<a href=\"#")
                .text(&item.id)
                .raw("\" title=\"")
                .text(&item.title)
                .raw("\">");
            symbols::outcome(page, item.effective);
            page.raw("</a>");
        }
        page.raw("</span></div>");
    }
    page.raw("</div>\n");
}

fn summary(page: &mut Page, document: &ReviewDocument) {
    page.raw("<section><h2>Summary</h2>");
    page.element("<p class=\"lead\">", wording::lead(document), "</p>");
    page.raw("<dl class=\"facts\">");
    for (name, value) in wording::facts(document) {
        page.raw("<dt>")
            .raw(name)
            .raw("</dt><dd>")
            .text(value)
            .raw("</dd>");
    }
    page.raw("</dl></section>\n");
}
