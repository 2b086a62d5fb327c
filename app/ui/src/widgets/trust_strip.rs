//! How far a capture can be trusted, with the cause and the remedy of each doubt.

use egui::{Rect, Ui, pos2, vec2};
use scrutineer_checklists::verdict::Outcome;
use scrutineer_evidence::capture::Quality;

use super::{
    bar::Bar,
    outcome,
    text::{self, LEFT, look},
    vline,
};
use crate::{
    format, icons,
    theme::{Theme, mono, regular, semibold},
};

/// Height of the strip.
pub(crate) const HEIGHT: f32 = 30.0;

/// One measure of trust.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measure {
    /// Word.
    pub(crate) word: &'static str,
    /// Number with its unit.
    pub(crate) number: String,
    /// Pass, attention or fail.
    pub(crate) outcome: Outcome,
    /// What follows and what to do; empty where all is well.
    pub(crate) remedy: &'static str,
}

/// The measures of a capture of a given length. Limits are house rules: 1 % and 5 % of samples
/// lost, 5 % and 25 % of stacks truncated, 5 % and 25 % without a name, 2 % and 5 % overhead, and
/// 5 % and 25 % of CPU time in a kernel that is not permitted to be seen.
pub(crate) fn measures(quality: &Quality, duration_s: f64, cpu_s: f64) -> Vec<Measure> {
    let taken = quality.samples + quality.lost;
    let lost = format::share(quality.lost, taken);
    let truncated = quality.share(quality.truncated);
    let unknown = quality.share(quality.unresolved);
    let overhead = quality.profiler_cpu_ns as f64 / 1e9 / cpu_s.max(duration_s).max(1e-9);
    let mut measures = vec![
        measure(
            "lost",
            format::fine_percent(lost),
            lost,
            (0.01, 0.05),
            "Samples were lost: lower the frequency or raise kernel.perf_event_mlock_kb",
        ),
        measure(
            "truncated",
            format::percent(truncated),
            truncated,
            (0.05, 0.25),
            "Deep stacks were cut off: their callers may be missing",
        ),
        measure(
            "unknown",
            format::percent(unknown),
            unknown,
            (0.05, 0.25),
            "Frames without a name: install debug symbols or build with debug = \"line-tables-only\"",
        ),
        measure(
            "overhead",
            format::percent(overhead),
            overhead,
            (0.02, 0.05),
            "The profiler itself used CPU: lower the frequency",
        ),
    ];
    if let Some(hidden) = quality.kernel_invisible_share {
        measures.push(measure(
            "kernel unseen",
            format::percent(hidden),
            hidden,
            (0.05, 0.25),
            "Kernel time may not be seen here: sudo sysctl kernel.perf_event_paranoid=1",
        ));
    }
    if quality.paused_ns > 0 {
        let paused = quality.paused_ns as f64 / 1e9 / duration_s.max(1e-9);
        measures.push(measure(
            "paused",
            format::percent(paused),
            paused,
            (0.02, 0.10),
            "The target stood still for ptrace samples: permit perf events to avoid it",
        ));
    }
    measures
}

fn measure(
    word: &'static str,
    number: String,
    value: f64,
    (attention, fail): (f64, f64),
    remedy: &'static str,
) -> Measure {
    let outcome = match value {
        value if value > fail => Outcome::Fail,
        value if value > attention => Outcome::Attention,
        _ => Outcome::Pass,
    };
    let remedy = if outcome == Outcome::Pass { "" } else { remedy };
    Measure {
        word,
        number,
        outcome,
        remedy,
    }
}

