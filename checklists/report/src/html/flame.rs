//! The flame graph as inline SVG: an icicle with the root on top.

use scrutineer_checklists::{
    document::{FlameBox, FlamePicture},
    words,
};

use super::page::Page;
use crate::wording;

/// Width of the drawing; the page scales it.
const WIDTH: f64 = 880.0;
/// Height of a row.
const ROW: f64 = 18.0;
/// Advance of a letter of the label's font at its size.
const LETTER: f64 = 6.61;
/// Draws the picture of all samples with its caption.
pub(super) fn draw(page: &mut Page, flame: &FlamePicture) {
    let total = words::counted(flame.samples, "sample", "samples");
    let samples = Some(flame.samples);
    page.raw("<figure class=\"flame\"><svg viewBox=\"0 0 880 ");
    boxes(page, flame, (&total, samples), None);
    caption(page, flame, &total);
}

/// Draws the picture of something else than samples, which `total` tells in words, with one of its
/// boxes marked.
pub(super) fn figure(page: &mut Page, flame: &FlamePicture, total: &str, marked: Option<usize>) {
    page.raw("<figure class=\"flame\"><svg viewBox=\"0 0 880 ");
    boxes(page, flame, (total, None), marked);
    caption(page, flame, total);
}

/// The picture as a file of its own, in the light colours.
pub(super) fn standalone(flame: &FlamePicture, total: &str, marked: Option<usize>) -> String {
    let mut page = Page::default();
    page.raw("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 880 ");
    boxes(&mut page, flame, (total, None), marked);
    let style = "<style>text { font-family: 'JetBrains Mono', monospace; font-size: 11px; fill: #171a20; } .f-own { fill: #f0b27c; } \
                 .f-dependency { fill: #93bedd; } .f-std { fill: #b2c6b2; } \
                 .f-kernel { fill: #cbb4df; } .f-jit { fill: #8fd0bf; } .f-root { fill: #d3d8e0; } \
                 .s1 { opacity: 0.93; } .s2 { opacity: 0.87; } \
                 .d0 { fill: #e9806f; } .d1 { fill: #f0a99d; } .d2 { fill: #f3cfc8; } \
                 .d3 { fill: #dde1e7; } .d4 { fill: #c9daf0; } .d5 { fill: #a5c4ec; } \
                 .d6 { fill: #78a8e6; } .marked { stroke: #171a20; stroke-width: 2; }</style>";
    let mut text = page.finish();
    let body = text.find('>').map_or(text.len(), |end| end + 1);
    text.insert_str(body, style);
    text + "\n"
}

/// Draws the boxes from the height of the view on.
fn boxes(
    page: &mut Page,
    flame: &FlamePicture,
    (total, samples): (&str, Option<u64>),
    marked: Option<usize>,
) {
    let marked = marked.and_then(|place| flame.boxes.get(place));
    let drawn: Vec<_> = flame
        .boxes
        .iter()
        .filter(|frame| frame.depth < wording::MOST_ROWS)
        .collect();
    let rows = drawn.iter().map(|frame| frame.depth + 1).max().unwrap_or(0);
    page.coordinate(f64::from(rows) * ROW)
        .raw("\" role=\"img\" aria-label=\"flame graph of ");
    page.text(total).raw("\">");
    for row in drawn.chunk_by(|a, b| a.depth == b.depth) {
        draw_row(page, row, samples, marked);
    }
    page.raw("</svg>");
}

fn caption(page: &mut Page, flame: &FlamePicture, total: &str) {
    page.element(
        "<figcaption>",
        wording::flame(flame, total),
        "</figcaption></figure>",
    );
}

/// The legend of categories that occur.
pub(super) fn legend(page: &mut Page, flame: &FlamePicture) {
    page.raw("<span class=\"legend\">");
    if flame.boxes.iter().any(|frame| frame.change.is_some()) {
        for (step, words) in [("d0", "+ more"), ("d3", "same"), ("d6", "− less")] {
            page.raw("<span><i class=\"swatch ")
                .raw(step)
                .raw("\"></i>");
            page.raw(words).raw("</span>");
        }
        page.raw("</span>");
        return;
    }
    for (category, name) in wording::categories(flame) {
        page.raw("<span><i class=\"swatch ")
            .raw(class(category))
            .raw("\"></i>")
            .raw(name)
            .raw("</span>");
    }
    page.raw("</span>");
}

/// Draws one row; boxes below a pixel join into one run.
fn draw_row(page: &mut Page, row: &[&FlameBox], samples: Option<u64>, marked: Option<&FlameBox>) {
    let mut run: Option<(f64, f64, u32)> = None;
    for frame in row {
        let (x, width) = edges(frame);
        if width >= 1.0 {
            draw_run(page, &mut run, frame.depth);
            let is_marked = marked.is_some_and(|marked| std::ptr::eq(marked, *frame));
            draw_box(page, frame, (x, width), samples, is_marked);
            continue;
        }
        match &mut run {
            Some((start, end, frames)) if x - *end < 1.0 => {
                *end = f64::max(x + width, *start);
                *frames += 1;
            }
            _ => {
                draw_run(page, &mut run, frame.depth);
                run = Some((x, x + width, 1));
            }
        }
    }
    if let Some(frame) = row.first() {
        draw_run(page, &mut run, frame.depth);
    }
}

