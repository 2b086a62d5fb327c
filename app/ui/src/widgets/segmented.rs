//! A segmented control: one of several.

use egui::{CornerRadius, Id, Rect, Role, Sense, StrokeKind, Ui, WidgetInfo, pos2, vec2};

use super::{
    focus_ring,
    text::{self, look},
};
use crate::theme::{RADIUS_CONTROL, Theme, medium, regular};

/// One segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'a> {
    /// Words.
    pub(crate) words: &'a str,
    /// Icon before the words.
    pub(crate) icon: Option<char>,
}

impl<'a> From<&'a str> for Segment<'a> {
    fn from(words: &'a str) -> Self {
        Self { words, icon: None }
    }
}

fn segment_width(ui: &Ui, segment: &Segment<'_>) -> f32 {
    let icon = if segment.icon.is_some() { 20.0 } else { 0.0 };
    (text::width(ui, segment.words, medium(12.5)) + icon + 19.0).round()
}

/// Width of the whole control.
pub(crate) fn width(ui: &Ui, segments: &[Segment<'_>]) -> f32 {
    segments
        .iter()
        .map(|segment| segment_width(ui, segment))
        .sum()
}

/// Shows the control; returns the segment that was clicked.
pub(crate) fn show(
    ui: &Ui,
    rect: Rect,
    salt: &str,
    segments: &[Segment<'_>],
    selected: usize,
) -> Option<usize> {
    let theme = Theme::of(ui);
    let rect = Rect::from_min_max(rect.min.round(), rect.max.round());
    ui.painter().rect_filled(rect, RADIUS_CONTROL, theme.panel);
    let mut clicked = None;
    let mut x = rect.left();
    for (place, segment) in segments.iter().enumerate() {
        let width = segment_width(ui, segment);
        let part = Rect::from_min_size(pos2(x, rect.top()), vec2(width, rect.height()));
        x += width;
        let id = Id::unique(("segment", salt, place));
        let response = ui.interact(part, id, Sense::click());
        let on = place == selected;
        response.widget_info(|| WidgetInfo::selected(Role::Tab, true, on, segment.words));
        if on || response.hovered() {
            let fill = if on { theme.accent_fill } else { theme.hover };
            let corners = corners(place == 0, place + 1 == segments.len());
            ui.painter().rect_filled(part.shrink(0.5), corners, fill);
        }
        if place > 0 {
            super::vline(ui, part, part.left(), theme.border());
        }
        paint_content(ui, part, segment, on);
        focus_ring(ui, &response);
        if response.clicked() {
            clicked = Some(place);
        }
    }
    ui.painter()
        .rect_stroke(rect, RADIUS_CONTROL, theme.border(), StrokeKind::Inside);
    clicked
}

fn paint_content(ui: &Ui, part: Rect, segment: &Segment<'_>, on: bool) {
    let theme = Theme::of(ui);
    let font = if on { medium(12.5) } else { regular(12.5) };
    let ink = if on { theme.text } else { theme.text_2 };
    let shift = if segment.icon.is_some() { 20.0 } else { 0.0 };
    let words = text::width(ui, segment.words, font.clone());
    let mut left = part.center().x - (words + shift) / 2.0;
    if let Some(icon) = segment.icon {
        let place = Rect::from_center_size(pos2(left + 7.5, part.center().y), vec2(15.0, 15.0));
        text::icon(ui, place, icon, 15.0, ink);
        left += shift;
    }
    let room = Rect::from_min_max(pos2(left, part.top()), pos2(part.right(), part.bottom()));
    text::paint(ui, room, text::LEFT, segment.words, &look(font, ink));
}

fn corners(first: bool, last: bool) -> CornerRadius {
    let radius = RADIUS_CONTROL as u8;
    let (left, right) = (
        if first { radius } else { 0 },
        if last { radius } else { 0 },
    );
    CornerRadius {
        nw: left,
        sw: left,
        ne: right,
        se: right,
    }
}
