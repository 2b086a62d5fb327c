//! What changed since the milestone: counts in a strip, and the items that moved.

use egui::{Id, Rect, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2};
use scrutineer_checklists::{
    review::{Change, ChangedItem},
    verdict::Outcome,
};

use super::stage::against;
use crate::{
    command::{Command, ReviewAction},
    format,
    review::Against,
    state::State,
    theme::{Theme, medium, mono, regular, semibold},
    widgets::{
        self,
        bar::cut_top,
        button, outcome, panel,
        text::{self, LEFT, RIGHT, look},
    },
};

/// Height of the strip.
pub(super) const HEIGHT: f32 = 66.0;

/// Items that moved, or whose decision lapsed.
fn moved(against: &Against) -> Vec<&ChangedItem> {
    let items = against.comparison.items.iter();
    let has = |item: &&ChangedItem| item.outcomes.0 != item.outcomes.1 || item.lapsed.is_some();
    items.filter(has).collect()
}

/// Shows the counts then and now, and how many items moved.
pub(super) fn strip(ui: &Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let (Some(against), Some(review)) = (against(state), &state.checklist.review) else {
        return;
    };
    let theme = Theme::of(ui);
    let mut free = panel::card(ui, rect).shrink2(vec2(12.0, 6.0));
    let mut line = cut_top(&mut free, 26.0);
    let count = moved(against).len();
    let noun = if count == 1 { "item" } else { "items" };
    let words = if state.review.changes {
        "Back to the evidence".to_owned()
    } else {
        format!("{count} {noun} moved")
    };
    let width = text::width(ui, &words, medium(12.5)) + 2.0;
    let place = line.with_min_x(line.right() - width);
    if button::link(ui, place, &words, "changes").clicked() {
        out.push(Command::Review(ReviewAction::ToggleChanges));
    }
    line.max.x = place.left() - 12.0;
    let ink = look(semibold(13.0), theme.text);
    let title = text::label(ui, line, LEFT, "Since the milestone", &ink);
    let beside = line.with_min_x(title.right() + 10.0);
    let ink = look(regular(12.0), theme.text_3);
    text::label(ui, beside, LEFT, &about(against, state), &ink);
    let then = against.document.counts();
    let now = review.counts();
    let mut left = free.left();
    for of in Outcome::ALL {
        let count = |counts: &std::collections::BTreeMap<Outcome, usize>| {
            counts.get(&of).copied().unwrap_or_default()
        };
        let (then, now) = (count(&then), count(&now));
        let words = format!("{then} → ");
        let label = of.label();
        let wide = text::width(ui, &words, mono(12.0))
            + text::width(ui, &now.to_string(), mono(12.0))
            + text::width(ui, label, regular(12.0))
            + 46.0;
        if left + wide > free.right() {
            continue;
        }
        let line = free.with_min_x(left);
        outcome::paint(ui, pos2(left + 6.0, line.center().y), 12.0, of);
        let room = line.with_min_x(left + 20.0);
        let place = text::paint(ui, room, LEFT, &words, &look(mono(12.0), theme.text_2));
        let room = line.with_min_x(place.right());
        let ink = look(semibold(12.5), theme.text);
        let place = text::paint(ui, room, LEFT, &now.to_string(), &ink);
        let room = line.with_min_x(place.right() + 6.0);
        let ink = look(regular(12.0), theme.text_2);
        let place = text::paint(ui, room, LEFT, label, &ink);
        let whole = line.with_max_x(place.right());
        text::announce(ui, whole, &format!("{then} → {now} {label}"));
        left = place.right() + 16.0;
    }
}

/// Which milestone it is, and who stands behind it.
fn about(against: &Against, state: &State) -> String {
    let milestone = &against.milestone;
    let when = format::day(milestone.frozen_at, state.now);
    let behind = match milestone.approvals {
        (0, _) => "not signed off".to_owned(),
        (_, 0) => "approved without a signature".to_owned(),
        (_, signed) => format!("signed by {signed}"),
    };
    format!("{}, frozen {when}, {behind}", milestone.name)
}

const HEAD: f32 = 28.0;
const ROW: f32 = 30.0;