fn draw_run(page: &mut Page, run: &mut Option<(f64, f64, u32)>, depth: u16) {
    let Some((start, end, frames)) = run.take() else {
        return;
    };
    if end - start < 0.5 {
        return;
    }
    rect(page, ("f-root", "", ""), (start, end - start), depth);
    let frames = words::counted(frames.into(), "frame", "frames");
    page.raw("<title>")
        .text(frames)
        .raw(" too narrow to draw</title></rect>");
}

fn draw_box(
    page: &mut Page,
    frame: &FlameBox,
    (x, width): (f64, f64),
    samples: Option<u64>,
    is_marked: bool,
) {
    page.raw("<g>");
    let mark = if is_marked { " marked" } else { "" };
    let (class, opacity) = match &frame.change {
        Some(change) => (STEPS[usize::from(change.step.min(6))], ""),
        None => (class(&frame.category), shade(&frame.name)),
    };
    rect(page, (class, opacity, mark), (x, width), frame.depth);
    let share = width / WIDTH;
    page.raw("<title>").text(&frame.name).raw(": ");
    match &frame.change {
        Some(change) => page
            .text(words::percent(change.candidate))
            .raw(", was ")
            .text(words::percent(change.base)),
        None => page.text(words::percent(share)),
    };
    if let Some(samples) = samples {
        let count = (share * samples as f64).round() as u64;
        page.raw(", ")
            .text(words::counted(count, "sample", "samples"));
    }
    page.raw("</title></rect>");
    let letters = ((width - 7.0) / LETTER).floor();
    if letters >= 3.0
        && let Some(label) = label(frame, letters as usize)
    {
        page.raw("<text x=\"").coordinate(x + 4.0).raw("\" y=\"");
        page.coordinate(f64::from(frame.depth) * ROW + 12.6)
            .raw("\">")
            .text(label)
            .raw("</text>");
    }
    page.raw("</g>");
}

/// Classes of the steps of a change, much more first.
const STEPS: [&str; 7] = ["d0", "d1", "d2", "d3", "d4", "d5", "d6"];

/// The name, of a comparison with the change before it where there is room: colour is never alone.
fn label(frame: &FlameBox, letters: usize) -> Option<String> {
    let mark = frame.change.map(|change| change.mark());
    let Some(mark) = mark.filter(|mark| !mark.is_empty() && frame.depth > 0) else {
        return shorten(&frame.name, letters);
    };
    let long = mark.chars().count() + 1;
    if letters >= long + 8 {
        return Some(format!("{mark} {}", shorten(&frame.name, letters - long)?));
    }
    let sign: String = mark.chars().take(1).collect();
    Some(format!("{sign}{}", shorten(&frame.name, letters - 1)?))
}

/// Opens a rectangle that holds a title.
fn rect(
    page: &mut Page,
    (class, shade, mark): (&'static str, &'static str, &'static str),
    (x, width): (f64, f64),
    depth: u16,
) {
    page.raw("<rect class=\"")
        .raw(class)
        .raw(shade)
        .raw(mark)
        .raw("\" x=\"")
        .coordinate(x);
    page.raw("\" y=\"")
        .coordinate(f64::from(depth) * ROW)
        .raw("\" width=\"");
    page.coordinate((width - 1.0).max(0.5))
        .raw("\" height=\"17\" rx=\"1.5\">");
}

fn edges(frame: &FlameBox) -> (f64, f64) {
    let share = |value: f64| {
        if value.is_finite() {
            value.clamp(0.0, 1.0)
        } else {
            0.0
        }
    };
    let x = share(frame.x);
    (x * WIDTH, share(frame.width).min(1.0 - x) * WIDTH)
}

fn class(category: &str) -> &'static str {
    match category {
        "own" => "f-own",
        "dependency" => "f-dependency",
        "std" => "f-std",
        "kernel" => "f-kernel",
        "jit" => "f-jit",
        _ => "f-root",
    }
}

/// One of three shades by the name's FNV-1a hash, so that a function keeps its shade everywhere.
fn shade(name: &str) -> &'static str {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    ["", " s1", " s2"][(hash % 3) as usize]
}

/// Shortens a name from the left, path segment by segment, then cuts it with an ellipsis; `None`
/// where fewer than three letters would be left.
fn shorten(name: &str, letters: usize) -> Option<String> {
    let mut rest = name;
    while rest.chars().count() > letters {
        match next_segment(rest) {
            Some(next) => rest = next,
            None if letters < 4 => return None,
            None => {
                let cut: String = rest.chars().take(letters - 1).collect();
                return Some(cut + "…");
            }
        }
    }
    (rest.chars().count() >= 3 || rest == name).then(|| rest.to_owned())
}

