//! The timeline: CPU use, a track a thread and memory over time, where a range can be dragged.

use egui::{Mesh, Rect, Ui, pos2, vec2};
use scrutineer_profiler::{
    capture::model::WaitClass,
    profile::{Weight, tracks::waiting},
};

use super::{markers, range, tracks};
use crate::{
    command::{Command, TimelineAction},
    format, icons,
    settings::WheelAction,
    state::{State, profile::Open},
    theme::{CONTROL_SMALL, Theme, medium, mono, regular, semibold},
    views::{Digest, tracks::BINS},
    widgets::{
        bar::{Bar, cut_left, cut_top},
        button::Button,
        chart::{Axes, Series},
        hline,
        text::{self, LEFT, RIGHT, look},
        vline,
    },
};

/// Height of the timeline on a screen of this height.
pub(super) fn height(screen: f32, state: &State, open: &Open) -> f32 {
    if !open.profile().has_times() {
        return HEAD;
    }
    let below = waits_height(screen, open) + tracks::height(screen, state) + memory_height(screen);
    HEAD + RULER + CPU + below
}

/// Screens lower than this keep their room for the stacks.
const LOW: f32 = 480.0;

fn waits_height(screen: f32, open: &Open) -> f32 {
    if screen >= LOW && open.profile().has(Weight::Wait) {
        WAITS
    } else {
        0.0
    }
}

fn memory_height(screen: f32) -> f32 {
    if screen < LOW { 0.0 } else { MEMORY }
}

const HEAD: f32 = 34.0;
const RULER: f32 = 24.0;
const CPU: f32 = 42.0;
const WAITS: f32 = 42.0;
const MEMORY: f32 = 40.0;
const LABELS: f32 = 190.0;

/// Shows the timeline.
pub(super) fn show(
    ui: &mut Ui,
    (rect, screen_height): (Rect, f32),
    state: &State,
    open: &Open,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    let mut free = rect;
    let head_rect = cut_top(&mut free, HEAD);
    ui.painter().rect_filled(head_rect, 0.0, theme.panel);
    if !open.profile().has_times() {
        without_times(ui, head_rect, open);
        return;
    }
    head(ui, head_rect, state, open, out);
    let mut labels = cut_left(&mut free, LABELS);
    ui.painter().rect_filled(labels, 0.0, theme.panel);
    ui.painter()
        .rect_filled(free.with_max_y(free.top() + RULER), 0.0, theme.panel);
    hline(ui, rect, free.top() + RULER, theme.hairline());
    hline(ui, rect, rect.bottom(), theme.hairline());
    vline(ui, labels, labels.right(), theme.hairline());
    let ruler = cut_top(&mut free, RULER);
    let corner = cut_top(&mut labels, RULER);
    tracks::corner(ui, corner, state, out);
    let Some(digest) = &open.digest else { return };
    free.max.x -= 10.0;
    let whole = (0.0, digest.duration_s.max(1e-6));
    let time = state.profile.timeline.view_s.unwrap_or(whole);
    let axes = Axes {
        rect: free,
        time,
        value: (0.0, 1.0),
    };
    axes.paint_times(ui, ruler.with_max_x(free.right()));
    let cpu_rect = cut_top(&mut free, CPU);
    cpu(ui, cpu_rect, cut_top(&mut labels, CPU), digest, time, open);
    let waiting = waits_height(screen_height, open);
    if waiting > 0.0 {
        let place = cut_top(&mut free, waiting);
        let label = cut_top(&mut labels, waiting);
        waits(ui, place, label, state, time);
    }
    let height = tracks::height(screen_height, state);
    let (place, label) = (cut_top(&mut free, height), cut_top(&mut labels, height));
    // Below the rows, so that their boxes and names take clicks before it.
    let area = range::area(ui, axes, ruler, digest);
    tracks::show(ui, place, label, state, time, out);
    markers::show(ui, axes, ruler, &digest.markers);
    if memory_height(screen_height) > 0.0 {
        memory(ui, free, labels, digest, time);
    }
    let tracks = tracks::Shown { rect: place };
    range::show(ui, (axes, &area), ruler, state, open, digest, tracks, out);
}

/// Sums over a whole run have no timeline.
fn without_times(ui: &Ui, rect: Rect, open: &Open) {
    let theme = Theme::of(ui);
    hline(ui, rect, rect.bottom(), theme.hairline());
    let from = open.profile().foreign.as_ref();
    let words = format!(
        "No timeline: {} files hold sums without times",
        from.map_or("these", |foreign| foreign.format)
    );
    let room = rect.shrink2(vec2(12.0, 0.0));
    text::label(ui, room, LEFT, &words, &look(regular(12.0), theme.text_3));
}

