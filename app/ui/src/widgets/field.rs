//! Text fields: search with its key, and plain ones with an icon.

use egui::{Color32, Id, Margin, Rect, Response, Stroke, StrokeKind, TextEdit, Ui, pos2, vec2};

use super::{
    key_cap,
    text::{self, RIGHT, look},
};
use crate::{
    icons,
    theme::{RADIUS_CONTROL, Theme, mono, regular},
};

/// A field to be shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    /// Stable id, so that shortcuts can focus it.
    pub(crate) id: &'static str,
    /// What AccessKit says.
    pub(crate) name: &'a str,
    /// What is shown while it is empty.
    pub(crate) hint: &'a str,
    /// Icon on the left.
    pub(crate) icon: char,
    /// Key that focuses it, shown while it is empty.
    pub(crate) key: Option<&'a str>,
    /// Monospace.
    pub(crate) code: bool,
    /// What stands at the right end while there is text.
    pub(crate) note: &'a str,
    /// Whether what was typed cannot be used.
    pub(crate) wrong: bool,
    /// Whether Tab means something in it, rather than going on to the next control.
    pub(crate) takes_tab: bool,
}

impl<'a> Field<'a> {
    /// A field for words that somebody writes.
    pub(crate) fn words(id: &'static str, name: &'a str, hint: &'a str) -> Self {
        Self {
            id,
            name,
            hint,
            icon: icons::PENCIL,
            key: None,
            code: false,
            note: "",
            wrong: false,
            takes_tab: false,
        }
    }

    /// The same, where something must be written.
    pub(crate) fn required(mut self, typed: &str) -> Self {
        self.wrong = typed.trim().is_empty();
        self
    }
}

/// What came of a field in this frame.
pub(crate) struct Typed {
    /// The new text, where it changed.
    pub(crate) changed: Option<String>,
    /// Whether Enter was pressed.
    pub(crate) entered: bool,
    /// The response of the text edit.
    pub(crate) response: Response,
}

/// The egui id of a field.
pub(crate) fn id(name: &'static str) -> Id {
    Id::unique(("field", name))
}

impl Field<'_> {
    /// Shows the field.
    pub(crate) fn show(&self, ui: &mut Ui, rect: Rect, text: &str) -> Typed {
        let theme = Theme::of(ui);
        let rect = Rect::from_min_max(rect.min.round(), rect.max.round());
        let frame = ui.painter().add(egui::Shape::Noop);
        let icon =
            Rect::from_center_size(pos2(rect.left() + 16.0, rect.center().y), vec2(16.0, 16.0));
        text::icon(ui, icon, self.icon, 15.0, theme.text_3);
        let end = self.paint_end(ui, rect, text);
        let room = Rect::from_min_max(
            pos2(rect.left() + 30.0, rect.top() + 1.0),
            pos2(end, rect.bottom() - 1.0),
        );
        let typed = self.edit(ui, room, text);
        let stroke = if self.wrong {
            Stroke::new(
                1.0,
                theme
                    .outcome(scrutineer_checklists::verdict::Outcome::Fail)
                    .ink,
            )
        } else if typed.response.has_focus() {
            Stroke::new(1.5, theme.accent)
        } else {
            theme.border()
        };
        let shape = egui::epaint::RectShape::new(
            rect,
            RADIUS_CONTROL,
            theme.canvas,
            stroke,
            StrokeKind::Inside,
        );
        ui.painter().set(frame, shape);
        typed
    }

    fn paint_end(&self, ui: &Ui, rect: Rect, text: &str) -> f32 {
        let theme = Theme::of(ui);
        if let Some(key) = self.key.filter(|_| text.is_empty()) {
            let left = rect.right() - key_cap::width(ui, key) - 8.0;
            key_cap::paint(ui, pos2(left, rect.center().y), key);
            return left - 6.0;
        }
        if self.note.is_empty() || text.is_empty() {
            return rect.right() - 8.0;
        }
        let room = Rect::from_min_max(rect.min, rect.max - vec2(10.0, 0.0));
        let look = look(mono(11.0), theme.text_3);
        text::label(ui, room, RIGHT, self.note, &look).left() - 6.0
    }

    fn edit(&self, ui: &mut Ui, room: Rect, text: &str) -> Typed {
        let theme = Theme::of(ui);
        let font = if self.code { mono(12.0) } else { regular(12.5) };
        let mut typed = text.to_owned();
        let hint = egui::RichText::new(self.hint)
            .font(regular(12.5))
            .color(theme.text_3);
        let edit = TextEdit::singleline(&mut typed)
            .id(id(self.id))
            .font(font)
            .text_color(theme.text)
            .background_color(Color32::TRANSPARENT)
            .frame(egui::Frame::NONE)
            .margin(Margin::ZERO)
            .align(egui::Align2::LEFT_CENTER)
            .lock_focus(self.takes_tab)
            .hint_text(hint);
        let response = ui.place(room, edit);
        name_field(ui, &response, self.name);
        let entered =
            response.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        Typed {
            changed: response.changed().then_some(typed),
            entered,
            response,
        }
    }
}

/// Gives a text edit its accessible name.
pub(crate) fn name_field(ui: &Ui, response: &Response, name: &str) {
    ui.ctx()
        .accesskit_node_builder(response.id, |node| node.set_label(name));
}
