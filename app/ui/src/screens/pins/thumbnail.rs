//! A pinned flame graph, small.

use egui::{Rect, Stroke, StrokeKind, Ui, pos2, vec2};
use scrutineer_checklists::document::{FlameBox, PinnedView};
use scrutineer_profiler::profile::Category;

use crate::theme::Theme;

/// Rows that are drawn.
const ROWS: f32 = 12.0;

/// Paints the picture of a pin.
pub(super) fn paint(ui: &Ui, rect: Rect, pin: &PinnedView) {
    let theme = Theme::of(ui);
    let painter = ui.painter().with_clip_rect(rect);
    painter.rect_filled(rect, 4.0, theme.canvas);
    let height = rect.height() / ROWS;
    let place = |frame: &FlameBox| {
        let left = rect.left() + frame.x as f32 * rect.width();
        let top = rect.top() + f32::from(frame.depth) * height;
        let width = (frame.width as f32 * rect.width()).max(1.0);
        Rect::from_min_size(pos2(left, top), vec2(width, height - 0.5))
    };
    let mut mesh = egui::Mesh::default();
    let seen = |frame: &&FlameBox| f32::from(frame.depth) < ROWS;
    for frame in pin.picture.boxes.iter().filter(seen) {
        let color = match &frame.change {
            Some(change) => theme.compared(usize::from(change.step)).0,
            None => theme.category(category(frame)),
        };
        mesh.add_colored_rect(place(frame), color);
    }
    painter.add(mesh);
    let selected = pin.selected.and_then(|at| pin.picture.boxes.get(at));
    if let Some(frame) = selected.filter(seen) {
        let stroke = Stroke::new(1.5, theme.text);
        painter.rect_stroke(place(frame), 1.0, stroke, StrokeKind::Outside);
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
