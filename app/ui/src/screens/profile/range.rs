//! The range of the timeline: new by dragging, moved and resized, and the pointer over the charts.

use egui::{CursorIcon, Id, Rect, Response, Role, Sense, Ui, WidgetInfo, pos2};
use scrutineer_profiler::profile::tracks::waiting;

use super::{timeline::ORDER, tracks};
use crate::{
    command::{Command, TimelineAction},
    format,
    state::{State, profile::Open},
    theme::{Theme, semibold},
    views::Digest,
    widgets::{
        chart::{Axes, value_at},
        text::{self, CENTER, look},
        wheel,
    },
};

/// The area of the charts, which takes drags and the wheel.
pub(super) fn area(ui: &Ui, axes: Axes, ruler: Rect, digest: &Digest) -> Response {
    let area = ruler.with_max_x(axes.rect.right()).union(axes.rect);
    let response = ui.interact(area, Id::unique("timeline"), Sense::drag());
    let name = format!(
        "timeline, {}",
        format::duration(std::time::Duration::from_secs_f64(digest.duration_s))
    );
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, &name));
    response
}

/// Paints the range over the charts, and takes what is done with it.
#[expect(clippy::too_many_arguments, reason = "each is a part of the timeline")]
pub(super) fn show(
    ui: &Ui,
    (axes, response): (Axes, &Response),
    ruler: Rect,
    state: &State,
    open: &Open,
    digest: &Digest,
    tracks: tracks::Shown,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    wheel(ui, axes, response, tracks, state, out);
    let dragged = drag(ui, axes, response, state.profile.wanted.range_s);
    if let Some((from, to)) = dragged.or(state.profile.wanted.range_s) {
        axes.wash(ui, (from, to));
        let band = Rect::from_min_max(
            pos2(axes.x(from), ruler.top()),
            pos2(axes.x(to), ruler.bottom()),
        );
        ui.painter().rect_filled(band, 0.0, theme.accent_fill);
        let words = words_of((from, to));
        if text::width(ui, &words, semibold(11.0)) < band.width() - 8.0 {
            text::label(ui, band, CENTER, &words, &look(semibold(11.0), theme.text));
        }
    }
    if open.live {
        return;
    }
    if response.drag_stopped() {
        ui.data_mut(|data| data.remove::<Grip>(response.id));
        out.extend(dragged.map(|range| Command::SetRange(Some(range))));
    } else if let Some(range) = dragged {
        out.push(Command::DragRange(range));
    }
    hover(ui, axes, response, state, open, digest, tracks);
}

/// `12.4 – 31.8 s · 19.4 s`, in the unit that the length asks for.
fn words_of((from, to): (f64, f64)) -> String {
    let length = to - from;
    let (times, unit, digits) = match length {
        0.0..1e-3 => (1e6, "µs", 1),
        1e-3..1.0 => (1e3, "ms", 1),
        _ => (1.0, "s", 1),
    };
    let number = |seconds: f64| format!("{:.digits$}", seconds * times);
    format!(
        "{} – {} {unit} · {} {unit}",
        number(from),
        number(to),
        number(length)
    )
}

/// The wheel zooms with Ctrl and pans with Shift; a sideways wheel pans.
fn wheel(
    ui: &Ui,
    axes: Axes,
    response: &Response,
    tracks: tracks::Shown,
    state: &State,
    out: &mut Vec<Command>,
) {
    if !response.contains_pointer() {
        return;
    }
    let wheel::Wheel { zoom, scroll } = wheel::of(ui);
    let pointer = ui.input(|input| input.pointer.hover_pos());
    let Some(pointer) = pointer else { return };
    if (zoom - 1.0).abs() > 1e-4 {
        let around = axes.time_at(pointer.x);
        let factor = 1.0 / f64::from(zoom);
        out.push(Command::Timeline(TimelineAction::Zoom(
            factor,
            Some(around),
        )));
    } else if scroll.x.abs() > 0.1 {
        let by = -f64::from(scroll.x / axes.rect.width().max(1.0));
        out.push(Command::Timeline(TimelineAction::Pan(by)));
    } else if scroll.y.abs() > 0.1 && tracks.rect.contains(pointer) {
        tracks::scroll(ui, state, scroll.y, out);
    }
}

/// What of the range is held.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Grip {
    /// A new one, from a time on.
    New(f64),
    /// An edge; the other one stays at a time.
    Edge(f64),
    /// All of it: the time at which it was taken hold of, and the range then.
    Whole(f64, (f64, f64)),
}

/// Points beside an edge that still take hold of it.
const REACH: f32 = 5.0;

