//! The ledger: every item with number, threshold, window, evidence, remedy and decision.

use scrutineer_checklists::{
    document::{LedgerItem, ReviewDocument},
    review::{Decision, Standing},
    verdict::Outcome,
};

use super::{page::Page, symbols};
use crate::wording::moment;

/// Draws all sections.
pub(super) fn draw(page: &mut Page, document: &ReviewDocument) {
    page.raw("<section class=\"ledger\"><h2>The ledger</h2>");
    for section in &document.sections {
        page.element("<h3>", &section.title, "</h3>");
        for item in &section.items {
            draw_item(page, item);
        }
    }
    page.raw("</section>\n");
}

fn draw_item(page: &mut Page, item: &LedgerItem) {
    let verdict = &item.verdict;
    page.raw("<article id=\"")
        .text(&item.id)
        .raw("\"><div class=\"item\">");
    symbols::outcome(page, item.effective);
    page.raw("<h4>")
        .text(&item.title)
        .raw(" <code class=\"id\">")
        .text(&item.id);
    page.raw("</code></h4>");
    page.raw("<span class=\"number ")
        .raw(symbols::class(item.effective))
        .raw("\">");
    page.text(&verdict.number)
        .raw("</span><abbr class=\"conf\" title=\"");
    page.raw(match verdict.confidence.letter() {
        'S' => "strong: the signal may fail the item on its own",
        'I' => "indicative: the worst is attention",
        _ => "manual: a person answers",
    });
    page.raw("\">")
        .text(verdict.confidence.letter().to_string())
        .raw("</abbr></div>");
    page.raw("<p>").text(&verdict.summary).raw("</p><dl>");
    page.raw("<dt>Threshold</dt><dd>")
        .text(&verdict.threshold)
        .raw(" <span class=\"source\">");
    page.text(&item.source).raw("</span></dd>");
    if let Some(window) = &verdict.window {
        page.element("<dt>Window</dt><dd>", window, "</dd>");
    }
    if !verdict.evidence.is_empty() {
        page.raw("<dt>Evidence</dt><dd><ul>");
        for line in &verdict.evidence {
            page.raw("<li><span class=\"kind\">")
                .raw(line.kind.name())
                .raw("</span> ");
            page.text(&line.text).raw("</li>");
        }
        page.raw("</ul></dd>");
    }
    if !matches!(item.effective, Outcome::Pass | Outcome::NotApplicable) {
        if matches!(item.effective, Outcome::Fail | Outcome::Attention) {
            page.element("<dt>Risk</dt><dd>", &item.risk, "</dd>");
        }
        page.raw("<dt>What to do</dt><dd>").text(&item.remedy);
        links(page, item);
        page.raw("</dd>");
    }
    if let Some((decision, standing)) = &item.decision {
        page.raw("<dt>Decision</dt><dd>");
        draw_decision(page, item, decision, standing);
        page.raw("</dd>");
    }
    page.raw("</dl></article>\n");
}

fn draw_decision(page: &mut Page, item: &LedgerItem, decision: &Decision, standing: &Standing) {
    let lapsed = matches!(standing, Standing::Lapsed(_));
    page.raw(if lapsed { "<s>" } else { "<span>" });
    page.element("<b>", decision.choice.words(), "</b>");
    page.raw(" by ")
        .text(&decision.by)
        .raw(", ")
        .text(moment(decision.at));
    if !decision.why.trim().is_empty() {
        page.raw(": “").text(decision.why.trim()).raw("”");
    }
    page.raw(if lapsed { "</s>" } else { "</span>" });
    if let Standing::Lapsed(why) = standing {
        page.raw(" <b>Lapsed</b>: ")
            .text(why)
            .raw("; decide again.");
    } else if item.effective != item.verdict.outcome {
        let machine = item.verdict.outcome.label().to_lowercase();
        page.raw(" The machine says: ").text(machine).raw(".");
    }
}

fn links(page: &mut Page, item: &LedgerItem) {
    for link in &item.links {
        // Only a plain https address becomes a link: a checklist may come from anywhere.
        if let Some(address) = link.strip_prefix("https://") {
            page.raw(" <a rel=\"noreferrer\" href=\"https://")
                .text(address)
                .raw("\">");
            page.text(address.trim_end_matches('/')).raw("</a>");
        } else {
            page.raw(" ").text(link);
        }
    }
}
