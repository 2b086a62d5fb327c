//! The tabs beside memory: a chart over time, and its table over the range.

use egui::{Color32, Id, Rect, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2};
use scrutineer_profiler::profile::{Category, series::Topic};

use super::{RULER, TABLE_ROW};
use crate::{
    command::Command,
    state::{State, profile::Open},
    theme::{CONTROL, Theme, mono, regular},
    views::readings::{Picture, Pictures, TOPICS, Table},
    widgets::{
        bar::{Bar, cut_bottom, cut_left, cut_top},
        chart::{Axes, Series, dash, value_at},
        empty, hline, segmented,
        text::{self, LEFT, RIGHT, look},
        vline,
    },
};

/// Height of the line with the tabs.
pub(super) const TABS: f32 = 42.0;
const LEGEND: f32 = 236.0;
const LEGEND_ROW: f32 = 30.0;
const REMARK: f32 = 22.0;

/// Shows the tabs.
pub(super) fn tabs(ui: &Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    ui.painter().rect_filled(rect, 0.0, theme.panel);
    hline(ui, rect, rect.bottom(), theme.hairline());
    let mut bar = Bar::new(rect, 12.0, 8.0);
    let segments = TOPICS.map(|topic| topic.label().into());
    let at = TOPICS
        .iter()
        .position(|topic| *topic == state.profile.topic)
        .unwrap_or(0);
    let place = bar.left(segmented::width(ui, &segments), CONTROL);
    if let Some(chosen) = segmented::show(ui, place, "topic", &segments, at) {
        out.push(Command::SetTopic(TOPICS[chosen]));
    }
}

/// Shows a topic.
pub(super) fn show(ui: &mut Ui, rect: Rect, state: &State, open: &Open, pictures: &Pictures) {
    let topic = state.profile.topic;
    let Some(picture) = pictures
        .by_topic
        .get(&topic)
        .filter(|picture| !picture.is_empty())
    else {
        nothing(ui, rect, topic, pictures);
        return;
    };
    let mut rect = rect;
    let remarks = cut_bottom(&mut rect, REMARK * picture.remarks.len().min(3) as f32);
    self::remarks(ui, remarks, picture);
    let rows = (picture.table.rows.len() as f32 + 1.0) * TABLE_ROW + 6.0;
    let share = if picture.lines.is_empty() { 1.0 } else { 0.55 };
    let height = rows.min(rect.height() * share);
    let table_rect = cut_bottom(&mut rect, height);
    table(ui, table_rect, &picture.table, topic.label());
    if !picture.lines.is_empty() {
        chart(ui, rect, state, open, (picture, pictures));
    }
}

/// Why there is nothing, and what mends it.
fn nothing(ui: &mut Ui, rect: Rect, topic: Topic, pictures: &Pictures) {
    let why = match topic {
        Topic::Sockets => {
            "The target had no sockets that could be looked at while it was recorded."
        }
        Topic::Disk => {
            "The target's storage counters were not read: they are its owner's and root's alone."
        }
        Topic::ControlGroups => {
            "The target was in the root control group alone, which has no limits."
        }
        Topic::Pressure => {
            "This kernel states no pressure (PSI): it is built without it, or started without psi=1."
        }
        _ => {
            "Nothing of this was read. Captures made by older versions hold resident memory alone."
        }
    };
    let mut words = vec![why.to_owned()];
    words.extend(pictures.not_read.iter().take(3).cloned());
    let title = format!("No readings of {}", topic.label().to_lowercase());
    empty::show(ui, rect, &title, &words.join(" "), &[]);
}

fn colors(ui: &Ui) -> [Color32; 8] {
    let theme = Theme::of(ui);
    [
        theme.rss,
        theme.heap,
        theme.pss,
        theme.category(Category::Jit),
        theme.category(Category::Kernel),
        theme.category(Category::Own),
        theme.category(Category::Std),
        theme.category(Category::Dependency),
    ]
}

fn chart(
    ui: &Ui,
    rect: Rect,
    state: &State,
    open: &Open,
    (picture, pictures): (&Picture, &Pictures),
) {
    let theme = Theme::of(ui);
    let duration_s = open
        .digest
        .as_ref()
        .map_or(0.001, |d| d.duration_s.max(0.001));
    let mut free = rect;
    let ruler = cut_top(&mut free, RULER);
    ui.painter().rect_filled(ruler, 0.0, theme.panel);
    hline(ui, ruler, ruler.bottom(), theme.hairline());
    let legend = cut_left(&mut free, LEGEND);
    let inner = Rect::from_min_max(free.min + vec2(56.0, 16.0), free.max - vec2(18.0, 16.0));
    let lines = || picture.lines.iter().zip(colors(ui));
    let highest = lines()
        .flat_map(|(line, _)| &line.points)
        .map(|point| point.1)
        .fold(0.0, f64::max);
    let axes = Axes {
        rect: inner,
        time: (0.0, duration_s),
        value: (0.0, (highest * 1.12).max(1.0)),
    };
    axes.paint_values(ui, "");
    axes.paint_times(ui, ruler.with_max_x(inner.right()));
    let mut top = legend.top() + 14.0;
    let unit = format!("{}, at the end", picture.unit);
    let head = look(regular(11.0), theme.text_3);
    text::at(ui, pos2(legend.left() + 14.0, top), &unit, &head);
    top += 22.0;
    for (line, color) in lines() {
        axes.paint(
            ui,
            &Series {
                points: &line.points,
                color,
                fill: 0.0,
            },
        );
        if top + LEGEND_ROW > legend.bottom() {
            continue;
        }
        dash(ui, pos2(legend.left() + 14.0, top), color);
        let room = Rect::from_min_max(
            pos2(legend.left() + 32.0, top - 9.0),
            pos2(legend.right(), top + 9.0),
        );
        let last = line.points.last().map_or(0.0, |point| point.1);
        let value = text::paint(
            ui,
            room,
            RIGHT,
            &short(last),
            &look(mono(11.0), theme.text_2),
        );
        let room = room.with_max_x(value.left() - 8.0);
        text::label(ui, room, LEFT, &line.name, &look(regular(12.0), theme.text));
        top += 22.0;
    }
    if picture.line_count > picture.lines.len() {
        let more = format!(
            "{} more in the table",
            picture.line_count - picture.lines.len()
        );
        text::at(ui, pos2(legend.left() + 32.0, top), &more, &head);
    }
    out_of_memory(ui, &axes, pictures);
    if let Some(range) = state.profile.wanted.range_s {
        axes.wash(ui, range);
    }
    let response = ui.interact(axes.rect, Id::unique("topic chart"), Sense::hover());
    let name = format!(
        "{} over time, {} lines",
        state.profile.topic.label().to_lowercase(),
        picture.lines.len()
    );
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Canvas, true, &name));
    if let Some(pointer) = response.hover_pos() {
        axes.read_out(ui, &response, pointer, |time| {
            lines().filter_map(move |(line, color)| {
                let value = value_at(&line.points, time)?;
                Some((color, format!("{} {}", line.name, short(value))))
            })
        });
    }
}

