//! The inspector: the selected frame's function, its share, callers and callees.

use egui::{Id, Rect, ScrollArea, Ui, UiBuilder, pos2, vec2};
use scrutineer_profiler::profile::{Category, Unit, Weight, diff::Difference};

use super::source;
use crate::{
    command::{Command, PinAction},
    format, icons,
    state::{State, profile::Open},
    theme::{CONTROL, Theme, mono, regular, semibold},
    views::{Inspection, Neighbour, comparison::points, waits::Waited},
    widgets::{
        self,
        bar::{cut_bottom, cut_top},
        button::{Button, Loudness},
        flame::{FlameAction, category_name, function_of, shortened},
        hline,
        text::{self, LEFT, RIGHT, look},
    },
};

/// Neighbours that are shown; the rest is summed up.
const NEIGHBOURS: usize = 12;

/// Threads that ended waits and are shown.
const WAKERS: usize = 8;

/// Shows the inspector.
pub(super) fn show(ui: &mut Ui, rect: Rect, state: &State, open: &Open, out: &mut Vec<Command>) {
    let mut rect = rect;
    if !open.live {
        pin(ui, cut_bottom(&mut rect, 52.0), out);
    }
    let Some(node) = state
        .profile
        .selected
        .filter(|node| (*node as usize) < open.shown.tree.len())
    else {
        summary(ui, rect, open, out);
        return;
    };
    let mut inner = ui.new_child(UiBuilder::new().id_salt("inspector").max_rect(rect));
    ScrollArea::vertical()
        .auto_shrink(false)
        .show(&mut inner, |ui| {
            let top = ui.max_rect().top();
            let mut room =
                Rect::from_min_max(pos2(rect.left(), top), pos2(rect.right(), top + 100_000.0));
            identity(ui, &mut room, open, node, out);
            shares(ui, &mut room, open, node);
            let function = function_of(&open.shown.tree, node);
            let inspection = state.profile.inspection.as_deref();
            if let Some(inspection) = inspection.filter(|known| Some(known.function) == function) {
                recursion(ui, &mut room, open, node, inspection);
                if let Some(waited) = &inspection.waits {
                    waits(ui, &mut room, waited);
                }
                neighbours(ui, &mut room, open, "Callers", &inspection.callers, out);
                neighbours(ui, &mut room, open, "Callees", &inspection.callees, out);
                if let Some(found) = &inspection.source {
                    source::show(ui, &mut room, open, found);
                }
            }
            ui.allocate_space(vec2(1.0, room.top() - top + 12.0));
        });
}

/// Pins what is seen.
fn pin(ui: &Ui, rect: Rect, out: &mut Vec<Command>) {
    hline(ui, rect, rect.top() + 1.0, Theme::of(ui).hairline());
    let button = Button::new("Pin as evidence")
        .primary()
        .icon(icons::PIN)
        .key("Ctrl P");
    let place = Rect::from_center_size(rect.center(), vec2(rect.width() - 28.0, CONTROL));
    if button.show(ui, place, "inspector").clicked() {
        out.push(Command::Pin(PinAction::Begin));
    }
}

fn category_of(open: &Open, node: u32) -> Category {
    let function = function_of(&open.shown.tree, node).unwrap_or(u32::MAX);
    open.shown
        .profile
        .functions
        .get(function as usize)
        .map_or(Category::Root, |known| known.category)
}

fn identity(ui: &Ui, room: &mut Rect, open: &Open, node: u32, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let inlined = open.shown.tree.inlined[node as usize];
    let category = category_of(open, node);
    room.min.y += 12.0;
    let line = cut_top(room, 24.0).shrink2(vec2(14.0, 0.0));
    let square = Rect::from_center_size(line.left_center() + vec2(4.5, 0.0), vec2(9.0, 9.0));
    ui.painter()
        .rect_filled(square, 2.0, theme.frame(category, inlined));
    let mut words = category_name(category).to_owned();
    if let Some(first) = words.get(..1) {
        words = format!("{}{}", first.to_uppercase(), &words[1..]);
    }
    if inlined {
        words.push_str(", inlined");
    }
    if let Some(module) = module(open, node) {
        words = format!("{words} · {module}");
    }
    let close = Rect::from_min_max(pos2(line.right() - 24.0, line.top()), line.max);
    let copy = close.translate(vec2(-26.0, 0.0));
    let area = Rect::from_min_max(
        line.min + vec2(17.0, 0.0),
        pos2(copy.left() - 6.0, line.bottom()),
    );
    text::label(ui, area, LEFT, &words, &look(regular(12.0), theme.text_2));
    let quiet = |icon, name| Button::icon_only(icon, name).loudness(Loudness::Quiet);
    if quiet(icons::COPY, "Copy name")
        .show(ui, copy, "inspector")
        .clicked()
    {
        ui.ctx().copy_text(open.name(node).to_owned());
    }
    if quiet(icons::CLOSE, "Deselect")
        .show(ui, close, "inspector")
        .clicked()
    {
        out.push(Command::Flame(FlameAction::Select(None)));
    }
    let wide = Rect::from_min_max(room.min + vec2(14.0, 3.0), room.max - vec2(14.0, 0.0));
    let name = text::wrapped(
        ui,
        wide,
        open.name(node),
        &look(mono(13.0), theme.text),
        18.0,
    );
    room.min.y = name.bottom() + 2.0;
    let function = function_of(&open.shown.tree, node);
    if let Some(place) = function.and_then(|function| open.place_of(function)) {
        let wide = Rect::from_min_max(room.min + vec2(14.0, 0.0), room.max - vec2(14.0, 0.0));
        let place = text::wrapped(ui, wide, place, &look(mono(11.0), theme.text_3), 16.0);
        room.min.y = place.bottom();
    }
    room.min.y += 12.0;
    hline(ui, *room, room.top(), theme.hairline());
}

