//! The table of a comparison: functions with both shares, the change and its interval.

use egui::{Id, Rect, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use scrutineer_profiler::profile::{diff::Difference, diff_tree::DiffTree};

use super::tables::{background, is_match, name, no_samples, scrolled};
use crate::{
    command::{Command, CompareAction},
    format, icons,
    state::{
        State,
        profile::{CompareColumn, Open},
    },
    theme::{Theme, medium, mono, regular},
    views::comparison::{ComparedFunction, mark, points, step},
    widgets::{
        self,
        bar::{cut_bottom, cut_top},
        hline,
        text::{self, LEFT, RIGHT, look},
    },
};

/// Right edges of the columns, from the left.
const BASE: f32 = 72.0;
const CANDIDATE: f32 = 148.0;
const CHANGE: f32 = 220.0;
const INTERVAL: f32 = 350.0;
const TOTAL: f32 = 430.0;
const TOTAL_CHANGE: f32 = 510.0;
const NAME: f32 = 530.0;

const HEADS: [(&str, f32, Option<CompareColumn>); 6] = [
    ("Self was", BASE, Some(CompareColumn::Base)),
    ("Self, %", CANDIDATE, Some(CompareColumn::Candidate)),
    ("Points", CHANGE, Some(CompareColumn::SelfChange)),
    ("99.73 % interval", INTERVAL, None),
    ("Total, %", TOTAL, Some(CompareColumn::Total)),
    ("Points", TOTAL_CHANGE, Some(CompareColumn::TotalChange)),
];

/// Shows the functions of both sides.
pub(super) fn functions(
    ui: &mut Ui,
    rect: Rect,
    state: &State,
    open: &Open,
    out: &mut Vec<Command>,
) {
    let mut body = rect;
    head(ui, cut_top(&mut body, 28.0), state, out);
    foot(ui, cut_bottom(&mut body, 26.0), open);
    let rows = &state.profile.compared;
    if rows.is_empty() {
        no_samples(ui, body);
        return;
    }
    let selected = state.profile.selected_function();
    let at = || rows.iter().position(|row| Some(row.function) == selected);
    let reveal = state.profile.reveal.then(at).flatten();
    scrolled(ui, body, rows.len(), reveal, |ui, place, at| {
        row(ui, place, state, open, &rows[at], out);
    });
}

fn column(rect: Rect, right: f32, width: f32) -> Rect {
    let right = rect.left() + right;
    Rect::from_min_max(pos2(right - width, rect.top()), pos2(right, rect.bottom()))
}

fn head(ui: &Ui, rect: Rect, state: &State, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    hline(ui, rect, rect.bottom(), theme.hairline());
    for (words, right, sorts_by) in HEADS {
        let place = column(rect, right, 110.0_f32.min(right));
        let is_on = sorts_by == Some(state.profile.compared_by);
        let (font, ink) = if is_on {
            (medium(12.0), theme.text)
        } else {
            (regular(12.0), theme.text_2)
        };
        let painted = text::paint(ui, place, RIGHT, words, &look(font, ink));
        let Some(sorts_by) = sorts_by else { continue };
        let target = Rect::from_min_max(pos2(painted.left(), rect.top()), rect.max)
            .with_max_x(painted.right());
        let response = ui.interact(
            target,
            Id::unique(("sort compared", sorts_by)),
            Sense::CLICK,
        );
        let spoken = spoken_head(sorts_by);
        response.widget_info(|| WidgetInfo::labeled(Role::ColumnHeader, true, spoken));
        if response.clicked() {
            out.push(Command::Compare(CompareAction::Sort(sorts_by)));
        }
    }
    let place = rect.with_min_x(rect.left() + NAME);
    let ink = look(regular(12.0), theme.text_2);
    text::paint(ui, place, LEFT, "Function", &ink);
}

const fn spoken_head(column: CompareColumn) -> &'static str {
    match column {
        CompareColumn::Base => "Sort by the base's self share",
        CompareColumn::Candidate => "Sort by self share",
        CompareColumn::SelfChange => "Sort by change of self share",
        CompareColumn::Total => "Sort by total share",
        CompareColumn::TotalChange => "Sort by change of total share",
    }
}

/// What both sides hold, and what the intervals cover.
fn foot(ui: &Ui, rect: Rect, open: &Open) {
    let theme = Theme::of(ui);
    hline(ui, rect, rect.top(), theme.hairline());
    let Some(compared) = &open.shown.compared else {
        return;
    };
    let (base, candidate) = (&compared.sums.base, &compared.sums.candidate);
    let covers = if compared.sums.knows_spread {
        "intervals cover how much captures differ by themselves"
    } else {
        "intervals cover sampling alone: add captures to both sides for more"
    };
    let words = format!(
        "base {} in {:.1} s · candidate {} in {:.1} s · {covers}",
        format::quantity_words(compared.sums.unit, base.weight),
        base.seconds,
        format::quantity_words(open.unit(), candidate.weight),
        candidate.seconds,
    );
    let room = rect.shrink2(vec2(12.0, 0.0));
    text::label(ui, room, LEFT, &words, &look(regular(12.0), theme.text_3));
}

