//! A box over the screen that asks for one line: a title, a sentence, a field and its button.

use egui::{Align2, Area, Id, Order, Rect, Sense, Ui, Vec2, pos2, vec2};

use crate::{
    command::Command,
    theme::{CONTROL, Theme, regular, semibold},
    widgets::{
        bar::Bar,
        button::Button,
        field::Field,
        panel,
        text::{self, LEFT, look},
    },
};

/// Shows a box over the screen, by its id and what it is called; it is narrower where the window is.
pub(crate) fn over_screen<R>(
    ui: &Ui,
    (id, name): (&str, &str),
    size: Vec2,
    out: &mut Vec<Command>,
    content: impl FnOnce(&mut Ui, Rect, &mut Vec<Command>) -> R,
) -> R {
    let window = ui.ctx().content_rect();
    crate::palette::shade(ui, window, out);
    let shown = Area::new(Id::unique(id))
        .order(Order::Foreground)
        .pivot(Align2::CENTER_TOP)
        .fixed_pos(pos2(window.center().x, window.top() + 80.0))
        .fade_in(false)
        .accessible_name(name)
        .show(ui.ctx(), |ui| {
            let size = vec2(size.x.min(window.width() - 40.0), size.y);
            let (rect, _) = ui.allocate_exact_size(size, Sense::click());
            panel::floating(ui, rect);
            content(ui, rect, out)
        });
    shown.inner
}

/// A row of such a box, by its distance from the top and its height.
pub(crate) fn row(rect: Rect, top: f32, height: f32) -> Rect {
    Rect::from_min_size(
        rect.min + vec2(16.0, top),
        vec2(rect.width() - 32.0, height),
    )
}

/// What the box asks.
pub(crate) struct LineBox<'a> {
    /// Names the box among the layers.
    pub(crate) id: &'static str,
    pub(crate) title: &'a str,
    pub(crate) sentence: &'a str,
    pub(crate) field: Field<'a>,
    /// What was typed so far.
    pub(crate) typed: &'a str,
    /// Words of the button.
    pub(crate) act: &'a str,
    /// Whether nothing typed is no answer.
    pub(crate) needs_words: bool,
}

/// What a person did in the box.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// The line, where it was changed.
    pub(crate) changed: Option<String>,
    /// Whether the line is to be acted on.
    pub(crate) is_given: bool,
}

impl LineBox<'_> {
    /// Shows the box; `more` puts further buttons left of its own.
    pub(crate) fn show(
        self,
        ui: &Ui,
        out: &mut Vec<Command>,
        more: impl FnOnce(&Ui, &mut Bar, &mut Vec<Command>),
    ) -> Answer {
        let (id, title) = (self.id, self.title);
        over_screen(ui, (id, title), vec2(520.0, 148.0), out, |ui, rect, out| {
            self.content(ui, rect, out, more)
        })
    }

    fn content(
        self,
        ui: &mut Ui,
        rect: Rect,
        out: &mut Vec<Command>,
        more: impl FnOnce(&Ui, &mut Bar, &mut Vec<Command>),
    ) -> Answer {
        let theme = Theme::of(ui);
        let row = |top, height| row(rect, top, height);
        let ink = look(semibold(13.0), theme.text);
        text::label(ui, row(12.0, 22.0), LEFT, self.title, &ink);
        let ink = look(regular(12.0), theme.text_3);
        text::label(ui, row(33.0, 18.0), LEFT, self.sentence, &ink);
        let typed = self.field.show(ui, row(60.0, 32.0), self.typed);
        let mut bar = Bar::new(row(104.0, CONTROL), 0.0, 8.0);
        let is_answer = !self.needs_words || !self.typed.trim().is_empty();
        let button = Button::new(self.act)
            .primary()
            .key("Enter")
            .enabled(is_answer);
        let clicked = button
            .show(ui, bar.right(button.width(ui), CONTROL), self.id)
            .clicked();
        more(ui, &mut bar, out);
        Answer {
            changed: typed.changed,
            is_given: (clicked || typed.entered) && is_answer,
        }
    }
}
