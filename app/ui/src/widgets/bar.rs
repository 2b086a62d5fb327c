//! A bar that is filled from both ends: toolbars, panel heads and status lines.

use egui::{Rect, pos2, vec2};

/// What is left of a bar.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bar {
    /// The free part.
    pub(crate) rest: Rect,
    gap: f32,
}

impl Bar {
    /// A bar with a padding at both ends and a gap between its parts.
    pub(crate) fn new(rect: Rect, padding: f32, gap: f32) -> Self {
        Self {
            rest: rect.shrink2(vec2(padding, 0.0)),
            gap,
        }
    }

    /// Takes a part from the left, centred vertically.
    pub(crate) fn left(&mut self, width: f32, height: f32) -> Rect {
        let part = Rect::from_center_size(
            pos2(self.rest.left() + width / 2.0, self.rest.center().y),
            vec2(width, height),
        );
        self.rest.min.x += width + self.gap;
        part
    }

    /// Takes a part from the right, centred vertically.
    pub(crate) fn right(&mut self, width: f32, height: f32) -> Rect {
        let part = Rect::from_center_size(
            pos2(self.rest.right() - width / 2.0, self.rest.center().y),
            vec2(width, height),
        );
        self.rest.max.x -= width + self.gap;
        part
    }
}

/// Cuts `height` off the top.
pub(crate) fn cut_top(rect: &mut Rect, height: f32) -> Rect {
    let (top, rest) = rect.split_top_bottom_at_y(rect.top() + height.min(rect.height()));
    *rect = rest;
    top
}

/// Cuts `height` off the bottom.
pub(crate) fn cut_bottom(rect: &mut Rect, height: f32) -> Rect {
    let (rest, bottom) = rect.split_top_bottom_at_y(rect.bottom() - height.min(rect.height()));
    *rect = rest;
    bottom
}

/// Cuts `width` off the left.
pub(crate) fn cut_left(rect: &mut Rect, width: f32) -> Rect {
    let (left, rest) = rect.split_left_right_at_x(rect.left() + width.min(rect.width()));
    *rect = rest;
    left
}

/// Cuts `width` off the right.
pub(crate) fn cut_right(rect: &mut Rect, width: f32) -> Rect {
    let (rest, right) = rect.split_left_right_at_x(rect.right() - width.min(rect.width()));
    *rect = rest;
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_from_both_ends_with_a_gap() {
        let mut bar = Bar::new(
            Rect::from_min_size(pos2(0.0, 0.0), vec2(200.0, 40.0)),
            10.0,
            8.0,
        );
        assert_eq!(bar.left(50.0, 20.0).min, pos2(10.0, 10.0));
        assert_eq!(bar.right(30.0, 20.0).max, pos2(190.0, 30.0));
        assert_eq!((bar.rest.left(), bar.rest.right()), (68.0, 152.0));
    }
}
