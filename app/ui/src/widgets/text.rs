//! Text on one line or wrapped, aligned and cut to its place.

use std::sync::Arc;

use egui::{
    Align2, Color32, FontId, Galley, Id, Pos2, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2,
    text::{LayoutJob, TextFormat},
    vec2,
};

/// How a text looks.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) font: FontId,
    pub(crate) color: Color32,
    pub(crate) italics: bool,
    pub(crate) struck: bool,
}

/// A font in a colour.
pub(crate) fn look(font: FontId, color: Color32) -> Look {
    Look {
        font,
        color,
        italics: false,
        struck: false,
    }
}

impl Look {
    /// Slanted.
    pub(crate) fn italics(mut self, italics: bool) -> Self {
        self.italics = italics;
        self
    }

    /// Struck through.
    pub(crate) fn struck(mut self, struck: bool) -> Self {
        self.struck = struck;
        self
    }

    fn format(&self, line_height: Option<f32>) -> TextFormat {
        TextFormat {
            font_id: self.font.clone(),
            color: self.color,
            italics: self.italics,
            line_height,
            strikethrough: if self.struck {
                Stroke::new(1.0, self.color)
            } else {
                Stroke::NONE
            },
            ..TextFormat::default()
        }
    }
}

/// Lays a text out on one line, cut with an ellipsis at `width`.
pub(crate) fn line(ui: &Ui, text: &str, look: &Look, width: f32) -> Arc<Galley> {
    let mut job = LayoutJob::single_section(text.to_owned(), look.format(None));
    job.break_on_newline = false;
    job.wrap.max_rows = 1;
    job.wrap.break_anywhere = true;
    job.wrap.max_width = width.max(0.0);
    ui.painter().layout_job(job)
}

/// Width of a text on one line.
pub(crate) fn width(ui: &Ui, text: &str, font: FontId) -> f32 {
    ui.painter()
        .layout_no_wrap(text.to_owned(), font, Color32::WHITE)
        .size()
        .x
}

/// Paints one line within `rect`, centred vertically; tells nobody (the widget around it has the
/// name). Returns the place of the text.
pub(crate) fn paint(ui: &Ui, rect: Rect, align: Align2, text: &str, look: &Look) -> Rect {
    let galley = line(ui, text, look, rect.width());
    let place = align.align_size_within_rect(galley.size(), rect);
    let origin = pos2(place.left(), place.top().round());
    ui.painter().galley(origin, galley, look.color);
    place
}

/// Paints one line and says it to AccessKit.
pub(crate) fn label(ui: &Ui, rect: Rect, align: Align2, text: &str, look: &Look) -> Rect {
    let place = paint(ui, rect, align, text, look);
    announce(ui, place, text);
    place
}

/// Paints one line from `left`, with its middle at `left.y`, and says it.
pub(crate) fn at(ui: &Ui, left: Pos2, text: &str, look: &Look) -> Rect {
    let room = Rect::from_min_size(left - vec2(0.0, 20.0), vec2(f32::INFINITY, 40.0));
    let galley = line(ui, text, look, f32::INFINITY);
    let place = Rect::from_min_size(
        pos2(left.x, (room.center().y - galley.size().y / 2.0).round()),
        galley.size(),
    );
    ui.painter().galley(place.min, galley, look.color);
    announce(ui, place, text);
    place
}

/// Paints lines of `line_height` wrapped at the width of `rect` and says them. Returns the place.
pub(crate) fn wrapped(ui: &Ui, rect: Rect, text: &str, look: &Look, line_height: f32) -> Rect {
    let mut job = LayoutJob::single_section(text.to_owned(), look.format(Some(line_height)));
    job.wrap.max_width = rect.width();
    let galley = ui.painter().layout_job(job);
    let place = Rect::from_min_size(rect.min, galley.size());
    ui.painter().galley(rect.min, galley, look.color);
    announce(ui, place, text);
    place
}

/// Tells AccessKit of a text that was painted.
pub(crate) fn announce(ui: &Ui, rect: Rect, text: &str) {
    if text.is_empty() || !ui.is_rect_visible(rect) {
        return;
    }
    let (x, y) = (rect.left().round() as i32, rect.top().round() as i32);
    let id = Id::unique(("label", ui.layer_id(), x, y));
    let response = ui.interact(rect, id, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, text));
}

/// Paints an icon centred in `rect`.
pub(crate) fn icon(ui: &Ui, rect: Rect, icon: char, size: f32, color: Color32) {
    glyph(ui, rect, icon, crate::theme::icons(size), color);
}

/// Paints a filled icon centred in `rect`.
pub(crate) fn icon_filled(ui: &Ui, rect: Rect, icon: char, size: f32, color: Color32) {
    glyph(ui, rect, icon, crate::theme::icons_fill(size), color);
}

fn glyph(ui: &Ui, rect: Rect, icon: char, font: FontId, color: Color32) {
    let galley = ui.painter().layout_no_wrap(icon.to_string(), font, color);
    let origin = rect.center() - galley.size() / 2.0;
    ui.painter()
        .galley(pos2(origin.x.round(), origin.y.round()), galley, color);
}

/// The left-aligned, vertically centred alignment that most rows use.
pub(crate) const LEFT: Align2 = Align2::LEFT_CENTER;
/// The right-aligned, vertically centred alignment of number columns.
pub(crate) const RIGHT: Align2 = Align2::RIGHT_CENTER;
/// Centred both ways.
pub(crate) const CENTER: Align2 = Align2::CENTER_CENTER;
