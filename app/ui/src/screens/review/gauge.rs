//! A number against its limits: now, and at the milestone.

use egui::{Rect, Ui, pos2, vec2};
use scrutineer_checklists::{gauge::Gauge, verdict::Outcome};

use crate::{
    format,
    theme::{Theme, mono, regular},
    widgets::{
        bar::cut_top,
        text::{self, LEFT, look},
    },
};

/// Room for the words before the bars.
const WORDS: f32 = 116.0;
const ROW: f32 = 24.0;

/// Shows the gauge from the top of `room` down, and cuts it off.
pub(super) fn show(
    ui: &Ui,
    room: &mut Rect,
    gauge: &Gauge,
    before: Option<&Gauge>,
    outcome: Outcome,
) {
    let theme = Theme::of(ui);
    let rows = if before.is_some() { 2.0 } else { 1.0 };
    let area = cut_top(room, rows * ROW + 4.0);
    let scale = area.with_min_x(area.left() + WORDS.min(area.width() * 0.3));
    let most = most_of(gauge, before);
    let at = |value: f64| scale.left() + scale.width() * (value / most).clamp(0.0, 1.0) as f32;
    for (from, to, of) in zones(gauge, most) {
        let zone = Rect::from_min_max(pos2(at(from), scale.top()), pos2(at(to), scale.bottom()));
        ui.painter().rect_filled(zone, 0.0, theme.outcome(of).fill);
    }
    let now = (gauge.value, outcome, "This capture");
    let then = before.map(|then| (then.value, judged(then), "Last milestone"));
    for (place, (value, of, words)) in std::iter::once(now).chain(then).enumerate() {
        let top = area.top() + 2.0 + place as f32 * ROW;
        let line = Rect::from_min_max(pos2(area.left(), top), pos2(area.right(), top + ROW));
        let ink = look(regular(12.5), theme.text_2);
        text::paint(ui, line, LEFT, words, &ink);
        let bar = Rect::from_min_max(
            pos2(scale.left(), line.center().y - 4.5),
            pos2(at(value).max(scale.left() + 2.0), line.center().y + 4.5),
        );
        ui.painter().rect_filled(bar, 2.0, theme.outcome(of).mark);
        let number = format::percent(value);
        let wide = text::width(ui, &number, mono(12.0)) + 16.0;
        let fits = bar.right() + wide < scale.right();
        let left = if fits {
            bar.right() + 8.0
        } else {
            scale.right() - wide
        };
        let ink = look(mono(12.0), theme.text);
        let room = Rect::from_min_size(pos2(left, line.top()), vec2(wide, ROW));
        text::paint(ui, room, LEFT, &number, &ink);
        text::announce(ui, line, &format!("{words} {number}"));
    }
    axis(ui, cut_top(room, 18.0), gauge, &at);
    room.min.y += 6.0;
}

/// The end of the scale: beyond the limits and both numbers, and no share above all.
fn most_of(gauge: &Gauge, before: Option<&Gauge>) -> f64 {
    let limits = [gauge.good, gauge.fail.unwrap_or(gauge.good)];
    let values = [gauge.value, before.map_or(0.0, |before| before.value)];
    let most = limits.into_iter().chain(values).fold(0.0, f64::max);
    (most * 1.3).clamp(f64::MIN_POSITIVE, 1.0_f64.max(most))
}

fn zones(gauge: &Gauge, most: f64) -> Vec<(f64, f64, Outcome)> {
    use Outcome::{Attention, Fail, Pass};
    let good = gauge.good;
    match (gauge.less_is_better, gauge.fail) {
        (true, Some(fail)) => vec![
            (0.0, good, Pass),
            (good, fail, Attention),
            (fail, most, Fail),
        ],
        (true, None) => vec![(0.0, good, Pass), (good, most, Attention)],
        (false, Some(fail)) => vec![
            (0.0, fail, Fail),
            (fail, good, Attention),
            (good, most, Pass),
        ],
        (false, None) => vec![(0.0, good, Attention), (good, most, Pass)],
    }
}

/// What a number comes to by the limits.
fn judged(gauge: &Gauge) -> Outcome {
    let zones = zones(gauge, f64::INFINITY);
    let within = |(from, to, _): &&(f64, f64, Outcome)| gauge.value >= *from && gauge.value < *to;
    zones
        .iter()
        .find(within)
        .map_or(Outcome::Unknown, |zone| zone.2)
}

fn axis(ui: &Ui, rect: Rect, gauge: &Gauge, at: &dyn Fn(f64) -> f32) {
    let theme = Theme::of(ui);
    let ink = look(mono(10.5), theme.text_3);
    let (beyond_good, fails) = if gauge.less_is_better {
        ("attention", "fail")
    } else {
        ("pass", "attention")
    };
    let mut marks = vec![(gauge.good, beyond_good)];
    marks.extend(gauge.fail.map(|fail| (fail, fails)));
    marks.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut free = rect.left();
    let mark = |left: f32, words: &str| {
        let room = Rect::from_min_max(pos2(left, rect.top()), rect.max);
        text::label(ui, room, LEFT, words, &ink).right() + 10.0
    };
    free = free.max(mark(at(0.0), "0"));
    for (value, words) in marks {
        let words = format!("{} {words}", format::percent(value));
        free = mark(at(value).max(free), &words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gauge(value: f64, less_is_better: bool) -> Gauge {
        let (good, fail) = if less_is_better {
            (0.05, 0.2)
        } else {
            (0.8, 0.5)
        };
        Gauge {
            value,
            good,
            fail: Some(fail),
            less_is_better,
        }
    }

    #[test]
    fn a_number_is_judged_by_the_zone_that_it_lies_in() {
        use Outcome::{Attention, Fail, Pass};
        for (value, of) in [(0.01, Pass), (0.081, Attention), (0.236, Fail)] {
            assert_eq!(judged(&gauge(value, true)), of);
        }
        for (value, of) in [(0.4, Fail), (0.6, Attention), (0.9, Pass)] {
            assert_eq!(judged(&gauge(value, false)), of);
        }
    }

    #[test]
    fn the_scale_reaches_beyond_what_it_shows_and_not_above_all() {
        assert!((most_of(&gauge(0.236, true), None) - 0.3068).abs() < 1e-9);
        assert!((most_of(&gauge(0.95, false), None) - 1.0).abs() < 1e-9);
    }
}
