//! Tables beside the pictures: trust of the capture, top functions, comparison.

use scrutineer_checklists::{
    document::{ComparisonRow, ReviewDocument},
    words,
};
use scrutineer_evidence::{capture::CaptureFacts, trust::Level};

use super::{page::Page, symbols};
use crate::wording::{self, moment};

/// Draws how far the capture can be trusted, and what to do where it cannot.
pub(super) fn trust(page: &mut Page, capture: &CaptureFacts) {
    let trust = wording::judged(capture);
    page.raw(if trust.level == Level::Fine {
        "<p class=\"trust\">"
    } else {
        "<p class=\"trust doubt\">"
    });
    page.element("<code>", &capture.file, "</code>");
    for part in wording::capture_parts(capture) {
        page.raw(" · ").text(part);
    }
    page.raw("</p>");
    for sentence in trust.sentences() {
        page.element("<p class=\"note\">", sentence, "</p>");
    }
}

/// Draws what must be known before any finding, where the capture's quality is poor.
pub(super) fn warning(page: &mut Page, capture: &CaptureFacts) {
    if let Some(warning) = wording::judged(capture).warning() {
        page.element("<p class=\"note\" role=\"alert\">", warning, "</p>");
    }
}

/// Draws the functions with most self time.
pub(super) fn functions(page: &mut Page, document: &ReviewDocument) {
    let Some(capture) = document
        .capture
        .as_ref()
        .filter(|_| !document.top_functions.is_empty())
    else {
        return;
    };
    page.raw("<section><h2>Top functions</h2><table><thead><tr><th>Function</th>");
    page.raw("<th class=\"right\">Self</th><th class=\"right\">Total</th>");
    page.raw("<th class=\"right\">Samples</th></tr></thead><tbody>");
    let share = |part| words::percent(capture.quality.share(part));
    for function in &document.top_functions {
        page.raw("<tr><td><code>")
            .text(&function.name)
            .raw("</code></td><td class=\"num\"><b>");
        page.text(share(function.self_samples))
            .raw("</b></td><td class=\"num\">");
        page.text(share(function.total_samples))
            .raw("</td><td class=\"num\">");
        page.text(words::count(function.self_samples))
            .raw("</td></tr>");
    }
    page.raw("</tbody></table></section>\n");
}

/// Draws the comparison with a baseline.
pub(super) fn comparison(page: &mut Page, document: &ReviewDocument) {
    let Some(comparison) = &document.comparison else {
        return;
    };
    page.raw("<section><h2>Compared with ")
        .text(&comparison.baseline)
        .raw("</h2>");
    page.raw("<p class=\"note\">Saved ")
        .text(moment(comparison.saved_at));
    if let Some(commit) = &comparison.commit {
        page.raw(", commit <code>").text(commit).raw("</code>");
    }
    page.raw(".</p>");
    for mismatch in &comparison.mismatches {
        page.element("<p class=\"trust doubt\">", mismatch, "</p>");
    }
    page.raw("<table><thead><tr><th>Metric</th><th class=\"right\">Baseline</th>");
    page.raw("<th class=\"right\">Now</th><th class=\"right\">Change</th><th>Judgement</th>");
    page.raw("</tr></thead><tbody>");
    for row in &comparison.rows {
        comparison_row(page, row);
    }
    page.raw("</tbody></table></section>\n");
}

fn comparison_row(page: &mut Page, row: &ComparisonRow) {
    page.raw("<tr><td><code>")
        .text(&row.metric)
        .raw("</code></td><td class=\"num\">");
    page.text(&row.base)
        .raw("</td><td class=\"num\">")
        .text(&row.now);
    page.raw("</td><td class=\"num\"><b>")
        .text(&row.change)
        .raw("</b></td><td class=\"judged\">");
    if let Some(outcome) = wording::judgement_shape(&row.judgement) {
        symbols::beside_words(page, outcome);
    }
    page.text(&row.judgement).raw("</td></tr>");
}
