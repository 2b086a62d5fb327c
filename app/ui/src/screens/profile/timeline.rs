//! The timeline: CPU use and memory over time, where a range can be dragged.

use egui::{CursorIcon, Id, Mesh, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use scrutineer_profiler::{capture::model::WaitClass, profile::Weight};

use crate::{
    command::Command,
    format,
    state::{State, profile::Open},
    theme::{CONTROL_SMALL, Theme, medium, mono, regular, semibold},
    views::Digest,
    widgets::{
        bar::{Bar, cut_left, cut_top},
        button::Button,
        chart::{Axes, Series, value_at},
        hline,
        text::{self, CENTER, LEFT, RIGHT, look},
        vline,
    },
};

/// Height of the timeline.
pub(super) fn height(open: &Open) -> f32 {
    HEAD + RULER + CPU + waits_height(open) + MEMORY
}

fn waits_height(open: &Open) -> f32 {
    if open.profile().has(Weight::Wait) {
        WAITS
    } else {
        0.0
    }
}

const HEAD: f32 = 34.0;
const RULER: f32 = 22.0;
const CPU: f32 = 42.0;
const WAITS: f32 = 42.0;
const MEMORY: f32 = 40.0;
const LABELS: f32 = 172.0;

/// Shows the timeline.
pub(super) fn show(ui: &mut Ui, rect: Rect, state: &State, open: &Open, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let mut free = rect;
    let head_rect = cut_top(&mut free, HEAD);
    ui.painter().rect_filled(head_rect, 0.0, theme.panel);
    head(ui, head_rect, state, open, out);
    let mut labels = cut_left(&mut free, LABELS);
    ui.painter().rect_filled(labels, 0.0, theme.panel);
    ui.painter()
        .rect_filled(free.with_max_y(free.top() + RULER), 0.0, theme.panel);
    hline(ui, rect, free.top() + RULER, theme.hairline());
    hline(ui, rect, rect.bottom(), theme.hairline());
    vline(ui, labels, labels.right(), theme.hairline());
    let ruler = cut_top(&mut free, RULER);
    let ruler_label = cut_top(&mut labels, RULER).shrink2(vec2(12.0, 0.0));
    let threads = open.profile().threads.len();
    let noun = if threads == 1 { "thread" } else { "threads" };
    let words = format!("{threads} {noun}");
    text::label(
        ui,
        ruler_label,
        LEFT,
        &words,
        &look(regular(12.0), theme.text_2),
    );
    let Some(digest) = &open.digest else { return };
    free.max.x -= 10.0;
    let time = (0.0, digest.duration_s.max(0.001));
    let axes = Axes {
        rect: free,
        time,
        value: (0.0, 1.0),
    };
    axes.paint_times(ui, ruler.with_max_x(free.right()));
    let cpu_rect = cut_top(&mut free, CPU);
    cpu(ui, cpu_rect, cut_top(&mut labels, CPU), digest, time, open);
    let waiting = waits_height(open);
    if waiting > 0.0 {
        let place = cut_top(&mut free, waiting);
        let label = cut_top(&mut labels, waiting);
        waits(ui, place, label, state, digest, time);
    }
    memory(ui, free, labels, digest, time);
    range(ui, axes, ruler, state, open, digest, out);
}

fn head(ui: &Ui, rect: Rect, state: &State, open: &Open, out: &mut Vec<Command>) {
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
    for (words, color) in [
        ("CPU use", theme.running),
        ("RSS", theme.rss),
        ("PSS", theme.pss),
    ] {
        let square =
            Rect::from_center_size(bar.free.left_center() + vec2(4.5, 0.0), vec2(9.0, 9.0));
        ui.painter().rect_filled(square, 2.0, color);
        bar.free.min.x += 14.0;
        let place = text::paint(
            ui,
            bar.free,
            LEFT,
            words,
            &look(regular(12.0), theme.text_2),
        );
        bar.free.min.x = place.right() + 12.0;
    }
    if state.profile.wanted.range_s.is_some() {
        let whole = Button::new("Whole recording").icon(crate::icons::RANGE);
        if whole
            .show(ui, bar.right(whole.width(ui), CONTROL_SMALL), "timeline")
            .clicked()
        {
            out.push(Command::SetRange(None));
        }
    } else {
        let words = if open.live {
            "A range can be chosen once the recording has ended"
        } else {
            "Drag to look at a range"
        };
        text::label(
            ui,
            bar.free,
            RIGHT,
            words,
            &look(regular(12.0), theme.text_3),
        );
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
fn waits(ui: &Ui, rect: Rect, label: Rect, state: &State, digest: &Digest, time: (f64, f64)) {
    let theme = Theme::of(ui);
    let whole = Rect::from_min_max(label.min, rect.max);
    hline(ui, whole, rect.bottom(), theme.hairline());
    let inner = label.shrink2(vec2(12.0, 0.0));
    text::label(ui, inner, LEFT, "Waiting", &look(medium(12.5), theme.text));
    let waiting = &digest.waiting;
    let words = format!("{:.1} threads", waiting.most);
    text::label(ui, inner, RIGHT, &words, &look(mono(10.5), theme.text_3));
    let axes = Axes {
        rect: rect.with_min_y(rect.top() + 3.0),
        time,
        value: (0.0, f64::from(waiting.most).max(0.1) * 1.05),
    };
    let mut mesh = Mesh::default();
    for (at, bin) in waiting.bins.iter().enumerate() {
        let left = axes.x(at as f64 * waiting.bin_s);
        let right = axes.x((at + 1) as f64 * waiting.bin_s);
        let mut sum = 0.0;
        for class in ORDER {
            let threads = bin[class as usize];
            if threads <= 0.0 || !state.profile.wanted.counts(class) {
                continue;
            }
            let floor = axes.y(sum);
            sum += f64::from(threads);
            let bar = Rect::from_min_max(pos2(left, axes.y(sum)), pos2(right, floor));
            mesh.add_colored_rect(bar, theme.wait(class));
        }
    }
    ui.painter().add(mesh);
}

/// Classes from the floor up: what is asked for below, what hinders above.
const ORDER: [WaitClass; 9] = [
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
    text::label(ui, inner, LEFT, "Memory", &look(medium(12.5), theme.text));
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

fn range(
    ui: &Ui,
    axes: Axes,
    ruler: Rect,
    state: &State,
    open: &Open,
    digest: &Digest,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    let area = ruler.with_max_x(axes.rect.right()).union(axes.rect);
    let response = ui.interact(area, Id::unique("timeline"), Sense::drag());
    let name = format!(
        "timeline, {}",
        format::duration(std::time::Duration::from_secs_f64(digest.duration_s))
    );
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, &name));
    let dragged = drag(ui, axes, &response);
    if let Some((from, to)) = dragged.or(state.profile.wanted.range_s) {
        axes.wash(ui, (from, to));
        let band = Rect::from_min_max(
            pos2(axes.x(from), ruler.top()),
            pos2(axes.x(to), ruler.bottom()),
        );
        ui.painter().rect_filled(band, 0.0, theme.accent_fill);
        let words = format!("{from:.1} – {to:.1} s · {:.1} s", to - from);
        if text::width(ui, &words, semibold(11.0)) < band.width() - 8.0 {
            text::label(ui, band, CENTER, &words, &look(semibold(11.0), theme.text));
        }
    }
    if open.live {
        return;
    }
    if response.drag_stopped() {
        out.extend(dragged.map(|range| Command::SetRange(Some(range))));
    }
    hover(ui, axes, &response, digest);
}

/// The range between where the drag began and the pointer.
fn drag(ui: &Ui, axes: Axes, response: &egui::Response) -> Option<(f64, f64)> {
    if !response.dragged() && !response.drag_stopped() {
        return None;
    }
    let start = ui.input(|input| input.pointer.press_origin());
    let start = start.or_else(|| ui.data(|data| data.get_temp(response.id)))?;
    ui.data_mut(|data| data.insert_temp(response.id, start));
    let now = response.interact_pointer_pos()?;
    let (from, to) = (axes.time_at(start.x), axes.time_at(now.x));
    Some((from.min(to), from.max(to)))
}

fn hover(ui: &Ui, axes: Axes, response: &egui::Response, digest: &Digest) {
    let Some(pointer) = response.hover_pos().filter(|_| !response.dragged()) else {
        return;
    };
    ui.ctx().set_cursor_icon(CursorIcon::ResizeHorizontal);
    let theme = Theme::of(ui);
    let series = [
        ("CPU", &digest.cpu, "cores", theme.running),
        ("RSS", &digest.rss, "MiB", theme.rss),
        ("PSS", &digest.pss, "MiB", theme.pss),
    ];
    axes.read_out(ui, response, pointer, |time| {
        let bin = (digest.waiting.bin_s > 0.0)
            .then(|| {
                digest
                    .waiting
                    .bins
                    .get((time / digest.waiting.bin_s) as usize)
            })
            .flatten();
        let waits = bin.into_iter().flat_map(move |bin| {
            ORDER.into_iter().rev().filter_map(move |class| {
                let threads = bin[class as usize];
                let words = format!("{} {threads:.2} threads", class.label());
                (threads >= 0.005).then(|| (theme.wait(class), words))
            })
        });
        series
            .into_iter()
            .filter_map(move |(words, points, unit, color)| {
                let value = value_at(points, time)?;
                Some((color, format!("{words} {value:.2} {unit}")))
            })
            .chain(waits)
    });
}