fn head(ui: &mut Ui, rect: Rect, state: &State, open: &Open, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let mut bar = Bar::new(rect, 12.0, 14.0);
    let title = text::label(
        ui,
        bar.free,
        LEFT,
        "Timeline",
        &look(semibold(13.0), theme.text),
    );
    bar.free.min.x = title.right() + 12.0;
    if state.profile.wanted.range_s.is_some() || state.profile.timeline.view_s.is_some() {
        buttons(ui, &mut bar, state, out);
    } else {
        let words = if open.live {
            "A range can be chosen once the recording has ended"
        } else {
            match state.settings.settings.wheel {
                WheelAction::Scroll => "Drag to look at a range, Ctrl+wheel to zoom",
                WheelAction::Zoom => "Drag to look at a range, wheel to zoom",
            }
        };
        let room = look(regular(12.0), theme.text_3);
        let place = text::label(ui, bar.free, RIGHT, words, &room);
        bar.free.max.x = place.left() - 12.0;
    }
    legend(ui, bar, open);
}

/// What the colours of the tracks mean, as far as there is room.
fn legend(ui: &Ui, mut bar: Bar, open: &Open) {
    let theme = Theme::of(ui);
    let classes = open.shown.classes.iter().map(|found| found.class);
    let mut states = vec![("Running", theme.running)];
    for class in ORDER.into_iter().rev() {
        if classes.clone().any(|found| found == class) {
            states.push((legend_words(class), theme.wait(class)));
        }
    }
    for (words, color) in states {
        if text::width(ui, words, regular(12.0)) + 26.0 > bar.free.width() {
            return;
        }
        let square =
            Rect::from_center_size(bar.free.left_center() + vec2(4.5, 0.0), vec2(9.0, 9.0));
        ui.painter().rect_filled(square, 2.0, color);
        bar.free.min.x += 14.0;
        let ink = look(regular(12.0), theme.text_2);
        let place = text::paint(ui, bar.free, LEFT, words, &ink);
        bar.free.min.x = place.right() + 12.0;
    }
}

/// A class of waits as the legend calls it.
fn legend_words(class: WaitClass) -> &'static str {
    match class {
        WaitClass::Unknown => "Other wait",
        WaitClass::Lock => "Lock",
        WaitClass::Disk => "Disk",
        WaitClass::Network => "Network",
        WaitClass::Sleep => "Asleep",
        WaitClass::PageFault => "Page fault",
        WaitClass::RunQueue => "Waiting for CPU",
        WaitClass::Ipc => "IPC",
        WaitClass::Stopped => "Stopped",
    }
}

/// The ways out of a range and of a part of time, and into the range.
fn buttons(ui: &mut Ui, bar: &mut Bar, state: &State, out: &mut Vec<Command>) {
    let (range, view) = (state.profile.wanted.range_s, state.profile.timeline.view_s);
    let whole = Button::new("Whole recording").icon(icons::RANGE);
    if whole
        .show(ui, bar.right(whole.width(ui), CONTROL_SMALL), "timeline")
        .clicked()
    {
        out.push(Command::Timeline(TimelineAction::View(None)));
        out.push(Command::SetRange(None));
    }
    if range.is_some() && range != view {
        let zoom = Button::new("Zoom to range").icon(icons::SEARCH).key("z");
        if zoom
            .show(ui, bar.right(zoom.width(ui), CONTROL_SMALL), "timeline")
            .clicked()
        {
            out.push(Command::Timeline(TimelineAction::ZoomToRange));
        }
    }
}

fn cpu(ui: &Ui, rect: Rect, label: Rect, digest: &Digest, time: (f64, f64), open: &Open) {
    let theme = Theme::of(ui);
    hline(
        ui,
        Rect::from_min_max(label.min, rect.max),
        rect.bottom(),
        theme.hairline(),
    );
    let inner = label.shrink2(vec2(12.0, 0.0));
    text::label(ui, inner, LEFT, "CPU", &look(medium(12.5), theme.text));
    let most = digest
        .cpu
        .iter()
        .map(|(_, cores)| *cores)
        .fold(0.0, f64::max);
    let ceiling = most.max(0.25) * 1.1;
    let words = format!("{most:.2} of {} cores", open.profile().header.machine.cores);
    text::label(ui, inner, RIGHT, &words, &look(mono(10.5), theme.text_3));
    let axes = Axes {
        rect: rect.with_min_y(rect.top() + 3.0),
        time,
        value: (0.0, ceiling),
    };
    axes.paint(
        ui,
        &Series {
            points: &digest.cpu,
            color: theme.running,
            fill: 0.35,
        },
    );
}

