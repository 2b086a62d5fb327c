//! A function between those who call it and those whom it calls.

use std::sync::Arc;

use scrutineer_profiler::profile::{
    CallTree, CallTreeOptions, Detail, FlameLayout, FlameOrder, Profile,
    transform::{Pick, Transform, apply},
};

use super::Arrangement;

/// A tree with its layout and the profile whose functions it names.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    pub(crate) profile: Arc<Profile>,
    pub(crate) tree: CallTree,
    pub(crate) layout: FlameLayout,
}

/// A function with its callers and callees over all stacks of an arrangement. A sample counts
/// once, however often the function is on its stack: at its outermost frame, so that callees hold
/// what it calls through itself.
#[derive(Clone, Debug)]
pub(crate) struct Sandwich {
    pub(crate) function: u32,
    pub(crate) arrangement: Arrangement,
    /// The function below the root, its callers below it.
    pub(crate) callers: Side,
    /// The function below the root, its callees below it.
    pub(crate) callees: Side,
}

/// Builds both sides for a function of a profile (whose stacks are transformed already).
pub(super) fn sandwich(profile: &Profile, arrangement: &Arrangement, function: u32) -> Sandwich {
    let pick = Pick::function(profile, function);
    let steps =
        |transforms: fn(Pick) -> Vec<Transform>| pick.clone().map_or_else(Vec::new, transforms);
    let up_to_it = steps(|pick| vec![Transform::Keep(pick.clone()), Transform::Collapse(pick)]);
    let from_it = steps(|pick| vec![Transform::Focus(pick)]);
    Sandwich {
        function,
        arrangement: arrangement.clone(),
        callers: side(profile, arrangement, &up_to_it, true),
        callees: side(profile, arrangement, &from_it, false),
    }
}

fn side(
    profile: &Profile,
    arrangement: &Arrangement,
    transforms: &[Transform],
    inverted: bool,
) -> Side {
    let profile = apply(profile, transforms);
    let options = CallTreeOptions {
        inverted,
        merge_threads: true,
        detail: Detail::Bounded,
        ..CallTreeOptions::default()
    };
    let tree = CallTree::build(&profile, &arrangement.selection(), options);
    Side {
        layout: FlameLayout::build(&tree, FlameOrder::LeftHeavy),
        profile: Arc::new(profile),
        tree,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    #[test]
    fn both_sides_hold_the_samples_of_the_function_once() {
        let profile = fixtures::loaded().profile;
        let name = "ledgerd::posting::Engine::apply_batch";
        let function = profile
            .functions
            .iter()
            .position(|f| f.name == name)
            .unwrap() as u32;
        let found = sandwich(&profile, &Arrangement::default(), function);
        let whole = CallTree::build(
            &profile,
            &Arrangement::default().selection(),
            CallTreeOptions::default(),
        );
        let expected = super::super::inspect::inspect(&whole, function);
        for side in [&found.callers, &found.callees] {
            assert_eq!(side.layout.total, expected.total_samples);
            let second = side.layout.rows[1];
            assert_eq!(
                second.end - second.start,
                1,
                "the function alone lies below the root"
            );
            let node = side.layout.node[second.start as usize];
            assert_eq!(side.tree.function[node as usize], function);
        }
        let callee_self = found.callees.tree.self_samples.iter().sum::<u64>();
        assert_eq!(callee_self, expected.total_samples);
    }
}
