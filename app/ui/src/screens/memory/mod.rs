//! Memory and what else was read alongside the open capture, over time.

mod growth;
mod topics;

use egui::{Id, Key, Rect, Sense, Ui, pos2, vec2};
use scrutineer_checklists::verdict::Outcome;
use scrutineer_evidence::residency::Growth;
use scrutineer_profiler::profile::series::Topic;

use super::{Binding, key, profile};
use crate::{
    command::Command,
    format,
    state::{State, profile::Open},
    theme::{Theme, mono, mono_bold, regular, semibold},
    views::{
        Digest,
        readings::{Pictures, TOPICS},
    },
    widgets::{
        bar::{Bar, cut_bottom, cut_left, cut_right, cut_top},
        chart::{Axes, Series, dash, value_at},
        chip, empty, hline,
        text::{self, LEFT, RIGHT, look},
        vline,
    },
};

/// Keys of the screen.
pub(crate) const KEYS: &[&[Binding]] = &[&[
    key(Key::Num1, |_| Some(Command::SetTopic(TOPICS[0]))),
    key(Key::Num2, |_| Some(Command::SetTopic(TOPICS[1]))),
    key(Key::Num3, |_| Some(Command::SetTopic(TOPICS[2]))),
    key(Key::Num4, |_| Some(Command::SetTopic(TOPICS[3]))),
    key(Key::Num5, |_| Some(Command::SetTopic(TOPICS[4]))),
    key(Key::Num6, |_| Some(Command::SetTopic(TOPICS[5]))),
    key(Key::Num7, |_| Some(Command::SetTopic(TOPICS[6]))),
]];

const RULER: f32 = 22.0;
const LEGEND: f32 = 148.0;
const TABLE_ROW: f32 = 26.0;

/// Paints the screen.
pub(crate) fn show(ui: &mut Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let Some(open) = state.profile.shown() else {
        profile::nothing(ui, rect, state, out);
        return;
    };
    let Some(digest) = &open.digest else {
        empty::skeleton(ui, rect, 28.0);
        return;
    };
    let Some(pictures) = &open.pictures else {
        empty::skeleton(ui, rect, 28.0);
        return;
    };
    let mut rect = rect;
    let tabs = cut_top(&mut rect, topics::TABS);
    topics::tabs(ui, tabs, state, out);
    if state.profile.topic != Topic::Memory {
        topics::show(ui, rect, state, open, pictures);
        return;
    }
    if digest.rss.is_empty() {
        let words = "This capture holds no readings of resident memory.";
        empty::show(ui, rect, "No memory readings", words, &[]);
        return;
    }
    let theme = Theme::of(ui);
    let width = if profile::is_narrow(rect) {
        280.0
    } else {
        360.0
    };
    let side = cut_right(&mut rect, width);
    ui.painter().rect_filled(side, 0.0, theme.panel);
    vline(ui, side, side.left() + 1.0, theme.hairline());
    inspector(ui, side, open, digest, pictures);
    let lines = lines(ui, digest);
    let strip = cut_bottom(&mut rect, 30.0);
    trust(ui, strip, digest);
    let table_rect = cut_bottom(
        &mut rect,
        36.0 + TABLE_ROW * (lines.len() as f32 + 1.0) + 10.0,
    );
    table(ui, table_rect, &lines);
    let processes = pictures.by_topic.get(&Topic::Memory).map(|p| &p.table);
    // One process alone is what the lines show already.
    if let Some(processes) = processes.filter(|table| table.rows.len() > 1) {
        let height = TABLE_ROW * (processes.rows.len() as f32 + 1.0).min(6.0) + 6.0;
        let height = height.min(rect.height() * 0.4);
        let place = cut_bottom(&mut rect, height);
        topics::table(ui, place, processes, "processes");
    }
    chart(ui, rect, state, (digest, pictures), &lines);
}

