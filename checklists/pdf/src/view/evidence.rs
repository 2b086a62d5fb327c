//! What was measured: flame graphs, functions, memory, the comparison, and pinned views.

use std::collections::BTreeMap;

use scrutineer_checklists::{
    document::{FlameBox, FlamePicture, PinnedView, ReviewDocument},
    words,
};
use scrutineer_evidence::trust::Level;
use scrutineer_report::{html, wording};
use serde_json::{Value, json};

use super::{Pictures, key};

/// Rows of the flame graph on the first page.
const EXCERPT_ROWS: u16 = 12;
/// A row below which one frame takes as much of the whole tells nothing on the first page.
const WHOLE: f64 = 0.97;
/// Rows of a comparison on the first page.
pub(super) const EXCERPT_CHANGES: usize = 5;

/// The flame graph of the first page: from where the time parts, a dozen rows.
pub(super) fn excerpt(document: &ReviewDocument, pictures: &mut Pictures) -> Option<Value> {
    let flame = document.flame.as_ref()?;
    let above = undivided(flame);
    let rows = above..above + EXCERPT_ROWS;
    let shown = flame
        .boxes
        .iter()
        .filter(|frame| rows.contains(&frame.depth));
    let boxes: Vec<_> = shown
        .map(|frame| FlameBox {
            depth: frame.depth - above,
            ..frame.clone()
        })
        .collect();
    let below = flame.boxes.iter().any(|frame| frame.depth >= rows.end);
    let excerpt = FlamePicture {
        boxes,
        ..flame.clone()
    };
    let mut picture = picture(&excerpt, &samples(flame), None, pictures);
    let left_out = match (above, below) {
        (0, false) => None,
        (0, true) => Some("Deeper rows follow below.".to_owned()),
        (above, _) => Some(format!(
            "{} above and deeper ones follow below.",
            words::counted(above.into(), "row", "rows")
        )),
    };
    picture["is_whole"] = left_out.is_none().into();
    if let Some(left_out) = left_out {
        let caption = format!(
            "{} {left_out}",
            picture["caption"].as_str().unwrap_or_default()
        );
        picture["caption"] = caption.into();
    }
    Some(picture)
}

/// Rows on top that one frame takes nearly wholly, but for the last of them.
fn undivided(flame: &FlamePicture) -> u16 {
    let mut widest = BTreeMap::<u16, f64>::new();
    for frame in &flame.boxes {
        let row = widest.entry(frame.depth).or_default();
        *row = row.max(frame.width);
    }
    let deepest = widest.keys().next_back().copied().unwrap_or(0);
    if deepest < EXCERPT_ROWS {
        return 0;
    }
    let divided = widest.iter().find(|(_, width)| **width < WHOLE);
    let first = divided.map_or(0, |(depth, _)| *depth);
    first.saturating_sub(1).min(deepest - EXCERPT_ROWS + 1)
}

fn samples(flame: &FlamePicture) -> String {
    words::counted(flame.samples, "sample", "samples")
}

fn picture(
    flame: &FlamePicture,
    total: &str,
    marked: Option<usize>,
    pictures: &mut Pictures,
) -> Value {
    // Signs on the frames of a comparison tell more from less, and the caption what they are of.
    let is_compared = flame.boxes.iter().any(|frame| frame.change.is_some());
    json!({
        "address": pictures.add(html::picture(flame, total, marked)),
        "alt": format!("Flame graph of {total}: {}", widest(flame)),
        "caption": wording::flame(flame, total),
        "legend": if is_compared { Vec::new() } else { wording::categories(flame) },
    })
}

/// The widest frames that are not the whole, for those who do not see the picture.
fn widest(flame: &FlamePicture) -> String {
    let parts = flame.boxes.iter().filter(|frame| frame.width < WHOLE);
    let mut parts: Vec<_> = parts.collect();
    parts.sort_by(|a, b| b.width.total_cmp(&a.width).then(a.name.cmp(&b.name)));
    let parts = parts.iter().take(5);
    let parts = parts.map(|frame| format!("{} {}", frame.name, words::percent(frame.width)));
    parts.collect::<Vec<_>>().join(", ")
}

