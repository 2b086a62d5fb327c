//! The inspector's source: the lines of the selected function, with what each costs.

use egui::{Rect, Ui, pos2, vec2};

use crate::{
    format,
    state::profile::Open,
    theme::{RADIUS_TAG, Theme, blend, mono, regular},
    views::source::{Source, SourceLine},
    widgets::{
        bar::cut_top,
        hline,
        text::{self, LEFT, RIGHT, look},
    },
};

const ROW: f32 = 17.0;
const NUMBERS: f32 = 40.0;
const COSTS: f32 = 46.0;

/// Shows the source below the callees.
pub(super) fn show(ui: &Ui, room: &mut Rect, open: &Open, source: &Source) {
    let theme = Theme::of(ui);
    room.min.y += 6.0;
    let head = cut_top(room, 22.0).shrink2(vec2(14.0, 0.0));
    text::label(ui, head, LEFT, "Source", &look(regular(12.0), theme.text_3));
    let base = "% of all, by line with its calls";
    text::label(ui, head, RIGHT, base, &look(regular(11.0), theme.text_3));
    let mut before = None;
    for line in &source.lines {
        if before.is_some_and(|before| line.number > before + 1) {
            let gap = cut_top(room, 8.0);
            hline(
                ui,
                gap.shrink2(vec2(14.0, 0.0)),
                gap.center().y,
                theme.hairline(),
            );
        }
        before = Some(line.number);
        let place = cut_top(room, ROW);
        row(ui, place, open, line);
    }
    if !source.has_text {
        let line = cut_top(room, 24.0).shrink2(vec2(14.0, 0.0));
        let name = format::source_path(&source.file);
        let words = format!("{name} is not here: lines without their text");
        text::label(ui, line, LEFT, &words, &look(regular(11.5), theme.text_3));
    }
    room.min.y += 8.0;
    hline(ui, *room, room.top(), theme.hairline());
}

fn row(ui: &Ui, place: Rect, open: &Open, line: &SourceLine) {
    if !ui.is_rect_visible(place) {
        return;
    }
    let theme = Theme::of(ui);
    let number = Rect::from_min_max(
        place.min + vec2(6.0, 0.0),
        pos2(place.left() + NUMBERS, place.bottom()),
    );
    let words = line.number.to_string();
    text::paint(ui, number, RIGHT, &words, &look(mono(10.5), theme.text_3));
    let cost = Rect::from_min_max(
        pos2(number.right() + 6.0, place.top() + 1.0),
        pos2(number.right() + 6.0 + COSTS, place.bottom() - 1.0),
    );
    let share = format::share(line.total_weight, open.shown.layout.total);
    if line.total_weight > 0 {
        let width = (cost.width() * share as f32).max(2.0);
        // From the left, where no digit stands unless the share is large.
        let bar = cost.with_max_x(cost.left() + width);
        let color = blend(theme.panel, theme.heap, 0.55);
        ui.painter().rect_filled(bar, RADIUS_TAG / 2.0, color);
        let words = format!("{:.1}", 100.0 * share);
        let inner = cost.with_max_x(cost.right() - 4.0);
        text::paint(ui, inner, RIGHT, &words, &look(mono(10.5), theme.text));
        let spoken = format!("line {}, {:.1} %", line.number, 100.0 * share);
        text::announce(ui, cost, &spoken);
    }
    let ink = if line.total_weight > 0 {
        theme.text
    } else {
        theme.text_2
    };
    let code = Rect::from_min_max(
        pos2(cost.right() + 8.0, place.top()),
        pos2(place.right() - 8.0, place.bottom()),
    );
    text::paint(ui, code, LEFT, &line.text, &look(mono(11.0), ink));
}
