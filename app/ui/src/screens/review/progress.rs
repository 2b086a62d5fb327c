//! How far the session is, and the items by risk.

use egui::{Id, Rect, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2};
use scrutineer_checklists::{
    document::{LedgerItem, ReviewDocument},
    verdict::{Confidence, Outcome},
};

use super::decided_of;
use crate::{
    command::{Command, ReviewAction},
    format, icons,
    state::{
        State,
        review::{Group, is_decided, is_open_strong_pass},
    },
    theme::{CONTROL, Theme, medium, mono, regular, semibold},
    widgets::{
        self,
        bar::cut_top,
        button::Button,
        hline, outcome,
        text::{self, LEFT, RIGHT, look},
    },
};

const HEAD: f32 = 64.0;
const GROUP: f32 = 28.0;
const ITEM: f32 = 28.0;

/// Shows the pane.
pub(super) fn show(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let Some(review) = state.checklist.review.clone() else {
        return;
    };
    let mut rect = rect;
    head(ui, cut_top(&mut rect, HEAD), state);
    let at = state.checklist.item();
    let at = at.map(|item| Group::of(item.verdict.outcome));
    let mut inner = ui.new_child(UiBuilder::new().id_salt("walk").max_rect(rect));
    inner.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical()
        .auto_shrink(false)
        .show(&mut inner, |ui| {
            let place = |ui: &mut Ui, height: f32| {
                let size = vec2(rect.width(), height);
                ui.allocate_exact_size(size, Sense::hover()).0
            };
            for group in Group::ALL {
                let items = group.items(&review);
                let lists = state.review.lists(group, at);
                let line = place(ui, GROUP);
                group_head(ui, line, group, &items, lists, out);
                for item in items.iter().filter(|_| lists) {
                    let line = place(ui, ITEM);
                    self::item(ui, line, item, state, out);
                }
                if group == Group::Pass {
                    let room = place(ui, 84.0);
                    passes(ui, room, &review, &items, out);
                }
            }
        });
}

fn head(ui: &Ui, rect: Rect, state: &State) {
    let theme = Theme::of(ui);
    let (decided, all) = decided_of(state);
    let mut room = rect.shrink2(vec2(12.0, 0.0));
    room.min.y += 8.0;
    let line = cut_top(&mut room, 30.0);
    let ink = look(semibold(19.0), theme.text);
    let number = text::paint(ui, line, LEFT, &decided.to_string(), &ink);
    let beside = line.with_min_x(number.right() + 8.0);
    let words = format!("of {all} decided");
    text::paint(ui, beside, LEFT, &words, &look(regular(13.0), theme.text_2));
    text::announce(ui, line, &format!("{decided} {words}"));
    if let Some(began) = state.review.began {
        let seconds = state.now.duration_since(began).as_secs().max(0);
        let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
        let time = format!("{hours:02}:{minutes:02}:{:02}", seconds % 60);
        let ink = look(mono(12.0), theme.text_3);
        let place = text::paint(ui, line, RIGHT, &time, &ink);
        text::announce(ui, place, &format!("session time {time}"));
    }
    let track = Rect::from_min_size(pos2(room.left(), room.top() + 4.0), vec2(room.width(), 7.0));
    ui.painter().rect_filled(track, 2.0, theme.track);
    let share = decided as f32 / all.max(1) as f32;
    let filled = track.with_max_x(track.left() + track.width() * share);
    ui.painter().rect_filled(filled, 2.0, theme.accent);
    hline(ui, rect, rect.bottom(), theme.hairline());
}

fn group_head(
    ui: &Ui,
    rect: Rect,
    group: Group,
    items: &[&LedgerItem],
    lists: bool,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    let decided = items.iter().filter(|item| is_decided(item)).count();
    let count = format!("{decided} / {}", items.len());
    let state = if lists { "listed" } else { "folded" };
    let name = format!(
        "group {}, {decided} of {} decided, {state}",
        group.label().to_lowercase(),
        items.len()
    );
    let id = Id::unique(("review group", group));
    let response = widgets::clickable(ui, rect, id, egui::Role::Button, &name);
    let fill = if response.hovered() {
        theme.hover
    } else {
        theme.raised
    };
    ui.painter().rect_filled(rect, 0.0, fill);
    hline(ui, rect, rect.bottom(), theme.hairline());
    widgets::focus_ring(ui, &response);
    if response.clicked() {
        out.push(Command::Review(ReviewAction::Fold(group)));
    }
    let line = rect.shrink2(vec2(12.0, 0.0));
    let ink = look(medium(12.0), theme.text_2);
    text::paint(ui, line, LEFT, group.label(), &ink);
    text::paint(ui, line, RIGHT, &count, &look(mono(11.5), theme.text_3));
}

