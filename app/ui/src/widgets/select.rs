//! A drop-down: one of a few values.

use egui::{Id, Popup, Rect, Response, Role, Ui, pos2, vec2};

use super::{
    clickable,
    text::{self, LEFT, look},
    well,
};
use crate::{
    icons,
    theme::{Theme, mono, regular},
};

/// Width of a drop-down.
pub(crate) fn width(ui: &Ui, prefix: &str, value: &str) -> f32 {
    let prefix = if prefix.is_empty() {
        0.0
    } else {
        text::width(ui, prefix, regular(12.5)) + 6.0
    };
    (text::width(ui, value, mono(12.0)) + prefix + 44.0).round()
}

/// Shows a drop-down; returns the place of the value that was chosen.
pub(crate) fn show(
    ui: &Ui,
    rect: Rect,
    name: &str,
    prefix: &str,
    values: &[String],
    at: usize,
) -> Option<usize> {
    let values: Vec<_> = values.iter().map(|value| (value.as_str(), None)).collect();
    show_refusing(ui, rect, name, prefix, &values, at)
}

/// Shows a drop-down some values of which cannot be chosen now, each with the reason.
pub(crate) fn show_refusing(
    ui: &Ui,
    rect: Rect,
    name: &str,
    prefix: &str,
    values: &[(&str, Option<&str>)],
    at: usize,
) -> Option<usize> {
    let theme = Theme::of(ui);
    let value = values.get(at).map_or("", |(value, _)| value);
    let spoken = format!("{name}: {value}");
    let response = clickable(
        ui,
        rect,
        Id::unique(("select", name)),
        Role::ComboBox,
        &spoken,
    );
    well(ui, &response);
    let mut room = rect.shrink2(vec2(10.0, 0.0));
    if !prefix.is_empty() {
        let place = text::paint(ui, room, LEFT, prefix, &look(regular(12.5), theme.text_3));
        room.min.x = place.right() + 6.0;
    }
    text::paint(ui, room, LEFT, value, &look(mono(12.0), theme.text));
    let caret =
        Rect::from_center_size(pos2(rect.right() - 15.0, rect.center().y), vec2(12.0, 12.0));
    text::icon(ui, caret, icons::CARET_DOWN, 12.0, theme.text_3);
    menu(&response, values, at)
}

fn menu(response: &Response, values: &[(&str, Option<&str>)], at: usize) -> Option<usize> {
    let shown = Popup::menu(response).gap(4.0).show(|ui| {
        let theme = Theme::of(ui);
        let mut chosen = None;
        let reason_font = || regular(11.5);
        let reasons = values.iter().filter_map(|(value, reason)| {
            let words = text::width(ui, value, mono(12.0));
            Some(words + text::width(ui, (*reason)?, reason_font()) + 28.0)
        });
        let width = reasons.fold(response.rect.width().max(110.0), f32::max);
        for (place, (value, reason)) in values.iter().enumerate() {
            let size = vec2(width, 26.0);
            let (rect, _) = ui.allocate_exact_size(size, egui::Sense::hover());
            let id = response.id.with(place);
            let room = rect.shrink2(vec2(8.0, 0.0));
            if let Some(reason) = reason {
                let refused = ui.interact(rect, id, egui::Sense::hover());
                let spoken = format!("{value}, not here: {reason}");
                refused.widget_info(|| egui::WidgetInfo::labeled(Role::MenuItem, false, &spoken));
                let ink = look(mono(12.0), theme.text_3);
                let words = text::paint(ui, room, LEFT, value, &ink);
                let beyond = room.with_min_x(words.right() + 12.0);
                let ink = look(reason_font(), theme.text_3);
                text::paint(ui, beyond, text::RIGHT, reason, &ink);
                continue;
            }
            let row = clickable(ui, rect, id, Role::MenuItem, value);
            if place == at || row.hovered() {
                let fill = if place == at {
                    theme.selected
                } else {
                    theme.hover
                };
                ui.painter().rect_filled(rect, 4.0, fill);
            }
            text::paint(ui, room, LEFT, value, &look(mono(12.0), theme.text));
            if row.clicked() {
                chosen = Some(place);
                ui.close();
            }
        }
        chosen
    });
    shown.and_then(|shown| shown.inner)
}
