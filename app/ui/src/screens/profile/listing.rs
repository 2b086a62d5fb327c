//! The source of a function and its instructions side by side: a line picked in one is seen in
//! the other.

use egui::{Id, Rect, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2};

use super::compared::candidate_alone;
use crate::{
    command::Command,
    format,
    state::{State, profile::Open},
    theme::{Theme, blend, mono, regular, semibold},
    views::listing::{CodeLine, Listing},
    widgets::{
        self,
        bar::{cut_left, cut_top},
        empty,
        flame::short_name,
        hline,
        text::{self, LEFT, RIGHT, look},
        vline,
    },
};

const ROW: f32 = 20.0;
const COST: f32 = 50.0;
const NUMBER: f32 = 48.0;

/// Shows the selected function.
pub(super) fn show(ui: &mut Ui, rect: Rect, state: &State, open: &Open, out: &mut Vec<Command>) {
    let Some(function) = state.profile.selected_function() else {
        let words = "Select a frame or a function: its source and its instructions stand here.";
        empty::show(ui, rect, "No function is selected", words, &[]);
        return;
    };
    let counted = state.profile.inspection.as_deref();
    let counted = counted.filter(|counted| counted.function == function);
    let only_base = open.shown.compared.is_some() && counted.is_some_and(|c| c.total_samples == 0);
    if only_base || !open.is_captured(function) {
        let words = "The base alone has it: open the base to see what its lines cost.";
        let (title, words) = match &open.shown.compared {
            Some(_) => ("Not in the candidate", words),
            None => (
                "No source of its own",
                "This frame stands for several functions.",
            ),
        };
        empty::show(ui, rect, title, words, &[]);
        return;
    }
    let listing = state.profile.listing.as_deref();
    let Some(listing) = listing.filter(|listing| listing.function == function) else {
        empty::skeleton(ui, rect, ROW);
        return;
    };
    let mut body = rect;
    head(ui, cut_top(&mut body, 31.0), open, listing);
    let words = "Costs of lines are the candidate's alone: lines move between two builds.";
    candidate_alone(ui, &mut body, open, words);
    let half = (body.width() * 0.5).round();
    let left = cut_left(&mut body, half);
    vline(ui, body, body.left(), Theme::of(ui).hairline());
    source(ui, left, state, listing, out);
    code(ui, body, state, listing, out);
}

fn head(ui: &Ui, rect: Rect, open: &Open, listing: &Listing) {
    let theme = Theme::of(ui);
    ui.painter().rect_filled(rect, 0.0, theme.panel);
    hline(ui, rect, rect.bottom(), theme.hairline());
    let room = rect.shrink2(vec2(12.0, 0.0));
    let functions = &open.profile().functions;
    let name = functions.get(listing.function as usize);
    let name = name.map_or("", |function| short_name(&function.name));
    let painted = text::label(ui, room, LEFT, name, &look(semibold(13.0), theme.text));
    let [all, here] = listing.shares;
    let mut words = format!("self, then with calls, % of {}", base(open));
    if here < all && !listing.code.is_empty() {
        let share = format::percent(format::share(here, all));
        words = format!("{share} of it runs in this code, the rest is inlined elsewhere · {words}");
    }
    let free = room.with_min_x(painted.right() + 16.0);
    text::label(ui, free, RIGHT, &words, &look(regular(12.0), theme.text_3));
}

fn base(open: &Open) -> &'static str {
    if open.arrangement.range_s.is_some() {
        "range"
    } else {
        "capture"
    }
}

fn caption(ui: &Ui, rect: Rect, words: &str, note: &str) {
    let theme = Theme::of(ui);
    hline(ui, rect, rect.bottom(), theme.hairline());
    let room = rect.shrink2(vec2(12.0, 0.0));
    let painted = text::label(ui, room, LEFT, words, &look(regular(12.0), theme.text_2));
    let free = room.with_min_x(painted.right() + 12.0);
    text::label(ui, free, RIGHT, note, &look(regular(11.5), theme.text_3));
}

