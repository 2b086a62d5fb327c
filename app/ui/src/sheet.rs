//! The sheet of keys.

use egui::{Align2, Area, Id, Order, Rect, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2};

use crate::{
    command::Command,
    state::{Layer, State},
    theme::{Theme, regular, semibold},
    widgets::{
        key_cap, panel,
        text::{self, LEFT, look},
    },
};

/// A title with keys and what they do.
type Group = (&'static str, &'static [(&'static str, &'static str)]);

const GROUPS: &[Group] = &[
    (
        "Everywhere",
        &[
            ("Alt 1…5", "screens"),
            ("Ctrl K", "commands"),
            ("Ctrl F  /", "search"),
            ("Alt ←  Alt →", "back and forward"),
            ("Ctrl Z  Ctrl Shift Z", "undo and redo a selection"),
            ("Ctrl O", "open a capture"),
            ("Ctrl ,", "settings"),
            ("Ctrl P  Ctrl Shift P", "pin what is seen, pins"),
            ("Ctrl 1…9  Ctrl Tab", "captures in tabs"),
            ("Ctrl W", "close the capture"),
            ("Ctrl E", "export the review"),
            ("Ctrl +  Ctrl −  Ctrl 0", "size"),
            ("Tab", "next control"),
            ("Esc", "unwind one layer"),
            ("?", "this sheet"),
        ],
    ),
    (
        "Start",
        &[
            ("↑  ↓", "choose a process"),
            ("Enter", "record it"),
            ("Space", "pause the list"),
        ],
    ),
    (
        "Pins",
        &[
            ("↑  ↓  Enter", "choose and open"),
            ("n  Del", "note, remove"),
        ],
    ),
    (
        "Timeline",
        &[
            ("w  s", "zoom in and out"),
            ("a  d", "pan"),
            ("z", "zoom to the range, and back"),
            ("[  ]", "widen the range; Shift narrows it"),
        ],
    ),
    (
        "Profile",
        &[
            ("1  2  3", "flame, left-heavy, sandwich"),
            ("4  5  6", "call tree, functions, heat map"),
            ("7  8", "a thread over time, source"),
            ("↑  ↓  ←  →", "parent, child, siblings"),
            ("Enter", "zoom to the frame"),
            ("0", "reset zoom"),
            ("+  −", "zoom"),
            ("i", "invert"),
            ("m  f  c", "merge, focus, collapse"),
            ("r  d  u", "recursion, drop, my code only"),
            ("h", "hide frames below 0.1 %"),
            ("x", "compare with a capture, range, waits"),
            ("b  v", "hold the range, show what vanished"),
            ("F6", "timeline or stacks take the letters"),
            ("t", "CPU time, waits, page faults"),
            ("n  N", "next and previous match"),
            ("Tab", "in the search: only stacks that match"),
            ("Ctrl C", "copy the name"),
            ("Space", "freeze while recording"),
            ("Ctrl Wheel", "zoom at the cursor"),
        ],
    ),
    (
        "Checklist",
        &[
            ("j  k", "next and previous item"),
            ("c", "confirm"),
            ("o", "overrule"),
            ("f  t  n", "finding, action, note"),
            ("m", "freeze a milestone"),
            ("w", "waive until a date"),
            ("a", "not applicable"),
        ],
    ),
    (
        "Review",
        &[
            ("→  ←", "next and previous item"),
            ("Ctrl Enter", "record and go on"),
            ("c  o  w  a", "confirm, overrule, waive, n/a"),
            ("f  t  n", "finding, action, note"),
            ("Space", "picture full screen"),
            ("p", "present in large type"),
            ("v", "another view of the evidence"),
            ("d", "what changed since the milestone"),
            ("i", "decision and actions, where narrow"),
            ("m", "freeze a milestone"),
        ],
    ),
];

/// Heights of a title, of a line below it, and of the gap before the next title.
const TITLE: f32 = 26.0;
const LINE: f32 = 24.0;
const GAP: f32 = 14.0;

/// Widths of a column: the narrowest, and of its keys.
const NARROWEST: f32 = 330.0;
const KEYS: f32 = 158.0;

fn height_of((_, keys): &Group) -> f32 {
    TITLE + keys.len() as f32 * LINE + GAP
}

