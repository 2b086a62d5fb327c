//! What is weighed: the switch of the toolbar, and the chips of the classes of waits.

use egui::{Rect, Role, StrokeKind, Ui, WidgetInfo, pos2, vec2};
use scrutineer_profiler::profile::Weight;

use crate::{
    command::Command,
    format,
    state::{State, profile::Open},
    theme::{CONTROL, RADIUS_TAG, Theme, medium, mono, regular},
    views::waits::ClassTime,
    widgets::{
        self,
        bar::Bar,
        hline,
        segmented::{self, Segment},
        select,
        text::{self, LEFT, RIGHT, look},
    },
};

/// Height of a row of chips.
const ROW: f32 = 28.0;
/// Widest the chooser of measures becomes: names of events may be long.
const MOST_MEASURE: f32 = 180.0;
const WORDS: &str = "Waited for";

/// Height of all rows of chips.
pub(super) fn height(ui: &Ui, width: f32, open: &Open) -> f32 {
    let places = places(ui, width, open);
    let last = places.last().map_or(0.0, Rect::top);
    last + ROW + 4.0
}

/// Where each chip stands within a row of `width`, wrapped.
fn places(ui: &Ui, width: f32, open: &Open) -> Vec<Rect> {
    let left = 20.0 + text::width(ui, WORDS, regular(12.0));
    let (mut x, mut y) = (left, 5.0);
    let mut place = |class: &ClassTime| {
        let wide = chip_width(ui, class);
        if x + wide > width - 12.0 && x > left {
            (x, y) = (left, y + ROW);
        }
        let rect = Rect::from_min_size(pos2(x.round(), y), vec2(wide, 24.0));
        x += wide + 8.0;
        rect
    };
    open.shown.classes.iter().map(&mut place).collect()
}

fn chip_width(ui: &Ui, found: &ClassTime) -> f32 {
    let names = text::width(ui, found.class.label(), medium(12.0));
    (names + text::width(ui, &time_of(found), mono(11.5)) + 38.0).round()
}

fn time_of(found: &ClassTime) -> String {
    format::quantity(Weight::Wait.unit(), found.time_ns)
}

/// Words of a weight as the toolbar has them.
pub(super) const fn label(weight: Weight) -> &'static str {
    match weight {
        Weight::Cpu => "CPU time",
        Weight::Wait => "Waits",
        Weight::PageFaults => "Page faults",
    }
}

/// Shows the switch, where the capture has more than CPU time.
pub(super) fn switch(ui: &Ui, bar: &mut Bar, state: &State, open: &Open, out: &mut Vec<Command>) {
    let weights = open.weights();
    if weights.len() < 2 {
        return;
    }
    let segments: Vec<Segment<'_>> = weights.iter().map(|weight| label(*weight).into()).collect();
    let at = weights
        .iter()
        .position(|weight| *weight == state.profile.wanted.weight);
    let place = bar.left(segmented::width(ui, &segments), CONTROL);
    if let Some(chosen) = segmented::show(ui, place, "weight", &segments, at.unwrap_or(0)) {
        out.push(Command::Weigh(weights[chosen]));
    }
}

/// Shows what the file measures, where that is several things.
pub(super) fn measures(ui: &Ui, bar: &mut Bar, open: &Open, out: &mut Vec<Command>) {
    let names = open.measures();
    let at = open.measure_at();
    let Some(shown) = names.get(at) else {
        return;
    };
    let width = select::width(ui, "", shown).min(MOST_MEASURE);
    let place = bar.left(width, CONTROL);
    if let Some(chosen) = select::show(ui, place, "Measure", "", names, at) {
        out.push(Command::Measure(chosen));
    }
}

/// Shows a chip for each class of waits with its time in the range.
pub(super) fn chips(ui: &Ui, rect: Rect, state: &State, open: &Open, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    ui.painter().rect_filled(rect, 0.0, theme.panel);
    hline(ui, rect, rect.bottom(), theme.hairline());
    let room = Rect::from_min_size(rect.min + vec2(12.0, 5.0), vec2(120.0, 24.0));
    text::label(ui, room, LEFT, WORDS, &look(regular(12.0), theme.text_3));
    let filtered = state.profile.wanted.classes.is_some();
    let places = places(ui, rect.width(), open);
    for (class, place) in open.shown.classes.iter().zip(&places) {
        let on = state.profile.wanted.counts(class.class);
        let place = place.translate(rect.min.to_vec2());
        chip(ui, place, class, on, filtered, out);
    }
    let words = if filtered {
        "Esc shows all of them"
    } else {
        "Click one to see it alone"
    };
    let Some(last) = places.last() else { return };
    let place = last.translate(rect.min.to_vec2());
    let free = Rect::from_min_max(
        place.right_top() + vec2(16.0, 0.0),
        pos2(rect.right() - 12.0, place.bottom()),
    );
    if text::width(ui, words, regular(12.0)) < free.width() {
        text::label(ui, free, RIGHT, words, &look(regular(12.0), theme.text_3));
    }
}

/// One chip.
fn chip(ui: &Ui, rect: Rect, found: &ClassTime, on: bool, filtered: bool, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let time = time_of(found);
    let name = found.class.label();
    let id = egui::Id::unique(("wait class", found.class.id()));
    let spoken = format!("waits {name}, {}", time.replace('\u{a0}', " "));
    let response = widgets::clickable(ui, rect, id, Role::Button, &spoken);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, on && filtered, &spoken));
    let fill = match (on && filtered, response.hovered()) {
        (true, _) => theme.accent_fill,
        (false, true) => theme.track,
        (false, false) => theme.hover,
    };
    let border = if on && filtered {
        egui::Stroke::new(1.0, theme.accent_border)
    } else {
        theme.border()
    };
    ui.painter()
        .rect(rect, RADIUS_TAG, fill, border, StrokeKind::Inside);
    let square = Rect::from_center_size(rect.left_center() + vec2(13.0, 0.0), vec2(9.0, 9.0));
    let color = theme.wait(found.class);
    ui.painter().rect_filled(square, 2.0, color);
    let inner = Rect::from_min_max(rect.min + vec2(23.0, 0.0), rect.max - vec2(8.0, 0.0));
    let ink = if on { theme.text } else { theme.text_2 };
    text::paint(ui, inner, LEFT, name, &look(medium(12.0), ink));
    text::paint(ui, inner, RIGHT, &time, &look(mono(11.5), theme.text_2));
    let hint = if on && filtered {
        "Hide this class"
    } else if filtered {
        "Show this class too"
    } else {
        "Show this class alone"
    };
    widgets::tooltip::text(ui, &response, hint);
    if response.clicked() {
        out.push(Command::ToggleWaitClass(found.class));
    }
}
