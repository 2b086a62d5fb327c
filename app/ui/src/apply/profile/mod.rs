//! Commands of the profile and memory screens, which share one selection.

mod answers;
mod graph;
mod opening;
mod search;
mod selection;
mod weighing;

use crate::{
    command::{Command, CompareAction, Request, TimelineAction, TransformAction},
    state::State,
    views::Arrangement,
    widgets::flame::Window,
};

pub(super) use answers::answered;
pub(super) use graph::{filling, show_window};
use graph::{flame, zoom_to_selected};
pub(super) use opening::{open, rearrange};
pub(super) use search::ask_search;
use search::step_match;
pub(super) use selection::{ask_inspection, select, select_function};
use selection::{chart_thread, set_mode, step_row};
use weighing::drag_range;
pub(super) use weighing::set_range;
use weighing::{choose_classes, measure, toggle_class, weigh, weigh_next};

/// Carries out what belongs to the profile; gives other commands back.
pub(super) fn apply(state: &mut State, command: Command) -> Result<(), Command> {
    match command {
        Command::SetMode(mode) => set_mode(state, mode),
        Command::SetTopic(topic) => state.profile.topic = topic,
        Command::ToggleInvert => {
            super::leave(state);
            state.profile.wanted.inverted = !state.profile.wanted.inverted;
            rearrange(state);
        }
        Command::SearchFrames(search) => {
            state.profile.search = search;
            ask_search(state);
        }
        Command::StepMatch(by) => step_match(state, by),
        Command::Flame(action) => flame(state, action),
        Command::ResetZoom => {
            super::leave(state);
            show_window(state, Window::ALL, true);
        }
        Command::ZoomToSelected => zoom_to_selected(state),
        Command::SelectFunction(function) => select_function(state, function),
        Command::SetRange(range) => set_range(state, range),
        Command::DragRange(range) => drag_range(state, range),
        Command::Timeline(action) => super::timeline::apply(state, action),
        Command::Transform(action) => super::transforms::apply(state, action),
        Command::Slice(side, action) => super::sandwich::slice(state, side, action),
        Command::PickLine(line) => {
            state.profile.picked_line = line;
            state.profile.reveal = true;
        }
        Command::ChartThread(thread) => chart_thread(state, thread),
        Command::Compare(action) => super::compare::apply(state, action),
        Command::ToggleSmall => {
            super::leave(state);
            state.profile.wanted.hides_small = !state.profile.wanted.hides_small;
            rearrange(state);
        }
        Command::FocusPane(pane) => state.profile.pane = pane,
        Command::ZoomStacks(factor) => {
            let window = state.profile.window.zoomed(factor, 0.5);
            show_window(state, window, true);
        }
        Command::PanStacks(by) => {
            let window = state.profile.window.panned(by);
            show_window(state, window, true);
        }
        Command::Weigh(weight) => weigh(state, weight),
        Command::WeighNext => weigh_next(state),
        Command::Measure(place) => measure(state, place),
        Command::ToggleWaitClass(class) => toggle_class(state, class),
        Command::AllWaitClasses => choose_classes(state, None),
        Command::ToggleFreeze => toggle_freeze(state),
        Command::StopRecording => stop(state),
        Command::ToggleNode(node) => {
            if !state.profile.unfolded.remove(&node) {
                state.profile.unfolded.insert(node);
            }
            state.profile.arrange_rows();
        }
        Command::StepRow(by) => step_row(state, by),
        Command::SortByTotal(by_total) => {
            state.profile.by_total = by_total;
            state.profile.arrange_functions();
        }
        other => return Err(other),
    }
    Ok(())
}

/// Esc on the profile screen: search, zoom, range, selection.
pub(super) fn unwind(state: &mut State) {
    state.unfocus = true;
    if !state.profile.search.is_empty() {
        state.profile.search.clear();
        ask_search(state);
    } else if state.profile.window != Window::ALL {
        show_window(state, Window::ALL, true);
    } else if state.profile.wanted.against.is_some() {
        super::compare::apply(state, CompareAction::Stop);
    } else if state.profile.wanted.classes.is_some() {
        choose_classes(state, None);
    } else if state.profile.wanted.range_s.is_some() {
        set_range(state, None);
    } else if !state.profile.wanted.transforms.is_empty() {
        super::transforms::apply(state, TransformAction::KeepFirst(0));
    } else if state.profile.wanted.threads.is_some() {
        super::timeline::choose_threads(state, None);
    } else if state.profile.timeline.view_s.is_some() {
        super::timeline::apply(state, TimelineAction::View(None));
    } else {
        select(state, None);
    }
}

/// Esc on the memory screen: the range.
pub(super) fn unwind_range(state: &mut State) {
    if state.profile.wanted.range_s.is_some() {
        set_range(state, None);
    }
}

/// Puts a selection back.
pub(super) fn restore(
    state: &mut State,
    selected: Option<u32>,
    wanted: Arrangement,
    window: Window,
) {
    if state.profile.open.is_none() {
        return;
    }
    let changed = state.profile.wanted != wanted;
    state.profile.wanted = wanted;
    show_window(state, window, true);
    if changed {
        rearrange(state);
    }
    select(state, selected);
}

fn toggle_freeze(state: &mut State) {
    state.profile.frozen = !state.profile.frozen;
}

fn stop(state: &mut State) {
    if let Some(recording) = state
        .recording
        .as_mut()
        .filter(|recording| !recording.stopping)
    {
        recording.stopping = true;
        state.requests.push(Request::StopRecording);
    }
}
