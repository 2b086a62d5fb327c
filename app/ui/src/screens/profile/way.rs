//! The way to what is shown: a chip for each choice, with the way back, and what colours mean.

use egui::{Rect, Ui, pos2, vec2};
use scrutineer_profiler::profile::{Category, Weight};

use super::steps;
use crate::{
    command::{Command, CompareAction, TimelineAction},
    format, icons,
    state::{State, profile::Open},
    theme::{RADIUS_TAG, SAME, Theme, medium, regular},
    views::{Arrangement, comparison::Against},
    widgets::{
        self, button,
        flame::{Window, canvas_id, short_name},
        text::{self, LEFT, look},
    },
};

/// The chips that say what is shown, each with the way back.
pub(super) fn way(ui: &Ui, rect: Rect, state: &State, open: &Open, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let legend_left = legend(ui, rect, open);
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
        looked_at(open, state.profile.wanted.weight)
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
    if let Some(against) = &profile.wanted.against {
        compared(ui, &mut room, open, against, out);
    }
    left_out(ui, &mut room, open);
    small(ui, &mut room, state, open, out);
    if open.arrangement != profile.wanted {
        let pending = Arrangement::default() != profile.wanted;
        let words = if pending { "building…" } else { "…" };
        room.min.x += 8.0;
        text::label(ui, room, LEFT, words, &look(regular(12.0), theme.text_3));
    }
}

/// What is compared with, whose widths they are, and what one side alone has.
fn compared(ui: &Ui, room: &mut Rect, open: &Open, against: &Against, out: &mut Vec<Command>) {
    let words = format!("against {}", against.words());
    let stop = Command::Compare(CompareAction::Stop);
    let name = format!("Compare no longer {words}");
    chip(ui, room, &words, &name, out, stop);
    let Some(compared) = &open.shown.compared else {
        return;
    };
    let toggle = Command::Compare(CompareAction::ToggleBase);
    if open.by_base {
        chip(
            ui,
            room,
            "base widths",
            "Widths of the candidate",
            out,
            toggle,
        );
    }
    let sides = compared.one_sided;
    let words = format!(
        "{} new, {} vanished",
        format::percent(sides.new),
        format::percent(sides.vanished)
    );
    let width = text::width(ui, &words, medium(12.5));
    if width + 12.0 < room.width() {
        room.min.x += 10.0;
        let place = room.with_max_x(room.min.x + width).shrink2(vec2(0.0, 5.0));
        let link = button::link(ui, place, &words, "one-sided");
        widgets::tooltip::text(
            ui,
            &link,
            "v: the widths of the base, where vanished stacks are seen",
        );
        if link.clicked() {
            out.push(Command::Compare(CompareAction::ToggleBase));
        }
        room.min.x = place.right();
    }
}

/// How many frames are too small to be shown, and what share they have.
fn small(ui: &Ui, room: &mut Rect, state: &State, open: &Open, out: &mut Vec<Command>) {
    if !state.profile.wanted.hides_small {
        return;
    }
    let layout = open.layout(state.profile.mode);
    let share = format::share(layout.hidden.weight, layout.total);
    let words = format!(
        "{} hidden, {}",
        format::count(layout.hidden.nodes as u64),
        format::percent(share)
    );
    let name = format!("Show frames below 0.1 %: {words}").replace('\u{a0}', " ");
    chip(ui, room, &words, &name, out, Command::ToggleSmall);
}

/// From which weight on frames are there at all, where there are too many to look at; shorter where
/// there is little room, but never unsaid.
fn left_out(ui: &Ui, room: &mut Rect, open: &Open) {
    let tree = &open.shown.tree;
    if tree.left_out == 0 {
        return;
    }
    let least = format::quantity_words(open.unit(), tree.least);
    let total = tree.total_samples.first().copied().unwrap_or(0);
    let ended = format::percent(format::share(tree.left_out, total));
    let long =
        format!("without frames below {least}, in which {ended} end: f on a frame shows more");
    let is_long = text::width(ui, &long, regular(12.5)) + 20.0 < room.width();
    let words = if is_long {
        long
    } else {
        format!("none below {least}")
    };
    let width = text::width(ui, &words, regular(12.5)).min(room.width() - 10.0);
    room.min.x += 10.0;
    let place = room.with_max_x(room.min.x + width.max(0.0));
    let ink = Theme::of(ui).text_3;
    text::label(ui, place, LEFT, &words, &look(regular(12.5), ink));
    room.min.x = place.right();
}

/// What the graph is of.
fn looked_at(open: &Open, weight: Weight) -> &str {
    match weight {
        Weight::Cpu if open.profile().foreign.is_some() => open.profile().label(weight),
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

fn legend(ui: &Ui, rect: Rect, open: &Open) -> f32 {
    let theme = Theme::of(ui);
    let mut right = rect.right() - 12.0;
    if rect.width() < 760.0 {
        return right;
    }
    let ramp = |step| theme.compared(step).0;
    let changes = [
        ("+ more", ramp(0)),
        ("same", ramp(SAME)),
        ("− less", ramp(6)),
    ];
    let categories = [
        ("Own", theme.category(Category::Own)),
        ("Dependency", theme.category(Category::Dependency)),
        ("std", theme.category(Category::Std)),
        ("Kernel", theme.category(Category::Kernel)),
        ("JIT", theme.category(Category::Jit)),
        ("Inlined", theme.frame(Category::Own, true)),
    ];
    let entries = if open.shown.compared.is_some() {
        changes.as_slice()
    } else {
        categories.as_slice()
    };
    for &(words, color) in entries.iter().rev() {
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