/// The groups in so many columns, in their order, none much higher than the others.
fn columns(count: usize) -> Vec<&'static [Group]> {
    let whole: f32 = GROUPS.iter().map(height_of).sum();
    let tallest = GROUPS.iter().map(height_of).fold(0.0, f32::max);
    let mut limit = (whole / count as f32).max(tallest);
    loop {
        let columns = filled(limit);
        if columns.len() <= count {
            return columns;
        }
        limit += LINE;
    }
}

/// The groups in columns that are filled up to a height.
fn filled(limit: f32) -> Vec<&'static [Group]> {
    let mut columns = Vec::new();
    let (mut first, mut height) = (0, 0.0);
    for (place, group) in GROUPS.iter().enumerate() {
        if height + height_of(group) > limit && place > first {
            columns.push(&GROUPS[first..place]);
            (first, height) = (place, 0.0);
        }
        height += height_of(group);
    }
    columns.push(&GROUPS[first..]);
    columns
}

/// Shows the sheet over the screen.
pub(crate) fn show(ui: &Ui, state: &State, out: &mut Vec<Command>) {
    if state.layer != Some(Layer::Sheet) {
        return;
    }
    let window = ui.ctx().content_rect();
    crate::palette::shade(ui, window, out);
    let count = ((window.width() - 80.0) / NARROWEST)
        .floor()
        .clamp(1.0, 3.0);
    let columns = columns(count as usize);
    let height = |groups: &&[Group]| groups.iter().map(height_of).sum();
    let content = columns.iter().map(height).fold(0.0, f32::max);
    let size = vec2(
        (count * 372.0 + 32.0).min(window.width() - 32.0),
        (content + 72.0).min(window.height() - 32.0),
    );
    Area::new(Id::unique("sheet"))
        .order(Order::Foreground)
        .pivot(Align2::CENTER_CENTER)
        .fixed_pos(window.center())
        .fade_in(false)
        .accessible_name("Keys")
        .show(ui.ctx(), |ui| {
            let (rect, _) = ui.allocate_exact_size(size, Sense::click());
            panel::floating(ui, rect);
            let theme = Theme::of(ui);
            let title = Rect::from_min_size(rect.min + vec2(24.0, 16.0), vec2(300.0, 24.0));
            text::label(ui, title, LEFT, "Keys", &look(semibold(17.0), theme.text));
            let body = Rect::from_min_max(rect.min + vec2(24.0, 52.0), rect.max - vec2(12.0, 8.0));
            let mut inner = ui.new_child(UiBuilder::new().id_salt("keys").max_rect(body));
            ScrollArea::vertical()
                .auto_shrink(false)
                .show(&mut inner, |ui| {
                    let top = ui.max_rect().min;
                    let width = body.width() / count;
                    for (column, groups) in columns.iter().enumerate() {
                        let left = top.x + column as f32 * width;
                        paint_column(ui, pos2(left, top.y), width - 16.0, groups);
                    }
                    ui.allocate_space(vec2(body.width(), content));
                });
        });
}

fn paint_column(ui: &Ui, top: egui::Pos2, width: f32, groups: &[Group]) {
    let theme = Theme::of(ui);
    let mut y = top.y;
    let line = |y: f32| Rect::from_min_size(pos2(top.x, y), vec2(width, LINE));
    for (title, keys) in groups {
        text::label(
            ui,
            line(y),
            LEFT,
            title,
            &look(semibold(12.5), theme.text_2),
        );
        y += TITLE;
        for (keys, words) in *keys {
            let mut left = pos2(top.x, y + 12.0);
            for key in keys.split("  ") {
                left.x = key_cap::paint(ui, left, key).right() + 4.0;
            }
            let room = Rect::from_min_max(pos2(top.x + KEYS, y), line(y).max);
            text::label(ui, room, LEFT, words, &look(regular(12.5), theme.text));
            y += LINE;
        }
        y += GAP;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_stands_in_one_column_whatever_their_number() {
        for count in 1..=3 {
            let columns = columns(count);
            assert!(columns.len() <= count);
            let shown: Vec<&str> = columns
                .iter()
                .flat_map(|groups| groups.iter())
                .map(|group| group.0)
                .collect();
            let all: Vec<&str> = GROUPS.iter().map(|group| group.0).collect();
            assert_eq!(shown, all);
        }
    }
}
