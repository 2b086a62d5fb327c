//! The flame graph with the way to what is shown above it.

use egui::{Rect, Ui, pos2, vec2};
use scrutineer_profiler::profile::{Category, Weight};

use super::steps;
use crate::{
    command::{Command, TimelineAction},
    icons,
    state::{State, profile::Open},
    theme::{RADIUS_TAG, Theme, medium, regular},
    views::Arrangement,
    widgets::{
        self,
        bar::cut_top,
        empty,
        flame::{Flame, FlameAction, Part, Window, canvas_id, short_name},
        text::{self, LEFT, look},
    },
};

/// Shows the graph.
pub(super) fn show(ui: &mut Ui, rect: Rect, state: &State, open: &Open, out: &mut Vec<Command>) {
    let mut rect = rect;
    let way_rect = cut_top(&mut rect, 31.0);
    way(ui, way_rect, state, open, out);
    rect.min.y += 2.0;
    let layout = open.layout(state.profile.mode);
    if layout.total == 0 {
        no_samples(ui, rect, state, open, out);
        return;
    }
    let title = title(open);
    let place_of = |function: u32| open.place_of(function);
    let found = state
        .profile
        .found
        .as_ref()
        .filter(|_| !state.profile.search.is_empty());
    let flame = Flame {
        part: Part::Stacks,
        profile: &open.shown.profile,
        tree: &open.shown.tree,
        layout,
        window: state.profile.window,
        moves: state.profile.moves,
        scroll: state.profile.scroll,
        selected: state.profile.selected,
        matches: found.map(|found| &found.functions),
        unit: open.unit(),
        title: &title,
        place_of: &place_of,
    };
    let mut menu_at = None;
    for action in flame.show(ui, rect) {
        match action {
            FlameAction::Menu(at) => menu_at = Some(at),
            action => out.push(Command::Flame(action)),
        }
    }
    steps::menu(ui, menu_at, state, open, out);
    if state.profile.reveal {
        out.extend(flame.reveal_selected(rect).map(Command::Flame));
    }
    copy(ui, state, open);
}

/// Ctrl+C copies the selected name.
fn copy(ui: &Ui, state: &State, open: &Open) {
    let typing = ui.ctx().text_edit_focused();
    let asked = ui.input(|input| input.events.contains(&egui::Event::Copy));
    if let Some(node) = state.profile.selected.filter(|_| asked && !typing) {
        ui.ctx().copy_text(open.name(node).to_owned());
    }
}

fn title(open: &Open) -> String {
    let all = open.profile().threads.len();
    let noun = if all == 1 { "thread" } else { "threads" };
    let threads = match &open.arrangement.threads {
        Some(chosen) => format!("{} of {all}", chosen.len()),
        None => all.to_string(),
    };
    let inverted = if open.arrangement.inverted {
        ", callees first"
    } else {
        ""
    };
    format!("all · {threads} {noun}{inverted}")
}

fn no_samples(ui: &Ui, rect: Rect, state: &State, open: &Open, out: &mut Vec<Command>) {
    if open.live {
        empty::show(
            ui,
            rect,
            "No samples yet",
            "The target has not used the CPU so far.",
            &[],
        );
        return;
    }
    let ranged = state.profile.wanted.range_s.is_some();
    let weight = state.profile.wanted.weight;
    if weight != Weight::Cpu {
        let words = format!("There are no {} in what is chosen.", weight.label());
        let all = widgets::button::Button::new("Show CPU time");
        if empty::show(ui, rect, "Nothing here", &words, &[all]).is_some() {
            out.push(Command::Weigh(Weight::Cpu));
        }
        return;
    }
    if !ranged && open.profile().has(Weight::Wait) {
        let words = "The target did not use the CPU while it was recorded: it waited.";
        let waits = widgets::button::Button::new("Show what it waited for");
        if empty::show(ui, rect, "No samples", words, &[waits]).is_some() {
            out.push(Command::Weigh(Weight::Wait));
        }
        return;
    }
    let words = if ranged {
        "The target did not use the CPU in this range."
    } else {
        "The target did not use the CPU while it was recorded: record it under load."
    };
    let button = widgets::button::Button::new("Show the whole recording");
    let buttons = if ranged {
        std::slice::from_ref(&button)
    } else {
        &[]
    };
    if empty::show(ui, rect, "No samples", words, buttons).is_some() {
        out.push(Command::SetRange(None));
    }
}

