//! What a person should read: an error at its place, with what to do and a command to copy.

use egui::{Rect, StrokeKind, Ui, pos2, vec2};
use scrutineer_checklists::verdict::Outcome;

use super::{
    button::{Button, Loudness},
    command_box, outcome,
    text::{self, look},
};
use crate::{
    icons,
    state::Notice,
    theme::{RADIUS_PANEL, Theme, regular},
};

/// Shows a notice from the top of `rect` down; returns its height and whether it is dismissed.
pub(crate) fn show(ui: &Ui, rect: Rect, notice: &Notice) -> (f32, bool) {
    let theme = Theme::of(ui);
    let ink = theme.outcome(notice.outcome);
    let background = ui.painter().add(egui::Shape::Noop);
    let room = Rect::from_min_max(rect.min + vec2(36.0, 9.0), rect.max - vec2(44.0, 0.0));
    let words = text::wrapped(
        ui,
        room,
        &notice.message,
        &look(regular(12.5), theme.text),
        18.0,
    );
    let mut bottom = words.bottom();
    if let Some(command) = &notice.command {
        let place = Rect::from_min_max(pos2(room.left(), bottom + 8.0), room.max);
        bottom += 8.0 + command_box::show(ui, place, command);
    }
    let area = Rect::from_min_max(rect.min, pos2(rect.right(), bottom + 9.0));
    let stroke = (1.0, ink.mark.gamma_multiply(0.6));
    ui.painter().set(
        background,
        egui::epaint::RectShape::new(area, RADIUS_PANEL, ink.fill, stroke, StrokeKind::Inside),
    );
    if notice.outcome == Outcome::Inconclusive {
        let place = Rect::from_center_size(area.min + vec2(20.0, 18.0), vec2(15.0, 15.0));
        text::icon(ui, place, icons::INFO, 15.0, ink.ink);
    } else {
        outcome::paint(ui, area.min + vec2(20.0, 18.0), 13.0, notice.outcome);
    }
    let close = Rect::from_min_size(
        pos2(area.right() - 32.0, area.top() + 6.0),
        vec2(24.0, 24.0),
    );
    let dismissed = Button::icon_only(icons::CLOSE, "Dismiss")
        .loudness(Loudness::Quiet)
        .show(ui, close, notice.id)
        .clicked();
    (area.height(), dismissed)
}
