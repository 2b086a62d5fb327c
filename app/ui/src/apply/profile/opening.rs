//! Opening a capture, and asking for what its views need.

use std::sync::Arc;

use super::{search::ask_search, selection::ask_inspection};
use crate::{
    apply::timeline,
    event::LoadedProfile,
    state::{
        State,
        profile::{Arranged, Open},
        timeline::TimelineState,
    },
    views::{Arrangement, Task},
    widgets::flame::Window,
};

/// Opens a capture, or the next picture of the one that grows.
pub(in crate::apply) fn open(state: &mut State, loaded: LoadedProfile, live: bool) {
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
    state.views.forget(profile.generation);
    state.next_generation += 1;
    profile.generation = state.next_generation;
    if !same {
        (profile.window, profile.scroll, profile.moves) = (Window::ALL, 0.0, false);
        profile.wanted = Arrangement::default();
        profile.timeline = TimelineState::default();
        profile.found = None;
        (profile.held_s, profile.charted) = (None, None);
        profile.listing = None;
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
        compared: None,
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
        by_base: false,
        chart: None,
    });
    profile.awaited = None;
    (profile.selected, profile.zoomed) = (selected, None);
    profile.arrange_rows();
    ask_views(state);
}

pub(super) fn ask_views(state: &mut State) {
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

pub(in crate::apply) fn rearrange(state: &mut State) {
    let arrangement = state.profile.wanted.clone();
    timeline::ask_tracks(state);
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
            compared: None,
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
