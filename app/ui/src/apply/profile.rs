//! Commands of the profile and memory screens, which share one selection.

use std::{collections::BTreeSet, sync::Arc};

use scrutineer_profiler::{
    capture::model::WaitClass,
    profile::{CallTree, Weight, transform},
};

use crate::{
    command::{Command, Request, TimelineAction, TransformAction},
    event::LoadedProfile,
    state::{
        State,
        profile::{Arranged, Mode, Open},
        timeline::TimelineState,
    },
    views::{Answer, Arrangement, Task},
    widgets::flame::{FlameAction, Window, box_of, window_of},
};

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
        Command::Timeline(action) => super::timeline::apply(state, action),
        Command::Transform(action) => super::transforms::apply(state, action),
        Command::Slice(side, action) => super::sandwich::slice(state, side, action),
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

/// Opens a capture, or the next picture of the one that grows.
pub(super) fn open(state: &mut State, loaded: LoadedProfile, live: bool) {
    let profile = &mut state.profile;
    let same = profile.open.as_ref().is_some_and(|open| {
        let (old, new) = (&open.loaded.profile.header, &loaded.profile.header);
        let is_same_run = old.pid == new.pid && old.started_at == new.started_at;
        is_same_run && open.loaded.path == loaded.path
    });
    let selected = profile
        .selected
        .filter(|_| same && !profile.wanted.inverted)
        .and_then(|node| profile.follow(&loaded.profile, &loaded.tree, node));
    state.next_generation += 1;
    profile.generation = state.next_generation;
    if !same {
        (profile.window, profile.scroll, profile.moves) = (Window::ALL, 0.0, false);
        profile.wanted = Arrangement::default();
        profile.timeline = TimelineState::default();
        profile.found = None;
        profile.unfolded = std::collections::BTreeSet::from([0]);
        state.history.forget_selections();
    }
    let (digest, pictures) = profile
        .open
        .take()
        .filter(|_| same)
        .map_or((None, None), |open| (open.digest, open.pictures));
    let shown = Arranged {
        profile: loaded.profile.clone(),
        tree: loaded.tree.clone(),
        layout: loaded.layout.clone(),
        left_heavy: loaded.left_heavy.clone(),
        top: None,
        classes: Arc::default(),
    };
    profile
        .unfolded
        .retain(|node| (*node as usize) < shown.tree.len());
    let generation = profile.generation;
    profile.open = Some(Open {
        loaded,
        live,
        generation,
        digest,
        pictures,
        shown,
        arrangement: Arrangement::default(),
    });
    profile.awaited = None;
    (profile.selected, profile.zoomed) = (selected, None);
    profile.arrange_rows();
    ask_views(state);
}

fn ask_views(state: &mut State) {
    let Some(open) = &state.profile.open else {
        return;
    };
    let (generation, profile) = (open.generation, open.profile().clone());
    state.views.ask(Task::Digest {
        generation,
        profile,
    });
    rearrange(state);
    ask_search(state);
    ask_inspection(state);
}

pub(super) fn rearrange(state: &mut State) {
    let arrangement = state.profile.wanted.clone();
    super::timeline::ask_tracks(state);
    let Some(open) = &state.profile.open else {
        return;
    };
    state.views.ask(Task::Readings {
        generation: open.generation,
        profile: open.profile().clone(),
        range_s: arrangement.range_s,
    });
    let plain = arrangement == Arrangement::default();
    let have = plain.then(|| {
        Box::new(Arranged {
            profile: open.loaded.profile.clone(),
            tree: open.loaded.tree.clone(),
            layout: open.loaded.layout.clone(),
            left_heavy: open.loaded.left_heavy.clone(),
            top: None,
            classes: Arc::default(),
        })
    });
    let (generation, profile) = (open.generation, open.profile().clone());
    state.views.ask(Task::Arrange {
        generation,
        profile,
        arrangement,
        have,
    });
}