/// Lists the items by how they moved.
pub(super) fn list(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let Some(against) = against(state) else {
        return;
    };
    let comparison = against.comparison.clone();
    let theme = Theme::of(ui);
    panel::card(ui, rect);
    let inner = rect.shrink2(vec2(1.0, 6.0));
    let mut inner_ui = ui.new_child(UiBuilder::new().id_salt("changes").max_rect(inner));
    inner_ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical()
        .auto_shrink(false)
        .show(&mut inner_ui, |ui| {
            let place = |ui: &mut Ui, height: f32| {
                let size = vec2(inner.width(), height);
                ui.allocate_exact_size(size, Sense::hover()).0
            };
            for mismatch in &comparison.mismatches {
                let line = place(ui, HEAD).shrink2(vec2(12.0, 0.0));
                let words = format!("Hard to compare: {mismatch}");
                let ink = look(regular(12.5), theme.outcome(Outcome::Attention).ink);
                text::label(ui, line, LEFT, &words, &ink);
            }
            for change in Change::ALL {
                let items = comparison.items.iter();
                let of = items.filter(|item| item.change == change);
                group(ui, &place, change.label(), of, out);
            }
            let lapsed = comparison.items.iter();
            let lapsed = lapsed.filter(|item| item.lapsed.is_some());
            group(ui, &place, "lapsed", lapsed, out);
            for (words, ids) in [
                ("not in the milestone", &comparison.added),
                ("not judged any more", &comparison.removed),
            ] {
                if !ids.is_empty() {
                    let line = place(ui, HEAD).shrink2(vec2(12.0, 0.0));
                    let words = format!("{words}: {}", ids.join(", "));
                    text::label(ui, line, LEFT, &words, &look(regular(12.5), theme.text_2));
                }
            }
        });
}

fn group<'a>(
    ui: &mut Ui,
    place: &dyn Fn(&mut Ui, f32) -> Rect,
    title: &str,
    items: impl Iterator<Item = &'a ChangedItem>,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    let items: Vec<&ChangedItem> = items.collect();
    if items.is_empty() {
        return;
    }
    let line = place(ui, HEAD).shrink2(vec2(12.0, 0.0));
    let words = format!("{} {title}", items.len());
    text::label(ui, line, LEFT, &words, &look(semibold(13.0), theme.text));
    for item in items {
        let line = place(ui, ROW);
        row(ui, line, item, title, out);
    }
}

fn row(ui: &Ui, rect: Rect, item: &ChangedItem, group: &str, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let (then, now) = item.outcomes;
    let spoken = format!(
        "{group}: {}, was {}, is {}",
        item.id,
        then.label().to_lowercase(),
        now.label().to_lowercase()
    );
    let id = Id::unique(("changed", group, &item.id));
    let response = widgets::clickable(ui, rect, id, egui::Role::Button, &spoken);
    if response.hovered() {
        ui.painter().rect_filled(rect, 4.0, theme.hover);
    }
    if response.clicked() {
        out.push(Command::Review(ReviewAction::Select(item.id.clone())));
    }
    let line = rect.shrink2(vec2(12.0, 0.0));
    let (numbers_then, numbers_now) = &item.numbers;
    let numbers = if numbers_then == numbers_now {
        numbers_now.clone()
    } else {
        format!("{numbers_then} → {numbers_now}")
    };
    let ink = look(mono(11.5), theme.text_3);
    let numbers = text::paint(ui, line, RIGHT, &numbers, &ink);
    outcome::paint(ui, pos2(line.left() + 6.0, line.center().y), 12.0, then);
    let arrow = Rect::from_min_size(pos2(line.left() + 16.0, line.top()), vec2(16.0, ROW));
    text::paint(ui, arrow, LEFT, "→", &look(regular(12.0), theme.text_3));
    outcome::paint(ui, pos2(line.left() + 38.0, line.center().y), 12.0, now);
    let room = Rect::from_min_max(
        pos2(line.left() + 52.0, line.top()),
        pos2(numbers.left() - 10.0, line.bottom()),
    );
    let words = match &item.lapsed {
        Some(why) => format!("{}: decision lapsed, {why}", item.title),
        None => item.title.clone(),
    };
    text::paint(ui, room, LEFT, &words, &look(regular(12.5), theme.text));
}
