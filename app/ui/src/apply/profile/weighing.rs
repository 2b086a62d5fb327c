//! The range of time, the weight and the classes of waits that are looked at.

use std::collections::BTreeSet;

use scrutineer_checklists::verdict::Outcome;
use scrutineer_profiler::{capture::model::WaitClass, profile::Weight};

use super::{graph::show_window, opening::rearrange};
use crate::{
    apply::leave,
    command::Request,
    state::{
        State,
        profile::{BeforeDrag, Open},
    },
    views::comparison::Against,
    widgets::flame::Window,
};

pub(in crate::apply) fn set_range(state: &mut State, range: Option<(f64, f64)>) {
    let Some(open) = &state.profile.open else {
        return;
    };
    let range = within(open, range);
    let before = state.profile.dragged_from.take();
    if open.live || (range == state.profile.wanted.range_s && before.is_none()) {
        return;
    }
    let is_shown = range == state.profile.wanted.range_s;
    if let Some(BeforeDrag(before)) = before {
        // The way back leads to where the drag began.
        state.profile.wanted.range_s = before;
    }
    if range != state.profile.wanted.range_s {
        leave(state);
        state.profile.wanted.range_s = range;
    }
    if !is_shown {
        rearrange(state);
    }
}

/// A range as the capture has it; `None` where next to nothing is left of it.
fn within(open: &Open, range: Option<(f64, f64)>) -> Option<(f64, f64)> {
    let duration_s = open.digest.as_ref().map_or(0.0, |digest| digest.duration_s);
    range
        .map(|(from, to)| (from.min(to).max(0.0), from.max(to).min(duration_s)))
        .filter(|(from, to)| to - from > duration_s * 1e-4)
}

/// Samples and stack nodes up to which a range is looked at while it is dragged: some ten
/// milliseconds of work.
const QUICK_ROWS: usize = 400_000;

/// Looks at a range that is being dragged, where the answer comes quickly. The thread of views
/// drops what it has not begun, so that one answer at most is outstanding besides the latest.
pub(super) fn drag_range(state: &mut State, range: (f64, f64)) {
    let Some(open) = &state.profile.open else {
        return;
    };
    let profile = open.profile();
    let rows = profile.samples.time_ns.len() + profile.stacks.frame.len();
    let range = within(open, Some(range));
    let wanted = &mut state.profile.wanted;
    let is_slow = rows > QUICK_ROWS || wanted.against.is_some();
    if open.live || is_slow || range.is_none() || range == wanted.range_s {
        return;
    }
    state
        .profile
        .dragged_from
        .get_or_insert(BeforeDrag(wanted.range_s));
    wanted.range_s = range;
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