/// Marks where the kernel killed a process because memory ran out.
pub(super) fn out_of_memory(ui: &Ui, axes: &Axes, pictures: &Pictures) {
    let theme = Theme::of(ui);
    let ink = theme
        .outcome(scrutineer_checklists::verdict::Outcome::Fail)
        .ink;
    for (at, words) in &pictures.out_of_memory {
        let x = axes.x(*at);
        vline(ui, axes.rect, x, egui::Stroke::new(1.5, ink));
        let font = regular(11.0);
        let width = text::width(ui, words, font.clone());
        let left = if x + width + 8.0 > axes.rect.right() {
            x - width - 6.0
        } else {
            x + 6.0
        };
        let room = Rect::from_min_size(pos2(left, axes.rect.top()), vec2(width + 2.0, 16.0));
        text::label(ui, room, LEFT, words, &look(font, ink));
    }
}

fn short(value: f64) -> String {
    if value.fract() == 0.0 {
        crate::format::count(value as u64)
    } else if value.abs() < 10.0 {
        format!("{value:.2}")
    } else {
        format!("{value:.1}")
    }
}

fn remarks(ui: &Ui, rect: Rect, picture: &Picture) {
    let theme = Theme::of(ui);
    ui.painter().rect_filled(rect, 0.0, theme.panel);
    let mut free = rect;
    for remark in picture.remarks.iter().take(3) {
        let line = cut_top(&mut free, REMARK).shrink2(vec2(12.0, 0.0));
        text::label(ui, line, LEFT, remark, &look(regular(12.0), theme.text_2));
    }
}

/// Shows a table; columns of words share what those of numbers leave.
pub(super) fn table(ui: &mut Ui, rect: Rect, table: &Table, salt: &str) {
    let theme = Theme::of(ui);
    ui.painter().rect_filled(rect, 0.0, theme.canvas);
    hline(ui, rect, rect.top() + 1.0, theme.hairline());
    let places = places(ui, rect, table);
    let mut body = rect;
    let titles = cut_top(&mut body, TABLE_ROW);
    for (column, place) in table.columns.iter().zip(&places) {
        let room = Rect::from_min_max(pos2(place.0, titles.top()), pos2(place.1, titles.bottom()));
        let align = if column.is_number { RIGHT } else { LEFT };
        let ink = look(regular(12.0), theme.text_2);
        text::label(ui, room, align, column.title, &ink);
    }
    hline(ui, titles, titles.bottom(), theme.hairline());
    let mut inner = ui.new_child(UiBuilder::new().id_salt(("table", salt)).max_rect(body));
    inner.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().auto_shrink(false).show_rows(
        &mut inner,
        TABLE_ROW,
        table.rows.len(),
        |ui, shown| {
            for row in &table.rows[shown] {
                let size = vec2(rect.width(), TABLE_ROW);
                let (line, _) = ui.allocate_exact_size(size, Sense::hover());
                for ((words, column), place) in row.iter().zip(&table.columns).zip(&places) {
                    let room =
                        Rect::from_min_max(pos2(place.0, line.top()), pos2(place.1, line.bottom()));
                    if column.is_number {
                        text::label(ui, room, RIGHT, words, &look(mono(12.0), theme.text));
                    } else {
                        text::label(ui, room, LEFT, words, &look(regular(12.5), theme.text));
                    }
                }
                hline(ui, line, line.bottom(), egui::Stroke::new(1.0, theme.grid));
            }
        },
    );
}

/// Left and right edge of each column.
fn places(ui: &Ui, rect: Rect, table: &Table) -> Vec<(f32, f32)> {
    let number = |title: &str| (text::width(ui, title, regular(12.0)) + 14.0).max(64.0);
    let taken: f32 = table
        .columns
        .iter()
        .filter(|column| column.is_number)
        .map(|column| number(column.title))
        .sum();
    let words = table.columns.iter().filter(|column| !column.is_number);
    let share = ((rect.width() - 24.0 - taken) / words.count().max(1) as f32).clamp(80.0, 320.0);
    let mut left = rect.left() + 12.0;
    table
        .columns
        .iter()
        .map(|column| {
            let width = if column.is_number {
                number(column.title)
            } else {
                share
            };
            let place = (left, left + width - 6.0);
            left += width;
            place
        })
        .collect()
}
