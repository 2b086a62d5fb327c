//! The strip of tabs: captures that are open side by side.

use egui::{Id, PointerButton, Rect, Role, Ui, WidgetInfo, pos2, vec2};
use scrutineer_checklists::verdict::Outcome;

use super::{
    button::{Button, Loudness},
    focus_ring, hline,
    text::{self, LEFT, look},
    vline,
};
use crate::{
    command::{Command, TabAction},
    format, icons,
    state::{State, profile::ProfileState},
    theme::{Theme, medium, regular},
};

/// Height of the strip.
pub(crate) const HEIGHT: f32 = 32.0;

const WIDEST: f32 = 240.0;
const NARROWEST: f32 = 64.0;

/// Whether there is more than one tab.
pub(crate) fn is_shown(state: &State) -> bool {
    state.tabs.count() > 1
}

/// Title of a tab: the target, and when it was captured.
pub(crate) fn title(tab: &ProfileState, now: jiff::Timestamp) -> (String, String) {
    let open = tab.open.as_ref();
    match (open, &tab.awaited) {
        (Some(open), _) if open.live => (open.profile().header.name.clone(), "recording".into()),
        (Some(open), _) => {
            let header = &open.profile().header;
            (header.name.clone(), format::day(header.started_at, now))
        }
        (None, Some(awaited)) => (awaited.clone(), String::new()),
        (None, None) => ("No capture".to_owned(), String::new()),
    }
}

/// Shows the strip.
pub(crate) fn show(ui: &Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    ui.painter().rect_filled(rect, 0.0, theme.panel);
    hline(ui, rect, rect.bottom(), theme.hairline());
    let count = state.tabs.count();
    let width = (rect.width() / count as f32).clamp(NARROWEST, WIDEST);
    // Where not all fit, the shown one is among those that do.
    let fit = ((rect.width() / width).floor() as usize).max(1);
    let first = (state.tabs.shown() + 1).saturating_sub(fit);
    for place in first..count.min(first + fit) {
        let left = rect.left() + (place - first) as f32 * width;
        let tab = Rect::from_min_size(pos2(left, rect.top()), vec2(width, rect.height()));
        one(ui, tab, state, place, out);
    }
}

fn one(ui: &Ui, rect: Rect, state: &State, place: usize, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let is_on = place == state.tabs.shown();
    let (name, when) = title(state.tab(place), state.now);
    let id = Id::unique(("tab", state.tabs.id(place)));
    let response = ui.interact(rect, id, egui::Sense::click());
    let spoken = format!("tab {} {name} {when}", place + 1);
    let spoken = spoken.trim();
    response.widget_info(|| WidgetInfo::selected(Role::Tab, true, is_on, spoken));
    if is_on || response.hovered() {
        let fill = if is_on { theme.canvas } else { theme.hover };
        ui.painter().rect_filled(rect, 0.0, fill);
    }
    if is_on {
        let mark = Rect::from_min_size(rect.min, vec2(rect.width(), 2.0));
        ui.painter().rect_filled(mark, 0.0, theme.accent);
    }
    vline(ui, rect, rect.right(), theme.hairline());
    let cross =
        Rect::from_center_size(pos2(rect.right() - 16.0, rect.center().y), vec2(24.0, 24.0));
    let mut room = rect.shrink2(vec2(12.0, 0.0)).with_max_x(cross.left() - 4.0);
    if state.tab(place).open.as_ref().is_some_and(|open| open.live) {
        let dot = Rect::from_center_size(room.left_center() + vec2(6.0, 0.0), vec2(13.0, 13.0));
        let red = theme.outcome(Outcome::Fail).mark;
        text::icon_filled(ui, dot, icons::RECORD, 13.0, red);
        room.min.x += 18.0;
    }
    let ink = if is_on { theme.text } else { theme.text_2 };
    let words = text::paint(ui, room, LEFT, &name, &look(medium(12.5), ink));
    room.min.x = words.right() + 8.0;
    text::paint(ui, room, LEFT, &when, &look(regular(11.5), theme.text_3));
    let close_name = format!("Close {spoken}");
    let close = Button::icon_only(icons::CLOSE, &close_name).loudness(Loudness::Quiet);
    let closed = close.show(ui, cross, id).clicked();
    if closed || response.clicked_by(PointerButton::Middle) {
        out.push(Command::Tab(TabAction::Close(place)));
    } else if response.clicked() {
        out.push(Command::Tab(TabAction::Show(place)));
    }
    focus_ring(ui, &response);
}