/// The name without its first path segment; `::` within angle brackets does not count.
fn next_segment(name: &str) -> Option<&str> {
    let mut depth = 0_i32;
    let bytes = name.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        match byte {
            b'<' | b'(' | b'[' => depth += 1,
            b'>' | b')' | b']' => depth -= 1,
            b':' if depth == 0 && bytes.get(index + 1) == Some(&b':') => {
                return Some(&name[index + 2..]).filter(|rest| !rest.is_empty());
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use scrutineer_checklists::document::FlameChange;

    use super::*;

    #[test]
    fn names_shorten_from_the_left() {
        let name = "ledgerd::posting::Engine::apply_batch";
        let short = |letters| shorten(name, letters);
        assert_eq!(short(37).as_deref(), Some(name));
        assert_eq!(short(36).as_deref(), Some("posting::Engine::apply_batch"));
        assert_eq!(short(19).as_deref(), Some("Engine::apply_batch"));
        assert_eq!(short(11).as_deref(), Some("apply_batch"));
        assert_eq!(short(7).as_deref(), Some("apply_…"));
        assert_eq!(short(3), None);
        assert_eq!(shorten("<a::b as c::d>::run", 5).as_deref(), Some("run"));
        assert_eq!(shorten("größe::änderung", 9).as_deref(), Some("änderung"));
    }

    fn frame(depth: u16, x: f64, width: f64, name: &str) -> FlameBox {
        FlameBox {
            depth,
            x,
            width,
            name: name.into(),
            category: "own".into(),
            change: None,
        }
    }

    fn svg(boxes: Vec<FlameBox>) -> String {
        let mut page = Page::default();
        draw(
            &mut page,
            &FlamePicture {
                boxes,
                samples: 1_000,
                hidden: 0,
            },
        );
        page.finish()
    }

    #[test]
    fn narrow_boxes_join_into_one_run() {
        let narrow = (0..100).map(|index| frame(1, f64::from(index) * 0.001, 0.001, "n"));
        let drawing = svg([frame(0, 0.0, 1.0, "root")]
            .into_iter()
            .chain(narrow)
            .collect());
        assert_eq!(drawing.matches("<rect").count(), 2);
        assert!(drawing.contains("100\u{a0}frames too narrow to draw"));
    }

    #[test]
    fn a_box_that_is_no_box_stays_within_the_picture() {
        let drawing = svg(vec![
            frame(0, f64::NAN, f64::INFINITY, "a"),
            frame(0, 0.9, 7.0, "b"),
        ]);
        assert!(!drawing.contains("NaN") && !drawing.contains("inf"));
        assert!(drawing.contains("x=\"792\""));
        assert!(drawing.contains("width=\"87\""));
    }

    #[test]
    fn a_picture_of_its_own_is_whole_and_marks_a_box() {
        let picture = FlamePicture {
            boxes: vec![frame(0, 0.0, 1.0, "a<b"), frame(1, 0.0, 0.5, "c")],
            samples: 10,
            hidden: 0,
        };
        let svg = standalone(&picture, "3 s of waits", Some(1));
        assert!(svg.starts_with("<svg xmlns="), "{svg}");
        assert!(svg.trim_end().ends_with("</svg>"), "{svg}");
        assert!(svg.contains("a&lt;b: 100"), "{svg}");
        assert_eq!(svg.matches(" marked\"").count(), 1, "{svg}");
        assert!(svg.contains("flame graph of 3 s of waits"), "{svg}");
    }

    #[test]
    fn a_compared_picture_is_coloured_marked_and_told_by_its_changes() {
        let changed = |depth, name: &str, step, base, candidate| FlameBox {
            change: Some(FlameChange {
                step,
                base,
                candidate,
            }),
            ..frame(depth, 0.0, 0.5, name)
        };
        let picture = FlamePicture {
            boxes: vec![
                changed(0, "all", 3, 1.0, 1.0),
                changed(1, "grows", 0, 0.1, 0.5),
                changed(2, "shrinks", 6, 0.6, 0.5),
                changed(3, "appears", 0, 0.0, 0.5),
            ],
            samples: 10,
            hidden: 0,
        };
        let svg = standalone(&picture, "10 samples", None);
        for part in [
            "class=\"d0\"",
            "class=\"d6\"",
            ">+40.0 grows<",
            ">\u{2212}10.0 shrinks<",
            ">new appears<",
            ", was ",
        ] {
            assert!(svg.contains(part), "{part} in {svg}");
        }
        let mut page = Page::default();
        legend(&mut page, &picture);
        assert!(page.finish().contains("− less"));
    }

    #[test]
    fn rows_beyond_the_page_are_counted() {
        let boxes = (0..wording::MOST_ROWS + 3)
            .map(|depth| frame(depth, 0.0, 1.0, "f"))
            .collect();
        assert!(svg(boxes).contains("3\u{a0}frames in deeper rows not drawn"));
    }
}
