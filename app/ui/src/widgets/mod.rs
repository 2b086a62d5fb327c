//! Widgets, one a file: each paints into the rectangle that it is given and says its name to
//! AccessKit.

pub(crate) mod banner;
pub(crate) mod bar;
pub(crate) mod button;
pub(crate) mod chart;
pub(crate) mod chip;
pub(crate) mod command_box;
pub(crate) mod empty;
pub(crate) mod field;
pub(crate) mod flame;
pub(crate) mod flame_picture;
pub(crate) mod job_line;
pub(crate) mod key_cap;
pub(crate) mod outcome;
pub(crate) mod panel;
pub(crate) mod segmented;
pub(crate) mod select;
pub(crate) mod tab_strip;
pub(crate) mod text;
pub(crate) mod tooltip;
pub(crate) mod trust_strip;
pub(crate) mod verdict_strip;
pub(crate) mod wheel;

use egui::{Id, Rect, Response, Role, Sense, Stroke, StrokeKind, Ui, WidgetInfo, pos2};

use crate::theme::{RADIUS_CONTROL, Theme};

/// A place that can be clicked and reached with Tab, with a role and a name; paints the focus ring.
pub(crate) fn clickable(ui: &Ui, rect: Rect, id: Id, role: Role, name: &str) -> Response {
    let response = ui.interact(rect, id, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(role, ui.is_enabled(), name));
    focus_ring(ui, &response);
    response
}

/// A row that can be clicked and that arrow keys reach instead of Tab.
pub(crate) fn row(ui: &Ui, rect: Rect, id: Id, selected: bool, name: &str) -> Response {
    let response = ui.interact(rect, id, Sense::CLICK);
    response.widget_info(|| WidgetInfo::selected(Role::ListBoxOption, true, selected, name));
    response
}

/// The face of a control that holds words: sunk into the canvas, lit below the pointer.
pub(crate) fn well(ui: &Ui, response: &Response) {
    let theme = Theme::of(ui);
    let fill = if response.hovered() {
        theme.hover
    } else {
        theme.canvas
    };
    let (rect, border) = (response.rect, theme.border());
    ui.painter()
        .rect(rect, RADIUS_CONTROL, fill, border, StrokeKind::Inside);
}

/// The ring around the widget that has the keyboard.
pub(crate) fn focus_ring(ui: &Ui, response: &Response) {
    if response.has_focus() {
        let stroke = Stroke::new(1.5, Theme::of(ui).accent);
        let rect = response.rect.expand(1.5);
        ui.painter()
            .rect_stroke(rect, RADIUS_CONTROL + 1.5, stroke, StrokeKind::Inside);
    }
}

/// Paints a line from left to right on the pixel.
pub(crate) fn hline(ui: &Ui, rect: Rect, y: f32, stroke: Stroke) {
    let y = y.round() - 0.5;
    ui.painter()
        .line_segment([pos2(rect.left(), y), pos2(rect.right(), y)], stroke);
}

/// Paints a line from top to bottom on the pixel.
pub(crate) fn vline(ui: &Ui, rect: Rect, x: f32, stroke: Stroke) {
    let x = x.round() - 0.5;
    ui.painter()
        .line_segment([pos2(x, rect.top()), pos2(x, rect.bottom())], stroke);
}

/// A child that paints into `rect` alone, its content laid out from the top.
pub(crate) fn child(ui: &mut Ui, rect: Rect, salt: impl egui::AsIdSalt) -> Ui {
    let mut child = ui.new_child(egui::UiBuilder::new().id_salt(salt).max_rect(rect));
    child.shrink_clip_rect(rect);
    child
}
