//! The command palette: everything that can be done now, found by typing.

mod offer;

use egui::{Area, Id, Key, Modifiers, Order, Rect, Sense, Ui, pos2, vec2};

use crate::{
    command::{Command, Screen},
    icons, line_box,
    screens::SCREENS,
    state::{Layer, State},
    theme::{Theme, regular},
    widgets::{
        self,
        field::Field,
        key_cap,
        text::{self, LEFT, look},
    },
};

pub(crate) use offer::{Line, lines};

/// Id of the palette's field.
pub(crate) const FIELD: &str = "palette";

/// Shows the palette over the screen.
pub(crate) fn show(ui: &mut Ui, state: &State, out: &mut Vec<Command>) {
    let Some(Layer::Palette { query, chosen }) = &state.layer else {
        return;
    };
    let lines = lines(state);
    keys(ui, *chosen, &lines, out);
    let window = ui.ctx().content_rect();
    let most = ((window.height() * 0.6 - 60.0) / 30.0).clamp(3.0, 11.0) as usize;
    let first = chosen
        .saturating_sub(most - 1)
        .min(lines.len().saturating_sub(most));
    let shown = &lines[first..lines.len().min(first + most)];
    let size = vec2(560.0, 56.0 + (shown.len().max(1) as f32) * 30.0);
    line_box::over_screen(ui, ("palette", "Commands"), size, out, |ui, rect, out| {
        field(ui, rect, query, out);
        list(ui, rect, shown, first, *chosen, out);
    });
}

fn field(ui: &mut Ui, rect: Rect, query: &str, out: &mut Vec<Command>) {
    let place = Rect::from_min_size(rect.min + vec2(8.0, 8.0), vec2(rect.width() - 16.0, 34.0));
    let field = Field {
        id: FIELD,
        name: "Run a command",
        hint: "Search or run a command",
        icon: icons::SEARCH,
        key: None,
        code: false,
        note: "",
        wrong: false,
        takes_tab: false,
    };
    if let Some(typed) = field.show(ui, place, query).changed {
        out.push(Command::TypePalette(typed));
    }
}

fn list(
    ui: &mut Ui,
    rect: Rect,
    shown: &[Line],
    first: usize,
    chosen: usize,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    if shown.is_empty() {
        let room =
            Rect::from_min_size(rect.min + vec2(20.0, 46.0), vec2(rect.width() - 40.0, 30.0));
        text::label(
            ui,
            room,
            LEFT,
            "Nothing fits.",
            &look(regular(13.0), theme.text_3),
        );
    }
    for (offset, line) in shown.iter().enumerate() {
        let place = Rect::from_min_size(
            rect.min + vec2(8.0, 48.0 + offset as f32 * 30.0),
            vec2(rect.width() - 16.0, 30.0),
        );
        let at = first + offset;
        let id = Id::unique(("palette line", offset));
        let response = widgets::row(ui, place, id, at == chosen, &line.words);
        if at == chosen || response.hovered() {
            let fill = if at == chosen {
                theme.selected
            } else {
                theme.hover
            };
            ui.painter().rect_filled(place, 6.0, fill);
        }
        let room = place.shrink2(vec2(12.0, 0.0));
        text::paint(
            ui,
            room,
            LEFT,
            &line.words,
            &look(regular(13.0), theme.text),
        );
        if !line.key.is_empty() {
            let left = room.right() - key_cap::width(ui, line.key);
            key_cap::paint(ui, pos2(left, place.center().y), line.key);
        }
        if response.clicked() {
            out.push(Command::RunPalette(at));
        }
    }
}

fn keys(ui: &Ui, chosen: usize, lines: &[Line], out: &mut Vec<Command>) {
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    if pressed(Key::ArrowDown) {
        out.push(Command::StepPalette(1));
    }
    if pressed(Key::ArrowUp) {
        out.push(Command::StepPalette(-1));
    }
    if pressed(Key::Enter) && !lines.is_empty() {
        out.push(Command::RunPalette(chosen));
    }
}

/// Darkens the screen below; a click on it closes what lies above.
pub(crate) fn shade(ui: &Ui, window: Rect, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    Area::new(Id::unique("shade"))
        .order(Order::Middle)
        .fixed_pos(window.min)
        .fade_in(false)
        .show(ui.ctx(), |ui| {
            let (rect, response) = ui.allocate_exact_size(window.size(), Sense::CLICK);
            let color = theme.canvas.gamma_multiply(0.6);
            ui.painter().rect_filled(rect, 0.0, color);
            if response.clicked() {
                out.push(Command::CloseLayer);
            }
        });
}

/// The screen that a number key names.
pub(crate) fn numbered(number: usize) -> Option<Screen> {
    SCREENS.get(number).map(|entry| entry.screen)
}