/// A line of the chart and of the table.
struct Line<'a> {
    name: &'static str,
    points: &'a [(f64, f64)],
    color: egui::Color32,
}

fn lines<'a>(ui: &Ui, digest: &'a Digest) -> Vec<Line<'a>> {
    let theme = Theme::of(ui);
    let all = [
        ("RSS", &digest.rss, theme.rss),
        ("PSS", &digest.pss, theme.pss),
        ("Anonymous", &digest.anonymous, theme.heap),
    ];
    let held = all.into_iter().filter(|(_, points, _)| !points.is_empty());
    held.map(|(name, points, color)| Line {
        name,
        points,
        color,
    })
    .collect()
}

fn chart(
    ui: &Ui,
    rect: Rect,
    state: &State,
    (digest, pictures): (&Digest, &Pictures),
    lines: &[Line<'_>],
) {
    let theme = Theme::of(ui);
    let mut free = rect;
    let ruler = cut_top(&mut free, RULER);
    ui.painter().rect_filled(ruler, 0.0, theme.panel);
    hline(ui, ruler, ruler.bottom(), theme.hairline());
    let legend = cut_left(&mut free, LEGEND);
    let mut top = legend.top() + 18.0;
    for line in lines {
        dash(ui, pos2(legend.left() + 14.0, top), line.color);
        text::at(
            ui,
            pos2(legend.left() + 32.0, top),
            line.name,
            &look(regular(12.5), theme.text),
        );
        let last = line.points.last().map_or(0.0, |(_, value)| *value);
        let words = format::bytes(last * format::MEBIBYTE);
        text::at(
            ui,
            pos2(legend.left() + 32.0, top + 16.0),
            &words,
            &look(mono(11.0), theme.text_3),
        );
        top += 40.0;
    }
    let inner = Rect::from_min_max(free.min + vec2(64.0, 16.0), free.max - vec2(18.0, 16.0));
    let highest = lines
        .iter()
        .flat_map(|line| line.points)
        .map(|point| point.1)
        .fold(0.0, f64::max);
    let time = (0.0, digest.duration_s.max(0.001));
    let axes = Axes {
        rect: inner,
        time,
        value: (0.0, (highest * 1.12).max(0.5)),
    };
    axes.paint_values(ui, "MiB");
    axes.paint_times(ui, ruler.with_max_x(inner.right()));
    for line in lines {
        let fill = if line.name == "RSS" { 0.10 } else { 0.0 };
        axes.paint(
            ui,
            &Series {
                points: line.points,
                color: line.color,
                fill,
            },
        );
    }
    growth_line(ui, &axes, digest);
    peak(ui, &axes, digest);
    topics::out_of_memory(ui, &axes, pictures);
    if let Some(range) = state.profile.wanted.range_s {
        axes.wash(ui, range);
    }
    read_out(ui, &axes, lines);
}

/// The slope through the middle of the readings, with its interval in words.
fn growth_line(ui: &Ui, axes: &Axes, digest: &Digest) {
    let Some(growth) = digest.growth else { return };
    let theme = Theme::of(ui);
    let middle_time = axes.time.1 / 2.0;
    let mut offsets: Vec<f64> = digest
        .rss
        .iter()
        .map(|(time, value)| {
            value - growth.slope_bytes_per_s / format::MEBIBYTE * (time - middle_time)
        })
        .collect();
    offsets.sort_by(f64::total_cmp);
    let Some(middle) = offsets.get(offsets.len() / 2).copied() else {
        return;
    };
    let at = |time: f64| {
        let value = middle + growth.slope_bytes_per_s / format::MEBIBYTE * (time - middle_time);
        pos2(axes.x(time), axes.y(value))
    };
    let ends = [at(axes.time.0), at(axes.time.1)];
    let stroke = egui::Stroke::new(1.0, theme.text_2);
    // A steep one leaves the chart.
    ui.painter()
        .with_clip_rect(axes.rect.expand(1.0))
        .extend(egui::Shape::dashed_line(&ends, stroke, 5.0, 4.0));
    let (rate, interval) = (per_minute(growth), interval(growth));
    let width = text::width(ui, &format!("{rate}  {interval}"), mono(11.0)) + 22.0;
    let low = ends[0].y.max(ends[1].y);
    let center = pos2(
        axes.rect.center().x,
        (low + 24.0).min(axes.rect.bottom() - 16.0),
    );
    let tag = Rect::from_center_size(center, vec2(width, 24.0));
    ui.painter().rect(
        tag,
        6.0,
        theme.raised,
        theme.border(),
        egui::StrokeKind::Inside,
    );
    let room = tag.shrink2(vec2(9.0, 0.0));
    let place = text::label(ui, room, LEFT, &rate, &look(mono(11.0), theme.text));
    let room = room.with_min_x(place.right() + 8.0);
    text::label(ui, room, LEFT, &interval, &look(mono(11.0), theme.text_2));
}

fn per_minute(growth: Growth) -> String {
    format!(
        "{} MiB/min",
        format::signed(growth.slope_bytes_per_s * 60.0 / format::MEBIBYTE)
    )
}

fn interval(growth: Growth) -> String {
    let ends = [growth.low_bytes_per_s, growth.high_bytes_per_s];
    let ends = ends.map(|end| format::signed(end * 60.0 / format::MEBIBYTE));
    format!("[{}, {}]", ends[0], ends[1])
}

fn peak(ui: &Ui, axes: &Axes, digest: &Digest) {
    let Some((bytes, time)) = digest.peak else {
        return;
    };
    let theme = Theme::of(ui);
    let at = pos2(axes.x(time), axes.y(bytes as f64 / format::MEBIBYTE));
    ui.painter()
        .circle(at, 3.0, theme.canvas, egui::Stroke::new(1.5, theme.rss));
    let words = format!("peak {}", format::bytes(bytes as f64));
    let width = text::width(ui, &words, mono(10.5));
    let left = (at.x - width - 8.0).max(axes.rect.left());
    text::at(
        ui,
        pos2(left, at.y - 11.0),
        &words,
        &look(mono(10.5), theme.text_2),
    );
}

fn read_out(ui: &Ui, axes: &Axes, lines: &[Line<'_>]) {
    let response = ui.interact(axes.rect, Id::unique("memory chart"), Sense::hover());
    let name = format!("memory over time, {} lines", lines.len());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Canvas, true, &name));
    let Some(pointer) = response.hover_pos() else {
        return;
    };
    axes.read_out(ui, &response, pointer, |time| {
        lines.iter().filter_map(move |line| {
            let value = value_at(line.points, time)?;
            Some((line.color, format!("{} {value:.1} MiB", line.name)))
        })
    });
}

