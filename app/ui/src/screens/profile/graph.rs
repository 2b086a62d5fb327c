//! The flame graph.

use egui::{Rect, Ui};
use scrutineer_profiler::profile::Weight;

use super::{steps, way::way};
use crate::{
    command::Command,
    state::{State, profile::Open},
    widgets::{
        bar::cut_top,
        button::Button,
        empty,
        flame::{Flame, FlameAction, Part},
    },
};

/// Shows the graph.
pub(super) fn show(ui: &mut Ui, rect: Rect, state: &State, open: &Open, out: &mut Vec<Command>) {
    let mut rect = rect;
    let way_rect = cut_top(&mut rect, 31.0);
    way(ui, way_rect, state, open, out);
    rect.min.y += 2.0;
    let layout = open.layout(state.profile.mode);
    let compared = open.shown.compared.as_ref();
    if layout.total == 0 && open.by_base {
        let words = "What is compared with holds nothing of it.";
        empty::show(ui, rect, "The base is empty", words, &[]);
        return;
    }
    if layout.total == 0 {
        no_samples(ui, rect, state, open, out);
        return;
    }
    let title = title(open);
    let place_of = |function: u32| open.place_of(function);
    let found = state
        .profile
        .found
        .as_ref()
        .filter(|_| !state.profile.search.is_empty());
    let flame = Flame {
        part: Part::Stacks,
        profile: &open.shown.profile,
        tree: &open.shown.tree,
        layout,
        window: state.profile.window,
        moves: state.profile.moves,
        scroll: state.profile.scroll,
        selected: state.profile.selected,
        matches: found.map(|found| &*found.functions),
        unit: open.unit(),
        whole: if open.by_base {
            layout.total
        } else {
            open.shown.layout.total
        },
        title: &title,
        compared: compared.map(|compared| &compared.tree),
        place_of: &place_of,
        is_large: false,
    };
    let mut menu_at = None;
    for action in flame.show(ui, rect) {
        match action {
            FlameAction::Menu(at) => menu_at = Some(at),
            action => out.push(Command::Flame(action)),
        }
    }
    steps::menu(ui, menu_at, state, open, out);
    if state.profile.reveal {
        out.extend(flame.reveal_selected(rect).map(Command::Flame));
    }
    copy(ui, state, open);
}

/// Ctrl+C copies the selected name.
pub(super) fn copy(ui: &Ui, state: &State, open: &Open) {
    let typing = ui.ctx().text_edit_focused();
    let asked = ui.input(|input| input.events.contains(&egui::Event::Copy));
    if let Some(node) = state.profile.selected.filter(|_| asked && !typing) {
        ui.ctx().copy_text(open.name(node).to_owned());
    }
}

fn title(open: &Open) -> String {
    let all = open.profile().threads.len();
    let noun = if all == 1 { "thread" } else { "threads" };
    let threads = match &open.arrangement.threads {
        Some(chosen) => format!("{} of {all}", chosen.len()),
        None => all.to_string(),
    };
    let inverted = if open.arrangement.inverted {
        ", callees first"
    } else {
        ""
    };
    format!("all · {threads} {noun}{inverted}")
}

pub(super) fn no_samples(ui: &Ui, rect: Rect, state: &State, open: &Open, out: &mut Vec<Command>) {
    if open.live {
        empty::show(
            ui,
            rect,
            "No samples yet",
            "The target has not used the CPU so far.",
            &[],
        );
        return;
    }
    let ranged = state.profile.wanted.range_s.is_some();
    let weight = state.profile.wanted.weight;
    if weight != Weight::Cpu {
        let words = format!("There are no {} in what is chosen.", weight.label());
        let all = Button::new("Show CPU time");
        if empty::show(ui, rect, "Nothing here", &words, &[all]).is_some() {
            out.push(Command::Weigh(Weight::Cpu));
        }
        return;
    }
    if !ranged && open.profile().has(Weight::Wait) {
        let words = "The target did not use the CPU while it was recorded: it waited.";
        let waits = Button::new("Show what it waited for");
        if empty::show(ui, rect, "No samples", words, &[waits]).is_some() {
            out.push(Command::Weigh(Weight::Wait));
        }
        return;
    }
    let words = if ranged {
        "The target did not use the CPU in this range."
    } else {
        "The target did not use the CPU while it was recorded: record it under load."
    };
    let button = Button::new("Show the whole recording");
    let buttons = if ranged {
        std::slice::from_ref(&button)
    } else {
        &[]
    };
    if empty::show(ui, rect, "No samples", words, buttons).is_some() {
        out.push(Command::SetRange(None));
    }
}
