//! Pointer and keys over the flame graph.

use egui::{Id, Key, Modifiers, PointerButton, Pos2, Response, Role, Sense, Ui, WidgetInfo};
use scrutineer_profiler::profile::{Unit, diff::Difference};

use super::{
    Flame, FlameAction, Part, Window, category_name,
    geometry::{Place, box_of, window_of},
    label::short_name,
    paint::bears_label,
};
use crate::{
    format,
    theme::{Theme, mono, regular},
    views::comparison::{self, points},
};

/// Gathers what was done.
pub(super) fn all(
    ui: &mut Ui,
    flame: &Flame<'_>,
    place: &Place,
    canvas: &Response,
) -> Vec<FlameAction> {
    let mut actions = Vec::new();
    if place.total == 0 {
        return actions;
    }
    frames(ui, flame, place, &mut actions);
    canvas_clicks(flame, place, canvas, &mut actions);
    drags(flame, place, canvas, &mut actions);
    if canvas.contains_pointer() {
        wheel(ui, flame, place, &mut actions);
        hover(ui, flame, place, canvas);
    }
    if canvas.has_focus() {
        keys(ui, flame, &mut actions);
    }
    actions
}

/// Frames that bear a label have a name for AccessKit and take clicks of their own.
fn frames(ui: &Ui, flame: &Flame<'_>, place: &Place, actions: &mut Vec<FlameAction>) {
    let (from, to) = (
        place.sample(place.rect.left()),
        place.sample(place.rect.right()),
    );
    for row in place.rows(flame.layout) {
        for at in wide(flame, place, row, from, to) {
            let rect = place.rect_of(flame.layout, row, at).intersect(place.rect);
            let node = flame.layout.node[at as usize];
            let response = ui.interact(rect, Id::unique(("frame", flame.part, at)), Sense::CLICK);
            response.widget_info(|| {
                let selected = flame.selected == Some(node);
                WidgetInfo::selected(Role::GraphicsObject, true, selected, spoken(flame, node))
            });
            if response.clicked() {
                response
                    .ctx
                    .memory_mut(|memory| memory.request_focus(super::canvas_id_of(flame.part)));
                actions.push(FlameAction::Select(Some(node)));
            }
            if response.double_clicked() {
                actions.push(zoom(flame, at));
            }
            if response.secondary_clicked() {
                let place = response
                    .interact_pointer_pos()
                    .unwrap_or(rect.left_bottom());
                actions.push(FlameAction::Select(Some(node)));
                actions.push(FlameAction::Menu(place));
            }
        }
    }
}

/// The boxes of a row that bear a label; at most as many as fit the width.
fn wide(flame: &Flame<'_>, place: &Place, row: usize, from: f64, to: f64) -> Vec<u32> {
    let mut boxes = Vec::new();
    let seen = flame.layout.visible(row, from, to);
    let mut at = seen.start;
    while at < seen.end {
        let rect = place.rect_of(flame.layout, row, at);
        if bears_label(rect) {
            boxes.push(at);
        }
        at = if rect.width() >= 1.0 {
            at + 1
        } else {
            let edge = place.sample(rect.left().floor() + 1.0);
            let begins = |other: u32| (flame.layout.x[other as usize] as f64) < edge;
            let after = super::geometry::partition(at + 1..seen.end, begins);
            if after > at + 1 { after - 1 } else { after }
        };
    }
    boxes
}

/// `frame apply_batch, 49.6 % total, own code`.
fn spoken(flame: &Flame<'_>, node: u32) -> String {
    if let Some(compared) = flame.compared {
        return spoken_compared(flame, &compared.total(node), node);
    }
    let total = flame
        .tree
        .total_samples
        .get(node as usize)
        .copied()
        .unwrap_or_default();
    format!(
        "frame {}, {} total, {}",
        short_name(flame.name(node)),
        format::percent(format::share(total, flame.whole)).replace('\u{a0}', " "),
        category_name(flame.category(node)),
    )
}

/// `frame apply_batch, 49.6 % total, was 42.8 %, +6.8 points`.
fn spoken_compared(flame: &Flame<'_>, total: &Difference, node: u32) -> String {
    let name = short_name(flame.name(node));
    format!("frame {name}, {}", comparison::spoken(total))
}

fn zoom(flame: &Flame<'_>, at: u32) -> FlameAction {
    FlameAction::Show {
        window: window_of(flame.layout, at),
        moves: true,
    }
}

fn at_pointer(flame: &Flame<'_>, place: &Place, at: Pos2) -> Option<u32> {
    flame.layout.hit(place.row_at(at.y)?, place.sample(at.x))
}

