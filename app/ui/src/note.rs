//! The box in which a note is written: to a capture, to a view that is pinned, to a pin.

use std::path::PathBuf;

use egui::Ui;

use crate::{
    command::Command,
    line_box::LineBox,
    state::{Layer, State},
    widgets::field::Field,
};

/// Id of the note's field.
pub(crate) const FIELD: &str = "note";

/// What a note is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// A capture.
    Capture(PathBuf),
    /// What is seen, which is to be pinned.
    NewPin,
    /// A pin, by its id.
    Pin(String),
}

impl About {
    /// Title of the box, and the words of its button.
    fn words(&self) -> (&'static str, &'static str) {
        match self {
            Self::Capture(_) => ("Note to the capture", "Keep"),
            Self::NewPin => ("Pin as evidence", "Pin"),
            Self::Pin(_) => ("Note to the pin", "Keep"),
        }
    }
}

/// Shows the box over the screen.
pub(crate) fn show(ui: &Ui, state: &State, out: &mut Vec<Command>) {
    let Some(Layer::Note {
        about,
        subject,
        text,
    }) = &state.layer
    else {
        return;
    };
    let (title, act) = about.words();
    let asked = LineBox {
        id: "note box",
        title,
        sentence: subject,
        field: Field::words(FIELD, "Note", "What is to be remembered"),
        typed: text,
        act,
        needs_words: false,
    };
    let answer = asked.show(ui, out, |_, _, _| {});
    out.extend(answer.changed.map(Command::TypeNote));
    if answer.is_given {
        out.push(Command::KeepNote);
    }
}
