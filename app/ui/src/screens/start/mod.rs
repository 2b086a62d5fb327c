//! Start: choose a process, launch a program, open a capture, see what works here.

mod launch;
mod machine;
mod overdue;
mod processes;
mod record;

use egui::{Key, Rect, Ui, vec2};

use super::{Binding, free_key, key};
use crate::{
    command::{Command, Request},
    icons,
    state::State,
    theme::CONTROL,
    widgets::{
        bar::{Bar, cut_bottom, cut_right},
        button::Button,
    },
};

/// Id of the search field.
pub(crate) const SEARCH: &str = "search processes";

/// Keys of the screen.
pub(crate) const KEYS: &[&[Binding]] = &[&[
    key(Key::ArrowDown, |_| Some(Command::StepProcess(1))),
    key(Key::ArrowUp, |_| Some(Command::StepProcess(-1))),
    free_key(Key::Enter, |_| Some(Command::Record)),
    free_key(Key::Space, |_| Some(Command::TogglePause)),
]];

/// Paints the screen.
pub(crate) fn show(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let mut rect = rect.shrink(12.0);
    let side = if rect.width() < 900.0 {
        300.0
    } else {
        371.0_f32.min(rect.width() * 0.34)
    };
    let right = cut_right(&mut rect, side);
    rect.max.x -= 12.0;
    let launch_rect = cut_bottom(&mut rect, 92.0);
    rect.max.y -= 12.0;
    processes::show(ui, rect, state, out);
    launch::show(ui, launch_rect, state, out);
    machine::show(ui, right, state, out);
}

/// Where we are.
pub(crate) fn crumbs(_: &State) -> Vec<String> {
    vec!["New capture".to_owned()]
}

/// Buttons of the head.
pub(crate) fn actions(ui: &mut Ui, bar: &mut Bar, _: &State, out: &mut Vec<Command>) {
    let open = Button::new("Open capture").icon(icons::FOLDER_OPEN);
    if open
        .show(ui, bar.right(open.width(ui), CONTROL), "head")
        .clicked()
    {
        out.push(Command::Ask(Request::OpenDialog));
    }
}

/// Words of the status line.
pub(crate) fn status(state: &State) -> Vec<String> {
    let Some(processes) = &state.start.processes else {
        return vec!["Listing processes".into()];
    };
    let attachable = processes
        .iter()
        .filter(|process| process.attachable)
        .count();
    let mut words = vec![
        format!("{} processes", processes.len()),
        format!("{attachable} can be attached to"),
    ];
    if state.start.paused {
        words.push("list paused".to_owned());
    }
    words
}

/// Keys that the status line shows.
pub(crate) fn hints(_: &State) -> &'static [(&'static str, &'static str)] {
    &[
        ("↑  ↓", "choose"),
        ("Enter", "record"),
        ("Space", "pause the list"),
    ]
}

/// The inside of a panel's body.
fn padded(rect: Rect) -> Rect {
    rect.shrink2(vec2(12.0, 0.0))
}
