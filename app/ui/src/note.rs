//! The box in which a note is written: to a capture, to a view that is pinned, to a pin.

use std::path::PathBuf;

use egui::{Align2, Area, Id, Order, Rect, Sense, Ui, pos2, vec2};

use crate::{
    command::Command,
    icons,
    state::{Layer, State},
    theme::{CONTROL, Theme, regular, semibold},
    widgets::{
        bar::Bar,
        button::Button,
        field::Field,
        panel,
        text::{self, LEFT, look},
    },
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
    let window = ui.ctx().content_rect();
    crate::palette::shade(ui, window, out);
    Area::new(Id::unique("note box"))
        .order(Order::Foreground)
        .pivot(Align2::CENTER_TOP)
        .fixed_pos(pos2(window.center().x, window.top() + 80.0))
        .fade_in(false)
        .accessible_name(about.words().0)
        .show(ui.ctx(), |ui| {
            let size = vec2(520.0_f32.min(window.width() - 40.0), 148.0);
            let (rect, _) = ui.allocate_exact_size(size, Sense::click());
            panel::floating(ui, rect);
            content(ui, rect, about, (subject, text), out);
        });
}

fn content(
    ui: &mut Ui,
    rect: Rect,
    about: &About,
    (subject, text): (&str, &str),
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    let row = |top: f32, height: f32| {
        Rect::from_min_size(
            rect.min + vec2(16.0, top),
            vec2(rect.width() - 32.0, height),
        )
    };
    let (title, act) = about.words();
    let ink = look(semibold(13.0), theme.text);
    text::label(ui, row(12.0, 22.0), LEFT, title, &ink);
    let ink = look(regular(12.0), theme.text_3);
    text::label(ui, row(33.0, 18.0), LEFT, subject, &ink);
    let field = Field {
        id: FIELD,
        name: "Note",
        hint: "What is to be remembered",
        icon: icons::PENCIL,
        key: None,
        code: false,
        note: "",
        wrong: false,
        takes_tab: false,
    };
    let typed = field.show(ui, row(60.0, 32.0), text);
    out.extend(typed.changed.map(Command::TypeNote));
    let mut bar = Bar::new(row(104.0, CONTROL), 0.0, 8.0);
    let keep = Button::new(act).primary().key("Enter");
    let clicked = keep
        .show(ui, bar.right(keep.width(ui), CONTROL), "note box")
        .clicked();
    if clicked || typed.entered {
        out.push(Command::KeepNote);
    }
}
