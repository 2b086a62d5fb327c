//! A job under way: title, step, progress and cancel.

use egui::{Rect, Ui, pos2, vec2};

use super::{
    bar::Bar,
    button::{Button, Loudness},
    panel,
    text::{self, LEFT, look},
};
use crate::{
    icons,
    state::Job,
    theme::{Theme, medium, mono, regular},
};

/// Size of a line.
pub(crate) const HEIGHT: f32 = 58.0;

/// Shows a job; says whether it is to be cancelled.
pub(crate) fn show(ui: &Ui, rect: Rect, job: &Job) -> bool {
    let theme = Theme::of(ui);
    panel::floating(ui, rect);
    let mut body = rect.shrink2(vec2(0.0, 6.0));
    let track = super::bar::cut_bottom(&mut body, 6.0).shrink2(vec2(12.0, 1.0));
    let mut bar = Bar::new(body, 12.0, 8.0);
    let name = format!("Cancel {}", job.title);
    let cancel = Button::icon_only(icons::CLOSE, &name)
        .loudness(Loudness::Quiet)
        .show(ui, bar.right(24.0, 24.0), job.id);
    let percent = job
        .done
        .map_or(String::new(), |done| format!("{:.0} %", done * 100.0));
    let place = text::paint(
        ui,
        bar.rest,
        text::RIGHT,
        &percent,
        &look(mono(11.0), theme.text_2),
    );
    bar.rest.max.x = place.left() - 8.0;
    let (above, below) = bar.rest.split_top_bottom_at_fraction(0.5);
    text::label(ui, above, LEFT, &job.title, &look(medium(12.5), theme.text));
    text::label(
        ui,
        below,
        LEFT,
        &job.step,
        &look(regular(11.5), theme.text_3),
    );
    ui.painter().rect_filled(track, 2.0, theme.track);
    paint_progress(ui, track, job);
    cancel.clicked()
}

fn paint_progress(ui: &Ui, track: Rect, job: &Job) {
    let theme = Theme::of(ui);
    let (from, to) = match job.done {
        Some(done) => (0.0, done.clamp(0.0, 1.0)),
        None => {
            // Without a share the bar only says that work goes on, once 300 ms have passed.
            let since = ui.ctx().time() - job.since_s;
            ui.ctx().request_repaint_after_secs(0.1);
            let at = if since < 0.3 {
                return;
            } else {
                (since * 0.4).fract() as f32
            };
            (at * 0.75, at * 0.75 + 0.25)
        }
    };
    let filled = Rect::from_min_max(
        pos2(track.left() + from * track.width(), track.top()),
        pos2(track.left() + to * track.width(), track.bottom()),
    );
    ui.painter().rect_filled(filled, 2.0, theme.accent);
}