fn canvas_clicks(
    flame: &Flame<'_>,
    place: &Place,
    canvas: &Response,
    actions: &mut Vec<FlameAction>,
) {
    let Some(pointer) = canvas.interact_pointer_pos() else {
        return;
    };
    let under = at_pointer(flame, place, pointer);
    if canvas.clicked() {
        let node = under.map(|at| flame.layout.node[at as usize]);
        actions.push(FlameAction::Select(node));
    }
    if let Some(at) = under.filter(|_| canvas.secondary_clicked()) {
        actions.push(FlameAction::Select(Some(flame.layout.node[at as usize])));
        actions.push(FlameAction::Menu(pointer));
    }
    if let Some(at) = under.filter(|_| canvas.double_clicked()) {
        actions.push(zoom(flame, at));
    }
}

fn drags(flame: &Flame<'_>, place: &Place, canvas: &Response, actions: &mut Vec<FlameAction>) {
    let dragged =
        canvas.dragged_by(PointerButton::Primary) || canvas.dragged_by(PointerButton::Middle);
    if !dragged {
        return;
    }
    let delta = canvas.drag_delta();
    if delta.x != 0.0 {
        let share = f64::from(-delta.x / place.rect.width());
        actions.push(FlameAction::Show {
            window: flame.window.panned(share),
            moves: false,
        });
    }
    if delta.y != 0.0 {
        actions.push(scrolled(flame, place, -delta.y));
    }
}

fn scrolled(flame: &Flame<'_>, place: &Place, by: f32) -> FlameAction {
    let most = flame.most_scroll(place.rect.height());
    let by = if place.is_flipped { -by } else { by };
    FlameAction::Scroll((place.scroll + by).clamp(0.0, most))
}

fn wheel(ui: &Ui, flame: &Flame<'_>, place: &Place, actions: &mut Vec<FlameAction>) {
    let wheel = crate::widgets::wheel::of(ui);
    let (scroll, factor) = (wheel.scroll, wheel.zoom);
    let pointer = ui.input(|input| input.pointer.hover_pos());
    if (factor - 1.0).abs() > f32::EPSILON
        && let Some(pointer) = pointer
    {
        let window = flame
            .window
            .zoomed(f64::from(factor), place.share(pointer.x));
        actions.push(FlameAction::Show {
            window,
            moves: false,
        });
        return;
    }
    if scroll.x != 0.0 {
        let share = f64::from(-scroll.x / place.rect.width());
        actions.push(FlameAction::Show {
            window: flame.window.panned(share),
            moves: false,
        });
    }
    if scroll.y != 0.0 {
        actions.push(scrolled(flame, place, -scroll.y));
    }
}

fn hover(ui: &Ui, flame: &Flame<'_>, place: &Place, canvas: &Response) {
    let Some(pointer) = ui.input(|input| input.pointer.hover_pos()) else {
        return;
    };
    let Some(at) = at_pointer(flame, place, pointer) else {
        return;
    };
    if canvas.dragged() || egui::Popup::is_any_open(ui.ctx()) || !pointer_rests(ui) {
        return;
    }
    egui::Tooltip::always_open(
        ui.ctx().clone(),
        ui.layer_id(),
        Id::unique(("flame tooltip", flame.part)),
        egui::PopupAnchor::Pointer,
    )
    .gap(14.0)
    .show(|ui| tooltip(ui, flame, at));
}

/// Whether the pointer has lain still for 80 ms; asks to be painted again when it will have.
fn pointer_rests(ui: &Ui) -> bool {
    let still = ui.input(|input| input.pointer.time_since_last_movement());
    if still < 0.08 {
        ui.ctx().request_repaint_after_secs(0.08 - still + 0.005);
    }
    still >= 0.08
}

fn tooltip(ui: &mut Ui, flame: &Flame<'_>, at: u32) {
    let node = flame.layout.node[at as usize];
    let theme = Theme::of(ui);
    ui.set_max_width(440.0);
    let rich = |words: String, font, color| egui::RichText::new(words).font(font).color(color);
    ui.label(rich(flame.name(node).to_owned(), mono(12.0), theme.text));
    ui.label(rich(origin(flame, node), regular(11.0), theme.text_3));
    if let Some(compared) = flame.compared {
        for (what, share) in [
            ("total", compared.total(node)),
            ("self", compared.own(node)),
        ] {
            ui.label(rich(changed(what, &share), mono(12.0), theme.text));
        }
        return;
    }
    let of = |samples: &[u64]| {
        let samples = samples.get(node as usize).copied().unwrap_or_default();
        let share = format::percent(format::share(samples, flame.whole));
        match flame.unit {
            Unit::Samples => share,
            unit => format!("{} ({share})", format::quantity(unit, samples)),
        }
    };
    let totals = format!(
        "total {}   self {}",
        of(&flame.tree.total_samples),
        of(&flame.tree.self_samples)
    );
    if flame.part == Part::Chart {
        let length = format::quantity(Unit::Nanoseconds, flame.layout.width[at as usize]);
        ui.label(rich(format!("here {length}"), mono(12.0), theme.text));
    }
    ui.label(rich(totals, mono(12.0), theme.text));
}