fn source(ui: &mut Ui, rect: Rect, state: &State, listing: &Listing, out: &mut Vec<Command>) {
    let mut body = rect;
    let name = format::source_path(&listing.file);
    let note = if listing.file.is_empty() || listing.has_text {
        ""
    } else {
        "the file is not here: lines without their text"
    };
    caption(ui, cut_top(&mut body, 26.0), name, note);
    if listing.lines.is_empty() {
        let words = "Build with line tables (debug = 1) to see what each line costs.";
        empty::show(ui, body, "No line of it is known", words, &[]);
        return;
    }
    let picked = state.profile.picked_line;
    let hottest = || {
        let lines = listing.lines.iter().enumerate();
        let hottest = lines.max_by_key(|(_, line)| line.total_weight)?;
        Some(hottest.0)
    };
    let at = || {
        let at = |line| listing.lines.iter().position(|l| l.number == line);
        picked.and_then(at).or_else(hottest)
    };
    let reveal = state.profile.reveal.then(at).flatten();
    rows(
        ui,
        body,
        ("source", listing.lines.len(), reveal),
        |ui, place, at| {
            let line = &listing.lines[at];
            let share = |weight| format::share(weight, listing.whole);
            let told = format!(
                "source line {}, {:.1} % self, {:.1} % with calls",
                line.number,
                100.0 * share(line.self_weight),
                100.0 * share(line.total_weight)
            );
            let is_picked = picked == Some(line.number);
            let id = Id::unique(("source line", line.number));
            let response = widgets::row(ui, place, id, is_picked, &told);
            highlight(ui, place, is_picked, response.hovered());
            let costs = [share(line.self_weight), share(line.total_weight)];
            let free = numbers(ui, place, &line.number.to_string(), NUMBER, costs);
            let theme = Theme::of(ui);
            let ink = if line.total_weight > 0 {
                theme.text
            } else {
                theme.text_2
            };
            text::paint(ui, free, LEFT, &line.text, &look(mono(11.5), ink));
            if response.clicked() {
                out.push(Command::PickLine((!is_picked).then_some(line.number)));
            }
        },
    );
}

fn code(ui: &mut Ui, rect: Rect, state: &State, listing: &Listing, out: &mut Vec<Command>) {
    let mut body = rect;
    caption(ui, cut_top(&mut body, 26.0), "Instructions, x86-64", "");
    if listing.code.is_empty() {
        no_code(ui, body, &listing.note);
        return;
    }
    let picked = state.profile.picked_line;
    let at = || {
        let code = listing.code.iter();
        if let Some(line) = picked {
            code.into_iter().position(|code| code.line == line)
        } else {
            let hottest = code
                .enumerate()
                .max_by_key(|(_, code)| code.cost.self_weight);
            hottest.map(|(at, _)| at)
        }
    };
    let reveal = state.profile.reveal.then(at).flatten();
    rows(
        ui,
        body,
        ("code", listing.code.len(), reveal),
        |ui, place, at| {
            code_row(ui, place, picked, listing, &listing.code[at], out);
        },
    );
}

/// Says why there are no instructions: the reason is longer than a line.
fn no_code(ui: &Ui, rect: Rect, note: &str) {
    let theme = Theme::of(ui);
    let mut room = rect.shrink2(vec2(24.0, 0.0));
    room.min.y += 24.0;
    let title = cut_top(&mut room, 24.0);
    let ink = look(semibold(15.0), theme.text);
    text::label(ui, title, LEFT, "No instructions", &ink);
    text::wrapped(ui, room, note, &look(regular(12.5), theme.text_2), 18.0);
}