/// Takes an answer of the thread; one about an earlier profile is dropped.
pub(super) fn answered(state: &mut State, answer: Answer) {
    let current = state.profile.generation;
    match answer {
        Answer::Digest { generation, digest } if generation == current => {
            if let Some(open) = &mut state.profile.open {
                open.digest = Some(digest);
            }
        }
        Answer::Readings {
            generation,
            range_s,
            pictures,
        } if generation == current && range_s == state.profile.wanted.range_s => {
            if let Some(open) = &mut state.profile.open {
                open.pictures = Some(pictures);
            }
        }
        Answer::Tracks {
            generation,
            view_s,
            range_s,
            tracks,
        } if generation == current
            && view_s == state.profile.timeline.view_s
            && range_s == state.profile.wanted.range_s =>
        {
            super::timeline::take(state, tracks);
        }
        Answer::Arranged {
            generation,
            arrangement,
            arranged,
        } if generation == current && arrangement == state.profile.wanted => {
            arranged_anew(state, arrangement, *arranged);
            super::pins::finish(state);
        }
        Answer::Found {
            generation,
            pattern,
            found,
        } if generation == current && pattern == state.profile.search => {
            state.profile.found = Some(found);
        }
        Answer::Sandwich {
            generation,
            sandwich,
        } if generation == current => {
            state.profile.sandwich = Some(sandwich);
            state.profile.slices = [(Window::ALL, 0.0); 2];
        }
        Answer::HeatMap {
            generation,
            arrangement,
            map,
        } if generation == current && arrangement == state.profile.wanted => {
            state.profile.heat_map = Some(map);
        }
        Answer::Inspected {
            generation,
            inspection,
        } if generation == current => {
            state.profile.inspection = Some(inspection);
        }
        Answer::Pinned { path, pin, .. } => {
            state.requests.push(Request::KeepPin { path, pin });
        }
        _ => {}
    }
}

fn arranged_anew(state: &mut State, arrangement: Arrangement, arranged: Arranged) {
    let profile = &mut state.profile;
    let Some(open) = &profile.open else { return };
    let same_tree = Arc::ptr_eq(&open.shown.tree, &arranged.tree);
    let selected = if same_tree {
        profile.selected
    } else {
        let follow = |node| profile.follow(&arranged.profile, &arranged.tree, node);
        let same_way = profile.selected.and_then(follow);
        let function = profile.selected_function();
        same_way.or_else(|| heaviest_node(&arranged.tree, function?))
    };
    if let Some(open) = &mut profile.open {
        (open.shown, open.arrangement) = (arranged, arrangement);
    }
    profile.arrange_functions();
    ask_heat_map(state);
    let profile = &mut state.profile;
    if same_tree {
        return;
    }
    (profile.selected, profile.zoomed) = (selected, None);
    profile.unfolded = std::collections::BTreeSet::from([0]);
    profile.found_at = 0;
    profile.arrange_rows();
    ask_search(state);
    ask_inspection(state);
}

