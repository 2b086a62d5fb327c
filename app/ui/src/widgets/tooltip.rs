//! Tooltips: words after 80 ms, at the pointer or below.

use egui::{Response, RichText, Ui};

use crate::theme::{Theme, regular};

/// Says a few words about a widget.
pub(crate) fn text(ui: &Ui, response: &Response, words: &str) {
    let theme = Theme::of(ui);
    let rich = RichText::new(words).font(regular(12.0)).color(theme.text);
    egui::Tooltip::for_enabled(response).show(|ui| {
        ui.set_max_width(320.0);
        ui.label(rich);
    });
}
