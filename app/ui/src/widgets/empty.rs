//! An empty place: one sentence why, and the buttons that mend it; and rows that still load.

use egui::{Rect, Ui, pos2, vec2};

use super::{
    button::Button,
    text::{self, CENTER, look},
};
use crate::theme::{CONTROL, Theme, regular, semibold};

/// Says why a place is empty, with buttons; returns the button that was clicked.
pub(crate) fn show(
    ui: &Ui,
    rect: Rect,
    title: &str,
    words: &str,
    buttons: &[Button<'_>],
) -> Option<usize> {
    let theme = Theme::of(ui);
    let middle = rect.center();
    let row = |y: f32, height: f32| {
        Rect::from_center_size(
            pos2(middle.x, middle.y + y),
            vec2(rect.width() - 24.0, height),
        )
    };
    text::label(
        ui,
        row(-34.0, 22.0),
        CENTER,
        title,
        &look(semibold(15.0), theme.text),
    );
    text::label(
        ui,
        row(-8.0, 20.0),
        CENTER,
        words,
        &look(regular(12.5), theme.text_2),
    );
    let widths: Vec<f32> = buttons.iter().map(|button| button.width(ui)).collect();
    let total = widths.iter().sum::<f32>() + 8.0 * buttons.len().saturating_sub(1) as f32;
    let mut x = middle.x - total / 2.0;
    let mut clicked = None;
    for (place, (button, width)) in buttons.iter().zip(widths).enumerate() {
        let at = Rect::from_min_size(pos2(x, middle.y + 14.0), vec2(width, CONTROL));
        if button.show(ui, at, "empty").clicked() {
            clicked = Some(place);
        }
        x += width + 8.0;
    }
    clicked
}

/// Rows of grey bars where a list still loads.
pub(crate) fn skeleton(ui: &Ui, rect: Rect, row_height: f32) {
    let theme = Theme::of(ui);
    let rows = (rect.height() / row_height).floor() as usize;
    for row in 0..rows.min(12) {
        let share = 0.35 + 0.4 * ((row * 7 % 5) as f32 / 5.0);
        let bar = Rect::from_min_size(
            pos2(
                rect.left() + 14.0,
                rect.top() + (row as f32 + 0.5) * row_height - 5.0,
            ),
            vec2((rect.width() - 28.0) * share, 10.0),
        );
        ui.painter().rect_filled(bar, 3.0, theme.hover);
    }
}
