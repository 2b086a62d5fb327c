//! The cap of a key, as in `Ctrl K`.

use egui::{Color32, Rect, StrokeKind, Ui, pos2, vec2};

use super::text::{self, CENTER, look};
use crate::theme::{RADIUS_TAG, Theme, mono};

/// Width of a cap.
pub(crate) fn width(ui: &Ui, key: &str) -> f32 {
    (text::width(ui, key, mono(10.5)) + 10.0).max(17.0).round()
}

/// Paints a cap with its left edge at `left.x`, centred on `left.y`; returns its place.
pub(crate) fn paint(ui: &Ui, left: egui::Pos2, key: &str) -> Rect {
    let theme = Theme::of(ui);
    let size = vec2(width(ui, key), 17.0);
    let rect = Rect::from_min_size(pos2(left.x.round(), (left.y - 8.5).round()), size);
    ui.painter().rect(
        rect,
        RADIUS_TAG,
        theme.hover,
        theme.border(),
        StrokeKind::Inside,
    );
    text::paint(ui, rect, CENTER, key, &look(mono(10.5), theme.text_2));
    rect
}

/// Paints a cap on a primary button: an outline in the button's ink.
pub(crate) fn paint_outlined(ui: &Ui, left: egui::Pos2, key: &str, ink: Color32) -> Rect {
    let size = vec2(width(ui, key), 17.0);
    let rect = Rect::from_min_size(pos2(left.x.round(), (left.y - 8.5).round()), size);
    ui.painter()
        .rect_stroke(rect, RADIUS_TAG, (1.0, ink), StrokeKind::Inside);
    text::paint(ui, rect, CENTER, key, &look(mono(10.5), ink));
    rect
}