fn code_row(
    ui: &Ui,
    place: Rect,
    picked: Option<u32>,
    listing: &Listing,
    code: &CodeLine,
    out: &mut Vec<Command>,
) {
    let theme = Theme::of(ui);
    let share = |weight| format::share(weight, listing.whole);
    let shares = [share(code.cost.self_weight), share(code.cost.total_weight)];
    let told = format!(
        "instruction {}, line {}, {:.1} % self, {:.1} % with calls",
        code.text,
        code.line,
        100.0 * shares[0],
        100.0 * shares[1]
    );
    let is_picked = code.line > 0 && picked == Some(code.line);
    let id = Id::unique(("instruction", code.address));
    let response = widgets::row(ui, place, id, is_picked, &told);
    highlight(ui, place, is_picked, response.hovered());
    let free = numbers(ui, place, &format!("{:x}", code.address), 76.0, shares);
    let ink = if code.cost.total_weight > 0 {
        theme.text
    } else {
        theme.text_2
    };
    let painted = text::paint(ui, free, LEFT, &code.text, &look(mono(11.5), ink));
    let origin = match (&code.inlined, code.line) {
        (Some(name), 0) => short_name(name).to_owned(),
        (Some(name), line) => format!("{} · {line}", short_name(name)),
        (None, 0) => String::new(),
        (None, line) => line.to_string(),
    };
    let beyond = free.with_min_x(painted.right() + 14.0);
    if beyond.width() > 40.0 {
        text::paint(ui, beyond, RIGHT, &origin, &look(mono(10.5), theme.text_3));
    }
    if response.clicked() && code.line > 0 {
        out.push(Command::PickLine((!is_picked).then_some(code.line)));
    }
}

/// Marks the row that is picked with a bar at its left too: colour is never alone.
fn highlight(ui: &Ui, place: Rect, is_picked: bool, is_hovered: bool) {
    let theme = Theme::of(ui);
    if is_picked || is_hovered {
        let fill = if is_picked {
            theme.selected
        } else {
            theme.hover
        };
        ui.painter().rect_filled(place, 0.0, fill);
    }
    if is_picked {
        let bar = place.with_max_x(place.left() + 3.0);
        ui.painter().rect_filled(bar, 0.0, theme.accent);
    }
}

/// The number or address of a row and its two costs; returns what is free.
fn numbers(ui: &Ui, place: Rect, number: &str, wide: f32, shares: [f64; 2]) -> Rect {
    let theme = Theme::of(ui);
    let mut room = place;
    let first = cut_left(&mut room, wide);
    let first = first.with_max_x(first.right() - 6.0);
    text::paint(ui, first, RIGHT, number, &look(mono(10.5), theme.text_3));
    for share in shares {
        let cell = cut_left(&mut room, COST).shrink2(vec2(2.0, 2.0));
        if share <= 0.0 {
            continue;
        }
        let width = (cell.width() * share as f32).max(2.0);
        // From the left, where no digit stands unless the share is large.
        let bar = cell.with_max_x(cell.left() + width);
        let fill = blend(theme.panel, theme.heap, 0.55);
        ui.painter().rect_filled(bar, 2.0, fill);
        let words = format!("{:.1}", 100.0 * share);
        let inner = cell.with_max_x(cell.right() - 4.0);
        text::paint(ui, inner, RIGHT, &words, &look(mono(10.5), theme.text));
    }
    Rect::from_min_max(
        pos2(room.left() + 8.0, place.top()),
        pos2(place.right() - 8.0, place.bottom()),
    )
}

/// Rows that scroll; `reveal` is brought into the middle.
fn rows(
    ui: &mut Ui,
    rect: Rect,
    (salt, count, reveal): (&str, usize, Option<usize>),
    mut row: impl FnMut(&Ui, Rect, usize),
) {
    let mut inner = ui.new_child(UiBuilder::new().id_salt(salt).max_rect(rect));
    inner.set_clip_rect(rect.intersect(ui.clip_rect()));
    inner.spacing_mut().item_spacing.y = 0.0;
    let mut area = ScrollArea::vertical().id_salt(salt).auto_shrink(false);
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