pub(super) fn capture(document: &ReviewDocument) -> Option<Value> {
    let capture = document.capture.as_ref()?;
    let trust = wording::judged(capture);
    Some(json!({
        "file": capture.file,
        "parts": wording::capture_parts(capture).join(" · "),
        "is_doubtful": trust.level != Level::Fine,
        "sentences": trust.sentences(),
        "warning": trust.warning(),
    }))
}

pub(super) fn profile(document: &ReviewDocument, pictures: &mut Pictures) -> Option<Value> {
    let flame = document.flame.as_ref()?;
    Some(picture(flame, &samples(flame), None, pictures))
}

pub(super) fn functions(document: &ReviewDocument) -> Vec<Value> {
    let Some(capture) = &document.capture else {
        return Vec::new();
    };
    let share = |part| words::percent(capture.quality.share(part));
    let functions = document.top_functions.iter();
    functions
        .map(|function| {
            json!({
                "name": function.name,
                "self": share(function.self_samples),
                "total": share(function.total_samples),
                "samples": words::count(function.self_samples),
            })
        })
        .collect()
}

pub(super) fn pins(document: &ReviewDocument, pictures: &mut Pictures) -> Vec<Value> {
    let pins = document.pins.iter();
    pins.map(|pin| {
        let mut shown = picture(&pin.picture, &pin.total, pin.selected, pictures);
        shown["title"] = pin.title.clone().into();
        shown["note"] = pin.note.clone().into();
        shown["origin"] = origin(pin, document).into();
        shown["digest"] = pin.capture.digest.clone().into();
        shown
    })
    .collect()
}

fn origin(pin: &PinnedView, document: &ReviewDocument) -> String {
    let capture = &pin.capture;
    let moment = wording::moment(capture.started_at);
    let commit = capture.commit.as_ref();
    let commit = commit.map_or(String::new(), |commit| {
        format!(" at {}", wording::short(commit, 12))
    });
    let reviewed = document.capture.as_ref().map(|capture| &capture.digest);
    let other = if reviewed.is_some_and(|digest| *digest != capture.digest) {
        ", not the capture of this review"
    } else {
        ""
    };
    let mut parts = pin.scope.clone();
    parts.push(format!(
        "{}, captured {moment}{commit}{other}",
        capture.target
    ));
    parts.push(format!(
        "pinned by {}, {}",
        pin.by,
        wording::day(pin.pinned_at)
    ));
    parts.join(" · ")
}

pub(super) fn memory(document: &ReviewDocument, pictures: &mut Pictures) -> Option<Value> {
    let residency = document.residency.as_ref();
    let residency = residency.filter(|facts| facts.samples.len() > 1)?;
    let caption = wording::residency(residency);
    let mut legend = vec![("rss", "resident (RSS)")];
    if residency
        .samples
        .iter()
        .any(|sample| sample.pss_bytes.is_some())
    {
        legend.push(("pss", "proportional (PSS)"));
    }
    Some(json!({
        "address": pictures.add(html::memory(residency)),
        "alt": format!("Resident memory over time. {caption}"),
        "caption": caption,
        "legend": legend,
    }))
}

pub(super) fn comparison(document: &ReviewDocument) -> Option<Value> {
    let comparison = document.comparison.as_ref()?;
    let rows: Vec<_> = comparison
        .rows
        .iter()
        .map(|row| {
            let shape = wording::judgement_shape(&row.judgement).map(key);
            json!([
                row.metric,
                row.base,
                row.now,
                row.change,
                shape,
                row.judgement
            ])
        })
        .collect();
    let commit = comparison.commit.as_ref();
    let commit = commit.map_or(String::new(), |commit| format!(", commit {commit}"));
    Some(json!({
        "baseline": comparison.baseline,
        "saved": format!("Saved {}{commit}.", wording::moment(comparison.saved_at)),
        "mismatches": comparison.mismatches,
        "first": rows.iter().take(EXCERPT_CHANGES).collect::<Vec<_>>(),
        "rest": rows.len().saturating_sub(EXCERPT_CHANGES),
        "rows": rows,
    }))
}