fn module(open: &Open, node: u32) -> Option<&str> {
    let function = function_of(&open.shown.tree, node)?;
    let module = open.shown.profile.functions.get(function as usize)?.module;
    let path = &open.profile().modules.get(module as usize)?.path;
    path.rsplit('/').next()
}

fn shares(ui: &Ui, room: &mut Rect, open: &Open, node: u32) {
    let theme = Theme::of(ui);
    let tree = &open.shown.tree;
    let area = cut_top(room, 76.0).shrink2(vec2(14.0, 10.0));
    let base = if open.arrangement.range_s.is_some() {
        "of range"
    } else {
        "of capture"
    };
    for (column, (word, samples)) in [
        ("Total", tree.total_samples[node as usize]),
        ("Self", tree.self_samples[node as usize]),
    ]
    .into_iter()
    .enumerate()
    {
        let left = area.left() + column as f32 * 112.0;
        let line = |top: f32, height: f32| {
            Rect::from_min_size(pos2(left, area.top() + top), vec2(110.0, height))
        };
        text::label(
            ui,
            line(0.0, 14.0),
            LEFT,
            word,
            &look(regular(12.0), theme.text_3),
        );
        let share = format::percent(format::share(samples, open.shown.layout.total));
        text::label(
            ui,
            line(15.0, 25.0),
            LEFT,
            &share,
            &look(semibold(19.0), theme.text),
        );
        let words = format::quantity_words(open.unit(), samples);
        text::label(
            ui,
            line(40.0, 16.0),
            LEFT,
            &words,
            &look(regular(12.0), theme.text_3),
        );
    }
    let place = Rect::from_min_max(pos2(area.left() + 224.0, area.top()), area.max);
    if let Some(compared) = &open.shown.compared {
        change(ui, place, &compared.tree.total(node));
        hline(ui, *room, room.top(), theme.hairline());
        return;
    }
    text::label(
        ui,
        place.with_max_y(area.top() + 14.0),
        RIGHT,
        base,
        &look(regular(12.0), theme.text_3),
    );
    hline(ui, *room, room.top(), theme.hairline());
}

/// How the total changed against the base.
fn change(ui: &Ui, place: Rect, total: &Difference) {
    let theme = Theme::of(ui);
    let line = |top: f32, height: f32| {
        Rect::from_min_size(place.min + vec2(0.0, top), vec2(place.width(), height))
    };
    let ink = if total.change() > 0.0 {
        theme.more
    } else {
        theme.less
    };
    let small = |ui: &Ui, line, words: &str| {
        text::label(ui, line, LEFT, words, &look(regular(12.0), theme.text_3));
    };
    small(ui, line(0.0, 14.0), "vs base");
    let words = format!("{} pt", points(total.change()));
    text::label(
        ui,
        line(15.0, 25.0),
        LEFT,
        &words,
        &look(semibold(19.0), ink),
    );
    let was = format!("was {}", format::percent(total.base));
    small(ui, line(40.0, 16.0), &was);
}

/// Says what the function has elsewhere in the tree.
fn recursion(ui: &Ui, room: &mut Rect, open: &Open, node: u32, inspection: &Inspection) {
    let theme = Theme::of(ui);
    let here = open.shown.tree.total_samples[node as usize];
    if inspection.total_samples <= here {
        return;
    }
    let total = open.shown.layout.total;
    let words = format!(
        "{} total and {} self over all its callers",
        format::percent(format::share(inspection.total_samples, total)),
        format::percent(format::share(inspection.self_samples, total)),
    );
    let line = cut_top(room, 30.0).shrink2(vec2(14.0, 0.0));
    text::label(ui, line, LEFT, &words, &look(regular(12.0), theme.text_2));
    hline(ui, *room, room.top(), theme.hairline());
}

