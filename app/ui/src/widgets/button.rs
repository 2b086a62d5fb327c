//! Buttons: primary (one a pane), plain and quiet, with an icon and a key cap.

use egui::{Color32, Id, Rect, Response, Role, Stroke, StrokeKind, Ui, pos2, vec2};

use super::{
    clickable, key_cap,
    text::{self, LEFT, look},
};
use crate::theme::{RADIUS_CONTROL, Theme, medium, semibold};

/// How loud a button is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Loudness {
    /// Accent fill: the one next step of a pane.
    Primary,
    /// Border and raised fill.
    #[default]
    Plain,
    /// Text alone.
    Quiet,
    /// A switch that is on: accent border and fill.
    On,
}

/// A button to be shown.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Button<'a> {
    words: &'a str,
    icon: Option<char>,
    icon_fill: bool,
    icon_color: Option<Color32>,
    key: Option<&'a str>,
    loudness: Loudness,
    disabled: bool,
    name: Option<&'a str>,
}

impl<'a> Button<'a> {
    /// A plain button.
    pub(crate) fn new(words: &'a str) -> Self {
        Self {
            words,
            ..Self::default()
        }
    }

    /// A square button with an icon alone; `name` is what AccessKit and the tooltip say.
    pub(crate) fn icon_only(icon: char, name: &'a str) -> Self {
        Self {
            icon: Some(icon),
            name: Some(name),
            ..Self::default()
        }
    }

    pub(crate) fn icon(mut self, icon: char) -> Self {
        self.icon = Some(icon);
        self
    }

    pub(crate) fn filled_icon(mut self, icon: char, color: Option<Color32>) -> Self {
        (self.icon, self.icon_fill, self.icon_color) = (Some(icon), true, color);
        self
    }

    pub(crate) fn key(mut self, key: &'a str) -> Self {
        self.key = Some(key);
        self
    }

    pub(crate) fn loudness(mut self, loudness: Loudness) -> Self {
        self.loudness = loudness;
        self
    }

    pub(crate) fn primary(self) -> Self {
        self.loudness(Loudness::Primary)
    }

    pub(crate) fn enabled(mut self, enabled: bool) -> Self {
        self.disabled = !enabled;
        self
    }

    /// What AccessKit says instead of the words.
    pub(crate) fn name(mut self, name: &'a str) -> Self {
        self.name = Some(name);
        self
    }

    fn content_width(&self, ui: &Ui) -> f32 {
        let words = text::width(ui, self.words, self.font());
        let icon = if self.icon.is_some() { 15.0 } else { 0.0 };
        let key = self.key.map_or(0.0, |key| key_cap::width(ui, key) + 8.0);
        let gap = if self.icon.is_some() && !self.words.is_empty() {
            6.0
        } else {
            0.0
        };
        words + icon + gap + key
    }

    fn font(&self) -> egui::FontId {
        if self.loudness == Loudness::Primary {
            semibold(12.5)
        } else {
            medium(12.5)
        }
    }

    /// The width that the button likes.
    pub(crate) fn width(&self, ui: &Ui) -> f32 {
        if self.words.is_empty() {
            28.0
        } else {
            (self.content_width(ui) + 22.0).round()
        }
    }

    /// Shows the button.
    pub(crate) fn show(&self, ui: &Ui, rect: Rect, salt: impl std::hash::Hash) -> Response {
        let rect = Rect::from_min_max(rect.min.round(), rect.max.round());
        let id = Id::unique(("button", self.words, self.name, hash(salt)));
        let name = self.name.unwrap_or(self.words);
        let response = if self.disabled {
            let response = ui.interact(rect, id, egui::Sense::hover());
            response.widget_info(|| egui::WidgetInfo::labeled(Role::Button, false, name));
            response
        } else {
            clickable(ui, rect, id, Role::Button, name)
        };
        self.paint(ui, rect, &response);
        if self.words.is_empty() && !self.disabled {
            super::tooltip::text(ui, &response, name);
        }
        response
    }

    fn paint(&self, ui: &Ui, rect: Rect, response: &Response) {
        let theme = Theme::of(ui);
        let hovered = response.hovered() && !self.disabled;
        let (fill, stroke, ink) = match self.loudness {
            _ if self.disabled => (Color32::TRANSPARENT, theme.hairline(), theme.text_3),
            Loudness::Primary if hovered => (
                crate::theme::blend(theme.accent, theme.text, 0.15),
                Stroke::NONE,
                theme.on_accent,
            ),
            Loudness::Primary => (theme.accent, Stroke::NONE, theme.on_accent),
            Loudness::Plain if hovered => (theme.hover, theme.border(), theme.text),
            Loudness::Plain => (theme.raised, theme.border(), theme.text),
            Loudness::Quiet if hovered => (theme.hover, Stroke::NONE, theme.text),
            Loudness::Quiet => (Color32::TRANSPARENT, Stroke::NONE, theme.text_2),
            Loudness::On => (
                theme.accent_fill,
                Stroke::new(1.0, theme.accent_border),
                theme.text,
            ),
        };
        ui.painter()
            .rect(rect, RADIUS_CONTROL, fill, stroke, StrokeKind::Inside);
        self.paint_content(ui, rect, ink);
    }

    fn paint_content(&self, ui: &Ui, rect: Rect, ink: Color32) {
        let mut x = rect.center().x - self.content_width(ui) / 2.0;
        if let Some(icon) = self.icon {
            let place = Rect::from_center_size(pos2(x + 7.5, rect.center().y), vec2(15.0, 15.0));
            let color = self.icon_color.filter(|_| !self.disabled).unwrap_or(ink);
            if self.icon_fill {
                text::icon_filled(ui, place, icon, 15.0, color);
            } else {
                text::icon(ui, place, icon, 15.0, color);
            }
            x += 21.0;
        }
        let room = Rect::from_min_max(pos2(x, rect.top()), pos2(rect.right() - 4.0, rect.bottom()));
        let words = text::paint(ui, room, LEFT, self.words, &look(self.font(), ink));
        if let Some(key) = self.key {
            let left = pos2(words.right() + 8.0, rect.center().y);
            if self.loudness == Loudness::Primary && !self.disabled {
                key_cap::paint_outlined(ui, left, key, ink);
            } else {
                key_cap::paint(ui, left, key);
            }
        }
    }
}

/// Words in the accent's colour that act.
pub(crate) fn link(ui: &Ui, rect: Rect, words: &str, salt: impl std::hash::Hash) -> Response {
    let theme = Theme::of(ui);
    let id = Id::unique(("link", words, hash(salt)));
    let response = clickable(ui, rect, id, Role::Link, words);
    let place = text::paint(ui, rect, LEFT, words, &look(medium(12.5), theme.accent));
    if response.hovered() {
        super::hline(ui, place, place.bottom(), Stroke::new(1.0, theme.accent));
    }
    response
}

fn hash(salt: impl std::hash::Hash) -> u64 {
    use std::hash::{DefaultHasher, Hasher};
    let mut hasher = DefaultHasher::new();
    salt.hash(&mut hasher);
    hasher.finish()
}
