//! A pinned flame graph as a picture: small, or large with names.

use egui::{Rect, Stroke, StrokeKind, Ui, pos2, vec2};
use scrutineer_checklists::document::{FlameBox, PinnedView};
use scrutineer_profiler::profile::Category;

use crate::{
    theme::{Theme, mono},
    widgets::{
        flame::shortened,
        text::{self, LEFT, look},
    },
};

/// Rows that are drawn of a small picture.
const ROWS: f32 = 12.0;

/// Paints the picture of a pin: small, or in rows of a height with the names in them.
pub(crate) fn paint(ui: &Ui, rect: Rect, pin: &PinnedView, row_height: Option<f32>) {
    let theme = Theme::of(ui);
    let painter = ui.painter().with_clip_rect(rect);
    painter.rect_filled(rect, 4.0, theme.canvas);
    let height = row_height.unwrap_or(rect.height() / ROWS);
    let rows = rect.height() / height;
    let place = |frame: &FlameBox| {
        let left = rect.left() + frame.x as f32 * rect.width();
        let top = rect.top() + f32::from(frame.depth) * height;
        let width = (frame.width as f32 * rect.width()).max(1.0);
        Rect::from_min_size(pos2(left, top), vec2(width, height - 0.5))
    };
    let mut mesh = egui::Mesh::default();
    let seen = |frame: &&FlameBox| f32::from(frame.depth) < rows;
    for frame in pin.picture.boxes.iter().filter(seen) {
        let color = match &frame.change {
            Some(change) => theme.compared(usize::from(change.step)).0,
            None => theme.category(category(frame)),
        };
        mesh.add_colored_rect(place(frame), color);
    }
    painter.add(mesh);
    if row_height.is_some() {
        for frame in pin.picture.boxes.iter().filter(seen) {
            name(ui, place(frame), frame);
        }
    }
    let selected = pin.selected.and_then(|at| pin.picture.boxes.get(at));
    if let Some(frame) = selected.filter(seen) {
        let stroke = Stroke::new(1.5, theme.text);
        painter.rect_stroke(place(frame), 1.0, stroke, StrokeKind::Outside);
    }
}

/// Width of a letter of the names.
const LETTER: f32 = 6.6;

fn name(ui: &Ui, rect: Rect, frame: &FlameBox) {
    let letters = ((rect.width() - 7.0) / LETTER).max(0.0) as usize;
    if let Some(words) = shortened(&frame.name, letters) {
        let ink = Theme::of(ui).frame_text(category(frame));
        let room = rect.shrink2(vec2(4.0, 0.0));
        text::paint(ui, room, LEFT, &words, &look(mono(11.0), ink));
    }
}

fn category(frame: &FlameBox) -> Category {
    use Category::{Dependency, Jit, Kernel, Own, Std};
    let known = [Own, Dependency, Std, Kernel, Jit];
    let mut known = known.into_iter();
    known
        .find(|category| category.id() == frame.category)
        .unwrap_or(Category::Root)
}
