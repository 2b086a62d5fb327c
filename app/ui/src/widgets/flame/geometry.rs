//! From samples to points and back: the window that is shown, and the boxes within it.

use std::ops::Range;

use egui::Rect;
use scrutineer_profiler::profile::FlameLayout;

/// The narrowest window, as a share: a microsecond of more than a day.
const NARROWEST: f64 = 1e-11;

/// Part of the width that is shown, as shares of the whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Window {
    /// Left edge, 0..1.
    pub(crate) left: f64,
    /// Right edge, 0..1.
    pub(crate) right: f64,
}

impl Window {
    /// The whole width.
    pub(crate) const ALL: Self = Self {
        left: 0.0,
        right: 1.0,
    };

    /// Width as a share.
    pub(crate) fn width(self) -> f64 {
        self.right - self.left
    }

    /// The window moved into 0..1 with its width kept, at least [`NARROWEST`] wide.
    pub(crate) fn clamped(self) -> Self {
        let width = self.width().clamp(NARROWEST, 1.0);
        let left = self.left.clamp(0.0, 1.0 - width);
        Self {
            left,
            right: left + width,
        }
    }

    /// The window moved by a share of its own width.
    pub(crate) fn panned(self, by: f64) -> Self {
        let shift = by * self.width();
        Self {
            left: self.left + shift,
            right: self.right + shift,
        }
        .clamped()
    }

    /// The window made narrower (`factor` above 1) or wider around a point of it, 0..1.
    pub(crate) fn zoomed(self, factor: f64, around: f64) -> Self {
        let anchor = self.left + around * self.width();
        let width = (self.width() / factor).clamp(NARROWEST, 1.0);
        Self {
            left: anchor - around * width,
            right: anchor + (1.0 - around) * width,
        }
        .clamped()
    }

    /// The window a share of the way to another one.
    pub(crate) fn towards(self, other: Self, share: f64) -> Self {
        let mix = |from: f64, to: f64| from + (to - from) * share;
        Self {
            left: mix(self.left, other.left),
            right: mix(self.right, other.right),
        }
    }
}

/// Where the graph lies on the screen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) rect: Rect,
    pub(super) shown: Window,
    pub(super) scroll: f32,
    pub(super) total: u64,
    /// Whether the first row lies at the bottom.
    pub(super) is_flipped: bool,
    pub(super) row_height: f32,
}

impl Place {
    /// Points per sample.
    pub(super) fn scale(&self) -> f64 {
        f64::from(self.rect.width()) / (self.shown.width() * self.total as f64)
    }

    /// Point of a sample position.
    pub(super) fn x(&self, sample: f64) -> f32 {
        let start = self.shown.left * self.total as f64;
        self.rect.left() + ((sample - start) * self.scale()) as f32
    }

    /// Sample position of a point.
    pub(super) fn sample(&self, x: f32) -> f64 {
        let start = self.shown.left * self.total as f64;
        start + f64::from(x - self.rect.left()) / self.scale()
    }

    /// Share of the shown window at a point, 0..1.
    pub(super) fn share(&self, x: f32) -> f64 {
        f64::from((x - self.rect.left()) / self.rect.width())
    }

    /// Top of a row.
    fn y(&self, row: usize) -> f32 {
        let from_first = row as f32 * self.row_height - self.scroll;
        if self.is_flipped {
            (self.rect.bottom() - self.row_height - from_first).round()
        } else {
            (self.rect.top() + from_first).round()
        }
    }

    /// The row at a height, which may lie beyond the last.
    pub(super) fn row_at(&self, y: f32) -> Option<usize> {
        let from_first = if self.is_flipped {
            self.rect.bottom() - y
        } else {
            y - self.rect.top()
        };
        let row = ((from_first + self.scroll) / self.row_height).floor();
        (row >= 0.0).then_some(row as usize)
    }

    /// The rows that can be seen.
    pub(super) fn rows(&self, layout: &FlameLayout) -> Range<usize> {
        let first = (self.scroll / self.row_height).floor().max(0.0) as usize;
        let last = ((self.scroll + self.rect.height()) / self.row_height).ceil() as usize;
        first.min(layout.rows.len())..last.min(layout.rows.len())
    }

    /// The box of a box's edges, cut to the screen, with the gap to its neighbour left out.
    pub(super) fn rect_of(&self, layout: &FlameLayout, row: usize, at: u32) -> Rect {
        let (start, width) = (layout.x[at as usize], layout.width[at as usize]);
        let left = self.x(start as f64).max(self.rect.left());
        let right = self.x((start + width) as f64).min(self.rect.right());
        let top = self.y(row);
        Rect::from_min_max(
            egui::pos2(left, top),
            egui::pos2((right - 1.0).max(left), top + self.row_height - 1.0),
        )
    }
}

/// The first of a range for which `before` no longer holds.
pub(super) fn partition(range: Range<u32>, before: impl Fn(u32) -> bool) -> u32 {
    let (mut low, mut high) = (range.start, range.end);
    while low < high {
        let middle = low + (high - low) / 2;
        if before(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// The box of a node of the tree, and its row.
pub(crate) fn box_of(layout: &FlameLayout, depth: u16, node: u32) -> Option<(usize, u32)> {
    let row = layout.rows.get(usize::from(depth))?;
    let at = (row.start..row.end).find(|at| layout.node[*at as usize] == node)?;
    Some((usize::from(depth), at))
}

/// The window that a box fills.
pub(crate) fn window_of(layout: &FlameLayout, at: u32) -> Window {
    let total = layout.total.max(1) as f64;
    let (start, width) = (
        layout.x[at as usize] as f64,
        layout.width[at as usize] as f64,
    );
    Window {
        left: start / total,
        right: (start + width) / total,
    }
    .clamped()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zooming_keeps_the_point_under_the_cursor() {
        let window = Window {
            left: 0.2,
            right: 0.6,
        };
        let zoomed = window.zoomed(2.0, 0.25);
        assert!((zoomed.left + 0.25 * zoomed.width() - 0.3).abs() < 1e-12);
        assert!((zoomed.width() - 0.2).abs() < 1e-12);
        assert_eq!(window.zoomed(0.01, 0.5), Window::ALL);
    }

    #[test]
    fn panning_stops_at_the_edges() {
        let window = Window {
            left: 0.5,
            right: 1.0,
        };
        assert_eq!(window.panned(0.5), window);
        assert_eq!(
            window.panned(-3.0),
            Window {
                left: 0.0,
                right: 0.5
            }
        );
    }
}
