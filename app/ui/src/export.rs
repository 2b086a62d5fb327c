//! The export box: a typed path for the keyboard alone, and the native dialog.

use egui::{Align2, Area, Id, Order, Rect, Sense, Ui, pos2, vec2};

use crate::{
    command::{Command, Request},
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

/// Id of the path's field.
pub(crate) const FIELD: &str = "export path";

/// Shows the box over the screen.
pub(crate) fn show(ui: &Ui, state: &State, out: &mut Vec<Command>) {
    let Some(Layer::Export { path }) = &state.layer else {
        return;
    };
    let window = ui.ctx().content_rect();
    crate::palette::shade(ui, window, out);
    Area::new(Id::unique("export"))
        .order(Order::Foreground)
        .pivot(Align2::CENTER_TOP)
        .fixed_pos(pos2(window.center().x, window.top() + 80.0))
        .fade_in(false)
        .accessible_name("Export review")
        .show(ui.ctx(), |ui| {
            let size = vec2(520.0_f32.min(window.width() - 40.0), 148.0);
            let (rect, _) = ui.allocate_exact_size(size, Sense::click());
            panel::floating(ui, rect);
            content(ui, rect, path, out);
        });
}

fn content(ui: &mut Ui, rect: Rect, path: &str, out: &mut Vec<Command>) {
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
        "Export review",
        &look(semibold(13.0), theme.text),
    );
    let words = "The name's end tells the format: .html, .md, .json, .xml (JUnit) or .sarif.";
    text::label(
        ui,
        row(33.0, 18.0),
        LEFT,
        words,
        &look(regular(12.0), theme.text_3),
    );
    let field = Field {
        id: FIELD,
        name: "File to write",
        hint: "Path of the file",
        icon: icons::FILE,
        key: None,
        code: true,
        note: "",
        wrong: path.trim().is_empty(),
        takes_tab: false,
    };
    let typed = field.show(ui, row(60.0, 32.0), path);
    if let Some(path) = typed.changed {
        out.push(Command::TypeExport(path));
    }
    if typed.entered {
        out.push(Command::Export);
    }
    let mut bar = Bar::new(row(104.0, CONTROL), 0.0, 8.0);
    let export = Button::new("Export")
        .primary()
        .key("Enter")
        .enabled(!path.trim().is_empty());
    if export
        .show(ui, bar.right(export.width(ui), CONTROL), "export box")
        .clicked()
    {
        out.push(Command::Export);
    }
    let choose = Button::new("Choose a place…").icon(icons::FOLDER_OPEN);
    if choose
        .show(ui, bar.right(choose.width(ui), CONTROL), "export box")
        .clicked()
    {
        out.push(Command::CloseLayer);
        out.push(Command::Ask(Request::ExportDialog));
    }
}