/// Bars of the threads that wait, stacked by class; classes that are not looked at are left out.
fn waits(ui: &Ui, rect: Rect, label: Rect, state: &State, time: (f64, f64)) {
    let theme = Theme::of(ui);
    let whole = Rect::from_min_max(label.min, rect.max);
    hline(ui, whole, rect.bottom(), theme.hairline());
    let inner = label.shrink2(vec2(12.0, 0.0));
    text::label(ui, inner, LEFT, "Waiting", &look(medium(12.5), theme.text));
    let Some(tracks) = &state.profile.timeline.tracks else {
        return;
    };
    let waits = |bin: &[f32]| bin.iter().skip(1).sum::<f32>();
    let most = tracks.all.iter().map(|bin| waits(bin)).fold(0.0, f32::max);
    let words = format!("{most:.1} threads");
    text::label(ui, inner, RIGHT, &words, &look(mono(10.5), theme.text_3));
    let axes = Axes {
        rect: rect.with_min_y(rect.top() + 3.0),
        time,
        value: (0.0, f64::from(most).max(0.1) * 1.05),
    };
    let bin_s = (tracks.window_s.1 - tracks.window_s.0) / BINS as f64;
    let mut mesh = Mesh::default();
    for (at, bin) in tracks.all.iter().enumerate() {
        let left = axes.x(tracks.window_s.0 + at as f64 * bin_s);
        let right = axes.x(tracks.window_s.0 + (at + 1) as f64 * bin_s);
        let mut sum = 0.0;
        for class in ORDER {
            let threads = bin[waiting(class)];
            if threads <= 0.0 || !state.profile.wanted.counts(class) {
                continue;
            }
            let floor = axes.y(sum);
            sum += f64::from(threads);
            let bar = Rect::from_min_max(pos2(left, axes.y(sum)), pos2(right, floor));
            mesh.add_colored_rect(bar.intersect(rect), theme.wait(class));
        }
    }
    ui.painter().add(mesh);
}

/// Classes from the floor up: what is asked for below, what hinders above.
pub(super) const ORDER: [WaitClass; 9] = [
    WaitClass::Sleep,
    WaitClass::Stopped,
    WaitClass::Network,
    WaitClass::Ipc,
    WaitClass::Unknown,
    WaitClass::Disk,
    WaitClass::PageFault,
    WaitClass::Lock,
    WaitClass::RunQueue,
];

fn memory(ui: &Ui, rect: Rect, label: Rect, digest: &Digest, time: (f64, f64)) {
    let theme = Theme::of(ui);
    let inner = label.shrink2(vec2(12.0, 0.0));
    let mut words = text::label(ui, inner, LEFT, "Memory", &look(medium(12.5), theme.text));
    for (line, points, color) in [
        ("RSS", &digest.rss, theme.rss),
        ("PSS", &digest.pss, theme.pss),
    ] {
        if !points.is_empty() {
            let room = inner.with_min_x(words.right() + 6.0);
            words = text::paint(ui, room, LEFT, line, &look(mono(10.5), color));
        }
    }
    let last = digest.ends.map_or("no readings".to_owned(), |(_, last)| {
        format::bytes(last as f64)
    });
    text::label(ui, inner, RIGHT, &last, &look(mono(10.5), theme.text_3));
    let lines = [(&digest.rss, theme.rss), (&digest.pss, theme.pss)];
    let values = lines
        .iter()
        .flat_map(|(points, _)| points.iter().map(|(_, value)| *value));
    let (low, high) = values.fold((f64::INFINITY, 0.0_f64), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    if !low.is_finite() {
        return;
    }
    // The strip shows the shape of growth; the memory screen shows the axis from zero.
    let room = ((high - low) * 0.15).max(high * 0.02).max(0.1);
    let rect = rect.shrink2(vec2(0.0, 3.0));
    let axes = Axes {
        rect,
        time,
        value: (low - room, high + room),
    };
    for (points, color) in lines {
        axes.paint(
            ui,
            &Series {
                points,
                color,
                fill: 0.0,
            },
        );
    }
}
