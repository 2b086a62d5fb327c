//! Commands of notes: to captures, to views that are pinned, to pins.

use std::path::{Path, PathBuf};

use crate::{
    command::{Command, Request},
    note::{self, About},
    state::{Layer, State},
};

/// Carries out what belongs to notes; gives other commands back.
pub(super) fn apply(state: &mut State, command: Command) -> Result<(), Command> {
    match command {
        Command::NoteCapture(path) => note_capture(state, path),
        Command::TypeNote(typed) => {
            if let Some(Layer::Note { text, .. }) = &mut state.layer {
                *text = typed;
            }
        }
        Command::KeepNote => keep(state),
        other => return Err(other),
    }
    Ok(())
}

fn note_capture(state: &mut State, path: PathBuf) {
    let subject = name_of(&path);
    let captures = state.start.captures.as_deref().unwrap_or_default();
    let known = captures.iter().find(|capture| capture.path == path);
    let text = known.map_or_else(String::new, |capture| capture.note.clone());
    write(state, About::Capture(path), subject, text);
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// Opens the box.
pub(super) fn write(state: &mut State, about: About, subject: String, text: String) {
    state.layer = Some(Layer::Note {
        about,
        subject,
        text,
    });
    state.focus = Some(note::FIELD);
}

fn keep(state: &mut State) {
    let Some(Layer::Note {
        about,
        subject,
        text,
    }) = state.layer.take()
    else {
        return;
    };
    state.unfocus = true;
    let note = text.trim().to_owned();
    match about {
        About::Capture(path) => state.requests.push(Request::NoteCapture { path, note }),
        About::NewPin => super::pins::keep(state, subject, note),
        About::Pin(id) => state.requests.push(Request::NotePin { id, note }),
    }
}
