//! Actions of the workspace's reviews whose day has passed.

use egui::{Id, Rect, Ui, pos2};
use scrutineer_checklists::verdict::Outcome;

use super::padded;
use crate::{
    command::{Command, ReviewAction},
    review::KeptAction,
    screens::review::overdue_words,
    state::State,
    theme::{Theme, medium, regular},
    widgets::{
        self,
        bar::cut_top,
        chip, panel,
        text::{self, LEFT, RIGHT, look},
    },
};

const HEAD: f32 = 36.0;
const ROW: f32 = 42.0;
/// Actions that are listed; the rest is counted.
const MOST: usize = 3;

/// Height that the panel needs; none where nothing is overdue.
pub(super) fn height(state: &State) -> f32 {
    match state.review.overdue.len() {
        0 => 0.0,
        count => HEAD + count.min(MOST) as f32 * ROW + 2.0,
    }
}

/// Shows what is late longest.
pub(super) fn show(ui: &Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let overdue = &state.review.overdue;
    let (bar, mut body) = panel::headed(ui, rect, HEAD, "Overdue actions", "");
    let more = overdue.len().saturating_sub(MOST);
    if more > 0 {
        let words = format!("and {more} more");
        let theme = Theme::of(ui);
        let ink = look(regular(12.0), theme.text_3);
        text::label(ui, bar.free, RIGHT, &words, &ink);
    }
    for kept in overdue.iter().take(MOST) {
        row(ui, cut_top(&mut body, ROW), kept, state, out);
    }
}

fn row(ui: &Ui, rect: Rect, kept: &KeptAction, state: &State, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let action = &kept.action;
    let late = overdue_words(action, state.now);
    let spoken = format!(
        "overdue action {}, {}, {late}, review {}",
        action.what, action.owner, kept.review
    );
    let id = Id::unique(("overdue", &kept.review, &kept.id));
    let response = widgets::clickable(ui, rect, id, egui::Role::Button, &spoken);
    if response.hovered() {
        ui.painter().rect_filled(rect.shrink(1.0), 4.0, theme.hover);
    }
    if response.clicked() {
        let at = ReviewAction::Open(kept.review.clone(), action.item.clone());
        out.push(Command::Review(at));
    }
    let inner = padded(rect).shrink2(egui::vec2(0.0, 4.0));
    let width = chip::outcome_chip_width(ui, &late);
    let chip_left = pos2(inner.right() - width, inner.center().y);
    chip::outcome_chip(ui, chip_left, Outcome::Fail, &late);
    let room = inner.with_max_x(chip_left.x - 8.0);
    let (above, below) = room.split_top_bottom_at_fraction(0.5);
    text::paint(
        ui,
        above,
        LEFT,
        &action.what,
        &look(medium(13.0), theme.text),
    );
    let of = format!("{} · {}", action.owner, kept.review);
    text::paint(ui, below, LEFT, &of, &look(regular(11.5), theme.text_3));
}
