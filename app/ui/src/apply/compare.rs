//! Commands of comparisons: with another range, another weight, other captures.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use scrutineer_checklists::verdict::Outcome;
use scrutineer_profiler::profile::{Profile, Weight, diff::unlike};

use super::profile::{rearrange, show_window};
use crate::{
    command::{CompareAction, CompareSide, Request},
    event::{OtherCapture, OtherCaptures},
    palette,
    state::{Layer, State},
    views::comparison::{Against, Captures},
    widgets::flame::Window,
};

/// What the palette is opened with to offer everything that can be compared with.
const OFFER: &str = "compare ";

/// Carries out what was asked of the comparison; nothing is compared while a capture grows.
pub(super) fn apply(state: &mut State, action: CompareAction) {
    if state.profile.open.as_ref().is_none_or(|open| open.live) {
        return;
    }
    match action {
        CompareAction::Offer if state.profile.wanted.against.is_some() => against(state, None),
        CompareAction::Offer => {
            state.layer = Some(Layer::Palette {
                query: OFFER.to_owned(),
                chosen: 0,
            });
            state.focus = Some(palette::FIELD);
        }
        CompareAction::Hold => state.profile.held_s = state.profile.wanted.range_s,
        CompareAction::Held => {
            if let Some(held) = state.profile.held_s {
                against(state, Some(Against::Range(held)));
            }
        }
        CompareAction::Weights => weights(state),
        CompareAction::Capture(path, side) => ask(state, Some(path), side),
        CompareAction::Choose => ask(state, None, CompareSide::Base),
        CompareAction::Swap => swap(state),
        CompareAction::ToggleBase => toggle_base(state),
        CompareAction::Sort(column) => {
            state.profile.compared_by = column;
            state.profile.arrange_functions();
        }
        CompareAction::Stop => against(state, None),
    }
}

fn against(state: &mut State, against: Option<Against>) {
    if state.profile.wanted.against == against {
        return;
    }
    super::leave(state);
    state.profile.wanted.against = against;
    show_window(state, Window::ALL, false);
    rearrange(state);
}

/// The weight that is not looked at is the base: CPU time for waits, waits for all else.
fn weights(state: &mut State) {
    let base = match state.profile.wanted.weight {
        Weight::Cpu => Weight::Wait,
        Weight::Wait | Weight::PageFaults => Weight::Cpu,
    };
    let open = state.profile.open.as_ref();
    if open.is_some_and(|open| open.weights().contains(&base)) {
        against(state, Some(Against::Weight(base)));
    }
}

fn ask(state: &mut State, path: Option<PathBuf>, side: CompareSide) {
    let Some(open) = &state.profile.open else {
        return;
    };
    let beside = open.loaded.path.clone();
    let measure = open.measure().map(str::to_owned);
    state.requests.push(Request::LoadOther {
        path,
        side,
        beside,
        measure,
    });
}

/// Takes a capture that was loaded, unless another one was opened meanwhile.
pub(super) fn loaded(
    state: &mut State,
    (path, profile): (PathBuf, Arc<Profile>),
    side: CompareSide,
    beside: &Path,
) {
    let open = state.profile.open.as_ref();
    let Some(open) = open.filter(|open| open.loaded.path == beside && !open.live) else {
        return;
    };
    for difference in unlike(&profile, open.profile()) {
        state.notify(Outcome::Attention, format!("{difference}."), None);
    }
    let (mut bases, mut candidates) = match &state.profile.wanted.against {
        Some(Against::Captures(captures)) => {
            (captures.bases.to_vec(), captures.candidates.to_vec())
        }
        _ => Default::default(),
    };
    match side {
        CompareSide::Base => bases.push(OtherCapture { path, profile }),
        CompareSide::Candidate => candidates.push(OtherCapture { path, profile }),
    }
    let captures = Captures::of(OtherCaptures { bases, candidates });
    against(state, Some(Against::Captures(captures)));
}

fn swap(state: &mut State) {
    let wanted = &mut state.profile.wanted;
    let swapped = match (&wanted.against, wanted.range_s) {
        (Some(Against::Range(base)), Some(range)) => {
            (Against::Range(range), Some(*base), wanted.weight)
        }
        (Some(Against::Weight(base)), range) => (Against::Weight(wanted.weight), range, *base),
        _ => return,
    };
    super::leave(state);
    let wanted = &mut state.profile.wanted;
    if wanted.weight != swapped.2 {
        wanted.classes = None;
    }
    (wanted.against, wanted.range_s, wanted.weight) = (Some(swapped.0), swapped.1, swapped.2);
    show_window(state, Window::ALL, false);
    rearrange(state);
}

/// Widths of the base, or of the candidate again.
pub(super) fn toggle_base(state: &mut State) {
    if let Some(open) = &mut state.profile.open
        && open.shown.compared.is_some()
    {
        open.by_base = !open.by_base;
        state.profile.slices = [(Window::ALL, 0.0); 2];
        state.profile.arrange_rows();
        show_window(state, Window::ALL, false);
    }
}