/// How a function waited: how often, for how long blocked and on the run queue, and who ended it.
fn waits(ui: &Ui, room: &mut Rect, waited: &Waited) {
    let theme = Theme::of(ui);
    let time = |ns| format::quantity(Unit::Nanoseconds, ns);
    room.min.y += 6.0;
    for (words, value) in [
        ("Waits", format::count(waited.waits)),
        ("Blocked", time(waited.blocked_ns)),
        ("On the run queue", time(waited.run_queue_ns)),
    ] {
        let line = cut_top(room, 22.0).shrink2(vec2(14.0, 0.0));
        text::paint(ui, line, LEFT, words, &look(regular(12.0), theme.text_2));
        text::paint(ui, line, RIGHT, &value, &look(mono(12.0), theme.text));
        let spoken = format!("{words} {}", value.replace('\u{a0}', " "));
        text::announce(ui, line, &spoken);
    }
    room.min.y += 4.0;
    let head = cut_top(room, 22.0).shrink2(vec2(14.0, 0.0));
    text::label(
        ui,
        head,
        LEFT,
        "Woken by",
        &look(regular(12.0), theme.text_3),
    );
    let count = waited.wakers.len().to_string();
    text::label(ui, head, RIGHT, &count, &look(mono(11.0), theme.text_3));
    if waited.wakers.is_empty() {
        let line = cut_top(room, 22.0).shrink2(vec2(14.0, 0.0));
        let words = "Who ended the waits was not captured";
        text::label(ui, line, LEFT, words, &look(regular(12.0), theme.text_3));
    }
    for waker in waited.wakers.iter().take(WAKERS) {
        let line = cut_top(room, 22.0).shrink2(vec2(14.0, 0.0));
        let value = format!(
            "{} × {}",
            format::count(waker.waits),
            time(waker.blocked_ns)
        );
        let width = text::width(ui, &value, mono(11.5));
        text::paint(ui, line, RIGHT, &value, &look(mono(11.5), theme.text_2));
        let names = line.with_max_x(line.right() - width - 10.0);
        text::paint(ui, names, LEFT, &waker.name, &look(mono(12.0), theme.text));
        let blocked = time(waker.blocked_ns).replace('\u{a0}', " ");
        let spoken = format!("woken by {}, {} waits, {blocked}", waker.name, waker.waits);
        text::announce(ui, line, &spoken);
    }
    room.min.y += 8.0;
    hline(ui, *room, room.top(), theme.hairline());
}

fn neighbours(
    ui: &Ui,
    room: &mut Rect,
    open: &Open,
    title: &str,
    all: &[Neighbour],
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    room.min.y += 6.0;
    let head = cut_top(room, 22.0).shrink2(vec2(14.0, 0.0));
    text::label(ui, head, LEFT, title, &look(regular(12.0), theme.text_3));
    text::label(
        ui,
        head,
        RIGHT,
        &all.len().to_string(),
        &look(mono(11.0), theme.text_3),
    );
    for neighbour in all.iter().take(NEIGHBOURS) {
        let line = cut_top(room, 24.0);
        let words = open.name(neighbour.node);
        if row(ui, line, open, title, words, neighbour).clicked() {
            let function = function_of(&open.shown.tree, neighbour.node);
            out.push(match function {
                Some(function) => Command::SelectFunction(function),
                None => Command::Flame(FlameAction::Select(Some(neighbour.node))),
            });
        }
    }
    if all.len() > NEIGHBOURS {
        let free: u64 = all[NEIGHBOURS..]
            .iter()
            .map(|neighbour| neighbour.samples)
            .sum();
        let line = cut_top(room, 24.0).shrink2(vec2(14.0, 0.0));
        let words = format!("{} more", all.len() - NEIGHBOURS);
        text::label(ui, line, LEFT, &words, &look(regular(12.0), theme.text_3));
        let share = format::percent(format::share(free, open.shown.layout.total));
        text::label(ui, line, RIGHT, &share, &look(mono(12.0), theme.text_3));
    }
    if open.shown.tree.left_out > 0 {
        let line = cut_top(room, 24.0).shrink2(vec2(14.0, 0.0));
        let words = "lighter ones are not listed";
        text::label(ui, line, LEFT, words, &look(regular(12.0), theme.text_3));
    }
    room.min.y += 8.0;
    hline(ui, *room, room.top(), theme.hairline());
}

