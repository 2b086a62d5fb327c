//! The range of time, the weight and the classes of waits that are looked at.

use std::collections::BTreeSet;

use scrutineer_checklists::verdict::Outcome;
use scrutineer_profiler::{capture::model::WaitClass, profile::Weight};

use super::{graph::show_window, opening::rearrange};
use crate::{
    apply::leave, command::Request, state::State, views::comparison::Against,
    widgets::flame::Window,
};

pub(in crate::apply) fn set_range(state: &mut State, range: Option<(f64, f64)>) {
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
    leave(state);
    state.profile.wanted.range_s = range;
    rearrange(state);
}

pub(super) fn weigh(state: &mut State, weight: Weight) {
    let open = state.profile.open.as_ref();
    let has = open.is_some_and(|open| open.weights().contains(&weight));
    if !has || state.profile.wanted.weight == weight {
        return;
    }
    leave(state);
    let before = std::mem::replace(&mut state.profile.wanted.weight, weight);
    state.profile.wanted.classes = None;
    if state.profile.wanted.against == Some(Against::Weight(weight)) {
        state.profile.wanted.against = Some(Against::Weight(before));
    }
    show_window(state, Window::ALL, false);
    rearrange(state);
}

pub(super) fn weigh_next(state: &mut State) {
    let Some(open) = &state.profile.open else {
        return;
    };
    let weights = open.weights();
    if weights.len() < 2 && !open.measures().is_empty() {
        let next = (open.measure_at() + 1) % open.measures().len();
        measure(state, next);
        return;
    }
    let now = state.profile.wanted.weight;
    let at = weights.iter().position(|weight| *weight == now);
    let next = at.map_or(0, |at| (at + 1) % weights.len());
    weigh(state, weights[next]);
}

/// Reads another of the things that the open file measures. A comparison with other files ends,
/// for those were read by this one.
pub(super) fn measure(state: &mut State, place: usize) {
    let Some(open) = state.profile.open.as_ref() else {
        return;
    };
    let wanted = open.measures().get(place).cloned();
    let Some(measure) = wanted.filter(|_| place != open.measure_at()) else {
        return;
    };
    let path = open.loaded.path.clone();
    if matches!(state.profile.wanted.against, Some(Against::Captures(_))) {
        let words = format!("The comparison ended: compare again by {measure}.");
        state.notify(Outcome::Attention, words, None);
        leave(state);
        state.profile.wanted.against = None;
    }
    state.requests.push(Request::Measure { path, measure });
}

/// The first class that is chosen stands alone; without any all count again.
pub(super) fn toggle_class(state: &mut State, class: WaitClass) {
    let mut classes = state.profile.wanted.classes.clone().unwrap_or_default();
    if !classes.remove(&class) {
        classes.insert(class);
    }
    choose_classes(state, Some(classes).filter(|classes| !classes.is_empty()));
}

pub(super) fn choose_classes(state: &mut State, classes: Option<BTreeSet<WaitClass>>) {
    if state.profile.wanted.weight != Weight::Wait {
        weigh(state, Weight::Wait);
    }
    if state.profile.wanted.weight != Weight::Wait || state.profile.wanted.classes == classes {
        return;
    }
    leave(state);
    state.profile.wanted.classes = classes;
    rearrange(state);
}
