//! The stacks of one thread over time, with its waits in a lane of their own.

use egui::{Id, Mesh, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use scrutineer_profiler::{
    capture::model::NONE,
    profile::{Unit, Weight, flame_chart::ChartWait},
};

use super::{
    compared::candidate_alone,
    graph::{copy, no_samples},
    steps,
    way::way,
};
use crate::{
    command::Command,
    format,
    state::{State, profile::Open},
    theme::{Theme, mono, regular},
    views::chart::ThreadChart,
    widgets::{
        bar::{Bar, cut_top},
        chart::Axes,
        empty,
        flame::{Flame, FlameAction, Part, Window},
        select,
        text::{self, LEFT, RIGHT, look},
    },
};

const BAR: f32 = 34.0;
const RULER: f32 = 22.0;
const LANE: f32 = 16.0;

/// Shows the stacks of the chosen thread over time.
pub(super) fn show(ui: &mut Ui, rect: Rect, state: &State, open: &Open, out: &mut Vec<Command>) {
    let mut rect = rect;
    way(ui, cut_top(&mut rect, 31.0), state, open, out);
    let words = "Time is the candidate's alone; colours say how each stack's share of all changed.";
    candidate_alone(ui, &mut rect, open, words);
    if open.arrangement.inverted {
        let words = "Stacks over time have their callers first: press i.";
        empty::show(ui, rect, "The call tree is inverted", words, &[]);
        return;
    }
    let Some(chart) = &open.chart else {
        return;
    };
    if chart.threads.is_empty() {
        no_samples(ui, rect, state, open, out);
        return;
    }
    if open.arrangement.weight == Weight::PageFaults {
        let words = "Choose CPU time or waits: they last.";
        empty::show(ui, rect, "A page fault has no length", words, &[]);
        return;
    }
    threads(ui, cut_top(&mut rect, BAR), open, chart, out);
    let window = state.profile.window;
    let total_s = chart.chart.layout.total as f64 / 1e9;
    let start_s = chart.chart.start_ns as f64 / 1e9;
    let axes = Axes {
        rect,
        time: (
            start_s + window.left * total_s,
            start_s + window.right * total_s,
        ),
        value: (0.0, 1.0),
    };
    axes.paint_times(ui, cut_top(&mut rect, RULER));
    if !chart.chart.waits.is_empty() {
        lane(ui, cut_top(&mut rect, LANE), axes, open, &chart.chart.waits);
        rect.min.y += 3.0;
    }
    graph(ui, rect, window, state, open, chart, out);
}

/// The thread, as people tell it from the others.
fn name_of(open: &Open, thread: u32) -> String {
    let thread = open.profile().threads.get(thread as usize);
    thread.map_or_else(String::new, |thread| {
        format!("{} {}", thread.name, thread.tid)
    })
}

fn threads(ui: &Ui, rect: Rect, open: &Open, chart: &ThreadChart, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let mut bar = Bar::new(rect, 12.0, 10.0);
    let names: Vec<String> = chart.threads.iter().map(|id| name_of(open, *id)).collect();
    let at = chart.threads.iter().position(|id| *id == chart.thread);
    let at = at.unwrap_or_default();
    let width = select::width(ui, "Thread", &names[at]);
    let chosen = select::show(ui, bar.left(width, 26.0), "Thread", "Thread", &names, at);
    out.extend(chosen.map(|chosen| Command::ChartThread(chart.threads[chosen])));
    let words = match chart.chart.every {
        1 => "Neighbouring samples with the same callers are one box; a gap is time off the CPU"
            .to_owned(),
        every => format!("One sample of {every} is drawn: a shorter range shows all of them"),
    };
    text::label(
        ui,
        bar.free,
        LEFT,
        &words,
        &look(regular(12.0), theme.text_3),
    );
}

fn graph(
    ui: &mut Ui,
    rect: Rect,
    window: Window,
    state: &State,
    open: &Open,
    chart: &ThreadChart,
    out: &mut Vec<Command>,
) {
    let title = name_of(open, chart.thread);
    let place_of = |function: u32| open.place_of(function);
    let found = state.profile.found.as_ref();
    let found = found.filter(|_| !state.profile.search.is_empty());
    let compared = open.shown.compared.as_ref();
    let flame = Flame {
        part: Part::Chart,
        profile: &open.shown.profile,
        tree: &open.shown.tree,
        layout: &chart.chart.layout,
        window,
        moves: state.profile.moves,
        scroll: state.profile.scroll,
        selected: state.profile.selected,
        matches: found.map(|found| &*found.functions),
        unit: open.unit(),
        whole: open.shown.layout.total,
        title: &title,
        compared: compared.map(|compared| &compared.tree),
        place_of: &place_of,
        is_large: false,
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

/// The waits of the thread, each in the colour of its class.
fn lane(ui: &Ui, rect: Rect, axes: Axes, open: &Open, waits: &[ChartWait]) {
    let theme = Theme::of(ui);
    let at = |ns: u64| axes.x(ns as f64 / 1e9);
    let clip = ui.painter().with_clip_rect(rect);
    let mut mesh = Mesh::default();
    // Waits of a thread follow each other, so that their ends are in order too.
    let first = waits.partition_point(|wait| at(wait.end_ns) < rect.left());
    let cursor = ui.input(|input| input.pointer.hover_pos());
    let mut hovered = None;
    let mut place = first;
    while let Some(wait) = waits
        .get(place)
        .filter(|wait| at(wait.start_ns) < rect.right())
    {
        let (left, right) = (
            at(wait.start_ns).max(rect.left()),
            at(wait.end_ns).min(rect.right()),
        );
        let part = Rect::from_min_max(
            pos2(left, rect.top() + 2.0),
            pos2(right.max(left + 0.75), rect.bottom() - 1.0),
        );
        mesh.add_colored_rect(part, theme.wait(wait.class));
        if cursor.is_some_and(|cursor| part.expand(1.0).contains(cursor)) {
            hovered = Some(*wait);
        }
        if part.width() >= 40.0 {
            let id = Id::unique(("chart wait", place));
            let response = ui.interact(part, id, Sense::hover());
            let spoken = words_of(open, wait);
            response.widget_info(|| WidgetInfo::labeled(Role::GraphicsObject, true, &spoken));
        }
        // Those that end within the same pixel are not told apart.
        let edge = part.left().floor() + 1.0;
        let later = &waits[place + 1..];
        place += 1 + later.partition_point(|next| at(next.end_ns) < edge);
    }
    clip.add(mesh);
    let label = rect.shrink2(vec2(8.0, 0.0));
    if let Some(wait) = hovered {
        let words = words_of(open, &wait);
        let width = text::width(ui, &words, mono(11.0)) + 16.0;
        let backing = Rect::from_min_max(pos2(rect.right() - width, rect.top()), rect.max);
        clip.rect_filled(backing, 0.0, theme.raised);
        text::paint(ui, label, RIGHT, &words, &look(mono(11.0), theme.text));
    }
}

/// `waits lock, 30.0 ms, ended by flusher`.
fn words_of(open: &Open, wait: &ChartWait) -> String {
    let length = format::quantity(Unit::Nanoseconds, wait.end_ns - wait.start_ns);
    let length = length.replace('\u{a0}', " ");
    let count = if wait.count > 1 {
        format!(" in {} waits", wait.count)
    } else {
        String::new()
    };
    let waker = (wait.waker != NONE).then(|| open.profile().threads.get(wait.waker as usize));
    let waker = waker
        .flatten()
        .map_or_else(String::new, |thread| format!(", ended by {}", thread.name));
    format!("waits {}, {length}{count}{waker}", wait.class.label())
}
