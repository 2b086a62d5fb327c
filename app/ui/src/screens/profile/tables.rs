//! The tables that twin the flame graph: the call tree that unfolds, and functions by time.

use egui::{Id, Rect, ScrollArea, Sense, Stroke, Ui, UiBuilder, pos2, vec2};
use scrutineer_profiler::profile::{TopFunction, Unit};

use super::compared;
use crate::{
    command::Command,
    format, icons,
    state::{State, profile::Open},
    theme::{Theme, medium, mono, regular},
    views::comparison::spoken as spoken_change,
    widgets::{
        self,
        bar::cut_top,
        empty,
        flame::{category_name, function_of},
        hline,
        text::{self, LEFT, RIGHT, look},
    },
};

const ROW: f32 = 26.0;

/// Where the columns stand.
struct Columns {
    own: f32,
    total: f32,
    name: f32,
}

impl Columns {
    fn of(rect: Rect) -> Self {
        Self {
            own: rect.left() + 150.0,
            total: rect.left() + 300.0,
            name: rect.left() + 324.0,
        }
    }
}

/// Shows the call tree.
pub(super) fn call_tree(
    ui: &mut Ui,
    rect: Rect,
    state: &State,
    open: &Open,
    out: &mut Vec<Command>,
) {
    let mut body = rect;
    let head_rect = cut_top(&mut body, 28.0);
    if open.shown.compared.is_some() {
        compared::tree_head(ui, head_rect);
    } else {
        head(ui, head_rect, open.unit(), None, out);
    }
    let rows = &state.profile.rows;
    if rows.is_empty() {
        no_samples(ui, body);
        return;
    }
    let selected = || {
        rows.iter()
            .position(|row| Some(*row) == state.profile.selected)
    };
    scrolled(
        ui,
        body,
        rows.len(),
        state.profile.reveal.then(selected).flatten(),
        |ui, place, at| {
            tree_row(ui, place, state, open, rows[at], out);
        },
    );
}

/// Shows functions by time.
pub(super) fn functions(
    ui: &mut Ui,
    rect: Rect,
    state: &State,
    open: &Open,
    out: &mut Vec<Command>,
) {
    let mut body = rect;
    head(
        ui,
        cut_top(&mut body, 28.0),
        open.unit(),
        Some(state.profile.by_total),
        out,
    );
    if open.shown.top.is_none() {
        empty::skeleton(ui, body, ROW);
        return;
    }
    let rows = &state.profile.functions;
    if rows.is_empty() {
        no_samples(ui, body);
        return;
    }
    let selected = state.profile.selected_function();
    let at = || rows.iter().position(|row| Some(row.function) == selected);
    scrolled(
        ui,
        body,
        rows.len(),
        state.profile.reveal.then(at).flatten(),
        |ui, place, at| {
            function_row(ui, place, state, open, &rows[at], out);
        },
    );
}

pub(super) fn no_samples(ui: &mut Ui, rect: Rect) {
    let words = "There is nothing of it in what is chosen.";
    empty::show(ui, rect, "No samples", words, &[]);
}

fn head(ui: &Ui, rect: Rect, unit: Unit, by_total: Option<bool>, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    hline(ui, rect, rect.bottom(), theme.hairline());
    let columns = Columns::of(rect);
    let (own, all) = match unit {
        Unit::Samples => ("Self, %", "Total, %"),
        Unit::Nanoseconds => ("Self, time", "Total, time"),
        Unit::Faults => ("Self, faults", "Total, faults"),
        Unit::Bytes => ("Self, bytes", "Total, bytes"),
        Unit::Allocations => ("Self, allocs", "Total, allocs"),
        Unit::Events => ("Self, events", "Total, events"),
    };
    for (words, x, total) in [(own, columns.own, false), (all, columns.total, true)] {
        let place = Rect::from_min_max(pos2(x - 70.0, rect.top()), pos2(x, rect.bottom()));
        let on = by_total == Some(total);
        let (font, ink) = if on {
            (medium(12.0), theme.text)
        } else {
            (regular(12.0), theme.text_2)
        };
        text::paint(ui, place, RIGHT, words, &look(font, ink));
        if by_total.is_none() {
            continue;
        }
        let response = ui.interact(place, Id::unique(("sort functions", total)), Sense::CLICK);
        let name = if total {
            "Sort by total"
        } else {
            "Sort by self"
        };
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ColumnHeader, true, name));
        if response.clicked() {
            out.push(Command::SortByTotal(total));
        }
    }
    let place = Rect::from_min_max(pos2(columns.name, rect.top()), rect.max);
    text::paint(
        ui,
        place,
        LEFT,
        "Function",
        &look(regular(12.0), theme.text_2),
    );
}

