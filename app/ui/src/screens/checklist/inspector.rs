//! The inspector of an item: verdict, threshold, evidence, remedy; the decision below.

use egui::{Rect, ScrollArea, Ui, UiBuilder, pos2, vec2};
use scrutineer_checklists::document::LedgerItem;

use crate::{
    command::Command,
    screens::{decision, item},
    state::State,
    theme::{Theme, mono, regular, semibold},
    widgets::{
        bar::{cut_bottom, cut_top},
        chip,
        text::{self, CENTER, RIGHT, look},
    },
};

/// Shows the inspector.
pub(super) fn show(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let Some(item) = state.checklist.item() else {
        let words = "Select an item for its evidence.";
        text::label(ui, rect, CENTER, words, &look(regular(12.5), theme.text_3));
        return;
    };
    let mut free = rect;
    let height = decision::height(state).min(rect.height() * 0.6);
    let below = cut_bottom(&mut free, height);
    let mut inner = ui.new_child(UiBuilder::new().id_salt(("item", &item.id)).max_rect(free));
    ScrollArea::vertical()
        .auto_shrink(false)
        .show(&mut inner, |ui| {
            let top = ui.max_rect().top();
            let mut room = Rect::from_min_max(
                pos2(rect.left() + 16.0, top),
                pos2(rect.right() - 16.0, top + 100_000.0),
            );
            verdict(ui, &mut room, rect, item);
            item::threshold(ui, &mut room, rect, item);
            item::evidence(ui, &mut room, rect, &item.verdict.evidence);
            item::remedy(ui, &mut room, item);
            if let Some((made, standing)) = &item.decision {
                item::line(ui, &mut room, rect);
                item::decided(ui, &mut room, item, made, standing, out);
            }
            ui.allocate_space(vec2(1.0, room.top() - top + 8.0));
        });
    decision::show(ui, below, state, item, out);
}

fn verdict(ui: &Ui, room: &mut Rect, rect: Rect, item: &LedgerItem) {
    let theme = Theme::of(ui);
    room.min.y += 12.0;
    let head = cut_top(room, 22.0);
    let outcome = item.verdict.outcome;
    let place = chip::outcome_chip(ui, head.left_center(), outcome, outcome.label());
    let confidence = item::confidence_words(item.verdict.confidence);
    let mut right = chip::tag(ui, place.right_center() + vec2(8.0, 0.0), confidence, None).right();
    if item.effective != outcome {
        let words = format!("counts as {}", item.effective.label().to_lowercase());
        let at = pos2(right + 8.0, head.center().y);
        right = chip::outcome_chip(ui, at, item.effective, &words).right();
    }
    let id_room = head.with_min_x(right + 8.0);
    text::label(
        ui,
        id_room,
        RIGHT,
        &item.id,
        &look(mono(11.5), theme.text_2),
    );
    room.min.y += 6.0;
    let title = text::wrapped(
        ui,
        *room,
        &item.title,
        &look(semibold(17.0), theme.text),
        23.0,
    );
    room.min.y = title.bottom() + 2.0;
    let summary = &item.verdict.summary;
    let place = text::wrapped(ui, *room, summary, &look(regular(13.0), theme.text_2), 18.0);
    room.min.y = place.bottom();
    item::line(ui, room, rect);
}