fn table(ui: &Ui, rect: Rect, lines: &[Line<'_>]) {
    let theme = Theme::of(ui);
    let mut free = rect;
    let head = cut_top(&mut free, 36.0);
    hline(ui, head, head.top() + 1.0, theme.hairline());
    hline(ui, head, head.bottom(), theme.hairline());
    let bar = Bar::new(head, 12.0, 8.0);
    text::label(
        ui,
        bar.free,
        LEFT,
        "Readings",
        &look(semibold(13.0), theme.text),
    );
    let columns = [
        "First, MiB",
        "Last, MiB",
        "Change, MiB",
        "Lowest, MiB",
        "Highest, MiB",
    ];
    let width = ((free.width() - 180.0) / columns.len() as f32).min(150.0);
    let left = free.left();
    let cell = |row: Rect, column: usize| {
        let right = left + 180.0 + width * (column as f32 + 1.0);
        Rect::from_min_max(pos2(right - width, row.top()), pos2(right, row.bottom()))
    };
    let titles = cut_top(&mut free, TABLE_ROW);
    for (column, title) in columns.iter().enumerate() {
        text::paint(
            ui,
            cell(titles, column),
            RIGHT,
            title,
            &look(regular(12.0), theme.text_2),
        );
    }
    hline(ui, titles, titles.bottom(), theme.hairline());
    for line in lines {
        let row = cut_top(&mut free, TABLE_ROW);
        hline(ui, row, row.bottom(), egui::Stroke::new(1.0, theme.grid));
        let square = Rect::from_center_size(row.left_center() + vec2(17.0, 0.0), vec2(9.0, 9.0));
        ui.painter().rect_filled(square, 2.0, line.color);
        let room = row.with_min_x(row.left() + 30.0);
        text::label(ui, room, LEFT, line.name, &look(regular(12.5), theme.text));
        let values = line.points.iter().map(|point| point.1);
        let first = line.points.first().map_or(0.0, |point| point.1);
        let last = line.points.last().map_or(0.0, |point| point.1);
        let numbers = [
            format!("{first:.1}"),
            format!("{last:.1}"),
            format::signed_short(last - first),
            format!("{:.1}", values.clone().fold(f64::INFINITY, f64::min)),
            format!("{:.1}", values.fold(0.0, f64::max)),
        ];
        for (column, number) in numbers.iter().enumerate() {
            text::label(
                ui,
                cell(row, column),
                RIGHT,
                number,
                &look(mono(12.0), theme.text),
            );
        }
    }
}

fn trust(ui: &Ui, rect: Rect, digest: &Digest) {
    let theme = Theme::of(ui);
    ui.painter().rect_filled(rect, 0.0, theme.panel);
    hline(ui, rect, rect.top() + 1.0, theme.hairline());
    let every = digest.duration_s / digest.readings.max(1) as f64 * 1000.0;
    let words = format!(
        "{} readings, one every {every:.0} ms; PSS more rarely, because reading it costs the target",
        format::count(digest.readings as u64),
    );
    let room = rect.shrink2(vec2(12.0, 0.0));
    text::label(ui, room, LEFT, &words, &look(regular(12.0), theme.text_2));
}

fn inspector(ui: &Ui, rect: Rect, open: &Open, digest: &Digest, pictures: &Pictures) {
    let theme = Theme::of(ui);
    let mut room = rect.shrink2(vec2(16.0, 0.0));
    room.min.y += 14.0;
    let line = cut_top(&mut room, 16.0);
    text::label(
        ui,
        line,
        LEFT,
        "Growth of the resident set",
        &look(regular(12.0), theme.text_3),
    );
    if let Some(growth) = digest.growth {
        growth_words(ui, &mut room, growth, digest);
    } else {
        let words = format!(
            "Too few readings to say: {}, needs 20. Record for longer.",
            digest.readings
        );
        room.min.y += 4.0;
        let look = look(regular(13.0), theme.text);
        room.min.y = text::wrapped(ui, room, &words, &look, 18.0).bottom() + 12.0;
    }
    growth::show(ui, rect, &mut room, open, pictures);
    let full = Rect::from_min_max(pos2(rect.left(), room.top()), rect.max);
    hline(ui, full, room.top(), theme.hairline());
    room.min.y += 10.0;
    for (word, value) in figures(open, digest) {
        let line = cut_top(&mut room, 24.0);
        let place = text::label(ui, line, LEFT, word, &look(regular(12.5), theme.text_2));
        let free = line.with_min_x(place.right() + 10.0);
        text::label(ui, free, RIGHT, &value, &look(mono(12.0), theme.text));
    }
}

fn growth_words(ui: &Ui, room: &mut Rect, growth: Growth, digest: &Digest) {
    let theme = Theme::of(ui);
    let line = cut_top(room, 30.0);
    let minute = format::signed(growth.slope_bytes_per_s * 60.0 / format::MEBIBYTE);
    let place = text::label(ui, line, LEFT, &minute, &look(semibold(22.0), theme.text));
    let free = line
        .with_min_x(place.right() + 8.0)
        .translate(vec2(0.0, 2.0));
    text::label(
        ui,
        free,
        LEFT,
        "MiB per minute",
        &look(regular(12.5), theme.text_2),
    );
    let line = cut_top(room, 20.0);
    let words = format!("99 % interval {}", interval(growth));
    text::label(ui, line, LEFT, &words, &look(mono_bold(11.0), theme.text_2));
    room.min.y += 8.0;
    let grows = growth.low_bytes_per_s > 0.0 && growth.mann_kendall_p < 0.01;
    let shrinks = growth.high_bytes_per_s < 0.0;
    let (of, words) = match (grows, shrinks) {
        (true, _) => (Outcome::Attention, "Grows"),
        (_, true) => (Outcome::Pass, "Shrinks"),
        _ => (Outcome::Pass, "No growth seen"),
    };
    chip::outcome_chip(ui, pos2(room.left(), room.top() + 10.0), of, words);
    room.min.y += 28.0;
    let line = format!(
        "Theil–Sen slope over {} points in {}; Mann–Kendall p {}.{}",
        growth.points,
        format::duration(std::time::Duration::from_secs_f64(digest.duration_s)),
        p_value(growth.mann_kendall_p),
        if grows {
            " Growth alone is no leak: a cache that fills grows too."
        } else {
            ""
        },
    );
    let place = text::wrapped(ui, *room, &line, &look(regular(12.5), theme.text_2), 18.0);
    room.min.y = place.bottom() + 12.0;
}

fn p_value(p: f64) -> String {
    if p < 0.001 {
        "< 0.001".to_owned()
    } else {
        format!("= {p:.3}")
    }
}

fn figures(open: &Open, digest: &Digest) -> Vec<(&'static str, String)> {
    let mut figures = Vec::new();
    if let Some((bytes, time)) = digest.peak {
        figures.push((
            "Peak",
            format!("{} at {time:.1} s", format::bytes(bytes as f64)),
        ));
    }
    if let Some((first, last)) = digest.ends {
        figures.push(("Resident set at the start", format::bytes(first as f64)));
        figures.push(("Resident set at the end", format::bytes(last as f64)));
    }
    let last = |points: &[(f64, f64)]| {
        points
            .last()
            .map(|(_, value)| format::bytes(value * format::MEBIBYTE))
    };
    figures.extend(last(&digest.pss).map(|value| ("Proportional set", value)));
    figures.extend(last(&digest.anonymous).map(|value| ("Anonymous", value)));
    if let Some((threads, descriptors)) = digest.last_counts {
        figures.push(("Threads", format::count(u64::from(threads))));
        let count = |open: u32| format::count(u64::from(open));
        figures.push((
            "Open descriptors",
            descriptors.map_or("not readable".into(), count),
        ));
    }
    figures.push(("Runtime", open.profile().header.runtime.label().to_owned()));
    figures
}

/// Where we are.
pub(crate) fn crumbs(state: &State) -> Vec<String> {
    let mut crumbs = profile::crumbs(state);
    if state.profile.open.is_some() {
        crumbs.push("Memory".to_owned());
    } else {
        crumbs = vec!["Memory".to_owned()];
    }
    crumbs
}

/// Buttons of the head.
pub(crate) fn actions(ui: &mut Ui, bar: &mut Bar, state: &State, out: &mut Vec<Command>) {
    profile::actions(ui, bar, state, out);
}

/// Words of the status line.
pub(crate) fn status(state: &State) -> Vec<String> {
    profile::status(state)
}

/// Keys that the status line shows.
pub(crate) fn hints(_: &State) -> &'static [(&'static str, &'static str)] {
    &[("1 … 7", "tabs"), ("Alt ←", "back"), ("?", "all keys")]
}