pub(super) fn scrolled(
    ui: &mut Ui,
    rect: Rect,
    count: usize,
    reveal: Option<usize>,
    mut row: impl FnMut(&Ui, Rect, usize),
) {
    let mut inner = ui.new_child(UiBuilder::new().id_salt("table").max_rect(rect));
    inner.spacing_mut().item_spacing.y = 0.0;
    let mut area = ScrollArea::vertical().auto_shrink(false);
    if let Some(at) = reveal {
        let middle = (at as f32 + 0.5) * ROW - rect.height() / 2.0;
        area = area.vertical_scroll_offset(middle.max(0.0));
    }
    area.show_rows(&mut inner, ROW, count, |ui, rows| {
        for at in rows {
            let (place, _) = ui.allocate_exact_size(vec2(rect.width(), ROW), Sense::hover());
            row(ui, place, at);
        }
    });
}

pub(super) fn background(ui: &Ui, rect: Rect, response: &egui::Response, selected: bool) {
    let theme = Theme::of(ui);
    if selected || response.hovered() {
        let fill = if selected {
            theme.selected
        } else {
            theme.hover
        };
        ui.painter().rect_filled(rect, 0.0, fill);
    }
    hline(ui, rect, rect.bottom(), Stroke::new(1.0, theme.grid));
}

fn numbers(ui: &Ui, rect: Rect, open: &Open, own: u64, total: u64, category: egui::Color32) {
    let theme = Theme::of(ui);
    let columns = Columns::of(rect);
    let all = open.shown.layout.total;
    for (samples, x) in [(own, columns.own), (total, columns.total)] {
        let share = format::share(samples, all);
        let track = Rect::from_center_size(pos2(x - 108.0, rect.center().y), vec2(56.0, 4.0));
        ui.painter().rect_filled(track, 2.0, theme.track);
        if samples > 0 {
            let fill = track.with_max_x(track.left() + (56.0 * share as f32).max(2.0));
            ui.painter().rect_filled(fill, 2.0, category);
        }
        let place = Rect::from_min_max(pos2(x - 70.0, rect.top()), pos2(x, rect.bottom()));
        let ink = if samples > 0 {
            theme.text
        } else {
            theme.text_3
        };
        let words = match open.unit() {
            Unit::Samples => format!("{:.1}", share * 100.0),
            unit => format::quantity(unit, samples),
        };
        text::paint(ui, place, RIGHT, &words, &look(mono(12.0), ink));
    }
}

pub(super) fn is_match(state: &State, function: Option<u32>) -> bool {
    let found = state
        .profile
        .found
        .as_ref()
        .filter(|_| !state.profile.search.is_empty());
    found
        .zip(function)
        .is_some_and(|(found, function)| found.functions.contains(function))
}

pub(super) fn name(ui: &Ui, rect: Rect, words: &str, matches: bool, italics: bool, place: &str) {
    let theme = Theme::of(ui);
    let name_look = look(mono(12.0), theme.text).italics(italics);
    let painted = text::paint(ui, rect, LEFT, words, &name_look);
    if matches {
        let outline = painted.expand2(vec2(3.0, 2.0));
        ui.painter()
            .rect_stroke(outline, 3.0, (1.0, theme.accent), egui::StrokeKind::Inside);
    }
    let free = Rect::from_min_max(pos2(painted.right() + 10.0, rect.top()), rect.max);
    if free.width() > 60.0 {
        text::paint(ui, free, LEFT, place, &look(mono(11.0), theme.text_3));
    }
}