fn row(
    ui: &Ui,
    line: Rect,
    open: &Open,
    title: &str,
    words: &str,
    neighbour: &Neighbour,
) -> egui::Response {
    let theme = Theme::of(ui);
    let share = format::share(neighbour.samples, open.shown.layout.total);
    let spoken = format!(
        "{} {words}, {}",
        title.trim_end_matches('s'),
        format::percent(share).replace('\u{a0}', " ")
    );
    let id = Id::unique(("neighbour", title, neighbour.node));
    let color = theme.category(category_of(open, neighbour.node));
    let (response, inner) = marked_row(ui, line, (id, &spoken), color, share);
    let track = Rect::from_min_size(
        pos2(inner.right() - 102.0, line.center().y - 2.0),
        vec2(46.0, 4.0),
    );
    ui.painter().rect_filled(track, 2.0, theme.track);
    if neighbour.samples > 0 {
        let fill = track.with_max_x(track.left() + (46.0 * share as f32).clamp(2.0, 46.0));
        ui.painter().rect_filled(fill, 2.0, color);
    }
    let room = Rect::from_min_max(
        inner.min + vec2(15.0, 0.0),
        pos2(track.left() - 10.0, line.bottom()),
    );
    name_in(ui, room, words);
    response
}

/// What stands there while no frame is selected: the functions that used the most CPU.
fn summary(ui: &mut Ui, rect: Rect, open: &Open, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let mut room = rect;
    room.min.y += 12.0;
    let line = cut_top(&mut room, 24.0).shrink2(vec2(14.0, 0.0));
    let heading = match open.arrangement.weight {
        Weight::Cpu if open.profile().foreign.is_some() => "Top functions by self weight",
        Weight::Cpu => "Top functions by self time",
        Weight::Wait => "Top functions by waiting",
        Weight::PageFaults => "Top functions by page faults",
    };
    text::label(ui, line, LEFT, heading, &look(semibold(13.0), theme.text));
    let line = cut_top(&mut room, 20.0).shrink2(vec2(14.0, 0.0));
    let words = "Click a frame for its callers and callees.";
    text::label(ui, line, LEFT, words, &look(regular(12.0), theme.text_3));
    room.min.y += 8.0;
    hline(ui, room, room.top(), theme.hairline());
    room.min.y += 6.0;
    let Some(top) = &open.shown.top else {
        widgets::empty::skeleton(ui, room, 24.0);
        return;
    };
    let fits = ((room.height() - 20.0) / 24.0).max(0.0) as usize;
    for function in top
        .iter()
        .filter(|function| function.self_samples > 0)
        .take(fits.min(24))
    {
        let line = cut_top(&mut room, 24.0);
        if top_row(ui, line, open, function).clicked() {
            out.push(Command::SelectFunction(function.function));
        }
    }
}

fn top_row(
    ui: &Ui,
    line: Rect,
    open: &Open,
    function: &scrutineer_profiler::profile::TopFunction,
) -> egui::Response {
    let theme = Theme::of(ui);
    let known = open.shown.profile.functions.get(function.function as usize);
    let (name, category) = known.map_or(("?", Category::Root), |known| {
        (known.name.as_str(), known.category)
    });
    let share = format::share(function.self_samples, open.shown.layout.total);
    let spoken = format!(
        "top function {name}, {} self",
        format::percent(share).replace('\u{a0}', " ")
    );
    let id = Id::unique(("top", function.function));
    let color = theme.category(category);
    let (response, inner) = marked_row(ui, line, (id, &spoken), color, share);
    let room = Rect::from_min_max(inner.min + vec2(15.0, 0.0), inner.max - vec2(62.0, 0.0));
    name_in(ui, room, name);
    response
}

/// A row that can be clicked, with a square of `color` before it and `share` (0..1) at its end;
/// returns the place within its margins, too.
fn marked_row(
    ui: &Ui,
    line: Rect,
    (id, spoken): (Id, &str),
    color: egui::Color32,
    share: f64,
) -> (egui::Response, Rect) {
    let theme = Theme::of(ui);
    let response = widgets::row(ui, line, id, false, spoken);
    if response.hovered() {
        ui.painter().rect_filled(line, 0.0, theme.hover);
    }
    let inner = line.shrink2(vec2(14.0, 0.0));
    let square = Rect::from_center_size(inner.left_center() + vec2(4.0, 0.0), vec2(8.0, 8.0));
    ui.painter().rect_filled(square, 2.0, color);
    text::paint(
        ui,
        inner,
        RIGHT,
        &format::percent(share),
        &look(mono(12.0), theme.text_2),
    );
    (response, inner)
}

/// As much of a function's name as fits.
fn name_in(ui: &Ui, room: Rect, name: &str) {
    let characters = (room.width() / 7.2) as usize;
    let short = shortened(name, characters).unwrap_or_default();
    let ink = Theme::of(ui).text;
    text::paint(ui, room, LEFT, &short, &look(mono(12.0), ink));
}
