//! The box that freezes a review into a milestone of a typed name.

use egui::Ui;

use crate::{
    command::Command,
    icons,
    line_box::LineBox,
    state::{Layer, State},
    widgets::field::Field,
};

/// Id of the name's field.
pub(crate) const FIELD: &str = "milestone name";

/// Shows the box over the screen.
pub(crate) fn show(ui: &Ui, state: &State, out: &mut Vec<Command>) {
    let Some(Layer::Freeze { name }) = &state.layer else {
        return;
    };
    let asked = LineBox {
        id: "freeze box",
        title: "Freeze a milestone",
        sentence: "What was seen and decided, as it stands now: it never changes, and can be signed.",
        field: Field {
            id: FIELD,
            name: "Name of the milestone",
            hint: "2026-q4",
            icon: icons::SHIELD_CHECK,
            key: None,
            code: true,
            note: "",
            wrong: name.trim().is_empty(),
            takes_tab: false,
        },
        typed: name,
        act: "Freeze",
        needs_words: true,
    };
    let answer = asked.show(ui, out, |_, _, _| {});
    out.extend(answer.changed.map(Command::TypeMilestone));
    if answer.is_given {
        out.push(Command::Freeze);
    }
}
