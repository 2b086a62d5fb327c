//! The export box: a typed path for the keyboard alone, and the native dialog.

use egui::Ui;

use crate::{
    command::{Command, Request},
    icons,
    line_box::LineBox,
    state::{Layer, State},
    theme::CONTROL,
    widgets::{bar::Bar, button::Button, field::Field},
};

/// Id of the path's field.
pub(crate) const FIELD: &str = "export path";

/// Shows the box over the screen.
pub(crate) fn show(ui: &Ui, state: &State, out: &mut Vec<Command>) {
    let Some(Layer::Export { path }) = &state.layer else {
        return;
    };
    let asked = LineBox {
        id: "export box",
        title: "Export review",
        sentence: "The name's end tells the format: .html, .pdf, .md, .json, .xml (JUnit) or .sarif.",
        field: Field {
            id: FIELD,
            name: "File to write",
            hint: "Path of the file",
            icon: icons::FILE,
            key: None,
            code: true,
            note: "",
            wrong: path.trim().is_empty(),
            takes_tab: false,
        },
        typed: path,
        act: "Export",
        needs_words: true,
    };
    let answer = asked.show(ui, out, choose);
    out.extend(answer.changed.map(Command::TypeExport));
    if answer.is_given {
        out.push(Command::Export);
    }
}

fn choose(ui: &Ui, bar: &mut Bar, out: &mut Vec<Command>) {
    let choose = Button::new("Choose a place…").icon(icons::FOLDER_OPEN);
    if choose
        .show(ui, bar.right(choose.width(ui), CONTROL), "export box")
        .clicked()
    {
        out.push(Command::CloseLayer);
        out.push(Command::Ask(Request::ExportDialog));
    }
}
