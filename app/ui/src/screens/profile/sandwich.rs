//! The sandwich: who calls a function above it, whom it calls below.

use egui::{Rect, Ui, pos2, vec2};

use super::{compared, way::way};
use crate::{
    command::{Command, Side},
    format,
    state::{State, profile::Open},
    theme::{Theme, mono, regular, semibold},
    views::{
        comparison::points,
        sandwich::{self, Sandwich},
    },
    widgets::{
        bar::cut_top,
        empty,
        flame::{Flame, Part, short_name},
        hline,
        text::{self, LEFT, RIGHT, look},
    },
};

const MIDDLE: f32 = 30.0;

/// Shows the sandwich of the selected function.
pub(super) fn show(ui: &mut Ui, rect: Rect, state: &State, open: &Open, out: &mut Vec<Command>) {
    let mut rect = rect;
    let way_rect = cut_top(&mut rect, 31.0);
    way(ui, way_rect, state, open, out);
    let function = state.profile.selected_function();
    let Some(function) = function else {
        let words = "Select a frame or a function: its callers stand above it, its callees below.";
        empty::show(ui, rect, "No function is selected", words, &[]);
        return;
    };
    let made = state.profile.sandwich.as_ref();
    let Some(made) = made.filter(|made| made.function == function) else {
        return;
    };
    let height = ((rect.height() - MIDDLE) / 2.0).floor();
    let above = cut_top(&mut rect, height);
    let middle = cut_top(&mut rect, MIDDLE);
    slice(ui, above, Side::Callers, made, state, open, out);
    slice(ui, rect, Side::Callees, made, state, open, out);
    name(ui, middle, made, open);
}

fn slice(
    ui: &mut Ui,
    rect: Rect,
    which: Side,
    made: &Sandwich,
    state: &State,
    open: &Open,
    out: &mut Vec<Command>,
) {
    let (side, part, title, at): (&sandwich::Side, _, _, _) = match which {
        Side::Callers => (&made.callers, Part::Callers, "all callers", 0),
        Side::Callees => (&made.callees, Part::Callees, "all callees", 1),
    };
    let layout = side.layout(open.by_base);
    if layout.total == 0 && side.compared.is_some() {
        let (title, words) = if open.by_base {
            (
                "The base does not run it",
                "v shows what the candidate does.",
            )
        } else {
            (
                "The candidate does not run it",
                "v shows what the base does.",
            )
        };
        empty::show(ui, rect, title, words, &[]);
        return;
    }
    let (window, scroll) = state.profile.slices[at];
    let place_of = |function: u32| open.place_of(function);
    let flame = Flame {
        part,
        profile: &side.profile,
        tree: &side.tree,
        layout,
        window,
        moves: false,
        scroll,
        selected: None,
        matches: None,
        unit: open.unit(),
        whole: layout.total,
        title,
        compared: side.compared.as_ref().map(|change| &change.tree),
        place_of: &place_of,
        is_large: false,
    };
    let actions = flame.show(ui, rect);
    out.extend(
        actions
            .into_iter()
            .map(|action| Command::Slice(which, action)),
    );
}

/// The function in the middle, with what it takes.
fn name(ui: &Ui, rect: Rect, made: &Sandwich, open: &Open) {
    let theme = Theme::of(ui);
    ui.painter().rect_filled(rect, 0.0, theme.panel);
    hline(ui, rect, rect.top(), theme.hairline());
    hline(ui, rect, rect.bottom(), theme.hairline());
    let functions = &open.shown.profile.functions;
    let known = functions.get(made.function as usize);
    let full = known.map_or("", |known| known.name.as_str());
    let room = Rect::from_min_max(
        rect.min + vec2(12.0, 0.0),
        pos2(rect.right() - 12.0, rect.bottom()),
    );
    let total = made.callees.layout.total;
    let share = format::share(total, open.shown.layout.total);
    let words = match made.change() {
        Some(change) => format!(
            "{} · was {}",
            format::percent(change.candidate),
            format::percent(change.base)
        ),
        None => format!(
            "{} · {}",
            format::percent(share),
            format::quantity_words(open.unit(), total)
        ),
    };
    let mut room = room;
    if let Some(change) = made.change() {
        let words = format!("{} points", points(change.change()));
        let ink = look(mono(12.0), compared::ink(theme, &change));
        let painted = text::label(ui, room, RIGHT, &words, &ink);
        room.max.x = painted.left() - 12.0;
    }
    let numbers = text::label(ui, room, RIGHT, &words, &look(mono(12.0), theme.text_2));
    let hint = "callers ↑   callees ↓";
    let after = room.with_max_x(numbers.left() - 16.0);
    let ink = look(regular(12.0), theme.text_3);
    let hint = text::paint(ui, after, RIGHT, hint, &ink);
    let left = room.with_max_x(hint.left() - 12.0);
    text::label(
        ui,
        left,
        LEFT,
        short_name(full),
        &look(semibold(13.0), theme.text),
    );
}
