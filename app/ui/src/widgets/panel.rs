//! A panel: fill, border, radius, and a head with a title.

use egui::{Rect, StrokeKind, Ui, vec2};

use super::{
    bar::{Bar, cut_top},
    hline,
    text::{self, LEFT, look},
};
use crate::theme::{RADIUS_PANEL, Theme, regular, semibold};

/// Paints the panel and returns its inside.
pub(crate) fn card(ui: &Ui, rect: Rect) -> Rect {
    let theme = Theme::of(ui);
    ui.painter().rect(
        rect,
        RADIUS_PANEL,
        theme.panel,
        theme.hairline(),
        StrokeKind::Inside,
    );
    rect
}

/// Paints a panel with a head of `height`; returns the free part of the head, and the body.
pub(crate) fn headed(ui: &Ui, rect: Rect, height: f32, title: &str, words: &str) -> (Bar, Rect) {
    let theme = Theme::of(ui);
    let mut body = card(ui, rect);
    let head = cut_top(&mut body, height);
    hline(ui, head, head.bottom(), theme.hairline());
    let mut bar = Bar::new(head, 12.0, 8.0);
    let title = text::label(ui, bar.rest, LEFT, title, &look(semibold(13.0), theme.text));
    bar.rest.min.x = title.right() + 8.0;
    if !words.is_empty() {
        let words = text::label(
            ui,
            bar.rest,
            LEFT,
            words,
            &look(regular(12.0), theme.text_3),
        );
        bar.rest.min.x = words.right() + 8.0;
    }
    (bar, body)
}

/// Paints the box that floats above: palette, sheet, tooltips.
pub(crate) fn floating(ui: &Ui, rect: Rect) {
    let theme = Theme::of(ui);
    ui.painter().rect(
        rect.translate(vec2(0.0, 0.0)),
        RADIUS_PANEL,
        theme.raised,
        theme.border(),
        StrokeKind::Inside,
    );
}
