//! The box that launches a program and records it from its first instruction.

use egui::{Rect, Ui, vec2};

use crate::{
    command::Command,
    icons,
    state::State,
    theme::{CONTROL, Theme, regular},
    widgets::{
        bar::Bar,
        button::Button,
        field::Field,
        panel,
        text::{self, RIGHT, look},
    },
};

/// Shows the panel.
pub(super) fn show(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let (bar, body) = panel::headed(ui, rect, 36.0, "Launch a program", "");
    let words = "Recorded from its first instruction until it ends";
    text::label(
        ui,
        bar.free,
        RIGHT,
        words,
        &look(regular(12.0), theme.text_3),
    );
    let mut bar = Bar::new(body.translate(vec2(0.0, -1.0)), 12.0, 8.0);
    let ready = !state.start.command.trim().is_empty() && state.recording.is_none();
    let launch = Button::new("Launch").icon(icons::PLAY).enabled(ready);
    let button = bar.right(launch.width(ui), CONTROL);
    let folder_rect = bar.right((bar.free.width() * 0.36).min(300.0), CONTROL);
    let command_rect = bar.left(bar.free.width(), CONTROL);
    let command = Field {
        id: "launch command",
        name: "Command to launch",
        hint: "./target/release/service --config dev.ron",
        icon: icons::TERMINAL,
        key: None,
        code: true,
        note: "",
        wrong: false,
        takes_tab: false,
    };
    let typed = command.show(ui, command_rect, &state.start.command);
    out.extend(typed.changed.map(Command::TypeLaunch));
    if typed.entered {
        out.push(Command::Launch);
    }
    let folder = Field {
        id: "launch folder",
        name: "Folder to launch in",
        hint: "Folder (this one)",
        icon: icons::FOLDER_OPEN,
        ..command
    };
    let typed = folder.show(ui, folder_rect, &state.start.folder);
    out.extend(typed.changed.map(Command::TypeLaunchFolder));
    if typed.entered {
        out.push(Command::Launch);
    }
    if launch.show(ui, button, "launch").clicked() {
        out.push(Command::Launch);
    }
}
