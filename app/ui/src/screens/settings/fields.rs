//! The settings that are typed: folders of sources, and the folder of captures.

use std::path::Path;

use egui::{Rect, Ui, vec2};

use super::rows::{Column, ROW, row};
use crate::{
    command::{Command, Setting},
    icons,
    settings::is_whole,
    state::State,
    theme::{CONTROL, Theme, mono, regular},
    widgets::{
        bar::{Bar, cut_top},
        button::{Button, Loudness},
        field::Field,
        hline,
        text::{self, LEFT, look},
    },
};

/// Height of a folder in the list.
const FOLDER: f32 = 34.0;

/// Folders in which sources are looked for.
pub(super) fn sources(ui: &mut Ui, column: &mut Column, state: &State, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let folders = &state.settings.settings.source_folders;
    let height = 34.0 + folders.len() as f32 * FOLDER + 48.0;
    let mut room = column.block(ui, "Source folders", height);
    let words = "Looked through for files that do not lie where the program was built.";
    let line = cut_top(&mut room, 34.0);
    text::label(ui, line, LEFT, words, &look(regular(12.0), theme.text_3));
    for (place, folder) in folders.iter().enumerate() {
        let line = cut_top(&mut room, FOLDER);
        hline(ui, line, line.top() + 1.0, theme.hairline());
        let mut bar = Bar::new(line, 0.0, 8.0);
        let shown = folder.display().to_string();
        let name = format!("Remove {shown}");
        let remove = Button::icon_only(icons::CLOSE, &name).loudness(Loudness::Quiet);
        if remove.show(ui, bar.right(24.0, 24.0), place).clicked() {
            out.push(Command::Set(Setting::RemoveSourceFolder(place)));
        }
        text::label(ui, bar.free, LEFT, &shown, &look(mono(12.0), theme.text));
    }
    let typed = &state.settings.typed_source_folder;
    let is_good = is_whole(Path::new(typed.trim()));
    let mut bar = Bar::new(cut_top(&mut room, 48.0), 0.0, 8.0);
    let add = Button::new("Add")
        .name("Add the source folder")
        .enabled(is_good);
    let clicked = add
        .show(ui, bar.right(add.width(ui), CONTROL), "source folder")
        .clicked();
    let field = Field {
        id: "source folder",
        name: "Source folder",
        hint: "/home/you/src/project",
        icon: icons::FOLDER_OPEN,
        key: None,
        code: true,
        note: "",
        wrong: !typed.trim().is_empty() && !is_good,
        takes_tab: false,
    };
    let place = Rect::from_center_size(bar.free.center(), vec2(bar.free.width(), CONTROL));
    let field = field.show(ui, place, typed);
    out.extend(
        field
            .changed
            .map(|typed| Command::Set(Setting::TypeSourceFolder(typed))),
    );
    if clicked || field.entered {
        out.push(Command::Set(Setting::AddSourceFolder));
    }
}

/// Where captures lie.
pub(super) fn captures_folder(ui: &mut Ui, rows: &mut Rect, state: &State, out: &mut Vec<Command>) {
    let words = "Outside of a workspace, which keeps its own.";
    let bar = row(ui, rows, "Folder", words);
    let settings = &state.settings;
    let holds = settings.settings.captures_folder.as_ref();
    let holds = holds.map_or_else(String::new, |folder| folder.display().to_string());
    let typed = settings.typed_captures_folder.as_ref().unwrap_or(&holds);
    let field = Field {
        id: "captures folder",
        name: "Captures folder",
        hint: "~/.local/share/scrutineer/captures",
        icon: icons::FOLDER_OPEN,
        key: None,
        code: true,
        note: if *typed == holds { "" } else { "Enter" },
        wrong: !typed.trim().is_empty() && !is_whole(Path::new(typed.trim())),
        takes_tab: false,
    };
    let width = bar.free.width() * 0.42 - 12.0;
    let right = bar.free.with_min_x(bar.free.right() - width);
    let place = Rect::from_center_size(right.center(), vec2(width, CONTROL.min(ROW)));
    let field = field.show(ui, place, typed);
    out.extend(
        field
            .changed
            .map(|typed| Command::Set(Setting::TypeCapturesFolder(typed))),
    );
    if field.entered || field.response.lost_focus() {
        out.push(Command::Set(Setting::TakeCapturesFolder));
    }
}
