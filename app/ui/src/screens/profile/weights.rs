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
        text::{self, LEFT, RIGHT, look},
    },
};

/// Height of the row of chips.
pub(super) const CHIPS: f32 = 34.0;

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

/// Shows a chip for each class of waits with its time in the range.
pub(super) fn chips(ui: &Ui, rect: Rect, state: &State, open: &Open, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    ui.painter().rect_filled(rect, 0.0, theme.panel);
    hline(ui, rect, rect.bottom(), theme.hairline());
    let mut room = rect.shrink2(vec2(12.0, 0.0));
    let words = "Waited for";
    room.min.x = text::label(ui, room, LEFT, words, &look(regular(12.0), theme.text_3)).right();
    let filtered = state.profile.wanted.classes.is_some();
    for class in open.shown.classes.iter() {
        let on = state.profile.wanted.counts(class.class);
        if !chip(ui, &mut room, class, on, filtered, out) {
            let more = "…";
            text::label(ui, room, LEFT, more, &look(regular(12.0), theme.text_3));
            return;
        }
    }
    let words = if filtered {
        "Esc shows all of them"
    } else {
        "Click one to see it alone"
    };
    if text::width(ui, words, regular(12.0)) + 16.0 < room.width() {
        text::label(ui, room, RIGHT, words, &look(regular(12.0), theme.text_3));
    }
}

/// One chip; `false` where there is no room for it.
fn chip(
    ui: &Ui,
    room: &mut Rect,
    found: &ClassTime,
    on: bool,
    filtered: bool,
    out: &mut Vec<Command>,
) -> bool {
    let theme = Theme::of(ui);
    let time = format::quantity(Weight::Wait.unit(), found.time_ns);
    let name = found.class.label();
    let names = text::width(ui, name, medium(12.0));
    let width = (names + text::width(ui, &time, mono(11.5)) + 38.0).round();
    if room.width() < width + 24.0 {
        return false;
    }
    let min = pos2((room.min.x + 8.0).round(), room.center().y - 12.0);
    let rect = Rect::from_min_size(min, vec2(width, 24.0));
    room.min.x = rect.right();
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
    true
}