/// The chips that say what is shown, each with the way back.
pub(super) fn way(ui: &Ui, rect: Rect, state: &State, open: &Open, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let legend_left = legend(ui, rect);
    let mut room = Rect::from_min_max(
        rect.min + vec2(12.0, 0.0),
        pos2(legend_left - 8.0, rect.max.y),
    );
    let icon = Rect::from_min_size(pos2(room.left(), rect.center().y - 7.0), vec2(14.0, 14.0));
    text::icon(ui, icon, icons::STACK, 14.0, theme.text_3);
    room.min.x += 20.0;
    let header = &open.profile().header;
    let words = format!(
        "{}, {}",
        header.name,
        looked_at(state.profile.wanted.weight)
    );
    room.min.x = text::label(ui, room, LEFT, &words, &look(regular(12.0), theme.text_2)).right();
    let profile = &state.profile;
    if let Some((from, to)) = profile.wanted.range_s {
        let words = format!("{from:.1} – {to:.1} s");
        chip(
            ui,
            &mut room,
            &words,
            "Show the whole recording",
            out,
            Command::SetRange(None),
        );
    }
    if let Some(threads) = &profile.wanted.threads {
        let noun = if threads.len() == 1 {
            "thread"
        } else {
            "threads"
        };
        chip(
            ui,
            &mut room,
            &format!("{} {noun}", threads.len()),
            "Look at all threads",
            out,
            Command::Timeline(TimelineAction::AllThreads),
        );
    }
    if let Some(classes) = &profile.wanted.classes {
        let names: Vec<_> = classes.iter().map(|class| class.label()).collect();
        chip(
            ui,
            &mut room,
            &names.join(", "),
            "Show all waits",
            out,
            Command::AllWaitClasses,
        );
    }
    steps::chips(ui, &mut room, &profile.wanted.transforms, out);
    if profile.wanted.inverted {
        chip(
            ui,
            &mut room,
            "inverted",
            "Callers first again",
            out,
            Command::ToggleInvert,
        );
    }
    if profile.window != Window::ALL {
        let words = zoomed(state, open).map_or("zoom".to_owned(), |name| format!("zoom {name}"));
        chip(ui, &mut room, &words, "Reset zoom", out, Command::ResetZoom);
    }
    if open.arrangement != profile.wanted {
        let pending = Arrangement::default() != profile.wanted;
        let words = if pending { "building…" } else { "…" };
        room.min.x += 8.0;
        text::label(ui, room, LEFT, words, &look(regular(12.0), theme.text_3));
    }
}

/// What the graph is of.
fn looked_at(weight: Weight) -> &'static str {
    match weight {
        Weight::Cpu => "on-CPU",
        Weight::Wait => "waiting",
        Weight::PageFaults => "page faults",
    }
}

/// The name of the frame that fills the window, where one does.
fn zoomed<'a>(state: &State, open: &'a Open) -> Option<&'a str> {
    state.profile.zoomed.map(|node| short_name(open.name(node)))
}

fn chip(
    ui: &Ui,
    room: &mut Rect,
    words: &str,
    name: &str,
    out: &mut Vec<Command>,
    command: Command,
) {
    let theme = Theme::of(ui);
    let caret = Rect::from_min_size(
        pos2(room.min.x + 9.0, room.center().y - 6.0),
        vec2(8.0, 12.0),
    );
    text::icon(ui, caret, icons::CARET_RIGHT, 11.0, theme.text_3);
    room.min.x += 26.0;
    let width = text::width(ui, words, medium(11.5)) + 30.0;
    if room.width() < width {
        return;
    }
    let rect = Rect::from_min_size(
        pos2(room.min.x.round(), (room.center().y - 9.0).round()),
        vec2(width, 18.0),
    );
    let id = egui::Id::unique(("way", name));
    let response = widgets::clickable(
        ui,
        rect.expand2(vec2(0.0, 3.0)),
        id,
        egui::Role::Button,
        name,
    );
    let fill = if response.hovered() {
        theme.track
    } else {
        theme.hover
    };
    ui.painter().rect(
        rect,
        RADIUS_TAG,
        fill,
        theme.border(),
        egui::StrokeKind::Inside,
    );
    let inner = rect.shrink2(vec2(7.0, 0.0));
    text::paint(ui, inner, LEFT, words, &look(medium(11.5), theme.text));
    let close =
        Rect::from_center_size(pos2(rect.right() - 11.0, rect.center().y), vec2(10.0, 10.0));
    text::icon(ui, close, icons::CLOSE, 10.0, theme.text_3);
    widgets::tooltip::text(ui, &response, name);
    room.min.x = rect.right();
    if response.clicked() {
        out.push(command);
        ui.memory_mut(|memory| memory.request_focus(canvas_id()));
    }
}

fn legend(ui: &Ui, rect: Rect) -> f32 {
    let theme = Theme::of(ui);
    let mut right = rect.right() - 12.0;
    if rect.width() < 760.0 {
        return right;
    }
    let entries = [
        ("Own", theme.category(Category::Own)),
        ("Dependency", theme.category(Category::Dependency)),
        ("std", theme.category(Category::Std)),
        ("Kernel", theme.category(Category::Kernel)),
        ("JIT", theme.category(Category::Jit)),
        ("Inlined", theme.frame(Category::Own, true)),
    ];
    for (words, color) in entries.into_iter().rev() {
        let width = text::width(ui, words, regular(11.5));
        let place = Rect::from_min_max(pos2(right - width, rect.top()), pos2(right, rect.bottom()));
        text::paint(ui, place, LEFT, words, &look(regular(11.5), theme.text_2));
        let square =
            Rect::from_center_size(pos2(place.left() - 10.0, rect.center().y), vec2(9.0, 9.0));
        ui.painter().rect_filled(square, 2.0, color);
        right = place.left() - 28.0;
    }
    right
}
