//! The line of resident memory as inline SVG.

use scrutineer_checklists::words;
use scrutineer_evidence::residency::{ResidencyFacts, ResidencySample};

use super::page::Page;

/// Left edge of the plot; the labels of the axis stand before it.
const LEFT: f64 = 70.0;
/// Right edge of the plot.
const RIGHT: f64 = 872.0;
/// Top and bottom edge of the plot.
const TOP: f64 = 10.0;
const BOTTOM: f64 = 130.0;

/// Scales of the plot.
struct Scale {
    seconds: f64,
    low: f64,
    high: f64,
}

impl Scale {
    fn of(residency: &ResidencyFacts) -> Self {
        let values = || {
            let samples = residency.samples.iter();
            samples
                .flat_map(|sample| [Some(sample.rss_bytes), sample.pss_bytes])
                .flatten()
        };
        let low = values().min().unwrap_or(0) as f64;
        let high = values().max().unwrap_or(1) as f64;
        // A flat line belongs into the middle, and its noise must not look like growth.
        let room = ((high - low) * 0.08).max(high * 0.02).max(4_096.0);
        let last = residency
            .samples
            .last()
            .map_or(0.0, |sample| sample.time_ns as f64 / 1e9);
        let whole = if residency.window_s.is_finite() {
            residency.window_s
        } else {
            0.0
        };
        Self {
            seconds: whole.max(last).max(1e-3),
            low: (low - room).max(0.0),
            high: high + room,
        }
    }

    fn x(&self, sample: &ResidencySample) -> f64 {
        LEFT + (RIGHT - LEFT) * (sample.time_ns as f64 / 1e9 / self.seconds)
    }

    fn y(&self, bytes: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * ((bytes - self.low) / (self.high - self.low))
    }
}

/// Draws the line with its axis and caption.
pub(super) fn draw(page: &mut Page, residency: &ResidencyFacts) {
    let scale = Scale::of(residency);
    page.raw("<figure class=\"memory\"><svg viewBox=\"0 0 880 152\" role=\"img\" aria-label=\"");
    page.raw("resident memory over ")
        .text(words::seconds(scale.seconds))
        .raw("\">");
    for step in 0..=3 {
        let bytes = scale.low + (scale.high - scale.low) * f64::from(step) / 3.0;
        let y = scale.y(bytes);
        page.raw("<path class=\"grid\" d=\"M70 ")
            .coordinate(y)
            .raw("H872\"/>");
        page.raw("<text class=\"axis\" text-anchor=\"end\" x=\"64\" y=\"")
            .coordinate(y + 3.5);
        page.raw("\">").text(words::bytes(bytes)).raw("</text>");
    }
    page.raw("<text class=\"axis\" x=\"70\" y=\"147\">0 s</text>");
    page.raw("<text class=\"axis\" text-anchor=\"end\" x=\"872\" y=\"147\">");
    page.text(words::seconds(scale.seconds)).raw("</text>");
    line(page, "pss", residency, &scale, |sample| sample.pss_bytes);
    line(page, "rss", residency, &scale, |sample| {
        Some(sample.rss_bytes)
    });
    page.raw("</svg><figcaption>")
        .text(caption(residency))
        .raw("</figcaption></figure>");
}

/// The legend of what is drawn.
pub(super) fn legend(page: &mut Page, residency: &ResidencyFacts) {
    page.raw("<span class=\"legend\"><span><i class=\"swatch m-rss\"></i>resident (RSS)</span>");
    if residency
        .samples
        .iter()
        .any(|sample| sample.pss_bytes.is_some())
    {
        page.raw("<span><i class=\"swatch m-pss\"></i>proportional (PSS)</span>");
    }
    page.raw("</span>");
}

fn line(
    page: &mut Page,
    class: &'static str,
    residency: &ResidencyFacts,
    scale: &Scale,
    value: impl Fn(&ResidencySample) -> Option<u64>,
) {
    page.raw("<polyline class=\"")
        .raw(class)
        .raw("\" points=\"");
    for sample in &residency.samples {
        if let Some(bytes) = value(sample) {
            page.coordinate(scale.x(sample))
                .raw(",")
                .coordinate(scale.y(bytes as f64))
                .raw(" ");
        }
    }
    page.raw("\"/>");
}

fn caption(residency: &ResidencyFacts) -> String {
    let peak = words::bytes(residency.peak_rss_bytes as f64);
    let readings = words::counted(residency.samples.len() as u64, "reading", "readings");
    let growth = residency.growth.map_or_else(
        || "too few readings for a slope".to_owned(),
        |growth| {
            let minute = |bytes_per_s: f64| words::bytes(bytes_per_s * 60.0);
            format!(
                "slope {} a minute [{}, {}] at 99 %, Mann–Kendall {}",
                minute(growth.slope_bytes_per_s),
                minute(growth.low_bytes_per_s),
                minute(growth.high_bytes_per_s),
                words::p_value(growth.mann_kendall_p)
            )
        },
    );
    format!("Peak {peak}; {growth}; {readings}. The axis does not begin at 0.")
}
