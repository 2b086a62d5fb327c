//! The table of findings: fails first, then what wants attention, by weight.

use scrutineer_checklists::{
    document::{LedgerItem, ReviewDocument},
    review::Standing,
};

use super::{page::Page, symbols};
use crate::wording;

/// Draws the findings of the first page.
pub(super) fn draw(page: &mut Page, document: &ReviewDocument) {
    let findings = document.findings();
    page.raw("<section><h2>Findings</h2>");
    if findings.is_empty() {
        page.raw(
            "<p class=\"note\">Nothing fails and nothing wants attention, as far as was seen. ",
        );
        page.raw("What was not seen is in the ledger below.</p></section>\n");
        return;
    }
    table(
        page,
        &findings[..findings.len().min(wording::FIRST_FINDINGS)],
    );
    if let Some(more) = wording::more_findings(document) {
        page.element("<p class=\"note\"><a href=\"#findings\">", more, "</a></p>");
    }
    page.raw("</section>\n");
}

/// Draws the findings that the first page only counts.
pub(super) fn draw_more(page: &mut Page, document: &ReviewDocument) {
    let findings = document.findings();
    if let Some(more) = findings.get(wording::FIRST_FINDINGS..)
        && !more.is_empty()
    {
        page.raw("<section id=\"findings\"><h2>More findings</h2>");
        table(page, more);
        page.raw("</section>\n");
    }
}

fn table(page: &mut Page, findings: &[&LedgerItem]) {
    page.raw("<table class=\"findings\"><thead><tr><th></th><th>Claim and number</th>");
    page.raw("<th>Threshold and source</th><th class=\"right\">Evidence</th></tr></thead><tbody>");
    for item in findings {
        row(page, item);
    }
    page.raw("</tbody></table>");
}

fn row(page: &mut Page, item: &LedgerItem) {
    let verdict = &item.verdict;
    page.raw("<tr><td>");
    symbols::outcome(page, item.effective);
    page.raw("</td><td><b>")
        .text(&verdict.summary)
        .raw("</b><small><code>")
        .text(&item.id);
    page.raw("</code>");
    if !verdict.number.is_empty() {
        page.raw(" · ").text(&verdict.number);
    }
    if let Some(window) = &verdict.window {
        page.raw(" · ").text(window);
    }
    if let Some((decision, Standing::Holds)) = &item.decision {
        page.raw(" · ").text(decision.choice.words());
    }
    page.raw("</small></td><td><span class=\"source\">")
        .text(&item.source)
        .raw("</span> ");
    page.text(wording::to_pass(&verdict.threshold))
        .raw("</td><td class=\"right\"><a href=\"#")
        .text(&item.id);
    let lines = verdict.evidence.len();
    page.raw("\"><code>").text(lines.to_string());
    page.raw(if lines == 1 { " line" } else { " lines" })
        .raw("</code></a></td></tr>");
}
