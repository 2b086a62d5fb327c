//! The heat map: a column a second, from its beginning at the bottom to its end at the top.

use egui::{CursorIcon, Id, Mesh, Pos2, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use scrutineer_profiler::profile::heat_map::{HeatMap, PARTS};

use super::{compared::candidate_alone, way::way};
use crate::{
    command::Command,
    format,
    state::{State, profile::Open},
    theme::{Theme, blend, mono, regular},
    widgets::{
        bar::{cut_left, cut_top},
        chart::Axes,
        empty,
        text::{self, LEFT, RIGHT, look},
    },
};

const LABELS: f32 = 76.0;
const RULER: f32 = 22.0;
const FOOT: f32 = 26.0;

/// Shows the heat map of the selection.
pub(super) fn show(ui: &mut Ui, rect: Rect, state: &State, open: &Open, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let mut rect = rect;
    let way_rect = cut_top(&mut rect, 31.0);
    way(ui, way_rect, state, open, out);
    let words = "The heat map is of the candidate alone: no second of it is one of the base's.";
    candidate_alone(ui, &mut rect, open, words);
    if !open.profile().has_times() {
        let words = "The file holds sums without times: there is nothing to lay out by the second.";
        empty::show(ui, rect, "No heat map", words, &[]);
        return;
    }
    let Some(map) = &state.profile.heat_map else {
        return;
    };
    let foot = Rect::from_min_max(pos2(rect.left(), rect.bottom() - FOOT), rect.max);
    rect.max.y -= FOOT;
    let mut labels = cut_left(&mut rect, LABELS);
    rect.max.x -= 12.0;
    let ruler = cut_top(&mut rect, RULER);
    cut_top(&mut labels, RULER);
    let axes = Axes {
        rect,
        time: (
            map.first_s as f64,
            (map.first_s + map.seconds as u64) as f64,
        ),
        value: (0.0, 1_000.0),
    };
    axes.paint_times(ui, ruler);
    for ms in [0.0, 250.0, 500.0, 750.0, 1_000.0] {
        let room = Rect::from_center_size(
            pos2(labels.center().x, axes.y(ms)),
            vec2(labels.width() - 12.0, 14.0),
        );
        let words = format!("{ms:.0} ms");
        text::paint(ui, room, RIGHT, &words, &look(mono(10.5), theme.text_3));
    }
    ui.painter().rect_filled(rect, 0.0, theme.canvas);
    cells(ui, map, axes);
    interact(ui, map, axes, open, out);
    let words = "A line across is work that comes back every second; a drag looks at that time.";
    let room = foot.shrink2(vec2(12.0, 0.0));
    text::label(ui, room, LEFT, words, &look(regular(12.0), theme.text_3));
}

/// The box of a part of a second.
fn place(axes: Axes, map: &HeatMap, second: usize, part: usize) -> Rect {
    let (first, height) = (map.first_s as f64, 1_000.0 / PARTS as f64);
    let left = axes.x(first + second as f64);
    let right = axes.x(first + second as f64 + 1.0);
    let gap = if right - left > 6.0 { 1.0 } else { 0.0 };
    Rect::from_min_max(
        pos2(left, axes.y((part + 1) as f64 * height)),
        pos2((right - gap).max(left + 0.5), axes.y(part as f64 * height)),
    )
}

fn cells(ui: &Ui, map: &HeatMap, axes: Axes) {
    let theme = Theme::of(ui);
    let mut mesh = Mesh::default();
    for second in 0..map.seconds {
        for part in 0..PARTS {
            let weight = map.weight(second, part);
            if weight == 0 {
                continue;
            }
            // The root makes the small ones visible beside one that is large.
            let share = (weight as f64 / map.most.max(1) as f64).sqrt() as f32;
            let color = blend(theme.canvas, theme.running, 0.15 + 0.85 * share);
            mesh.add_colored_rect(place(axes, map, second, part), color);
        }
    }
    ui.painter().add(mesh);
}

/// The second and the part of it at a place.
fn cell_at(axes: Axes, map: &HeatMap, at: Pos2) -> (usize, usize) {
    let second = (axes.time_at(at.x) - map.first_s as f64).floor().max(0.0) as usize;
    let share = f64::from((axes.rect.bottom() - at.y) / axes.rect.height().max(1.0));
    let part = (share.clamp(0.0, 1.0) * PARTS as f64) as usize;
    (
        second.min(map.seconds.saturating_sub(1)),
        part.min(PARTS - 1),
    )
}

fn interact(ui: &Ui, map: &HeatMap, axes: Axes, open: &Open, out: &mut Vec<Command>) {
    let id = Id::unique("heat map");
    let response = ui.interact(axes.rect, id, Sense::click_and_drag());
    let most = format::quantity_words(open.unit(), map.most).replace('\u{a0}', " ");
    let name = format!("heat map, {} seconds, at most {most} in 20 ms", map.seconds);
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, &name));
    let theme = Theme::of(ui);
    let stroke = egui::Stroke::new(1.0, theme.text);
    if let Some(pointer) = response.interact_pointer_pos() {
        let start = ui.input(|input| input.pointer.press_origin());
        let start: Option<Pos2> = start.or_else(|| ui.data(|data| data.get_temp(id)));
        let start = start.unwrap_or(pointer);
        ui.data_mut(|data| data.insert_temp(id, start));
        let (a, b) = (cell_at(axes, map, start), cell_at(axes, map, pointer));
        let (a, b) = (a.min(b), a.max(b));
        for (second, part) in [a, b] {
            let at = place(axes, map, second, part);
            ui.painter()
                .rect_stroke(at, 0.0, stroke, egui::StrokeKind::Outside);
        }
        if response.drag_stopped() || response.clicked() {
            let (from, to) = (map.range_s(a.0, a.1).0, map.range_s(b.0, b.1).1);
            out.push(Command::SetRange(Some((from, to))));
        }
        return;
    }
    let Some(pointer) = response.hover_pos() else {
        return;
    };
    ui.ctx().set_cursor_icon(CursorIcon::Crosshair);
    let (second, part) = cell_at(axes, map, pointer);
    let at = place(axes, map, second, part);
    ui.painter()
        .rect_stroke(at, 0.0, stroke, egui::StrokeKind::Outside);
    let (from, to) = map.range_s(second, part);
    let weight = format::quantity_words(open.unit(), map.weight(second, part));
    egui::Tooltip::for_enabled(&response)
        .at_pointer()
        .show(|ui| {
            let words = format!("{from:.2} – {to:.2} s\n{weight}");
            ui.label(egui::RichText::new(words).font(mono(12.0)));
        });
}
