//! A command that can be copied, in a box, with its button.

use egui::{Rect, StrokeKind, Ui, vec2};

use super::{
    button::Button,
    text::{self, look},
};
use crate::{
    icons,
    theme::{RADIUS_CONTROL, Theme, mono},
};

/// Shows the command from the top of `rect` down; returns the height.
pub(crate) fn show(ui: &Ui, rect: Rect, command: &str) -> f32 {
    let theme = Theme::of(ui);
    let background = ui.painter().add(egui::Shape::Noop);
    let room = Rect::from_min_max(rect.min + vec2(9.0, 5.0), rect.max - vec2(36.0 + 9.0, 0.0));
    let place = text::wrapped(ui, room, command, &look(mono(11.0), theme.text), 16.0);
    let height = (place.height() + 10.0).max(26.0).round();
    let area = Rect::from_min_size(rect.min, vec2(rect.width() - 34.0, height));
    let shape = egui::epaint::RectShape::new(
        area,
        RADIUS_CONTROL,
        theme.canvas,
        theme.border(),
        StrokeKind::Inside,
    );
    ui.painter().set(background, shape);
    let button = Rect::from_min_size(
        egui::pos2(rect.right() - 27.0, rect.top()),
        vec2(27.0, 25.0),
    );
    let name = format!("Copy {command}");
    if Button::icon_only(icons::COPY, &name)
        .show(ui, button, command)
        .clicked()
    {
        ui.ctx().copy_text(command.to_owned());
    }
    height
}