fn item(ui: &Ui, rect: Rect, item: &LedgerItem, state: &State, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let selected = state.checklist.selected.as_deref() == Some(item.id.as_str());
    let decided = is_decided(item);
    let spoken = super::super::checklist::spoken(item);
    let id = Id::unique(("review item", &item.id));
    let response = widgets::row(ui, rect, id, selected, &spoken);
    if selected || response.hovered() {
        let fill = if selected {
            theme.selected
        } else {
            theme.hover
        };
        ui.painter().rect_filled(rect, 0.0, fill);
    }
    if selected && state.checklist.reveal {
        ui.scroll_to_rect(rect.expand(56.0), None);
    }
    if response.clicked() {
        out.push(Command::Review(ReviewAction::Select(item.id.clone())));
    }
    let shape = pos2(rect.left() + 19.0, rect.center().y);
    outcome::paint(ui, shape, 12.0, item.verdict.outcome);
    let room = Rect::from_min_max(
        rect.min + vec2(33.0, 0.0),
        pos2(rect.right() - 30.0, rect.bottom()),
    );
    let ink = match (selected, decided) {
        (true, _) => look(semibold(12.5), theme.text),
        (false, true) => look(regular(12.5), theme.text_3),
        (false, false) => look(regular(12.5), theme.text),
    };
    let lapsed = item.decision.is_some() && !decided;
    text::paint(ui, room, LEFT, &item.title, &ink.struck(lapsed));
    let end = Rect::from_center_size(pos2(rect.right() - 18.0, rect.center().y), vec2(14.0, 14.0));
    if decided {
        let ink = theme.outcome(Outcome::Pass).ink;
        text::icon(ui, end, icons::CHECK, 14.0, ink);
    } else if selected {
        text::icon_filled(ui, end, icons::PLAY, 11.0, theme.accent);
    }
}

/// What was accepted together, and the offer to do so.
fn passes(
    ui: &Ui,
    rect: Rect,
    review: &ReviewDocument,
    items: &[&LedgerItem],
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    let mut room = rect.shrink2(vec2(12.0, 8.0));
    let open = review.items().filter(|item| is_open_strong_pass(item));
    let open = open.count();
    if open > 0 {
        let words = format!(
            "Accept {open} strong {} together",
            if open == 1 { "pass" } else { "passes" }
        );
        let button = Button::new(&words).icon(icons::CHECK);
        let place = cut_top(&mut room, CONTROL);
        if button.show(ui, place, "passes").clicked() {
            out.push(Command::Review(ReviewAction::AcceptStrongPasses));
        }
        room.min.y += 4.0;
    }
    if let Some(words) = accepted_words(items) {
        let ink = look(regular(12.0), theme.text_3);
        text::wrapped(ui, room, &words, &ink, 16.0);
    }
}

/// `18 strong passes were accepted together at 14:12. 3 indicative ones are open.`
fn accepted_words(items: &[&LedgerItem]) -> Option<String> {
    let together = items.iter().filter_map(|item| {
        let (decision, _) = item.decision.as_ref().filter(|_| is_decided(item))?;
        decision.together.then_some(decision.at)
    });
    let times: Vec<jiff::Timestamp> = together.collect();
    let last = times.iter().max()?;
    let at = last.to_zoned(jiff::tz::TimeZone::system());
    let open = items.iter().filter(|item| !is_decided(item));
    let indicative = open.filter(|item| item.verdict.confidence == Confidence::Indicative);
    let were = if times.len() == 1 {
        "pass was"
    } else {
        "passes were"
    };
    let mut words = format!(
        "{} strong {were} accepted together at {}.",
        format::count(times.len() as u64),
        at.strftime("%H:%M")
    );
    let count = indicative.count();
    if count > 0 {
        let verb = if count == 1 { "one is" } else { "ones are" };
        words = format!("{words} {count} indicative {verb} open.");
    }
    Some(words)
}
