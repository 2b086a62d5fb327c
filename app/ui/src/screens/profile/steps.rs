//! The transforms of the stacks: a chip a step, and the menu that makes them.

use egui::{Id, Pos2, Rect, Role, StrokeKind, Ui, pos2, vec2};
use scrutineer_profiler::profile::transform::Transform;

use crate::{
    command::{Change, Command, TransformAction},
    icons,
    state::{State, profile::Open},
    theme::{RADIUS_TAG, Theme, medium, mono, regular},
    widgets::{
        self,
        flame::short_name,
        text::{self, LEFT, RIGHT, look},
    },
};

/// Points that a name takes in a chip at most.
const LONGEST_NAME: f32 = 180.0;

/// Words and keys of the changes, in the order of menus.
pub(crate) const CHANGES: [(Change, &str, &str); 9] = [
    (Change::Focus, "Focus on this function", "f"),
    (Change::Keep, "Keep only stacks with it", ""),
    (Change::Merge, "Merge it into its callers", "m"),
    (Change::Collapse, "Collapse it with all that it calls", "c"),
    (Change::Recursion, "Collapse its recursion", "r"),
    (Change::Drop, "Drop stacks with it", "d"),
    (Change::CollapseModule, "Collapse its module", ""),
    (Change::MergeModule, "Merge its module into callers", ""),
    (Change::DropModule, "Drop stacks with its module", ""),
];

/// Shows a chip for each step: a click on its words goes back to it, one on its cross takes it out.
pub(super) fn chips(ui: &Ui, room: &mut Rect, steps: &[Transform], out: &mut Vec<Command>) {
    for (place, step) in steps.iter().enumerate() {
        let is_last = place + 1 == steps.len();
        if !chip(ui, room, (place, step), is_last, out) {
            return;
        }
    }
}

fn chip(
    ui: &Ui,
    room: &mut Rect,
    (place, step): (usize, &Transform),
    is_last: bool,
    out: &mut Vec<Command>,
) -> bool {
    let theme = Theme::of(ui);
    let name = step.pick().map_or("", |pick| short_name(pick.name()));
    let verb = step.verb();
    let verb_width = text::width(ui, verb, medium(11.5));
    let name_width = text::width(ui, name, mono(11.0)).min(LONGEST_NAME);
    let gap = if name.is_empty() { 0.0 } else { 6.0 };
    let width = verb_width + gap + name_width + 34.0;
    let left = room.min.x + 26.0;
    if room.max.x - left < width {
        return false;
    }
    let caret = Rect::from_min_size(
        pos2(room.min.x + 9.0, room.center().y - 6.0),
        vec2(8.0, 12.0),
    );
    text::icon(ui, caret, icons::CARET_RIGHT, 11.0, theme.text_3);
    let rect = Rect::from_min_size(
        pos2(left.round(), (room.center().y - 9.0).round()),
        vec2(width, 18.0),
    );
    let words = Rect::from_min_max(rect.min, rect.max - vec2(20.0, 0.0));
    let close = Rect::from_min_max(pos2(words.right(), rect.top()), rect.max);
    let spoken = format!("{verb} {name}").trim_end().to_owned();
    let back = widgets::clickable(
        ui,
        words.expand2(vec2(0.0, 3.0)),
        Id::unique(("step", place)),
        Role::Button,
        &format!("back to {spoken}"),
    );
    let remove = widgets::clickable(
        ui,
        close.expand2(vec2(0.0, 3.0)),
        Id::unique(("step out", place)),
        Role::Button,
        &format!("take out {spoken}"),
    );
    let fill = if back.hovered() || remove.hovered() {
        theme.track
    } else {
        theme.hover
    };
    let border = theme.border();
    ui.painter()
        .rect(rect, RADIUS_TAG, fill, border, StrokeKind::Inside);
    let inner = words.with_min_x(words.left() + 7.0);
    text::paint(ui, inner, LEFT, verb, &look(medium(11.5), theme.text_2));
    let named = Rect::from_min_size(
        pos2(inner.left() + verb_width + gap, inner.top()),
        vec2(name_width + 1.0, inner.height()),
    );
    text::paint(ui, named, LEFT, name, &look(mono(11.0), theme.text));
    text::icon(ui, close, icons::CLOSE, 10.0, theme.text_3);
    let whole = step.pick().map_or(verb, |pick| pick.name());
    widgets::tooltip::text(ui, &back, whole);
    room.min.x = rect.right();
    if remove.clicked() {
        out.push(Command::Transform(TransformAction::Remove(place)));
    } else if back.clicked() && !is_last {
        out.push(Command::Transform(TransformAction::KeepFirst(place + 1)));
    }
    true
}

/// Shows the menu of the selected frame, which opens where the other button was pressed.
pub(super) fn menu(
    ui: &Ui,
    opens_at: Option<Pos2>,
    state: &State,
    open: &Open,
    out: &mut Vec<Command>,
) {
    let id = Id::unique("frame menu");
    if let Some(at) = opens_at {
        ui.data_mut(|data| data.insert_temp(id, at));
    }
    let Some(at) = ui.data(|data| data.get_temp::<Pos2>(id)) else {
        return;
    };
    let opens = opens_at.map(|_| egui::SetOpenCommand::Bool(true));
    let function = state.profile.selected_function();
    egui::Popup::new(id, ui.ctx().clone(), at, ui.layer_id())
        .kind(egui::PopupKind::Menu)
        .open_memory(opens)
        .close_behavior(egui::PopupCloseBehavior::CloseOnClick)
        .show(|ui| {
            let Some(function) = function else { return };
            let known = open.shown.profile.functions.get(function as usize);
            let name = known.map_or("", |known| short_name(&known.name));
            let theme = Theme::of(ui);
            let (head, _) = ui.allocate_exact_size(vec2(280.0, 26.0), egui::Sense::hover());
            let head = head.shrink2(vec2(8.0, 0.0));
            text::label(ui, head, LEFT, name, &look(mono(12.0), theme.text_2));
            for (change, words, key) in CHANGES {
                let command = Command::Transform(TransformAction::Apply(change));
                line(ui, words, key, command, out);
            }
            let mine = Command::Transform(TransformAction::ToggleMyCode);
            line(ui, "My code only", "u", mine, out);
            line(
                ui,
                "Zoom to this frame",
                "Enter",
                Command::ZoomToSelected,
                out,
            );
        });
}

fn line(ui: &mut Ui, words: &str, key: &str, command: Command, out: &mut Vec<Command>) {
    let theme = Theme::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(280.0, 26.0), egui::Sense::hover());
    let id = Id::unique(("frame menu", words));
    let response = widgets::clickable(ui, rect, id, Role::MenuItem, words);
    if response.hovered() {
        ui.painter().rect_filled(rect, 4.0, theme.hover);
    }
    let room = rect.shrink2(vec2(8.0, 0.0));
    text::paint(ui, room, LEFT, words, &look(regular(12.5), theme.text));
    text::paint(ui, room, RIGHT, key, &look(mono(11.0), theme.text_3));
    if response.clicked() {
        out.push(command);
        ui.close();
    }
}