impl Grip {
    /// What lies at a place.
    fn at(axes: Axes, x: f32, range: Option<(f64, f64)>) -> Self {
        let time = axes.time_at(x);
        let Some((from, to)) = range else {
            return Self::New(time);
        };
        let near = |edge: f64| (axes.x(edge) - x).abs() <= REACH;
        if near(to) {
            Self::Edge(from)
        } else if near(from) {
            Self::Edge(to)
        } else if (from..to).contains(&time) && range != Some(axes.time) {
            Self::Whole(time, (from, to))
        } else {
            Self::New(time)
        }
    }

    /// The range when it is held at a time.
    fn range(self, now: f64) -> (f64, f64) {
        match self {
            Self::New(start) | Self::Edge(start) => (start.min(now), start.max(now)),
            Self::Whole(start, (from, to)) => (from + now - start, to + now - start),
        }
    }
}

/// The range as it is dragged.
fn drag(ui: &Ui, axes: Axes, response: &Response, range: Option<(f64, f64)>) -> Option<(f64, f64)> {
    if !response.dragged() && !response.drag_stopped() {
        return None;
    }
    let held = ui.data(|data| data.get_temp(response.id));
    let grip = held.or_else(|| {
        let start = ui.input(|input| input.pointer.press_origin())?;
        Some(Grip::at(axes, start.x, range))
    })?;
    ui.data_mut(|data| data.insert_temp(response.id, grip));
    let now = response.interact_pointer_pos()?;
    Some(grip.range(axes.time_at(now.x)))
}

fn hover(
    ui: &Ui,
    axes: Axes,
    response: &Response,
    state: &State,
    open: &Open,
    digest: &Digest,
    tracks: tracks::Shown,
) {
    let Some(pointer) = response.hover_pos().filter(|_| !response.dragged()) else {
        return;
    };
    let cursor = match Grip::at(axes, pointer.x, state.profile.wanted.range_s) {
        Grip::Whole(..) => CursorIcon::Grab,
        Grip::Edge(_) | Grip::New(_) => CursorIcon::ResizeHorizontal,
    };
    ui.ctx().set_cursor_icon(cursor);
    if let Some(row) = tracks.row_at(state, pointer) {
        axes.read_out(ui, response, pointer, |time| {
            tracks::read_out(ui, state, open, row, time).into_iter()
        });
        return;
    }
    let theme = Theme::of(ui);
    let series = [
        ("CPU", &digest.cpu, "cores", theme.running),
        ("RSS", &digest.rss, "MiB", theme.rss),
        ("PSS", &digest.pss, "MiB", theme.pss),
    ];
    axes.read_out(ui, response, pointer, |time| {
        let lines = series
            .into_iter()
            .filter_map(move |(words, points, unit, color)| {
                let value = value_at(points, time)?;
                Some((color, format!("{words} {value:.2} {unit}")))
            });
        let waits = state.profile.timeline.tracks.as_ref();
        let bin = waits.and_then(|tracks| tracks.bin_at(time));
        let waits = bin.into_iter().flat_map(move |bin| {
            ORDER.into_iter().rev().filter_map(move |class| {
                let threads = bin[waiting(class)];
                let words = format!("{} {threads:.2} threads", class.label());
                (threads >= 0.005).then(|| (theme.wait(class), words))
            })
        });
        lines.chain(waits)
    });
}

#[cfg(test)]
mod tests {
    use egui::pos2;

    use super::*;

    fn axes() -> Axes {
        Axes {
            rect: Rect::from_min_max(pos2(0.0, 0.0), pos2(100.0, 10.0)),
            time: (0.0, 10.0),
            value: (0.0, 1.0),
        }
    }

    #[test]
    fn edges_resize_the_middle_moves_and_the_outside_begins_anew() {
        let range = Some((2.0, 6.0));
        assert_eq!(Grip::at(axes(), 58.0, range), Grip::Edge(2.0));
        assert_eq!(Grip::at(axes(), 22.0, range), Grip::Edge(6.0));
        let whole = Grip::at(axes(), 40.0, range);
        let (from, to) = whole.range(5.0);
        assert!((from - 3.0).abs() < 1e-6 && (to - 7.0).abs() < 1e-6);
        let new = Grip::at(axes(), 90.0, range);
        assert!((new.range(8.0).0 - 8.0).abs() < 1e-6);
    }

    #[test]
    fn an_edge_that_is_dragged_past_the_other_one_turns_the_range_around() {
        assert_eq!(Grip::Edge(6.0).range(8.0), (6.0, 8.0));
        assert_eq!(Grip::Edge(6.0).range(2.0), (2.0, 6.0));
    }

    #[test]
    fn a_range_is_told_in_the_unit_of_its_length() {
        assert_eq!(words_of((12.4, 31.8)), "12.4 – 31.8 s · 19.4 s");
        assert_eq!(words_of((0.0124, 0.0318)), "12.4 – 31.8 ms · 19.4 ms");
        assert_eq!(words_of((0.0, 5e-6)), "0.0 – 5.0 µs · 5.0 µs");
    }
}
