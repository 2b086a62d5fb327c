//! Review: a team's walk through the judged items, from the worst to the best.

mod actions;
mod boxes;
mod changes;
mod evidence;
mod gauge;
mod people;
mod progress;
mod stage;

use egui::{Key, Modifiers, Rect, Ui};
use scrutineer_checklists::verdict::Outcome;

use super::{Binding, free_key, key};
use crate::{
    command::{Command, ReviewAction},
    icons,
    state::{State, review::is_decided},
    theme::{CONTROL, Theme},
    widgets::{
        bar::{Bar, cut_left, cut_right},
        button::{Button, Loudness},
        vline,
    },
};

pub(super) use actions::overdue_words;
pub(crate) use boxes::show as show_boxes;

/// Id of the field for what a new review is of.
pub(crate) const TITLE: &str = "review title";
/// Id of the field for who is in the room.
pub(crate) const ROOM: &str = "room";

/// Keys of the screen.
pub(crate) const KEYS: &[&[Binding]] = &[
    &[
        free_key(Key::ArrowRight, |_| act(ReviewAction::Step(1))),
        free_key(Key::ArrowLeft, |_| act(ReviewAction::Step(-1))),
        free_key(Key::ArrowDown, |_| act(ReviewAction::Step(1))),
        free_key(Key::ArrowUp, |_| act(ReviewAction::Step(-1))),
        key(Key::J, |_| act(ReviewAction::Step(1))),
        key(Key::K, |_| act(ReviewAction::Step(-1))),
        Binding {
            modifiers: Modifiers::COMMAND,
            key: Key::Enter,
            needs_free_keyboard: false,
            command: |_| act(ReviewAction::RecordAndNext),
        },
        free_key(Key::Space, |_| act(ReviewAction::ToggleFull)),
        key(Key::P, |_| act(ReviewAction::TogglePresenter)),
        key(Key::V, |_| act(ReviewAction::ShowNext)),
        key(Key::D, |_| act(ReviewAction::ToggleChanges)),
        key(Key::I, |_| Some(Command::ToggleDrawer)),
    ],
    super::decision::KEYS,
];

#[expect(clippy::unnecessary_wraps, reason = "keys may give no command")]
fn act(action: ReviewAction) -> Option<Command> {
    Some(Command::Review(action))
}

/// Paints the screen.
pub(crate) fn show(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    if state.checklist.review.is_none() {
        super::checklist::nothing(ui, rect, state, out);
        return;
    }
    // The time of the session goes on.
    let second = std::time::Duration::from_secs(1);
    ui.ctx().request_repaint_after(second);
    if state.fills_window() {
        stage::alone(ui, rect, state, out);
        return;
    }
    let theme = Theme::of(ui);
    let mut rect = rect;
    let is_narrow = super::profile::is_narrow(rect);
    let left = cut_left(&mut rect, if is_narrow { 230.0 } else { 292.0 });
    ui.painter().rect_filled(left, 0.0, theme.panel);
    vline(ui, left, left.right(), theme.hairline());
    progress::show(ui, left, state, out);
    if !is_narrow || state.drawer {
        let width = if is_narrow {
            330.0_f32.min(rect.width() * 0.6)
        } else {
            356.0
        };
        let right = cut_right(&mut rect, width);
        ui.painter().rect_filled(right, 0.0, theme.panel);
        vline(ui, right, right.left() + 1.0, theme.hairline());
        people::show(ui, right, state, out);
    }
    stage::show(ui, rect, state, is_narrow, out);
}

/// Where we are.
pub(crate) fn crumbs(state: &State) -> Vec<String> {
    let Some(facts) = &state.review.facts else {
        return vec!["Reviews".to_owned()];
    };
    let title = if facts.title.is_empty() {
        &facts.name
    } else {
        &facts.title
    };
    vec![facts.workspace.clone(), "Reviews".to_owned(), title.clone()]
}

/// Buttons of the head.
pub(crate) fn actions(ui: &mut Ui, bar: &mut Bar, state: &State, out: &mut Vec<Command>) {
    let act = |action| Command::Review(action);
    if state.checklist.review.is_none() {
        return;
    }
    let against = state.review.facts.as_ref();
    let against = against.and_then(|facts| facts.against.as_ref());
    let against = against.map(|against| format!("Against {}", against.milestone.name));
    let sign = Button::new("Sign off…")
        .name("Sign off")
        .icon(icons::SIGNATURE);
    let mut buttons = vec![(sign, act(ReviewAction::BeginSignOff))];
    if let Some(words) = &against {
        let button = Button::new(words)
            .icon(icons::GIT_DIFF)
            .loudness(Loudness::On);
        buttons.push((button, act(ReviewAction::OfferMilestones)));
    }
    for (icon, name, command) in [
        (
            icons::FOLDER_OPEN,
            "Open another review",
            act(ReviewAction::OfferReviews),
        ),
        (icons::EXPORT, "Export review", Command::OpenExport),
        (
            icons::SHIELD_CHECK,
            "Freeze a milestone",
            Command::OpenFreeze,
        ),
        (
            icons::PRESENTATION,
            "Present in large type",
            act(ReviewAction::TogglePresenter),
        ),
    ] {
        buttons.push((Button::icon_only(icon, name), command));
    }
    for (button, command) in buttons {
        let width = button.width(ui);
        // Where we are comes first: what does not fit beside it is in the palette.
        if bar.free.width() < width + 460.0 {
            continue;
        }
        if button.show(ui, bar.right(width, CONTROL), "head").clicked() {
            out.push(command);
        }
    }
}

/// Words of the status line: where it is kept, and since when.
pub(crate) fn status(state: &State) -> Vec<String> {
    let Some(facts) = &state.review.facts else {
        return Vec::new();
    };
    let saved = facts.saved_at.map_or_else(
        || "nothing saved yet".to_owned(),
        |at| {
            let at = at.to_zoned(jiff::tz::TimeZone::system());
            format!("saved {}", at.strftime("%H:%M:%S"))
        },
    );
    vec![facts.folder.display().to_string(), saved]
}

/// Keys that the status line shows.
pub(crate) fn hints(_: &State) -> &'static [(&'static str, &'static str)] {
    &[
        ("→", "next"),
        ("Space", "picture full screen"),
        ("p", "present"),
        ("t", "action"),
        ("Ctrl Enter", "record and next"),
    ]
}

/// What is chosen for an item: how its button is called, and the word for it.
fn confirm_words(outcome: Outcome) -> String {
    match outcome {
        Outcome::NeedsPerson => "Confirm: done".to_owned(),
        other => format!("Confirm {}", other.label().to_lowercase()),
    }
}

/// Decided items, and all.
fn decided_of(state: &State) -> (usize, usize) {
    let items = || {
        state
            .checklist
            .review
            .iter()
            .flat_map(|review| review.items())
    };
    let decided = items().filter(|item| is_decided(item)).count();
    (decided, items().count())
}