/// Asks for the heat map, where it is looked at.
fn ask_heat_map(state: &mut State) {
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

fn set_mode(state: &mut State, mode: Mode) {
    state.profile.mode = mode;
    super::sandwich::ask(state);
    ask_heat_map(state);
    state.profile.moves = false;
    state.profile.reveal = true;
}

pub(super) fn ask_search(state: &mut State) {
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
    let profile = open.shown.profile.clone();
    state.views.ask(Task::Search {
        generation,
        profile,
        tree,
        pattern,
    });
}

fn step_match(state: &mut State, by: i32) {
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
    bring_into_view(state, node);
}

/// Moves window and scroll so that a node's box is seen.
fn bring_into_view(state: &mut State, node: u32) {
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

fn flame(state: &mut State, action: FlameAction) {
    if !super::is_passing(&action) && !matches!(action, FlameAction::Select(None)) {
        super::leave(state);
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

pub(super) fn show_window(state: &mut State, window: Window, moves: bool) {
    state.profile.window = window.clamped();
    state.profile.zoomed = if moves { filling(state) } else { None };
    state.profile.moves = moves && !state.appearance.reduce_motion;
}

/// The selected node, where its box fills the window.
pub(super) fn filling(state: &State) -> Option<u32> {
    let profile = &state.profile;
    let (open, node) = (profile.open.as_ref()?, profile.selected?);
    let depth = *open.shown.tree.depth.get(node as usize)?;
    let layout = open.layout(profile.mode);
    let (_, at) = box_of(layout, depth, node)?;
    (window_of(layout, at) == profile.window).then_some(node)
}

fn zoom_to_selected(state: &mut State) {
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
        super::leave(state);
        show_window(state, window, true);
    }
}

pub(super) fn select(state: &mut State, node: Option<u32>) {
    if state.profile.selected == node {
        return;
    }
    state.profile.selected = node;
    ask_inspection(state);
}

pub(super) fn ask_inspection(state: &mut State) {
    super::sandwich::ask(state);
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

pub(super) fn select_function(state: &mut State, function: u32) {
    let Some(open) = &state.profile.open else {
        return;
    };
    if let Some(node) = heaviest_node(&open.shown.tree, function) {
        super::leave(state);
        select(state, Some(node));
        bring_into_view(state, node);
    }
}

/// The heaviest node of a function, the outermost of equals.
fn heaviest_node(tree: &CallTree, function: u32) -> Option<u32> {
    let nodes = (0..tree.len() as u32).filter(|node| tree.function[*node as usize] == function);
    nodes.max_by_key(|node| (tree.total_samples[*node as usize], u32::MAX - node))
}

pub(super) fn set_range(state: &mut State, range: Option<(f64, f64)>) {
    let Some(open) = &state.profile.open else {
        return;
    };
    let duration_s = open.digest.as_ref().map_or(0.0, |digest| digest.duration_s);
    let range = range
        .map(|(from, to)| (from.min(to).max(0.0), from.max(to).min(duration_s)))
        .filter(|(from, to)| to - from > duration_s * 1e-4);
    if open.live || range == state.profile.wanted.range_s {
        return;
    }
    super::leave(state);
    state.profile.wanted.range_s = range;
    rearrange(state);
}

fn weigh(state: &mut State, weight: Weight) {
    let open = state.profile.open.as_ref();
    let has = open.is_some_and(|open| open.weights().contains(&weight));
    if !has || state.profile.wanted.weight == weight {
        return;
    }
    super::leave(state);
    state.profile.wanted.weight = weight;
    state.profile.wanted.classes = None;
    show_window(state, Window::ALL, false);
    rearrange(state);
}

fn weigh_next(state: &mut State) {
    let weights = state.profile.open.as_ref().map(Open::weights);
    let Some(weights) = weights else { return };
    let now = state.profile.wanted.weight;
    let at = weights.iter().position(|weight| *weight == now);
    let next = at.map_or(0, |at| (at + 1) % weights.len());
    weigh(state, weights[next]);
}

/// The first class that is chosen stands alone; without any all count again.
fn toggle_class(state: &mut State, class: WaitClass) {
    let mut classes = state.profile.wanted.classes.clone().unwrap_or_default();
    if !classes.remove(&class) {
        classes.insert(class);
    }
    choose_classes(state, Some(classes).filter(|classes| !classes.is_empty()));
}

fn choose_classes(state: &mut State, classes: Option<BTreeSet<WaitClass>>) {
    if state.profile.wanted.weight != Weight::Wait {
        weigh(state, Weight::Wait);
    }
    if state.profile.wanted.weight != Weight::Wait || state.profile.wanted.classes == classes {
        return;
    }
    super::leave(state);
    state.profile.wanted.classes = classes;
    rearrange(state);
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

fn step_row(state: &mut State, by: i32) {
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
            let functions = &profile.functions;
            let selected = profile.selected_function();
            let at = functions
                .iter()
                .position(|row| Some(row.function) == selected);
            let to = stepped(at, by, functions.len());
            let function = to.and_then(|to| functions.get(to)).map(|row| row.function);
            if let Some(function) = function {
                select_function(state, function);
            }
        }
        Mode::Flame | Mode::LeftHeavy | Mode::Sandwich | Mode::HeatMap => {}
    }
    state.profile.reveal = true;
}

fn stepped(at: Option<usize>, by: i32, count: usize) -> Option<usize> {
    let last = count.checked_sub(1)?;
    Some(at.map_or(0, |at| (at as i32 + by).clamp(0, last as i32) as usize))
}
