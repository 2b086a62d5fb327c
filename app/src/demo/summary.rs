//! What the demo found, in some twenty lines.

use std::fmt::Write as _;

use scrutineer_checklists::{
    document::{Comparison, ComparisonRow, LedgerItem},
    words,
};
use scrutineer_evidence::{
    capture::CaptureFacts,
    residency::ResidencyFacts,
    traffic::TrafficFacts,
    trust::{self, Conditions},
};

use super::DemoResult;
use crate::baselines::Compared;

/// Functions, findings and rows that are shown of each.
const SHOWN: usize = 4;

/// Longest name of a function that is shown whole.
const NAME_WIDTH: usize = 58;

/// Column in which the figures begin.
const LABEL: usize = 11;

/// The summary.
pub(super) fn text(result: &DemoResult) -> String {
    let document = &result.document;
    let mut text = String::new();
    match &document.capture {
        Some(capture) => write_capture(&mut text, result, capture),
        None => line(&mut text, "Profile", "none: see the warnings above"),
    }
    if let Some(residency) = &document.residency {
        line(&mut text, "Memory", &memory(residency));
    }
    if let Some(traffic) = &document.traffic {
        line(&mut text, "Load", &load(traffic));
    }
    line(
        &mut text,
        "Guideline",
        &scrutineer_report::text::counts(document),
    );
    for item in document.findings().into_iter().take(SHOWN) {
        line(&mut text, "", &finding(item));
    }
    write_compared(
        &mut text,
        result.compared.as_ref(),
        document.comparison.as_ref(),
    );
    if let Some(capture) = &document.capture {
        line(&mut text, "Trust", &trust(capture));
    }
    if let Some(capture) = result.capture_path() {
        line(&mut text, "Capture", &capture.display().to_string());
    }
    line(&mut text, "Report", &result.page.display().to_string());
    text
}

fn write_compared(text: &mut String, compared: Option<&Compared>, with: Option<&Comparison>) {
    match (compared, with) {
        (_, Some(comparison)) => {
            let saved = comparison.saved_at.strftime("%F %T UTC");
            let words = format!("with baseline “{}” of {saved}", comparison.baseline);
            line(text, "Compared", &words);
            for mismatch in &comparison.mismatches {
                line(text, "", &format!("not comparable: {mismatch}"));
            }
            for row in comparison.rows.iter().take(SHOWN) {
                line(text, "", &row_in_words(row));
            }
        }
        (Some(Compared::Saved(baseline)), _) => {
            let words = format!(
                "saved “{}”; run the demo again to compare with it",
                baseline.name
            );
            line(text, "Baseline", &words);
        }
        _ => line(text, "Baseline", "none: nothing was captured"),
    }
}

fn line(text: &mut String, label: &str, words: &str) {
    let _ = writeln!(text, "{label:LABEL$}{words}");
}

fn write_capture(text: &mut String, result: &DemoResult, capture: &CaptureFacts) {
    let words = format!(
        "{}: {} samples in {} at {} Hz ({})",
        result.evidence.target,
        words::count(capture.quality.samples),
        words::seconds(capture.duration_s),
        capture.frequency_hz,
        capture.sampler.label(),
    );
    line(text, "Profile", &words);
    let samples = capture.quality.samples;
    for (index, function) in capture.top_functions.iter().take(SHOWN).enumerate() {
        let label = if index == 0 { "Self time" } else { "" };
        let name = shorten(&function.name);
        let own = share(function.self_samples, samples);
        let all = share(function.total_samples, samples);
        line(
            text,
            label,
            &format!("{name:NAME_WIDTH$} {own} self {all} total"),
        );
    }
}

fn share(part: u64, whole: u64) -> String {
    format!("{:5.1} %", part as f64 * 100.0 / whole.max(1) as f64)
}

/// Names shorten from the left: the end says most.
fn shorten(name: &str) -> String {
    let length = name.chars().count();
    if length <= NAME_WIDTH {
        return name.to_owned();
    }
    std::iter::once('…')
        .chain(name.chars().skip(length - NAME_WIDTH + 1))
        .collect()
}

fn memory(residency: &ResidencyFacts) -> String {
    let (Some(first), Some(last)) = (residency.samples.first(), residency.samples.last()) else {
        return "no readings".into();
    };
    let grown = last.rss_bytes as f64 - first.rss_bytes as f64;
    let sign = if grown < 0.0 { "" } else { "+" };
    let ends = format!(
        "{} resident at the end, {sign}{} in {}",
        words::bytes(last.rss_bytes as f64),
        words::bytes(grown),
        words::seconds(residency.window_s),
    );
    match &residency.growth {
        Some(growth) => format!(
            "{ends}; {}/s (99 % interval {}/s to {}/s)",
            words::bytes(growth.slope_bytes_per_s),
            words::bytes(growth.low_bytes_per_s),
            words::bytes(growth.high_bytes_per_s),
        ),
        None => format!("{ends}; too few readings for a slope"),
    }
}

fn load(traffic: &TrafficFacts) -> String {
    let p95 = traffic
        .p95_us
        .map(|p95| format!(", p95 {}", words::microseconds(p95)));
    format!(
        "{}, {} planned per second, {}; latency from the planned time: p50 {}{}",
        words::counted(traffic.requests, "request", "requests"),
        words::number(traffic.planned_per_s),
        words::counted(traffic.errors, "error", "errors"),
        words::microseconds(traffic.p50_us),
        p95.unwrap_or_default(),
    )
}

fn finding(item: &LedgerItem) -> String {
    let number = &item.verdict.number;
    let number = if number.is_empty() {
        String::new()
    } else {
        format!(" ({number})")
    };
    format!("{}: {}{number}", item.effective.label(), item.title)
}

fn row_in_words(row: &ComparisonRow) -> String {
    format!(
        "{}: {} → {} ({}, {})",
        row.metric, row.base, row.now, row.change, row.judgement
    )
}

fn trust(capture: &CaptureFacts) -> String {
    let trust = trust::judge(&capture.quality, &Conditions::of(capture));
    let measures = trust.measures.iter();
    let told: Vec<_> = measures
        .map(|measure| format!("{} {}", measure.label, measure.value))
        .collect();
    format!(
        "{}: {}",
        trust.level.label().to_lowercase(),
        told.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_their_end() {
        let name = format!("{}::serve", "a".repeat(80));
        let short = shorten(&name);
        assert_eq!(short.chars().count(), NAME_WIDTH);
        assert!(short.starts_with('…') && short.ends_with("::serve"));
        assert_eq!(shorten("main"), "main");
    }
}