/// `total 49.6 %, was 42.8 %: +6.8 points (+5.1 … +8.5)`.
fn changed(what: &str, share: &Difference) -> String {
    let noise = if share.is_clear() {
        ""
    } else {
        ", within noise"
    };
    format!(
        "{what} {}, was {}: {} points ({} … {}){noise}",
        format::percent(share.candidate),
        format::percent(share.base),
        points(share.change()),
        points(share.low),
        points(share.high),
    )
}

/// `Own code · src/posting/engine.rs:211`, or the module where the file is unknown.
fn origin(flame: &Flame<'_>, node: u32) -> String {
    let inlined = flame.inlined(node);
    let mut words = category_name(flame.category(node)).to_owned();
    if inlined {
        words.push_str(", inlined");
    }
    let module = flame
        .function(node)
        .and_then(|function| flame.profile.functions.get(function as usize))
        .and_then(|function| flame.profile.modules.get(function.module as usize));
    let place = flame
        .function(node)
        .and_then(|function| (flame.place_of)(function));
    if let Some(place) = place {
        words.push_str(" · ");
        words.push_str(place);
    } else if let Some(module) = module {
        words.push_str(" · ");
        words.push_str(module.path.rsplit('/').next().unwrap_or(&module.path));
    }
    words
}

fn keys(ui: &Ui, flame: &Flame<'_>, actions: &mut Vec<FlameAction>) {
    let pressed = |key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
    for (key, step) in [
        (Key::ArrowUp, Step::Parent),
        (Key::ArrowDown, Step::Child),
        (Key::ArrowLeft, Step::Before),
        (Key::ArrowRight, Step::After),
    ] {
        if pressed(key) {
            actions.extend(walk(flame, step));
        }
    }
    if pressed(Key::Enter) {
        let at = flame.selected.and_then(|node| locate(flame, node));
        actions.extend(at.map(|(_, at)| zoom(flame, at)));
    }
    for (key, factor) in [
        (Key::Plus, 1.5),
        (Key::Equals, 1.5),
        (Key::Minus, 1.0 / 1.5),
    ] {
        if pressed(key) {
            let window = flame.window.zoomed(factor, 0.5);
            actions.push(FlameAction::Show {
                window,
                moves: true,
            });
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Parent,
    Child,
    Before,
    After,
}

fn locate(flame: &Flame<'_>, node: u32) -> Option<(usize, u32)> {
    let depth = flame.tree.depth.get(node as usize).copied()?;
    box_of(flame.layout, depth, node)
}

/// The frame one step from the selected one, brought into the window.
fn walk(flame: &Flame<'_>, step: Step) -> Vec<FlameAction> {
    let layout = flame.layout;
    let Some((row, at)) = flame.selected.and_then(|node| locate(flame, node)) else {
        return layout
            .node
            .first()
            .map(|root| FlameAction::Select(Some(*root)))
            .into_iter()
            .collect();
    };
    let same_row = layout.rows[row];
    let target = match step {
        Step::Parent => (row > 0).then(|| layout.parent[at as usize]),
        Step::Child => heaviest_child(flame, row, at),
        Step::Before => at.checked_sub(1).filter(|other| *other >= same_row.start),
        Step::After => Some(at + 1).filter(|other| *other < same_row.end),
    };
    let Some(target) = target else {
        return Vec::new();
    };
    let mut actions = vec![FlameAction::Select(Some(layout.node[target as usize]))];
    let wanted = window_of(layout, target);
    let window = flame.window;
    let outside = wanted.right <= window.left || wanted.left >= window.right;
    if outside {
        let shift = (wanted.left + wanted.right - window.left - window.right) / 2.0;
        let window = Window {
            left: window.left + shift,
            right: window.right + shift,
        }
        .clamped();
        actions.push(FlameAction::Show {
            window,
            moves: true,
        });
    }
    actions
}

fn heaviest_child(flame: &Flame<'_>, row: usize, at: u32) -> Option<u32> {
    let layout = flame.layout;
    let from = layout.x[at as usize] as f64;
    let below = layout.visible(row + 1, from, from + layout.width[at as usize] as f64);
    below
        .filter(|child| layout.parent[*child as usize] == at)
        .max_by_key(|child| (layout.width[*child as usize], std::cmp::Reverse(*child)))
}
