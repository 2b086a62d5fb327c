//! Lines over time: resident memory and CPU use, with axes, a fill and a read-out.

use egui::{
    Color32, Mesh, Pos2, Rect, Response, RichText, Sense, Shape, Stroke, Tooltip, Ui, pos2, vec2,
};

use super::{
    text::{self, LEFT, RIGHT, look},
    vline,
};
use crate::theme::{Theme, mono};

/// One line.
#[derive(Clone, Debug)]
pub(crate) struct Series<'a> {
    /// Time in seconds and value, in order of time.
    pub(crate) points: &'a [(f64, f64)],
    /// Colour.
    pub(crate) color: Color32,
    /// Opacity of the fill below, 0 for none.
    pub(crate) fill: f32,
}

/// The frame of reference of a chart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axes {
    /// Where it is painted.
    pub(crate) rect: Rect,
    /// Times at the left and right edge, seconds.
    pub(crate) time: (f64, f64),
    /// Values at the lower and upper edge.
    pub(crate) value: (f64, f64),
}

impl Axes {
    /// Point of a time.
    pub(crate) fn x(&self, time: f64) -> f32 {
        let share = (time - self.time.0) / (self.time.1 - self.time.0).max(1e-9);
        self.rect.left() + share as f32 * self.rect.width()
    }

    /// Point of a value.
    pub(crate) fn y(&self, value: f64) -> f32 {
        let share = (value - self.value.0) / (self.value.1 - self.value.0).max(1e-9);
        self.rect.bottom() - share as f32 * self.rect.height()
    }

    /// Time at a point.
    pub(crate) fn time_at(&self, x: f32) -> f64 {
        let share = f64::from((x - self.rect.left()) / self.rect.width().max(1.0));
        self.time.0 + share.clamp(0.0, 1.0) * (self.time.1 - self.time.0)
    }

    /// Paints a line.
    pub(crate) fn paint(&self, ui: &Ui, series: &Series<'_>) {
        let points: Vec<Pos2> = series
            .points
            .iter()
            .map(|(time, value)| pos2(self.x(*time), self.y(*value)))
            .collect();
        if points.is_empty() {
            return;
        }
        let painter = ui
            .painter()
            .with_clip_rect(self.rect.expand(1.0).intersect(ui.clip_rect()));
        if series.fill > 0.0 {
            painter.add(Shape::mesh(self.area(&points, series)));
        }
        if let [only] = points[..] {
            painter.circle_filled(only, 1.5, series.color);
        } else {
            painter.line(points, Stroke::new(1.5, series.color));
        }
    }

    /// Follows the pointer at `at`: a line across the chart, and what stands at its time in a
    /// tooltip, a line for each of `readings` (colour and words).
    pub(crate) fn read_out<I>(
        &self,
        ui: &Ui,
        response: &Response,
        at: Pos2,
        readings: impl FnOnce(f64) -> I,
    ) where
        I: Iterator<Item = (Color32, String)>,
    {
        let ink = Theme::of(ui).text_3;
        vline(ui, self.rect, at.x, Stroke::new(1.0, ink));
        let time = self.time_at(at.x);
        Tooltip::for_enabled(response).at_pointer().show(|ui| {
            ui.label(RichText::new(format!("{time:.2} s")).font(mono(12.0)));
            for (color, words) in readings(time) {
                ui.horizontal(|ui| {
                    let (place, _) = ui.allocate_exact_size(vec2(10.0, 12.0), Sense::hover());
                    dash(ui, place.left_center(), color);
                    ui.label(RichText::new(words).font(mono(11.0)));
                });
            }
        });
    }

    fn area(&self, points: &[Pos2], series: &Series<'_>) -> Mesh {
        let mut mesh = Mesh::default();
        let color = series.color.gamma_multiply(series.fill);
        for pair in points.windows(2) {
            let first = mesh.vertices.len() as u32;
            let floor = self.rect.bottom();
            for corner in [
                pair[0],
                pair[1],
                pos2(pair[1].x, floor),
                pos2(pair[0].x, floor),
            ] {
                mesh.colored_vertex(corner, color);
            }
            mesh.add_triangle(first, first + 1, first + 2);
            mesh.add_triangle(first, first + 2, first + 3);
        }
        mesh
    }

    /// Paints grid lines and the values beside them, left of the chart.
    pub(crate) fn paint_values(&self, ui: &Ui, unit: &str) {
        let theme = Theme::of(ui);
        let step = step(self.value.1 - self.value.0, 4.0);
        let mut value = (self.value.0 / step).ceil() * step;
        while value <= self.value.1 + step * 1e-6 {
            let y = self.y(value).round() - 0.5;
            let ends = [pos2(self.rect.left(), y), pos2(self.rect.right(), y)];
            ui.painter()
                .line_segment(ends, Stroke::new(1.0, theme.grid));
            let last = value + step > self.value.1 + step * 1e-6;
            let words = if last {
                format!("{} {unit}", number(value))
            } else {
                number(value)
            };
            let room = Rect::from_min_max(
                pos2(self.rect.left() - 110.0, y - 8.0),
                pos2(self.rect.left() - 10.0, y + 8.0),
            );
            text::paint(ui, room, RIGHT, &words, &look(mono(10.5), theme.text_3));
            value += step;
        }
    }