fn row(
    ui: &Ui,
    rect: Rect,
    state: &State,
    open: &Open,
    row: &ComparedFunction,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    let Some(function) = open.shown.profile.functions.get(row.function as usize) else {
        return;
    };
    let percent = |share| format::percent(share).replace('\u{a0}', " ");
    let spoken = format!(
        "function {}, {} self, was {}, {} points",
        function.name,
        percent(row.own.candidate),
        percent(row.own.base),
        points(row.own.change()),
    );
    let selected = state.profile.selected_function() == Some(row.function);
    let id = Id::unique(("compared", row.function));
    let response = widgets::row(ui, rect, id, selected, &spoken);
    background(ui, rect, &response, selected);
    numbers(ui, rect, row);
    let square = Rect::from_center_size(
        pos2(rect.left() + NAME + 4.0, rect.center().y),
        vec2(8.0, 8.0),
    );
    let color = theme.category(function.category);
    ui.painter().rect_filled(square, 2.0, color);
    let room = Rect::from_min_max(
        pos2(rect.left() + NAME + 15.0, rect.top()),
        rect.max - vec2(12.0, 0.0),
    );
    let matches = is_match(state, Some(row.function));
    let place = open.place_of(row.function).unwrap_or_default();
    name(ui, room, &function.name, matches, false, place);
    if response.clicked() {
        out.push(Command::SelectFunction(row.function));
    }
}

fn numbers(ui: &Ui, rect: Rect, row: &ComparedFunction) {
    let theme = Theme::of(ui);
    let paint = |right: f32, words: &str, ink| {
        let place = column(rect, right, 120.0_f32.min(right));
        text::paint(ui, place, RIGHT, words, &look(mono(12.0), ink));
    };
    let share = |share: f64| format!("{:.1}", 100.0 * share);
    ramp(ui, column(rect, CHANGE, CHANGE - CANDIDATE), &row.own);
    ramp(
        ui,
        column(rect, TOTAL_CHANGE, TOTAL_CHANGE - TOTAL),
        &row.total,
    );
    paint(BASE, &share(row.own.base), theme.text_2);
    paint(CANDIDATE, &share(row.own.candidate), theme.text);
    paint(CHANGE, &change_words(&row.own), ink(theme, &row.own));
    let interval = format!("{} … {}", points(row.own.low), points(row.own.high));
    paint(INTERVAL, &interval, theme.text_3);
    paint(TOTAL, &share(row.total.candidate), theme.text);
    paint(
        TOTAL_CHANGE,
        &change_words(&row.total),
        ink(theme, &row.total),
    );
}

/// The step of the ramp that frames have, at the left of a column.
fn ramp(ui: &Ui, column: Rect, share: &Difference) {
    let center = pos2(column.left() + 18.0, column.center().y);
    let square = Rect::from_center_size(center, vec2(9.0, 9.0));
    let (fill, _) = Theme::of(ui).compared(step(share));
    ui.painter().rect_filled(square, 2.0, fill);
}

/// Right edges of the call tree's columns.
const TREE: [(&str, f32); 5] = [
    ("Self, %", 66.0),
    ("Points", 146.0),
    ("Total was", 222.0),
    ("Total, %", 290.0),
    ("Points", 370.0),
];

/// Where the names of the call tree begin.
pub(super) const TREE_NAME: f32 = 394.0;

/// The heads of the call tree's columns.
pub(super) fn tree_head(ui: &Ui, rect: Rect) {
    let theme = Theme::of(ui);
    hline(ui, rect, rect.bottom(), theme.hairline());
    let ink = look(regular(12.0), theme.text_2);
    for (words, right) in TREE {
        text::paint(ui, column(rect, right, 66.0), RIGHT, words, &ink);
    }
    let place = rect.with_min_x(rect.left() + TREE_NAME);
    text::paint(ui, place, LEFT, "Function", &ink);
}

/// A node of the call tree on both sides: shares of each side's whole.
pub(super) fn tree_numbers(ui: &Ui, rect: Rect, tree: &DiffTree, node: u32) {
    let theme = Theme::of(ui);
    let (own, total) = (tree.own(node), tree.total(node));
    let share = |share: f64| (format!("{:.1}", 100.0 * share), theme.text);
    let change = |of: &Difference| (change_words(of), ink(theme, of));
    let cells = [
        share(own.candidate),
        change(&own),
        (share(total.base).0, theme.text_2),
        share(total.candidate),
        change(&total),
    ];
    ramp(ui, column(rect, TREE[1].1, 80.0), &own);
    ramp(ui, column(rect, TREE[4].1, 80.0), &total);
    for ((words, ink), (_, right)) in cells.into_iter().zip(TREE) {
        let place = column(rect, right, 62.0);
        text::paint(ui, place, RIGHT, &words, &look(mono(12.0), ink));
    }
}

/// Says in a sentence that a view shows the candidate alone, where something is compared.
pub(super) fn candidate_alone(ui: &Ui, rect: &mut Rect, open: &Open, words: &str) {
    if open.shown.compared.is_none() {
        return;
    }
    let theme = Theme::of(ui);
    let line = cut_top(rect, 26.0);
    ui.painter().rect_filled(line, 0.0, theme.raised);
    hline(ui, line, line.bottom(), theme.hairline());
    let icon = Rect::from_min_size(pos2(line.left() + 12.0, line.top() + 6.0), vec2(14.0, 14.0));
    text::icon(ui, icon, icons::INFO, 14.0, theme.text_3);
    let room = line.with_min_x(icon.right() + 8.0);
    text::label(ui, room, LEFT, words, &look(regular(12.0), theme.text_2));
}

/// `+6.8`, or `new` and `gone` where one side has none of it.
fn change_words(share: &Difference) -> String {
    match mark(share) {
        marked if marked.is_empty() => points(share.change()),
        marked => marked,
    }
}

/// Changes beyond their interval are coloured.
pub(super) fn ink(theme: &Theme, share: &Difference) -> egui::Color32 {
    match share.is_clear() {
        true if share.change() > 0.0 => theme.more,
        true => theme.less,
        false => theme.text_3,
    }
}
