//! What is to be done: for the item, and carried over from before.

use egui::{Pos2, Rect, Ui, pos2, vec2};
use scrutineer_checklists::{document::LedgerItem, review::Action, verdict::Outcome};
use scrutineer_profiler::profile::Category;

use crate::{
    command::{Command, Request, ReviewAction},
    icons,
    state::State,
    theme::{CONTROL_SMALL, Theme, medium, regular, semibold},
    widgets::{
        bar::{Bar, cut_top},
        button::{self, Button, Loudness},
        chip, hline, key_cap,
        text::{self, LEFT, RIGHT, look},
    },
};

/// Diameter of a face.
pub(super) const FACE: f32 = 22.0;

/// `33 days overdue`.
pub(in crate::screens) fn overdue_words(action: &Action, now: jiff::Timestamp) -> String {
    match action.days_over(now) {
        1 => "1 day overdue".to_owned(),
        days => format!("{days} days overdue"),
    }
}

/// The actions of the item, and the way to add one.
pub(super) fn of_item(
    ui: &Ui,
    room: &mut Rect,
    state: &State,
    item: &LedgerItem,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    let line = cut_top(room, 26.0);
    let ink = look(regular(12.0), theme.text_2);
    text::label(ui, line, LEFT, "Actions for this item", &ink);
    let cap = line.right() - key_cap::width(ui, "t");
    key_cap::paint(ui, pos2(cap, line.center().y), "t");
    let width = text::width(ui, "+ Add", medium(12.5));
    let add = Rect::from_min_size(
        pos2(cap - width - 8.0, line.top()),
        vec2(width, line.height()),
    );
    if button::link(ui, add, "+ Add", "action").clicked() {
        out.push(Command::DraftAction);
    }
    let review = state.checklist.review.as_ref();
    let lines = review.into_iter().flat_map(|review| &review.people.actions);
    let own = lines.filter(|line| line.action.item.as_deref() == Some(&item.id));
    let mut count = 0;
    for line in own {
        count += 1;
        action(ui, room, (&line.id, &line.action), None, state, out);
    }
    if count == 0 {
        let ink = look(regular(12.5), theme.text_3);
        let words = "None yet.";
        text::label(ui, cut_top(room, 22.0), LEFT, words, &ink);
    }
}

/// What is open in this review for other items, and was not carried over.
pub(super) fn others(
    ui: &Ui,
    room: &mut Rect,
    state: &State,
    item: &LedgerItem,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    let facts = state.review.facts.as_ref();
    let is_carried = |id: &String| {
        let mut carried = facts.into_iter().flat_map(|facts| &facts.carried);
        carried.any(|kept| kept.id == *id)
    };
    let review = state.checklist.review.as_ref();
    let lines = review.into_iter().flat_map(|review| &review.people.actions);
    let others: Vec<_> = lines
        .filter(|line| line.action.done.is_none())
        .filter(|line| line.action.item.as_deref() != Some(&item.id) && !is_carried(&line.id))
        .collect();
    if others.is_empty() {
        return;
    }
    room.min.y += 14.0;
    let line = cut_top(room, 26.0);
    let ink = look(regular(12.0), theme.text_2);
    text::label(ui, line, LEFT, "Other open actions", &ink);
    let count = others.len().to_string();
    text::label(ui, line, RIGHT, &count, &look(regular(12.0), theme.text_3));
    for line in others {
        action(ui, room, (&line.id, &line.action), None, state, out);
    }
}

/// What was open before: at the milestone, or in other reviews.
pub(super) fn carried(ui: &Ui, room: &mut Rect, state: &State, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let Some(facts) = &state.review.facts else {
        return;
    };
    if facts.carried.is_empty() {
        return;
    }
    room.min.y += 14.0;
    let line = cut_top(room, 26.0);
    text::label(
        ui,
        line,
        LEFT,
        "Carried over",
        &look(regular(12.0), theme.text_2),
    );
    let late = facts.carried.iter();
    let late = late
        .filter(|kept| kept.action.is_overdue(state.now))
        .count();
    let words = format!("{} open, {late} overdue", facts.carried.len());
    text::label(ui, line, RIGHT, &words, &look(regular(12.0), theme.text_3));
    for kept in &facts.carried {
        let other = (kept.review != facts.name).then_some(kept.review.as_str());
        action(ui, room, (&kept.id, &kept.action), other, state, out);
    }
}

