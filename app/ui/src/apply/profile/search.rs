//! The search over the shown stacks, and the way through its matches.

use scrutineer_profiler::profile::transform;

use super::{graph::bring_into_view, selection::select};
use crate::{
    apply::compare,
    state::{State, profile::Mode},
    views::Task,
};

pub(in crate::apply) fn ask_search(state: &mut State) {
    let profile = &mut state.profile;
    (profile.search_wrong, profile.found_at) = (false, 0);
    if profile.search.is_empty() {
        profile.found = None;
        return;
    }
    let Ok(pattern) = transform::pattern(&profile.search) else {
        profile.search_wrong = true;
        return;
    };
    let Some(open) = &profile.open else { return };
    let (generation, tree) = (open.generation, open.shown.tree.clone());
    let arrangement = open.arrangement.clone();
    let (profile, compared) = (open.shown.profile.clone(), open.shown.compared.clone());
    state.views.ask(Task::Search {
        generation,
        profile,
        arrangement,
        tree,
        compared,
        pattern,
    });
}

/// A match that one side of a comparison alone has is seen by the widths of that side.
fn show_side_of(state: &mut State, node: u32) {
    let profile = &state.profile;
    let draws_widths = matches!(profile.mode, Mode::Flame | Mode::LeftHeavy);
    let Some(open) = profile.open.as_ref().filter(|_| draws_widths) else {
        return;
    };
    let Some(compared) = &open.shown.compared else {
        return;
    };
    let share = compared.tree.total(node);
    let (shown, other) = if open.by_base {
        (share.base, share.candidate)
    } else {
        (share.candidate, share.base)
    };
    if shown <= 0.0 && other > 0.0 {
        compare::toggle_base(state);
    }
}

pub(super) fn step_match(state: &mut State, by: i32) {
    let profile = &mut state.profile;
    let Some(found) = profile
        .found
        .clone()
        .filter(|found| !found.nodes.is_empty())
    else {
        return;
    };
    let count = found.nodes.len() as i32;
    let at_match = profile.selected == found.nodes.get(profile.found_at).copied();
    if at_match {
        profile.found_at = (profile.found_at as i32 + by).rem_euclid(count) as usize;
    }
    let node = found.nodes[profile.found_at.min(found.nodes.len() - 1)];
    select(state, Some(node));
    show_side_of(state, node);
    bring_into_view(state, node);
}
