//! Commands of the sandwich: its middle is the selected function.

use super::profile::select_function;
use crate::{
    command::Side,
    state::{State, profile::Mode},
    views::Task,
    widgets::flame::{FlameAction, function_of},
};

/// Asks for the sandwich of the selected function, where one is looked at and it is not there.
pub(super) fn ask(state: &mut State) {
    let profile = &state.profile;
    let Some((open, function)) = profile.open.as_ref().zip(profile.selected_function()) else {
        return;
    };
    let is_there = profile.sandwich.as_ref().is_some_and(|sandwich| {
        sandwich.function == function && sandwich.arrangement == open.arrangement
    });
    if profile.mode == Mode::Sandwich && (!is_there || open.live) {
        state.views.ask(Task::Sandwich {
            generation: open.generation,
            profile: open.shown.profile.clone(),
            arrangement: open.arrangement.clone(),
            compared: open.shown.compared.clone(),
            function,
        });
    }
}

/// A frame of a slice that is selected becomes the middle of the sandwich.
pub(super) fn slice(state: &mut State, side: Side, action: FlameAction) {
    let at = match side {
        Side::Callers => 0,
        Side::Callees => 1,
    };
    match action {
        FlameAction::Show { window, .. } => state.profile.slices[at].0 = window.clamped(),
        FlameAction::Scroll(scroll) => state.profile.slices[at].1 = scroll,
        FlameAction::Select(Some(node)) => {
            let function = state.profile.sandwich.as_ref().and_then(|sandwich| {
                let side = match side {
                    Side::Callers => &sandwich.callers,
                    Side::Callees => &sandwich.callees,
                };
                function_of(&side.tree, node)
            });
            if let Some(function) = function {
                select_function(state, function);
            }
        }
        FlameAction::Select(None) | FlameAction::Menu(_) => {}
    }
}
