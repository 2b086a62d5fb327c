//! Commands that transform the stacks: each is a step that can be taken back.

use scrutineer_profiler::profile::transform::{Pick, Transform};

use super::profile::{rearrange, show_window};
use crate::{
    command::{Change, TransformAction},
    state::State,
    widgets::flame::Window,
};

/// Carries a change of the stacks out, or takes changes back.
pub(super) fn apply(state: &mut State, action: TransformAction) {
    let mut transforms = state.profile.wanted.transforms.clone();
    match action {
        TransformAction::Apply(change) => {
            let Some(transform) = transform_of(state, change) else {
                return;
            };
            if transforms.last() == Some(&transform) {
                return;
            }
            transforms.push(transform);
        }
        TransformAction::ToggleMyCode => {
            match transforms
                .iter()
                .position(|step| *step == Transform::MyCode)
            {
                Some(place) => drop(transforms.remove(place)),
                None => transforms.push(Transform::MyCode),
            }
        }
        TransformAction::ToggleFilter => {
            let Some(filter) = filter_of(state) else {
                return;
            };
            match transforms.iter().position(|step| *step == filter) {
                Some(place) => drop(transforms.remove(place)),
                None => transforms.push(filter),
            }
        }
        TransformAction::KeepFirst(count) => transforms.truncate(count),
        TransformAction::Remove(place) => {
            if place < transforms.len() {
                transforms.remove(place);
            }
        }
    }
    if state.profile.open.is_none() || transforms == state.profile.wanted.transforms {
        return;
    }
    super::leave(state);
    state.profile.wanted.transforms = transforms;
    show_window(state, Window::ALL, false);
    rearrange(state);
}

/// The filter that the search stands for; `None` where it is empty or no pattern.
pub(super) fn filter_of(state: &State) -> Option<Transform> {
    let profile = &state.profile;
    let is_pattern = !profile.search.is_empty() && !profile.search_wrong;
    is_pattern.then(|| {
        Transform::Keep(Pick::Matching {
            pattern: profile.search.clone(),
        })
    })
}

/// A change of the selected function, or of its module; `None` where nothing is selected.
fn transform_of(state: &State, change: Change) -> Option<Transform> {
    let profile = &state.profile.open.as_ref()?.shown.profile;
    let function = state.profile.selected_function();
    let pick = || Pick::function(profile, function?);
    let module = || Pick::module_of(profile, function?);
    Some(match change {
        Change::Merge => Transform::Merge(pick()?),
        Change::MergeModule => Transform::Merge(module()?),
        Change::Focus => Transform::Focus(pick()?),
        Change::Keep => Transform::Keep(pick()?),
        Change::Collapse => Transform::Collapse(pick()?),
        Change::CollapseModule => Transform::Collapse(module()?),
        Change::Recursion => Transform::CollapseRecursion(pick()),
        Change::Drop => Transform::Drop(pick()?),
        Change::DropModule => Transform::Drop(module()?),
    })
}
