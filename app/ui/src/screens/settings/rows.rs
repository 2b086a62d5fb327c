//! Panels one below the other, with a row a setting: its name, what it means, its control.

use egui::{Pos2, Rect, Ui, pos2, vec2};

use crate::{
    theme::{CONTROL, Theme, medium, regular},
    widgets::{
        bar::{Bar, cut_top},
        hline, panel,
        segmented::{self, Segment},
        text::{self, LEFT, look},
    },
};

/// Height of a row.
pub(super) const ROW: f32 = 52.0;
const HEAD: f32 = 36.0;

/// Where the next panel goes.
pub(super) struct Column {
    next: Pos2,
    width: f32,
}

impl Column {
    /// A column from a point down.
    pub(super) fn new(next: Pos2, width: f32) -> Self {
        Self { next, width }
    }

    /// Where the last panel ends.
    pub(super) fn bottom(&self) -> f32 {
        self.next.y
    }

    /// A panel with a title and room for rows.
    pub(super) fn panel(&mut self, ui: &Ui, title: &str, rows: usize) -> Rect {
        self.block(ui, title, rows as f32 * ROW)
    }

    /// A panel with a title and a body of a height.
    pub(super) fn block(&mut self, ui: &Ui, title: &str, height: f32) -> Rect {
        let rect = Rect::from_min_size(self.next, vec2(self.width, HEAD + height));
        self.next.y = rect.bottom() + 12.0;
        let (_, body) = panel::headed(ui, rect, HEAD, title, "");
        body.shrink2(vec2(14.0, 0.0))
    }
}

/// Cuts a row off; returns what is left of it for a control on the right.
pub(super) fn row(ui: &Ui, rows: &mut Rect, name: &str, words: &str) -> Bar {
    let theme = Theme::of(ui);
    let line = cut_top(rows, ROW);
    if rows.height() > 1.0 {
        hline(ui, line, line.bottom(), theme.hairline());
    }
    let room = Rect::from_min_max(
        line.min + vec2(0.0, 8.0),
        pos2(line.right() - line.width() * 0.42, line.bottom() - 8.0),
    );
    let (above, below) = room.split_top_bottom_at_fraction(0.5);
    text::label(ui, above, LEFT, name, &look(medium(13.0), theme.text));
    text::label(ui, below, LEFT, words, &look(regular(12.0), theme.text_3));
    Bar::new(line, 0.0, 8.0)
}

/// A choice of one of several words; returns the place that was chosen.
pub(super) fn one_of(
    ui: &Ui,
    mut bar: Bar,
    salt: &str,
    words: &[&str],
    at: Option<usize>,
) -> Option<usize> {
    let segments: Vec<Segment<'_>> = words.iter().map(|words| Segment::from(*words)).collect();
    let place = bar.right(segmented::width(ui, &segments), CONTROL);
    segmented::show(ui, place, salt, &segments, at.unwrap_or(usize::MAX))
}
