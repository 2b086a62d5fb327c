//! The middle: what is claimed of the item, how it moved, and its evidence, large.

use egui::{
    FontId, Rect, Ui, pos2,
    text::{LayoutJob, TextFormat},
    vec2,
};
use scrutineer_checklists::{
    document::LedgerItem,
    review::{Change, ChangedItem},
    verdict::Outcome,
};

use super::{changes, confirm_words, decided_of, evidence, gauge};
use crate::{
    command::{Command, ReviewAction},
    icons,
    review::Against,
    screens::item::confidence_words,
    state::{State, review::is_decided},
    theme::{CONTROL, Theme, mono, regular, semibold},
    widgets::{
        bar::{Bar, cut_bottom, cut_top},
        button::{Button, Loudness},
        chip, hline, key_cap,
        text::{self, CENTER, LEFT, RIGHT, look},
    },
};

/// How much larger the type is across a room.
const PRESENTED: f32 = 1.35;

/// Height of the line that decides, across a room.
const DECISION: f32 = 52.0;

/// Shows the middle between the panes.
pub(super) fn show(
    ui: &mut Ui,
    rect: Rect,
    state: &State,
    is_narrow: bool,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    let Some(item) = state.checklist.item() else {
        let words = "Select an item: → goes to the first.";
        text::label(ui, rect, CENTER, words, &look(regular(13.0), theme.text_3));
        return;
    };
    let mut rect = rect.shrink2(vec2(18.0, 10.0));
    if against(state).is_some() {
        let card = cut_bottom(&mut rect, changes::HEIGHT);
        changes::strip(ui, card, state, out);
        rect.max.y -= 10.0;
    }
    claim(ui, &mut rect, state, item, 1.0, is_narrow, out);
    if state.review.changes {
        changes::list(ui, rect, state, out);
    } else {
        evidence::show(ui, rect, state, item, false, out);
    }
}

/// Shows the item alone over the whole window: its picture, or all of it in large type.
pub(super) fn alone(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let Some(item) = state.checklist.item() else {
        return;
    };
    let theme = Theme::of(ui);
    let is_presented = state.review.presents;
    let mut rect = rect;
    if is_presented {
        let line = cut_bottom(&mut rect, DECISION);
        ui.painter().rect_filled(line, 0.0, theme.panel);
        hline(ui, line, line.top() + 1.0, theme.hairline());
        decision_line(ui, line, state, item, out);
    }
    let mut rect = rect.shrink2(vec2(24.0, 14.0));
    if !state.review.full {
        claim(ui, &mut rect, state, item, PRESENTED, false, out);
    }
    if state.review.changes && !state.review.full {
        changes::list(ui, rect, state, out);
    } else {
        evidence::show(ui, rect, state, item, is_presented, out);
    }
}

/// What the review is compared with.
pub(super) fn against(state: &State) -> Option<&Against> {
    state.review.facts.as_ref()?.against.as_ref()
}

/// How an item moved since the milestone.
fn moved<'a>(against: &'a Against, item: &LedgerItem) -> Option<&'a ChangedItem> {
    let mut items = against.comparison.items.iter();
    items.find(|changed| changed.id == item.id)
}

fn claim(
    ui: &Ui,
    room: &mut Rect,
    state: &State,
    item: &LedgerItem,
    scale: f32,
    is_narrow: bool,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    chips(ui, cut_top(room, 26.0), state, item, is_narrow, out);
    room.min.y += 6.0;
    let ink = look(semibold(22.0 * scale), theme.text);
    let title = text::wrapped(ui, *room, &item.title, &ink, 28.0 * scale);
    room.min.y = title.bottom() + 4.0;
    let place = summary(ui, *room, item, scale);
    room.min.y = place.bottom() + 10.0;
    let facts = state.review.facts.as_ref();
    let known = facts.and_then(|facts| facts.gauges.get(&item.id));
    let before = against(state);
    if let Some(known) = known {
        let of_before = before.and_then(|before| before.gauges.get(&item.id));
        gauge::show(ui, room, known, of_before, item.verdict.outcome);
    } else {
        let words = format!("Threshold: {}", item.verdict.threshold);
        let ink = look(regular(12.5 * scale), theme.text_3);
        let place = text::wrapped(ui, *room, &words, &ink, 18.0 * scale);
        room.min.y = place.bottom() + 4.0;
    }
    let said = before.and_then(|before| {
        let changed = moved(before, item)?;
        let mut items = before.document.items();
        let then = items.find(|then| then.id == item.id)?;
        let differs = changed.outcomes.0 != changed.outcomes.1 || changed.lapsed.is_some();
        differs.then(|| {
            format!(
                "{} said {}: {}",
                before.milestone.name,
                then.effective.label().to_lowercase(),
                then.verdict.summary
            )
        })
    });
    if let Some(words) = said {
        let ink = look(regular(12.5 * scale), theme.text_2);
        let place = text::wrapped(ui, *room, &words, &ink, 18.0 * scale);
        room.min.y = place.bottom() + 4.0;
    }
    room.min.y += 6.0;
}

