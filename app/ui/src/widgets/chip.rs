//! Chips and tags: an outcome with its word, a runtime, a kind.

use egui::{Color32, Rect, StrokeKind, Ui, pos2, vec2};
use scrutineer_checklists::verdict::Outcome;

use super::{
    outcome,
    text::{self, LEFT, look},
};
use crate::theme::{RADIUS_TAG, Theme, medium, regular};

/// An outcome with words, on its fill; returns the place.
pub(crate) fn outcome_chip(ui: &Ui, left: egui::Pos2, of: Outcome, words: &str) -> Rect {
    let theme = Theme::of(ui);
    let ink = theme.outcome(of);
    let width = text::width(ui, words, medium(12.0)) + 32.0;
    let rect = place(left, width.round(), 20.0);
    ui.painter().rect_filled(rect, RADIUS_TAG, ink.fill);
    outcome::paint(ui, pos2(rect.left() + 12.0, rect.center().y), 11.0, of);
    let room = Rect::from_min_max(rect.min + vec2(22.0, 0.0), rect.max);
    text::label(ui, room, LEFT, words, &look(medium(12.0), ink.ink));
    rect
}

/// Width of [`outcome_chip`].
pub(crate) fn outcome_chip_width(ui: &Ui, words: &str) -> f32 {
    (text::width(ui, words, medium(12.0)) + 32.0).round()
}

/// A tag with a border; a dot of `dot`'s colour before the words.
pub(crate) fn tag(ui: &Ui, left: egui::Pos2, words: &str, dot: Option<Color32>) -> Rect {
    let theme = Theme::of(ui);
    let rect = place(left, tag_width(ui, words, dot.is_some()), 18.0);
    ui.painter().rect(
        rect,
        RADIUS_TAG,
        theme.hover,
        theme.border(),
        StrokeKind::Inside,
    );
    let mut room = rect.shrink2(vec2(6.0, 0.0));
    if let Some(color) = dot {
        ui.painter()
            .circle_filled(pos2(room.left() + 3.0, rect.center().y), 3.0, color);
        room.min.x += 10.0;
    }
    text::label(ui, room, LEFT, words, &look(regular(11.0), theme.text));
    rect
}

/// Width of [`tag`].
pub(crate) fn tag_width(ui: &Ui, words: &str, dot: bool) -> f32 {
    (text::width(ui, words, regular(11.0)) + 13.0 + if dot { 10.0 } else { 0.0 }).round()
}

fn place(left: egui::Pos2, width: f32, height: f32) -> Rect {
    let min = pos2(left.x.round(), (left.y - height / 2.0).round());
    Rect::from_min_size(min, vec2(width, height))
}
