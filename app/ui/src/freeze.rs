//! The box that freezes a review into a milestone of a typed name.

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

/// Id of the name's field.
pub(crate) const FIELD: &str = "milestone name";

/// Shows the box over the screen.
pub(crate) fn show(ui: &Ui, state: &State, out: &mut Vec<Command>) {
    let Some(Layer::Freeze { name }) = &state.layer else {
        return;
    };
    let window = ui.ctx().content_rect();
    crate::palette::shade(ui, window, out);
    Area::new(Id::unique("freeze"))
        .order(Order::Foreground)
        .pivot(Align2::CENTER_TOP)
        .fixed_pos(pos2(window.center().x, window.top() + 80.0))
        .fade_in(false)
        .accessible_name("Freeze a milestone")
        .show(ui.ctx(), |ui| {
            let size = vec2(520.0_f32.min(window.width() - 40.0), 148.0);
            let (rect, _) = ui.allocate_exact_size(size, Sense::click());
            panel::floating(ui, rect);
            content(ui, rect, name, out);
        });
}

fn content(ui: &mut Ui, rect: Rect, name: &str, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let row = |top: f32, height: f32| {
        Rect::from_min_size(
            rect.min + vec2(16.0, top),
            vec2(rect.width() - 32.0, height),
        )
    };
    text::label(
        ui,
        row(12.0, 22.0),
        LEFT,
        "Freeze a milestone",
        &look(semibold(13.0), theme.text),
    );
    let words = "Evidence, verdicts, decisions and notes as they stand now; it never changes, and can be signed.";
    text::label(
        ui,
        row(33.0, 18.0),
        LEFT,
        words,
        &look(regular(12.0), theme.text_3),
    );
    let field = Field {
        id: FIELD,
        name: "Name of the milestone",
        hint: "2026-q4",
        icon: icons::SHIELD_CHECK,
        key: None,
        code: true,
        note: "",
        wrong: name.trim().is_empty(),
        takes_tab: false,
    };
    let typed = field.show(ui, row(60.0, 32.0), name);
    if let Some(name) = typed.changed {
        out.push(Command::TypeMilestone(name));
    }
    if typed.entered {
        out.push(Command::Freeze);
    }
    let mut bar = Bar::new(row(104.0, CONTROL), 0.0, 8.0);
    let freeze = Button::new("Freeze")
        .primary()
        .key("Enter")
        .enabled(!name.trim().is_empty());
    if freeze
        .show(ui, bar.right(freeze.width(ui), CONTROL), "freeze box")
        .clicked()
    {
        out.push(Command::Freeze);
    }
}