fn tree_row(ui: &Ui, rect: Rect, state: &State, open: &Open, node: u32, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let tree = &open.shown.tree;
    let at = node as usize;
    let words = open.name(node);
    let function = function_of(tree, node);
    let category = open
        .shown
        .profile
        .functions
        .get(function.unwrap_or(u32::MAX) as usize);
    let category = category.map_or(scrutineer_profiler::profile::Category::Root, |known| {
        known.category
    });
    let selected = state.profile.selected == Some(node);
    let compared = open.shown.compared.as_ref();
    let spoken = if let Some(compared) = compared {
        format!(
            "call {words}, {}",
            spoken_change(&compared.tree.total(node))
        )
    } else {
        let share = format::share(tree.total_samples[at], open.shown.layout.total);
        format!(
            "call {words}, {} total, {}",
            format::percent(share).replace('\u{a0}', " "),
            category_name(category)
        )
    };
    let response = widgets::row(ui, rect, Id::unique(("tree row", node)), selected, &spoken);
    background(ui, rect, &response, selected);
    let color = theme.frame(category, tree.inlined[at]);
    let names = if let Some(compared) = compared {
        compared::tree_numbers(ui, rect, &compared.tree, node);
        rect.left() + compared::TREE_NAME
    } else {
        let (own, total) = (tree.self_samples[at], tree.total_samples[at]);
        numbers(ui, rect, open, own, total, color);
        Columns::of(rect).name
    };
    let depth = f32::from(tree.depth[at]);
    let left = names + (depth * 14.0).min(rect.right() - names - 196.0).max(0.0);
    if tree.child_count[at] > 0 {
        let open = state.profile.unfolded.contains(&node);
        let place = Rect::from_center_size(pos2(left, rect.center().y), vec2(20.0, 24.0));
        let fold = ui.interact(place, Id::unique(("tree fold", node)), Sense::CLICK);
        let name = format!("{} {words}", if open { "Fold" } else { "Unfold" });
        fold.widget_info(|| egui::WidgetInfo::labeled(egui::Role::DisclosureTriangle, true, &name));
        let icon = if open {
            icons::CARET_DOWN
        } else {
            icons::CARET_RIGHT
        };
        text::icon(ui, place, icon, 11.0, theme.text_3);
        if fold.clicked() {
            out.push(Command::ToggleNode(node));
        }
    }
    let square = Rect::from_center_size(pos2(left + 15.0, rect.center().y), vec2(8.0, 8.0));
    ui.painter().rect_filled(square, 2.0, color);
    let room = Rect::from_min_max(pos2(left + 26.0, rect.top()), rect.max - vec2(12.0, 0.0));
    let place = function
        .and_then(|function| open.place_of(function))
        .unwrap_or_default();
    name(
        ui,
        room,
        words,
        is_match(state, function),
        tree.inlined[at],
        place,
    );
    if response.clicked() {
        out.push(Command::Flame(widgets::flame::FlameAction::Select(Some(
            node,
        ))));
    }
    if response.double_clicked() {
        out.push(Command::ToggleNode(node));
    }
}

fn function_row(
    ui: &Ui,
    rect: Rect,
    state: &State,
    open: &Open,
    row: &TopFunction,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    let Some(function) = open.shown.profile.functions.get(row.function as usize) else {
        return;
    };
    let selected = state.profile.selected_function() == Some(row.function);
    let all = open.shown.layout.total;
    let spoken = format!(
        "function {}, {} self, {} total",
        function.name,
        format::percent(format::share(row.self_samples, all)).replace('\u{a0}', " "),
        format::percent(format::share(row.total_samples, all)).replace('\u{a0}', " "),
    );
    let response = widgets::row(
        ui,
        rect,
        Id::unique(("function", row.function)),
        selected,
        &spoken,
    );
    background(ui, rect, &response, selected);
    let color = theme.category(function.category);
    numbers(ui, rect, open, row.self_samples, row.total_samples, color);
    let left = Columns::of(rect).name;
    let square = Rect::from_center_size(pos2(left + 4.0, rect.center().y), vec2(8.0, 8.0));
    ui.painter().rect_filled(square, 2.0, color);
    let room = Rect::from_min_max(pos2(left + 15.0, rect.top()), rect.max - vec2(12.0, 0.0));
    let place = open.place_of(row.function).unwrap_or_default();
    name(
        ui,
        room,
        &function.name,
        is_match(state, Some(row.function)),
        false,
        place,
    );
    if response.clicked() {
        out.push(Command::SelectFunction(row.function));
    }
}