/// One action; `other` names the review that it is of, where that is not the open one.
fn action(
    ui: &Ui,
    room: &mut Rect,
    (id, action): (&str, &Action),
    other: Option<&str>,
    state: &State,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    room.min.y += 6.0;
    let is_done = action.done.is_some();
    let ink = if is_done { theme.text_3 } else { theme.text };
    let style = look(regular(13.0), ink).struck(is_done);
    let place = text::wrapped(ui, *room, &action.what, &style, 18.0);
    room.min.y = place.bottom() + 2.0;
    let mut bar = Bar::new(cut_top(room, 26.0), 0.0, 6.0);
    let at = bar.left(FACE, FACE);
    face(ui, at.left_center(), &action.owner);
    let due = match other {
        Some(review) => format!("{} · {review}", short(action.due)),
        None => short(action.due),
    };
    let width = chip::tag_width(ui, &due, false);
    let at = bar.right(width, 18.0);
    chip::tag(ui, at.left_center(), &due, None);
    if action.is_overdue(state.now) {
        let words = overdue_words(action, state.now);
        let at = bar.right(chip::outcome_chip_width(ui, &words), 20.0);
        chip::outcome_chip(ui, at.left_center(), Outcome::Fail, &words);
    }
    end_buttons(ui, &mut bar, (id, action), other, out);
    let ink = look(regular(12.5), theme.text_2);
    text::label(ui, bar.free, LEFT, &action.owner, &ink);
    room.min.y += 4.0;
    hline(ui, *room, room.top(), egui::Stroke::new(1.0, theme.grid));
}

fn end_buttons(
    ui: &Ui,
    bar: &mut Bar,
    (id, action): (&str, &Action),
    other: Option<&str>,
    out: &mut Vec<Command>,
) {
    if let Some(review) = other {
        let name = format!("Open {review} at {}", action.what);
        let open = Button::icon_only(icons::ARROW_RIGHT, &name).loudness(Loudness::Quiet);
        if open
            .show(ui, bar.right(CONTROL_SMALL, CONTROL_SMALL), id)
            .clicked()
        {
            let at = ReviewAction::Open(review.to_owned(), action.item.clone());
            out.push(Command::Review(at));
        }
    } else if action.done.is_none() {
        let name = format!("Done: {}", action.what);
        let done = Button::icon_only(icons::CHECK, &name).loudness(Loudness::Quiet);
        if done
            .show(ui, bar.right(CONTROL_SMALL, CONTROL_SMALL), id)
            .clicked()
        {
            let id = id.to_owned();
            out.push(Command::Ask(Request::FinishAction { id }));
        }
    }
}

/// `20 Mar`, with the year where that is not plain.
fn short(day: jiff::civil::Date) -> String {
    day.strftime("%-d %b %Y").to_string()
}

/// The initials of a name on its own colour.
pub(super) fn face(ui: &Ui, left: Pos2, name: &str) {
    let theme = Theme::of(ui);
    let known = [
        Category::Own,
        Category::Dependency,
        Category::Std,
        Category::Kernel,
        Category::Jit,
    ];
    let sum: usize = name.bytes().map(usize::from).sum();
    let category = known[sum % known.len()];
    let center = left + vec2(FACE / 2.0, 0.0);
    ui.painter()
        .circle_filled(center, FACE / 2.0, theme.category(category));
    let place = Rect::from_center_size(center, vec2(FACE, FACE));
    let ink = look(semibold(9.5), theme.frame_text(category));
    text::paint(ui, place, text::CENTER, &initials(name), &ink);
    text::announce(ui, place, name);
}

/// `AL` of `Ada Lovelace`, `Ad` of `Ada`.
fn initials(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    match &words[..] {
        [] => String::new(),
        [one] => one.chars().take(2).collect(),
        [first, .., last] => first.chars().take(1).chain(last.chars().take(1)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_of_the_first_and_the_last_name() {
        for (name, letters) in [("Ada", "Ad"), ("Ada King Lovelace", "AL"), ("", "")] {
            assert_eq!(initials(name), letters);
        }
    }
}
