//! What is done to the flame graph: selecting, zooming, scrolling.

use super::selection::select;
use crate::{
    apply::{is_passing, leave},
    state::State,
    widgets::flame::{FlameAction, Window, box_of, window_of},
};

/// Moves window and scroll so that a node's box is seen.
pub(super) fn bring_into_view(state: &mut State, node: u32) {
    let profile = &mut state.profile;
    profile.reveal = true;
    let Some(open) = &profile.open else { return };
    let Some(depth) = open.shown.tree.depth.get(node as usize).copied() else {
        return;
    };
    let layout = open.layout(profile.mode);
    let Some((_, at)) = box_of(layout, depth, node) else {
        return;
    };
    let (wanted, window) = (window_of(layout, at), profile.window);
    if wanted.left < window.left || wanted.right > window.right {
        show_window(state, Window::ALL, true);
    }
}

pub(super) fn flame(state: &mut State, action: FlameAction) {
    if !is_passing(&action) && !matches!(action, FlameAction::Select(None)) {
        leave(state);
    }
    match action {
        FlameAction::Select(node) => {
            select(state, node);
            state.profile.reveal = true;
        }
        FlameAction::Show { window, moves } => show_window(state, window, moves),
        FlameAction::Scroll(scroll) => state.profile.scroll = scroll,
        // The screen shows it.
        FlameAction::Menu(_) => {}
    }
}

pub(in crate::apply) fn show_window(state: &mut State, window: Window, moves: bool) {
    state.profile.window = window.clamped();
    state.profile.zoomed = if moves { filling(state) } else { None };
    state.profile.moves = moves && !state.appearance.reduce_motion;
}

/// The selected node, where its box fills the window.
pub(in crate::apply) fn filling(state: &State) -> Option<u32> {
    let profile = &state.profile;
    let (open, node) = (profile.open.as_ref()?, profile.selected?);
    let depth = *open.shown.tree.depth.get(node as usize)?;
    let layout = open.layout(profile.mode);
    let (_, at) = box_of(layout, depth, node)?;
    (window_of(layout, at) == profile.window).then_some(node)
}

pub(super) fn zoom_to_selected(state: &mut State) {
    let profile = &state.profile;
    let (Some(open), Some(node)) = (&profile.open, profile.selected) else {
        return;
    };
    let Some(depth) = open.shown.tree.depth.get(node as usize).copied() else {
        return;
    };
    let layout = open.layout(profile.mode);
    if let Some((_, at)) = box_of(layout, depth, node) {
        let window = window_of(layout, at);
        leave(state);
        show_window(state, window, true);
    }
}