/// Paints the strip.
pub(crate) fn show(ui: &Ui, rect: Rect, samples: u64, measures: &[Measure]) {
    let theme = Theme::of(ui);
    let worst = measures
        .iter()
        .map(|measure| measure.outcome)
        .min()
        .unwrap_or(Outcome::Pass);
    let worst = if samples == 0 { Outcome::Fail } else { worst };
    let verdict = match worst {
        Outcome::Pass => "Trustworthy",
        Outcome::Attention => "Read with care",
        _ if samples == 0 => "No samples",
        _ => "Not trustworthy",
    };
    let ink = theme.outcome(worst).ink;
    let mut bar = Bar::new(rect, 12.0, 0.0);
    let shield = if worst == Outcome::Pass {
        icons::SHIELD_CHECK
    } else {
        icons::SHIELD_WARNING
    };
    text::icon(ui, bar.left(16.0, 16.0), shield, 15.0, ink);
    bar.rest.min.x += 5.0;
    let place = text::label(ui, bar.rest, LEFT, verdict, &look(semibold(12.5), ink));
    bar.rest.min.x = place.right();
    part(ui, &mut bar, None, "samples", &format::count(samples));
    for measure in measures {
        part(
            ui,
            &mut bar,
            Some(measure.outcome),
            measure.word,
            &measure.number,
        );
    }
    remedy(ui, bar.rest, samples, measures);
}

fn part(ui: &Ui, bar: &mut Bar, of: Option<Outcome>, word: &str, number: &str) {
    let theme = Theme::of(ui);
    let line = Rect::from_center_size(
        pos2(bar.rest.left() + 13.0, bar.rest.center().y),
        vec2(1.0, 14.0),
    );
    vline(ui, line, line.center().x + 0.5, theme.border());
    bar.rest.min.x += 26.0;
    if let Some(of) = of {
        outcome::paint(
            ui,
            pos2(bar.rest.left() + 5.5, bar.rest.center().y),
            11.0,
            of,
        );
        bar.rest.min.x += 17.0;
    }
    let place = text::paint(ui, bar.rest, LEFT, word, &look(regular(12.0), theme.text_2));
    let room = Rect::from_min_max(pos2(place.right() + 6.0, bar.rest.top()), bar.rest.max);
    let number_place = text::paint(ui, room, LEFT, number, &look(mono(12.0), theme.text));
    text::announce(ui, place.union(number_place), &format!("{word} {number}"));
    bar.rest.min.x = number_place.right();
}

fn remedy(ui: &Ui, rest: Rect, samples: u64, measures: &[Measure]) {
    let theme = Theme::of(ui);
    let doubtful = measures.iter().filter(|measure| !measure.remedy.is_empty());
    let worst = doubtful
        .min_by_key(|measure| measure.outcome)
        .map(|measure| measure.remedy);
    let words = if samples == 0 {
        Some("The target may have been idle: record while it works")
    } else {
        worst
    };
    let Some(words) = words else { return };
    let room = Rect::from_min_max(pos2(rest.left() + 20.0, rest.top()), rest.max);
    if room.width() > 60.0 {
        let place = text::label(
            ui,
            room,
            text::RIGHT,
            words,
            &look(regular(12.0), theme.text_3),
        );
        let id = egui::Id::unique("trust remedy");
        super::tooltip::text(ui, &ui.interact(place, id, egui::Sense::hover()), words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_lost_samples_make_a_capture_untrustworthy_and_name_the_remedy() {
        let quality = Quality {
            samples: 900,
            lost: 100,
            ..Quality::default()
        };
        let measures = measures(&quality, 10.0, 8.0);
        assert_eq!(measures[0].outcome, Outcome::Fail);
        assert_eq!(measures[0].number, "10.00\u{a0}%");
        assert!(measures[0].remedy.contains("lower the frequency"));
        assert_eq!(measures[1].outcome, Outcome::Pass);
        assert_eq!(measures[1].remedy, "");
    }

    #[test]
    fn kernel_time_is_said_only_where_it_is_known() {
        let known = Quality {
            kernel_invisible_share: Some(0.3),
            ..Quality::default()
        };
        assert_eq!(
            measures(&known, 1.0, 1.0).last().map(|last| last.word),
            Some("kernel unseen")
        );
        assert_eq!(measures(&Quality::default(), 1.0, 1.0).len(), 4);
    }
}
