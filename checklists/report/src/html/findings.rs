//! The table of findings: fails first, then what wants attention, by weight.

use scrutineer_checklists::{
    document::{LedgerItem, ReviewDocument},
    review::Standing,
};

use super::{page::Page, symbols};

/// Findings on the first pages; the ledger holds them all.
const MOST_FINDINGS: usize = 24;

/// Draws the findings.
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
    page.raw("<table class=\"findings\"><thead><tr><th></th><th>Claim and number</th>");
    page.raw("<th>Threshold and source</th><th class=\"right\">Evidence</th></tr></thead><tbody>");
    for item in findings.iter().take(MOST_FINDINGS) {
        row(page, item);
    }
    page.raw("</tbody></table>");
    if findings.len() > MOST_FINDINGS {
        let more = (findings.len() - MOST_FINDINGS).to_string();
        page.raw("<p class=\"note\">")
            .text(more)
            .raw(" more are in the ledger below.</p>");
    }
    page.raw("</section>\n");
}

/// What it would take to pass; the ledger has the whole threshold.
fn to_pass(threshold: &str) -> &str {
    let first = threshold.split(';').next().unwrap_or(threshold);
    first.strip_prefix("pass: ").unwrap_or(first)
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
    page.text(to_pass(&verdict.threshold))
        .raw("</td><td class=\"right\"><a href=\"#")
        .text(&item.id);
    let lines = verdict.evidence.len();
    page.raw("\"><code>").text(lines.to_string());
    page.raw(if lines == 1 { " line" } else { " lines" })
        .raw("</code></a></td></tr>");
}