    /// Paints ticks and times into a strip above the chart.
    pub(crate) fn paint_times(&self, ui: &Ui, strip: Rect) {
        let theme = Theme::of(ui);
        let step = step(
            self.time.1 - self.time.0,
            f64::from(self.rect.width() / 110.0).max(2.0),
        );
        let mut time = (self.time.0 / step).ceil() * step;
        while time <= self.time.1 {
            let x = self.x(time);
            let ends = [pos2(x, strip.bottom() - 5.0), pos2(x, strip.bottom())];
            ui.painter()
                .line_segment(ends, Stroke::new(1.0, theme.border));
            let room = Rect::from_min_max(pos2(x + 4.0, strip.top()), strip.max);
            if room.width() > 30.0 {
                text::paint(
                    ui,
                    room,
                    LEFT,
                    &seconds_by(time, step),
                    &look(mono(10.5), theme.text_3),
                );
            }
            time += step;
        }
    }

    /// Covers what lies outside a range of time.
    pub(crate) fn wash(&self, ui: &Ui, range: (f64, f64)) {
        let theme = Theme::of(ui);
        let color = theme.canvas.gamma_multiply(theme.wash);
        let (left, right) = (self.x(range.0), self.x(range.1));
        let before = Rect::from_min_max(self.rect.min, pos2(left, self.rect.bottom()));
        let after = Rect::from_min_max(pos2(right, self.rect.top()), self.rect.max);
        for part in [before, after] {
            ui.painter().rect_filled(part, 0.0, color);
        }
        for x in [left, right] {
            super::vline(ui, self.rect, x, Stroke::new(1.5, theme.accent));
        }
    }
}

/// The value of a line at a time: the last reading at or before it.
pub(crate) fn value_at(points: &[(f64, f64)], time: f64) -> Option<f64> {
    let after = points.partition_point(|(at, _)| *at <= time);
    after.checked_sub(1).map(|place| points[place].1)
}

/// A round step that cuts `span` into about `parts`.
fn step(span: f64, parts: f64) -> f64 {
    let raw = (span / parts).max(1e-9);
    let power = 10_f64.powf(raw.log10().floor());
    let times = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|times| times * power >= raw);
    times.unwrap_or(10.0) * power
}

fn number(value: f64) -> String {
    if value.abs() >= 10.0 || value == 0.0 {
        crate::format::count(value.round() as u64)
    } else {
        format!("{value:.1}")
    }
}

/// A time with as many decimals as a step needs, so that neighbouring ticks differ.
fn seconds_by(time: f64, step: f64) -> String {
    if step >= 0.1 {
        return seconds(time);
    }
    let decimals = (-step.log10()).ceil().clamp(0.0, 9.0) as usize;
    format!("{time:.decimals$}s")
}

fn seconds(time: f64) -> String {
    if time >= 60.0 {
        let whole = time.round() as u64;
        if whole.is_multiple_of(60) {
            return format!("{} min", whole / 60);
        }
        return format!("{}:{:02}", whole / 60, whole % 60);
    }
    let rounded = (time * 10.0).round() / 10.0;
    format!("{rounded}s")
}

/// The mark of a line in a legend.
pub(crate) fn dash(ui: &Ui, left: Pos2, color: Color32) {
    let rect = Rect::from_min_size(left - vec2(0.0, 1.5), vec2(10.0, 3.0));
    ui.painter().rect_filled(rect, 1.0, color);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_ticks_differ_however_short_the_step() {
        assert_eq!(seconds_by(2.15, 0.05), "2.15s");
        assert_eq!(seconds_by(2.000_001, 1e-6), "2.000001s");
        assert_eq!(seconds_by(90.0, 10.0), "1:30");
    }

    #[test]
    fn steps_are_round() {
        assert!((step(800.0, 4.0) - 200.0).abs() < 1e-9);
        assert!((step(60.0, 7.0) - 10.0).abs() < 1e-9);
        assert!((step(0.3, 3.0) - 0.1).abs() < 1e-9);
    }

    #[test]
    fn a_reading_holds_until_the_next_one() {
        let points = [(0.0, 1.0), (1.0, 5.0)];
        assert_eq!(value_at(&points, 0.9), Some(1.0));
        assert_eq!(value_at(&points, 1.0), Some(5.0));
        assert_eq!(value_at(&points, -0.1), None);
    }
}