fn chips(
    ui: &Ui,
    line: Rect,
    state: &State,
    item: &LedgerItem,
    is_narrow: bool,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    let outcome = item.verdict.outcome;
    let mut line = line;
    if is_narrow {
        let words = if state.drawer {
            "Close"
        } else {
            "Decision, actions"
        };
        let button = Button::new(words).name("Decision and actions").key("i");
        let width = button.width(ui);
        let place = Rect::from_min_max(pos2(line.right() - width, line.top()), line.max);
        if button.show(ui, place, "drawer").clicked() {
            out.push(Command::ToggleDrawer);
        }
        line.max.x = place.left() - 8.0;
    }
    let place = chip::outcome_chip(ui, line.left_center(), outcome, outcome.label());
    let confidence = confidence_words(item.verdict.confidence);
    let at = place.right_center() + vec2(8.0, 0.0);
    let mut right = chip::tag(ui, at, confidence, None).right();
    let next = |right: f32| pos2(right + 8.0, line.center().y);
    if item.effective != outcome {
        let words = format!("counts as {}", item.effective.label().to_lowercase());
        right = chip::outcome_chip(ui, next(right), item.effective, &words).right();
    }
    let before = against(state).and_then(|before| Some((before, moved(before, item)?)));
    if let Some((before, changed)) = before
        && changed.outcomes.0 != changed.outcomes.1
    {
        let arrow = match changed.change {
            Change::Regressed | Change::New => "↑ ",
            Change::Fixed | Change::Improved | Change::Settled => "↓ ",
            Change::Unseen | Change::Unchanged => "",
        };
        let then = changed.outcomes.0;
        let words = format!(
            "{arrow}was {} in {}",
            then.label().to_lowercase(),
            before.milestone.name
        );
        right = chip::outcome_chip(ui, next(right), then, &words).right();
    }
    let room = line.with_min_x(right + 8.0);
    text::label(ui, room, RIGHT, &item.id, &look(mono(12.0), theme.text_2));
}

/// The claim, its number in bold.
fn summary(ui: &Ui, room: Rect, item: &LedgerItem, scale: f32) -> Rect {
    let theme = Theme::of(ui);
    let words = &item.verdict.summary;
    let number = item.verdict.number.as_str();
    let format = |font: FontId, color| TextFormat {
        font_id: font,
        color,
        line_height: Some(22.0 * scale),
        ..TextFormat::default()
    };
    let plain = format(regular(15.0 * scale), theme.text_2);
    let bold = format(semibold(15.0 * scale), theme.text);
    let mut job = LayoutJob::default();
    match words.split_once(number).filter(|_| !number.is_empty()) {
        Some((before, after)) => {
            job.append(before, 0.0, plain.clone());
            job.append(number, 0.0, bold);
            job.append(after, 0.0, plain);
        }
        None => job.append(words, 0.0, plain),
    }
    job.wrap.max_width = room.width();
    let galley = ui.painter().layout_job(job);
    let place = Rect::from_min_size(room.min, galley.size());
    ui.painter().galley(room.min, galley, theme.text_2);
    text::announce(ui, place, words);
    place
}

/// The thin line that decides: where one is, what was chosen, and the way on.
fn decision_line(ui: &Ui, rect: Rect, state: &State, item: &LedgerItem, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let mut bar = Bar::new(rect, 24.0, 10.0);
    let confirm = confirm_words(item.verdict.outcome);
    let record = Button::new("Record and next").primary().key("Ctrl ⏎");
    let leave = Button::icon_only(icons::CLOSE, "Leave the presentation").loudness(Loudness::Quiet);
    for (button, command) in [
        (leave, Command::Review(ReviewAction::TogglePresenter)),
        (record, Command::Review(ReviewAction::RecordAndNext)),
        (Button::new(&confirm).key("c"), Command::Confirm),
    ] {
        let place = bar.right(button.width(ui), CONTROL + 4.0);
        if button.show(ui, place, "presenter").clicked() {
            out.push(command);
        }
    }
    let (decided, all) = decided_of(state);
    let words = format!("{decided} of {all} decided");
    let ink = look(regular(15.0), theme.text_2);
    let place = text::label(ui, bar.free, LEFT, &words, &ink);
    bar.free.min.x = place.right() + 20.0;
    let words = match &item.decision {
        Some((made, _)) if is_decided(item) => {
            format!("This item: {}, by {}", made.choice.words(), made.by)
        }
        Some(_) => "Its decision has lapsed: decide again".to_owned(),
        None => "This item is not decided".to_owned(),
    };
    let ink = if is_decided(item) {
        theme.outcome(Outcome::Pass).ink
    } else {
        theme.text
    };
    let place = text::label(ui, bar.free, LEFT, &words, &look(regular(15.0), ink));
    bar.free.min.x = place.right() + 20.0;
    if bar.free.width() > 90.0 {
        let at = pos2(bar.free.left(), bar.free.center().y);
        let cap = key_cap::paint(ui, at, "Esc");
        let room = bar.free.with_min_x(cap.right() + 6.0);
        text::paint(ui, room, LEFT, "back", &look(regular(12.0), theme.text_3));
    }
}
