//! Commands of the timeline: the part of time that is seen, and the threads.

use std::{collections::BTreeSet, sync::Arc};

use super::profile::{rearrange, set_range};
use crate::{
    command::TimelineAction,
    state::{State, timeline::ThreadKey},
    views::{Task, tracks::Tracks},
};

/// The shortest time that can be seen, seconds.
const SHORTEST_S: f64 = 1e-6;

/// Carries out what was done to the timeline.
pub(super) fn apply(state: &mut State, action: TimelineAction) {
    match action {
        TimelineAction::View(view) => see(state, view),
        TimelineAction::Zoom(factor, around) => zoom(state, factor, around),
        TimelineAction::Pan(by) => pan(state, by),
        TimelineAction::ZoomToRange => zoom_to_range(state),
        TimelineAction::Nudge { right, by } => nudge(state, right, by),
        TimelineAction::ToggleThread(thread) => toggle_thread(state, thread),
        TimelineAction::OnlyThread(thread) => only_thread(state, thread),
        TimelineAction::AllThreads => choose_threads(state, None),
        TimelineAction::Filter(filter) => {
            state.profile.timeline.filter = filter;
            list_anew(state);
        }
        TimelineAction::Order(order) => {
            state.profile.timeline.order = order;
            list_anew(state);
        }
        TimelineAction::Hide(thread) => {
            if let Some(key) = key_of(state, thread) {
                state.profile.timeline.hidden.insert(key);
                list_anew(state);
            }
        }
        TimelineAction::ShowHidden => {
            state.profile.timeline.hidden.clear();
            list_anew(state);
        }
        TimelineAction::TogglePin(thread) => {
            if let Some(key) = key_of(state, thread) {
                let pinned = &mut state.profile.timeline.pinned;
                if !pinned.remove(&key) {
                    pinned.insert(key);
                }
                list_anew(state);
            }
        }
        TimelineAction::ScrollTo(row) => scroll_to(state, row),
    }
}

/// Asks for the tracks of what is seen.
pub(super) fn ask_tracks(state: &mut State) {
    let Some(open) = &state.profile.open else {
        return;
    };
    state.views.ask(Task::Tracks {
        generation: open.generation,
        profile: open.profile().clone(),
        view_s: state.profile.timeline.view_s,
        range_s: state.profile.wanted.range_s,
        wanted: state.profile.timeline.wanted_tracks(),
    });
}

/// Takes tracks that were worked out; asks again where threads are listed that were not known.
pub(super) fn take(state: &mut State, tracks: Arc<Tracks>) {
    state.profile.timeline.tracks = Some(tracks);
    ask_missing(state);
}

/// Asks for tracks where some that are to be there are not.
fn ask_missing(state: &mut State) {
    let timeline = &state.profile.timeline;
    let Some(tracks) = &timeline.tracks else {
        return;
    };
    let wanted = timeline.wanted_tracks();
    if wanted
        .iter()
        .any(|thread| !tracks.by_thread.contains_key(thread))
    {
        ask_tracks(state);
    }
}

fn list_anew(state: &mut State) {
    state.profile.timeline.first_row = 0;
    ask_missing(state);
}

fn scroll_to(state: &mut State, row: usize) {
    let last = state.profile.timeline.listed().len().saturating_sub(1);
    state.profile.timeline.first_row = row.min(last);
    ask_missing(state);
}

fn key_of(state: &State, thread: u32) -> Option<ThreadKey> {
    let rows = &state.profile.timeline.tracks.as_ref()?.rows;
    let row = rows.iter().find(|row| row.thread == thread)?;
    Some(row.key)
}

fn duration_s(state: &State) -> f64 {
    let open = state.profile.open.as_ref();
    let digest = open.and_then(|open| open.digest.as_ref());
    digest.map_or(0.0, |digest| digest.duration_s)
}

/// What is seen now, seconds.
fn seen(state: &State) -> (f64, f64) {
    let whole = (0.0, duration_s(state));
    state.profile.timeline.view_s.unwrap_or(whole)
}

fn see(state: &mut State, view: Option<(f64, f64)>) {
    let duration = duration_s(state);
    let view = view.map(|(from, to)| {
        let length = (to - from).clamp(SHORTEST_S.min(duration), duration);
        let from = from.clamp(0.0, duration - length);
        (from, from + length)
    });
    let is_all = view.is_some_and(|(from, to)| to - from >= duration * 0.9999);
    let view = view.filter(|_| !is_all && duration > 0.0);
    if view != state.profile.timeline.view_s {
        state.profile.timeline.view_s = view;
        ask_tracks(state);
    }
}

fn zoom(state: &mut State, factor: f64, around: Option<f64>) {
    let (from, to) = seen(state);
    let around = around.unwrap_or(f64::midpoint(from, to));
    let length = ((to - from) * factor).max(SHORTEST_S);
    let share = ((around - from) / (to - from).max(SHORTEST_S)).clamp(0.0, 1.0);
    let from = around - share * length;
    see(state, Some((from, from + length)));
}

fn pan(state: &mut State, by: f64) {
    let (from, to) = seen(state);
    let by = by * (to - from);
    see(state, Some((from + by, to + by)));
}

fn zoom_to_range(state: &mut State) {
    let range = state.profile.wanted.range_s;
    let is_seen = range.is_some() && state.profile.timeline.view_s == range;
    see(state, range.filter(|_| !is_seen));
}

fn nudge(state: &mut State, right: bool, by: f64) {
    let (from, to) = seen(state);
    let Some((mut left, mut end)) = state.profile.wanted.range_s else {
        return;
    };
    let by = by * (to - from);
    if right {
        end += by;
    } else {
        left += by;
    }
    if end > left {
        set_range(state, Some((left, end)));
    }
}

/// Looks at some threads alone; at all where `None`.
pub(super) fn choose_threads(state: &mut State, threads: Option<BTreeSet<u32>>) {
    if state.profile.open.is_none() || state.profile.wanted.threads == threads {
        return;
    }
    super::leave(state);
    state.profile.wanted.threads = threads;
    rearrange(state);
}

fn all_threads(state: &State) -> BTreeSet<u32> {
    let tracks = state.profile.timeline.tracks.as_ref();
    let rows = tracks.map_or(&[][..], |tracks| &tracks.rows);
    rows.iter().map(|row| row.thread).collect()
}

fn toggle_thread(state: &mut State, thread: u32) {
    let all = all_threads(state);
    let mut chosen = state
        .profile
        .wanted
        .threads
        .clone()
        .unwrap_or_else(|| all.clone());
    if !chosen.remove(&thread) {
        chosen.insert(thread);
    }
    // Without any thread there would be nothing to see.
    let chosen = (!chosen.is_empty() && !chosen.is_superset(&all)).then_some(chosen);
    choose_threads(state, chosen);
}

fn only_thread(state: &mut State, thread: u32) {
    let only = BTreeSet::from([thread]);
    let is_alone = state.profile.wanted.threads.as_ref() == Some(&only);
    choose_threads(state, (!is_alone).then_some(only));
}
