//! The counts of the seven outcomes as numbers and as a bar; no lone score.

use std::collections::BTreeMap;

use egui::{Rect, Ui, pos2, vec2};
use scrutineer_checklists::verdict::Outcome;

use super::{
    outcome,
    text::{self, look},
};
use crate::theme::{Theme, regular, semibold};

/// Height of the strip.
pub(crate) const HEIGHT: f32 = 65.0;

/// Paints the strip.
pub(crate) fn show(ui: &Ui, rect: Rect, counts: &BTreeMap<Outcome, usize>) {
    let theme = Theme::of(ui);
    let total: usize = counts.values().sum();
    let mut left = pos2(rect.left() + 14.0, rect.top() + 22.0);
    let end = format!("{total} items, no total score");
    let room = Rect::from_min_max(
        pos2(rect.left(), left.y - 10.0),
        pos2(rect.right() - 15.0, left.y + 10.0),
    );
    let end = text::label(
        ui,
        room,
        text::RIGHT,
        &end,
        &look(regular(12.0), theme.text_3),
    );
    for of in Outcome::ALL {
        let count = counts.get(&of).copied().unwrap_or_default();
        outcome::paint(ui, left + vec2(7.5, 0.5), 14.0, of);
        let number = look(semibold(18.0), theme.text);
        let place = text::at(ui, left + vec2(21.0, 0.0), &count.to_string(), &number);
        let word = look(regular(12.5), theme.text_2);
        let from = pos2(place.right() + 6.0, left.y + 0.5);
        let word_width = text::width(ui, of.label(), regular(12.5));
        let fits = from.x + word_width < end.left() - 8.0;
        let right = if fits {
            text::at(ui, from, of.label(), &word).right()
        } else {
            place.right()
        };
        left.x = right + 17.0;
    }
    let strip = Rect::from_min_max(
        pos2(rect.left() + 14.0, rect.top() + 43.0),
        pos2(rect.right() - 15.0, rect.top() + 53.0),
    );
    bar(ui, strip, counts, total);
}

fn bar(ui: &Ui, rect: Rect, counts: &BTreeMap<Outcome, usize>, total: usize) {
    let theme = Theme::of(ui);
    let parts = counts.values().filter(|count| **count > 0).count();
    if total == 0 {
        ui.painter().rect_filled(rect, 2.0, theme.track);
        return;
    }
    let room = rect.width() - 2.0 * parts.saturating_sub(1) as f32;
    let mut x = rect.left();
    for of in Outcome::ALL {
        let count = counts.get(&of).copied().unwrap_or_default();
        if count == 0 {
            continue;
        }
        let width = room * count as f32 / total as f32;
        let part = Rect::from_min_size(pos2(x, rect.top()), vec2(width, rect.height()));
        ui.painter().rect_filled(part, 2.0, theme.outcome(of).mark);
        x += width + 2.0;
    }
}
