//! Boxes over the screen that ask for a line: what a new review is of, who is in the room.

use egui::Ui;

use super::{ROOM, TITLE};
use crate::{
    command::{Command, ReviewAction},
    line_box::LineBox,
    state::{Layer, State},
    widgets::field::Field,
};

/// Shows the box that is open, where one is.
pub(crate) fn show(ui: &Ui, state: &State, out: &mut Vec<Command>) {
    match &state.layer {
        Some(Layer::NewReview { title }) => new(ui, title, out),
        Some(Layer::Room { names }) => room(ui, names, out),
        _ => {}
    }
}

fn new(ui: &Ui, title: &str, out: &mut Vec<Command>) {
    let asked = LineBox {
        id: "review box",
        title: "Open a new review",
        sentence: "It begins with the evidence that is shown now, and nothing decided.",
        field: Field::words(TITLE, "What is reviewed", "Second quarter 2026").required(title),
        typed: title,
        act: "Open",
        needs_words: true,
    };
    let answer = asked.show(ui, out, |_, _, _| {});
    let typed = answer.changed.map(ReviewAction::TypeTitle);
    out.extend(typed.map(Command::Review));
    if answer.is_given {
        out.push(Command::Review(ReviewAction::New));
    }
}

fn room(ui: &Ui, names: &str, out: &mut Vec<Command>) {
    let asked = LineBox {
        id: "room box",
        title: "Who is in the room",
        sentence: "Names with commas between them. The first leads: decisions bear that name.",
        field: Field::words(ROOM, "Names", "Ada, Grace, Linus").required(names),
        typed: names,
        act: "Keep",
        needs_words: true,
    };
    let answer = asked.show(ui, out, |_, _, _| {});
    let typed = answer.changed.map(ReviewAction::TypeRoom);
    out.extend(typed.map(Command::Review));
    if answer.is_given {
        out.push(Command::Review(ReviewAction::KeepRoom));
    }
}
