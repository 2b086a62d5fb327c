//! The selected frame, the view that it is looked at in, and what is asked about it.

use scrutineer_profiler::profile::CallTree;

use super::graph::bring_into_view;
use crate::{
    apply::{leave, sandwich},
    state::{State, profile::Mode},
    views::Task,
    widgets::flame::Window,
};

pub(super) fn set_mode(state: &mut State, mode: Mode) {
    let charts = |mode| mode == Mode::TimeOrder;
    if charts(mode) != charts(state.profile.mode) {
        // One window is over time, the other over weight.
        (state.profile.window, state.profile.scroll) = (Window::ALL, 0.0);
    }
    state.profile.mode = mode;
    sandwich::ask(state);
    ask_heat_map(state);
    ask_chart(state);
    ask_listing(state);
    state.profile.moves = false;
    state.profile.reveal = true;
}

/// Shows another thread over time.
pub(super) fn chart_thread(state: &mut State, thread: u32) {
    state.profile.charted = Some(thread);
    state.profile.window = Window::ALL;
    ask_chart(state);
}

/// Asks for the stacks over time, where they are looked at; callers first alone have an order.
pub(super) fn ask_chart(state: &mut State) {
    let (profile, views) = (&mut state.profile, &mut state.views);
    let charts = profile.mode == Mode::TimeOrder;
    let Some(open) = &mut profile.open else {
        return;
    };
    open.chart = None;
    if charts && !open.arrangement.inverted {
        views.ask(Task::Chart {
            generation: open.generation,
            profile: open.shown.profile.clone(),
            arrangement: open.arrangement.clone(),
            tree: open.shown.tree.clone(),
            thread: profile.charted,
        });
    }
}

/// Asks for source and code of the selected function, where they are looked at. They are of the
/// stacks as they were captured, whatever these were transformed to.
fn ask_listing(state: &mut State) {
    let (profile, views) = (&state.profile, &mut state.views);
    let Some((open, function)) = profile.open.as_ref().zip(profile.selected_function()) else {
        return;
    };
    if profile.mode != Mode::Source {
        return;
    }
    if open.is_captured(function) {
        views.ask(Task::Listing {
            generation: open.generation,
            profile: open.profile().clone(),
            arrangement: open.arrangement.clone(),
            function,
        });
    }
}

/// Asks for the heat map, where it is looked at.
pub(super) fn ask_heat_map(state: &mut State) {
    let profile = &mut state.profile;
    profile.heat_map = None;
    let Some(open) = profile
        .open
        .as_ref()
        .filter(|_| profile.mode == Mode::HeatMap)
    else {
        return;
    };
    let (generation, shown) = (open.generation, open.shown.profile.clone());
    let arrangement = open.arrangement.clone();
    state.views.ask(Task::HeatMap {
        generation,
        profile: shown,
        arrangement,
    });
}

pub(in crate::apply) fn select(state: &mut State, node: Option<u32>) {
    if state.profile.selected == node {
        return;
    }
    state.profile.selected = node;
    ask_inspection(state);
}

pub(in crate::apply) fn ask_inspection(state: &mut State) {
    sandwich::ask(state);
    ask_listing(state);
    let function = state.profile.selected_function();
    let Some(open) = &state.profile.open else {
        return;
    };
    match function {
        Some(function) => {
            let (generation, tree) = (open.generation, open.shown.tree.clone());
            let (profile, arrangement) = (open.shown.profile.clone(), open.arrangement.clone());
            state.views.ask(Task::Inspect {
                generation,
                profile,
                arrangement,
                tree,
                function,
            });
        }
        None => state.profile.inspection = None,
    }
}

pub(in crate::apply) fn select_function(state: &mut State, function: u32) {
    let Some(open) = &state.profile.open else {
        return;
    };
    if let Some(node) = heaviest_node(&open.shown.tree, function) {
        leave(state);
        select(state, Some(node));
        bring_into_view(state, node);
    }
}

/// The heaviest node of a function, the outermost of equals.
pub(super) fn heaviest_node(tree: &CallTree, function: u32) -> Option<u32> {
    let nodes = (0..tree.len() as u32).filter(|node| tree.function[*node as usize] == function);
    nodes.max_by_key(|node| (tree.total_samples[*node as usize], u32::MAX - node))
}

pub(super) fn step_row(state: &mut State, by: i32) {
    let profile = &state.profile;
    match profile.mode {
        Mode::CallTree => {
            let at = profile
                .rows
                .iter()
                .position(|row| Some(*row) == profile.selected);
            let to = stepped(at, by, profile.rows.len());
            let node = to.and_then(|to| profile.rows.get(to).copied());
            select(state, node);
        }
        Mode::Functions => {
            let compares = profile
                .open
                .as_ref()
                .is_some_and(|open| open.shown.compared.is_some());
            let functions: Vec<u32> = if compares {
                profile.compared.iter().map(|row| row.function).collect()
            } else {
                profile.functions.iter().map(|row| row.function).collect()
            };
            let selected = profile.selected_function();
            let at = functions.iter().position(|row| Some(*row) == selected);
            let to = stepped(at, by, functions.len());
            if let Some(function) = to.and_then(|to| functions.get(to).copied()) {
                select_function(state, function);
            }
        }
        Mode::Flame | Mode::LeftHeavy | Mode::Sandwich | Mode::HeatMap | Mode::TimeOrder => {}
        Mode::Source => step_line(state, by),
    }
    state.profile.reveal = true;
}

/// The next line with a cost, or the one before.
fn step_line(state: &mut State, by: i32) {
    let Some(listing) = &state.profile.listing else {
        return;
    };
    let lines: Vec<u32> = listing
        .lines
        .iter()
        .filter(|line| line.total_weight > 0)
        .map(|line| line.number)
        .collect();
    let at = lines
        .iter()
        .position(|line| Some(*line) == state.profile.picked_line);
    let to = stepped(at, by, lines.len());
    state.profile.picked_line = to.map(|to| lines[to]);
}

fn stepped(at: Option<usize>, by: i32, count: usize) -> Option<usize> {
    let last = count.checked_sub(1)?;
    Some(at.map_or(0, |at| (at as i32 + by).clamp(0, last as i32) as usize))
}
