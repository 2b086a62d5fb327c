//! How far a capture can be trusted, with the cause and the remedy of each doubt.

use egui::{Rect, Ui, pos2, vec2};
use scrutineer_checklists::verdict::Outcome;
use scrutineer_evidence::trust::{Level, Measure, Trust};

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

/// The shape and ink of a level.
fn outcome_of(level: Level) -> Outcome {
    match level {
        Level::Fine => Outcome::Pass,
        Level::Attention => Outcome::Attention,
        Level::Fail => Outcome::Fail,
    }
}

/// Paints the strip.
pub(crate) fn show(ui: &Ui, rect: Rect, samples: u64, trust: &Trust) {
    let theme = Theme::of(ui);
    let verdict = if samples == 0 {
        "No samples"
    } else {
        trust.level.label()
    };
    let ink = theme.outcome(outcome_of(trust.level)).ink;
    let mut bar = Bar::new(rect, 12.0, 0.0);
    let shield = if trust.level == Level::Fine {
        icons::SHIELD_CHECK
    } else {
        icons::SHIELD_WARNING
    };
    text::icon(ui, bar.left(16.0, 16.0), shield, 15.0, ink);
    bar.free.min.x += 5.0;
    let place = text::label(ui, bar.free, LEFT, verdict, &look(semibold(12.5), ink));
    bar.free.min.x = place.right();
    for measure in &trust.measures {
        // What does not fit is told by the table of the same measures in the report.
        if bar.free.width() < 120.0 {
            break;
        }
        part(ui, &mut bar, measure);
    }
    remedy(ui, bar.free, trust);
}

fn part(ui: &Ui, bar: &mut Bar, measure: &Measure) {
    let theme = Theme::of(ui);
    let line = Rect::from_center_size(
        pos2(bar.free.left() + 13.0, bar.free.center().y),
        vec2(1.0, 14.0),
    );
    vline(ui, line, line.center().x + 0.5, theme.border());
    bar.free.min.x += 26.0;
    // A fact without limits bears no shape.
    if !["samples", "clock"].contains(&measure.id) || measure.level > Level::Fine {
        let at = pos2(bar.free.left() + 5.5, bar.free.center().y);
        outcome::paint(ui, at, 11.0, outcome_of(measure.level));
        bar.free.min.x += 17.0;
    }
    let number = number(measure);
    let words = measure.label;
    let place = text::paint(
        ui,
        bar.free,
        LEFT,
        words,
        &look(regular(12.0), theme.text_2),
    );
    let room = Rect::from_min_max(pos2(place.right() + 6.0, bar.free.top()), bar.free.max);
    let number_place = text::paint(ui, room, LEFT, &number, &look(mono(12.0), theme.text));
    let whole = place.union(number_place);
    text::announce(ui, whole, &format!("{words} {number}"));
    let id = egui::Id::unique(("trust", measure.id));
    let hovered = ui.interact(whole, id, egui::Sense::hover());
    super::tooltip::text(ui, &hovered, &measure.sentence());
    bar.free.min.x = number_place.right();
}

/// The value as the strip shows it, with spaces that do not break.
fn number(measure: &Measure) -> String {
    match measure.value.parse::<u64>() {
        Ok(count) => format::count(count),
        Err(_) => measure.value.replace(' ', "\u{a0}"),
    }
}

fn remedy(ui: &Ui, free: Rect, trust: &Trust) {
    let theme = Theme::of(ui);
    let Some(worst) = trust.doubts().into_iter().next() else {
        return;
    };
    let room = Rect::from_min_max(pos2(free.left() + 20.0, free.top()), free.max);
    if room.width() > 60.0 {
        let words = worst.sentence();
        let look = look(regular(12.0), theme.text_3);
        let place = text::label(ui, room, text::RIGHT, &words, &look);
        let id = egui::Id::unique("trust remedy");
        super::tooltip::text(ui, &ui.interact(place, id, egui::Sense::hover()), &words);
    }
}
