//! The box in which somebody approves a milestone, by name and role.

use egui::{Rect, Ui, vec2};

use crate::{
    command::{Command, ReviewAction},
    format, icons, line_box,
    state::{Layer, State},
    theme::{CONTROL, Theme, regular, semibold},
    widgets::{
        bar::Bar,
        button::Button,
        field::Field,
        text::{self, LEFT, look},
    },
};

/// Id of the role's field.
pub(crate) const ROLE: &str = "signer's role";
/// Id of the name's field.
const NAME: &str = "signer's name";

/// Shows the box over the screen.
pub(crate) fn show(ui: &Ui, state: &State, out: &mut Vec<Command>) {
    let Some(Layer::SignOff {
        milestone,
        name,
        role,
    }) = &state.layer
    else {
        return;
    };
    let called = ("sign-off box", "Sign off");
    line_box::over_screen(ui, called, vec2(560.0, 214.0), out, |ui, rect, out| {
        content(ui, rect, state, (milestone, name, role), out);
    });
}

fn content(
    ui: &mut Ui,
    rect: Rect,
    state: &State,
    (milestone, name, role): (&str, &str, &str),
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    let row = |top, height| line_box::row(rect, top, height);
    let title = format!("Sign off {milestone}");
    let ink = look(semibold(13.0), theme.text);
    text::label(ui, row(12.0, 22.0), LEFT, &title, &ink);
    let facts = state.review.facts.as_ref();
    let frozen = facts.and_then(|facts| {
        let known = facts.milestones.iter().find(|one| one.name == milestone)?;
        Some(format::day(known.frozen_at, state.now))
    });
    let sentence = format!(
        "What is signed is the file as it was frozen, {}. What was decided since is not in it.",
        frozen.unwrap_or_default()
    );
    let ink = look(regular(12.0), theme.text_3);
    text::label(ui, row(33.0, 18.0), LEFT, &sentence, &ink);
    let key = facts.and_then(|facts| facts.key.as_ref());
    let words = match key {
        Some(key) => format!("Key: {}", key.display()),
        None => "No SSH key was found in ~/.ssh or git's settings: it is recorded as an approval."
            .to_owned(),
    };
    text::label(ui, row(51.0, 18.0), LEFT, &words, &ink);
    let mut entered = false;
    for (top, id, label, hint, typed) in [
        (78.0, NAME, "Name", "Who approves", name),
        (
            118.0,
            ROLE,
            "Role",
            "In which role: service owner, SRE",
            role,
        ),
    ] {
        let field = Field::words(id, label, hint).required(typed);
        let answer = field.show(ui, row(top, 32.0), typed);
        entered |= answer.entered;
        out.extend(answer.changed.map(|words| {
            Command::Review(if id == NAME {
                ReviewAction::TypeSigner(words)
            } else {
                ReviewAction::TypeRole(words)
            })
        }));
    }
    let can = !name.trim().is_empty() && !role.trim().is_empty();
    buttons(ui, row(168.0, CONTROL), key.is_some(), can, out);
    if entered && can {
        let with_key = key.is_some();
        out.push(Command::Review(ReviewAction::SignOff { with_key }));
    }
}

fn buttons(ui: &Ui, rect: Rect, has_key: bool, can: bool, out: &mut Vec<Command>) {
    let mut bar = Bar::new(rect, 0.0, 8.0);
    let sign = Button::new("Sign with the key").icon(icons::SIGNATURE);
    let approve = Button::new("Approve without a signature");
    let both = [(sign, true), (approve, false)];
    let offered = both
        .into_iter()
        .filter(|(_, with_key)| has_key || !with_key);
    for (place, (button, with_key)) in offered.enumerate() {
        let button = button.enabled(can);
        let button = if place == 0 {
            button.primary().key("Enter")
        } else {
            button
        };
        let at = bar.right(button.width(ui), CONTROL);
        if button.show(ui, at, "sign-off").clicked() && can {
            out.push(Command::Review(ReviewAction::SignOff { with_key }));
        }
    }
}
