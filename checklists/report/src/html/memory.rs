//! The line of resident memory as inline SVG.

use scrutineer_checklists::words;
use scrutineer_evidence::residency::{ResidencyFacts, ResidencySample};

use super::page::Page;
use crate::wording;

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
    page.raw("<figure class=\"memory\"><svg ");
    lines(page, residency);
    page.raw("<figcaption>")
        .text(wording::residency(residency))
        .raw("</figcaption></figure>");
}

/// The line as a file of its own, in the light colours.
pub(super) fn standalone(residency: &ResidencyFacts) -> String {
    let mut page = Page::default();
    page.raw("<svg xmlns=\"http://www.w3.org/2000/svg\" ");
    lines(&mut page, residency);
    let style = "<style>text { font-family: 'JetBrains Mono', monospace; font-size: 10.5px; \
                 fill: #5e6775; } .grid { stroke: #edeff3; fill: none; } \
                 polyline { fill: none; stroke-width: 1.6; } .rss { stroke: #2b61b5; } \
                 .pss { stroke: #6a4fbe; }</style>";
    let mut text = page.finish();
    let body = text.find('>').map_or(text.len(), |end| end + 1);
    text.insert_str(body, style);
    text + "\n"
}

/// Draws axis and lines, from the attributes of the picture on.
fn lines(page: &mut Page, residency: &ResidencyFacts) {
    let scale = Scale::of(residency);
    page.raw("viewBox=\"0 0 880 152\" role=\"img\" aria-label=\"");
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
    page.raw("</svg>");
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
