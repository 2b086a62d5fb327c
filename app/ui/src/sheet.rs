//! The sheet of keys.

use egui::{Align2, Area, Id, Order, Rect, Sense, Ui, pos2, vec2};

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

const COLUMNS: [&[Group]; 2] = [
    &[
        (
            "Everywhere",
            &[
                ("Alt 1…4", "screens"),
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
    ],
    &[
        (
            "Profile",
            &[
                ("1  2  3", "flame, left-heavy, sandwich"),
                ("4  5  6", "call tree, functions, heat map"),
                ("↑  ↓  ←  →", "parent, child, siblings"),
                ("Enter", "zoom to the frame"),
                ("0", "reset zoom"),
                ("+  −", "zoom"),
                ("i", "invert"),
                ("m  f  c", "merge, focus, collapse"),
                ("r  d  u", "recursion, drop, my code only"),
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
                ("f  t  n", "write down a finding, an action, a note"),
                ("m", "freeze a milestone"),
                ("w", "waive until a date"),
                ("a", "not applicable"),
            ],
        ),
    ],
];

/// Shows the sheet over the screen.
pub(crate) fn show(ui: &Ui, state: &State, out: &mut Vec<Command>) {
    if state.layer != Some(Layer::Sheet) {
        return;
    }
    let window = ui.ctx().content_rect();
    crate::palette::shade(ui, window, out);
    let size = vec2(880.0_f32.min(window.width() - 32.0), 730.0);
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
            for (column, groups) in COLUMNS.iter().enumerate() {
                let left = rect.left() + 24.0 + column as f32 * (size.x / 2.0 - 8.0);
                paint_column(
                    ui,
                    pos2(left, rect.top() + 56.0),
                    size.x / 2.0 - 32.0,
                    groups,
                );
            }
        });
}

fn paint_column(ui: &Ui, top: egui::Pos2, width: f32, groups: &[Group]) {
    let theme = Theme::of(ui);
    let mut y = top.y;
    let line = |y: f32| Rect::from_min_size(pos2(top.x, y), vec2(width, 24.0));
    for (title, keys) in groups {
        text::label(
            ui,
            line(y),
            LEFT,
            title,
            &look(semibold(12.5), theme.text_2),
        );
        y += 26.0;
        for (keys, words) in *keys {
            let mut left = pos2(top.x, y + 12.0);
            for key in keys.split("  ") {
                left.x = key_cap::paint(ui, left, key).right() + 4.0;
            }
            let room = Rect::from_min_max(pos2(top.x + 168.0, y), line(y).max);
            text::label(ui, room, LEFT, words, &look(regular(12.5), theme.text));
            y += 24.0;
        }
        y += 14.0;
    }
}
