//! Paints the visible boxes as one mesh, then the labels and the outlines of a few.

use super::{
    Flame,
    geometry::{Place, partition},
    label::shortened,
};
use crate::{
    theme::{Theme, blend, mono},
    views::comparison::{mark, step},
    widgets::text::{self, look},
};
use egui::{Color32, Mesh, Rect, Shape, Stroke, StrokeKind, Ui, pos2};

/// Opacities that tell neighbours apart; a function keeps its shade everywhere.
pub(crate) const SHADES: [f32; 3] = [1.0, 0.93, 0.87];

/// Width of a character of an 11 point label.
const CHARACTER: f32 = 6.6;
/// Space before a label.
const INSET: f32 = 5.0;

/// A box that bears a label, for the pointer and for AccessKit.
pub(super) fn bears_label(rect: Rect) -> bool {
    rect.width() >= 3.0 * CHARACTER + INSET + 2.0
}

/// A box below this width has no corners, and is marked as a whole.
const NARROW: f32 = 6.0;

/// Paints the graph.
pub(super) fn graph(ui: &Ui, flame: &Flame<'_>, place: &Place) {
    if place.total == 0 {
        return;
    }
    let painter = ui
        .painter()
        .with_clip_rect(place.rect.intersect(ui.clip_rect()));
    let mut mesh = Mesh::default();
    let mut outlines = Vec::new();
    let mut labels = Vec::new();
    let (from, to) = (
        place.sample(place.rect.left()),
        place.sample(place.rect.right()),
    );
    for row in place.rows(flame.layout) {
        let boxes = flame.layout.visible(row, from, to);
        let mut at = boxes.start;
        while at < boxes.end {
            let rect = place.rect_of(flame.layout, row, at);
            let node = flame.layout.node[at as usize];
            let is_match = flame.is_match(node);
            if flame.selected == Some(node) {
                outlines.push((rect, Stroke::new(2.0, Theme::of(ui).text)));
            } else if is_match && rect.width() >= NARROW {
                outlines.push((rect, Stroke::new(1.5, Theme::of(ui).accent)));
            }
            // An outline would hide a narrow box, and thousands of them take long.
            let color = if is_match && rect.width() < NARROW {
                Theme::of(ui).accent
            } else {
                fill(ui, flame, node)
            };
            paint_box(&mut mesh, rect, color);
            if bears_label(rect) {
                labels.push((rect, node));
            }
            at = next(flame, place, at, boxes.end, rect);
        }
    }
    painter.add(Shape::mesh(mesh));
    for (rect, node) in labels {
        paint_label(ui, &painter, flame, rect, node);
    }
    for (rect, stroke) in outlines {
        let kind = if rect.width() > 4.0 {
            StrokeKind::Inside
        } else {
            StrokeKind::Middle
        };
        painter.rect_stroke(rect, 1.5, stroke, kind);
    }
}

/// The next box to paint: boxes that begin within the pixel of a box below one pixel join it,
/// but for the last of them, which may reach out of it.
fn next(flame: &Flame<'_>, place: &Place, at: u32, end: u32, rect: Rect) -> u32 {
    if rect.width() >= 1.0 {
        return at + 1;
    }
    let edge = place.sample(rect.left().floor() + 1.0);
    let after = partition(at + 1..end, |other| {
        (flame.layout.x[other as usize] as f64) < edge
    });
    let last = after.saturating_sub(1);
    let wide = flame.layout.width[last as usize] as f64 * place.scale() >= 1.0;
    if last > at && wide {
        last
    } else {
        after.max(at + 1)
    }
}

fn fill(ui: &Ui, flame: &Flame<'_>, node: u32) -> Color32 {
    let theme = Theme::of(ui);
    if let Some(compared) = flame.compared {
        return theme.compared(step(&compared.total(node))).0;
    }
    let inlined = flame.inlined(node);
    let color = theme.frame(flame.category(node), inlined);
    blend(theme.canvas, color, shade(flame.name(node)))
}

fn shade(name: &str) -> f32 {
    let hash = name.bytes().take(64).fold(0_u32, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(u32::from(byte))
    });
    SHADES[(hash % 3) as usize]
}

fn paint_box(mesh: &mut Mesh, rect: Rect, color: Color32) {
    if rect.width() < NARROW {
        let right = rect.right().max(rect.left() + 0.75);
        mesh.add_colored_rect(
            Rect::from_min_max(rect.min, pos2(right, rect.bottom())),
            color,
        );
        return;
    }
    let (left, top, right, bottom) = (rect.left(), rect.top(), rect.right(), rect.bottom());
    let part = |x0, y0, x1, y1| Rect::from_min_max(pos2(x0, y0), pos2(x1, y1));
    mesh.add_colored_rect(part(left + 1.0, top, right - 1.0, bottom), color);
    mesh.add_colored_rect(part(left, top + 1.0, left + 1.0, bottom - 1.0), color);
    mesh.add_colored_rect(part(right - 1.0, top + 1.0, right, bottom - 1.0), color);
    let corner = color.gamma_multiply(0.55);
    for (x, y) in [
        (left, top),
        (right - 1.0, top),
        (left, bottom - 1.0),
        (right - 1.0, bottom - 1.0),
    ] {
        mesh.add_colored_rect(part(x, y, x + 1.0, y + 1.0), corner);
    }
}

fn paint_label(ui: &Ui, painter: &egui::Painter, flame: &Flame<'_>, rect: Rect, node: u32) {
    let font = mono(if flame.is_large { 12.0 } else { 11.0 });
    let character = CHARACTER * font.size / 11.0;
    let room = ((rect.width() - INSET - 2.0) / character) as usize;
    let Some(words) = words_of(flame, node, room) else {
        return;
    };
    let theme = Theme::of(ui);
    let ink = match flame.compared {
        Some(compared) => theme.compared(step(&compared.total(node))).1,
        None => theme.frame_text(flame.category(node)),
    };
    let inlined = flame.inlined(node);
    let galley = text::line(ui, &words, &look(font, ink).italics(inlined), f32::INFINITY);
    let top = rect.center().y - galley.size().y / 2.0;
    painter.galley(pos2(rect.left() + INSET, top.round()), galley, ink);
}

/// The name, of a comparison with the change before it: colour is never alone.
fn words_of(flame: &Flame<'_>, node: u32, room: usize) -> Option<String> {
    let name = flame.name(node);
    let Some(compared) = flame.compared.filter(|_| node != 0) else {
        return shortened(name, room);
    };
    let mark = mark(&compared.total(node));
    let long = mark.chars().count() + 1;
    if mark.is_empty() {
        shortened(name, room)
    } else if room >= long + 8 {
        shortened(name, room - long).map(|name| format!("{mark} {name}"))
    } else {
        let sign: String = mark.chars().take(1).collect();
        let name = shortened(name, room.saturating_sub(1))?;
        Some(format!("{sign}{name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_spread_over_all_shades() {
        let shades: std::collections::BTreeSet<u32> = ["a", "b", "c"]
            .iter()
            .map(|name| shade(name).to_bits())
            .collect();
        assert_eq!(shades.len(), 3);
    }
}
