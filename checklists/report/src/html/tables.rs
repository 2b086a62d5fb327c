//! Tables beside the pictures: trust of the capture, top functions, comparison.

use scrutineer_checklists::{
    document::{ComparisonRow, ReviewDocument},
    words,
};
use scrutineer_evidence::capture::CaptureFacts;

use super::{overview::moment, page::Page};

/// Shares of samples above which a capture is to be read with care.
const MOST_LOST: f64 = 0.01;
const MOST_TRUNCATED: f64 = 0.05;
const MOST_UNRESOLVED: f64 = 0.2;

/// Draws how far the capture can be trusted, and what to do where it cannot.
pub(super) fn trust(page: &mut Page, capture: &CaptureFacts) {
    let quality = &capture.quality;
    let share = |part| words::percent(quality.share(part));
    let overhead = quality.profiler_cpu_ns as f64 / 1e9 / capture.duration_s.max(1e-9);
    let problems = trust_problems(capture);
    page.raw(if problems.is_empty() {
        "<p class=\"trust\">"
    } else {
        "<p class=\"trust doubt\">"
    });
    page.raw("<code>")
        .text(&capture.file)
        .raw("</code> · ")
        .text(moment(capture.started_at));
    page.raw(" · ")
        .text(words::seconds(capture.duration_s))
        .raw(" at ");
    page.text(words::count(capture.frequency_hz.into()))
        .raw(" Hz, ")
        .text(capture.sampler.label());
    page.raw(" · lost ")
        .text(share(quality.lost))
        .raw(" · truncated ");
    page.text(share(quality.truncated))
        .raw(" · nameless ")
        .text(share(quality.unresolved));
    page.raw(" · profiler ")
        .text(words::percent(overhead))
        .raw(" of one core");
    if quality.paused_ns > 0 {
        let paused = words::seconds(quality.paused_ns as f64 / 1e9);
        page.raw(" · target stood still for ").text(paused);
    }
    if let Some(kernel) = quality.kernel_invisible_share {
        page.raw(" · ")
            .text(words::percent(kernel))
            .raw(" of the CPU time was unseen kernel time");
    }
    page.raw("</p>");
    for problem in problems {
        page.element("<p class=\"note\">", problem, "</p>");
    }
}

/// Why the capture is to be read with care: what, and what to do.
pub(super) fn trust_problems(capture: &CaptureFacts) -> Vec<String> {
    let quality = &capture.quality;
    let share = |part| quality.share(part);
    let mut problems = Vec::new();
    if quality.samples == 0 {
        problems.push("No sample was taken: record while the target has work to do.".to_owned());
    }
    if share(quality.lost) > MOST_LOST {
        let lost = words::percent(share(quality.lost));
        problems.push(format!(
            "{lost} of the samples were lost: record at a lower frequency."
        ));
    }
    if share(quality.truncated) > MOST_TRUNCATED {
        let truncated = words::percent(share(quality.truncated));
        problems.push(format!(
            "{truncated} of the stacks are truncated: build with frame pointers, or record with \
             larger stacks."
        ));
    }
    if share(quality.unresolved) > MOST_UNRESOLVED {
        let unresolved = words::percent(share(quality.unresolved));
        problems.push(format!(
            "{unresolved} of the samples have no name: install debug symbols."
        ));
    }
    problems
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
        .raw("</b></td><td>");
    page.text(&row.judgement).raw("</td></tr>");
}
