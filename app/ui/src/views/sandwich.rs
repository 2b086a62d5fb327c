//! A function between those who call it and those whom it calls.

use std::sync::Arc;

use scrutineer_profiler::profile::{
    CallTree, CallTreeOptions, Detail, FlameLayout, FlameOrder, LayoutOptions, Profile,
    diff::{Difference, Part},
    diff_tree::DiffTree,
    transform::{Pick, Transform, apply},
};

use super::{
    Arrangement,
    comparison::{Comparison, part},
};

/// A tree with its layout and the profile whose functions it names.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    pub(crate) profile: Arc<Profile>,
    pub(crate) tree: CallTree,
    pub(crate) layout: FlameLayout,
    /// What it is on both sides of a comparison, as shares of all that is compared.
    pub(crate) compared: Option<Change>,
}

/// A side on both sides of a comparison.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) tree: DiffTree,
    /// The layout whose width is the base.
    pub(crate) base_layout: FlameLayout,
}

impl Side {
    /// The layout by the widths of the base of a comparison, or of what is shown.
    pub(crate) fn layout(&self, by_base: bool) -> &FlameLayout {
        match &self.compared {
            Some(change) if by_base => &change.base_layout,
            _ => &self.layout,
        }
    }
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

impl Sandwich {
    /// How the share of the function differs, where something is compared.
    pub(crate) fn change(&self) -> Option<Difference> {
        let change = self.callees.compared.as_ref()?;
        Some(change.tree.total(0))
    }
}

/// Builds both sides for a function of a profile (whose stacks are transformed already), and of
/// what it is compared with.
pub(super) fn sandwich(
    profile: &Profile,
    arrangement: &Arrangement,
    function: u32,
    compared: Option<&Comparison>,
) -> Sandwich {
    let pick = Pick::function(profile, function);
    let steps =
        |transforms: fn(Pick) -> Vec<Transform>| pick.clone().map_or_else(Vec::new, transforms);
    let up_to_it = steps(|pick| vec![Transform::Keep(pick.clone()), Transform::Collapse(pick)]);
    let from_it = steps(|pick| vec![Transform::Focus(pick)]);
    Sandwich {
        function,
        arrangement: arrangement.clone(),
        callers: side(profile, arrangement, (&up_to_it, true), compared),
        callees: side(profile, arrangement, (&from_it, false), compared),
    }
}

fn side(
    profile: &Profile,
    arrangement: &Arrangement,
    (transforms, inverted): (&[Transform], bool),
    compared: Option<&Comparison>,
) -> Side {
    let profile = apply(profile, transforms);
    let options = CallTreeOptions {
        inverted,
        merge_threads: true,
        detail: Detail::Bounded,
        ..CallTreeOptions::default()
    };
    if let Some(compared) = compared {
        return compared_side(profile, arrangement, (transforms, options), compared);
    }
    let tree = CallTree::build(&profile, &arrangement.selection(), options);
    Side {
        layout: FlameLayout::build(&tree, FlameOrder::LeftHeavy),
        profile: Arc::new(profile),
        tree,
        compared: None,
    }
}

/// A side of which no stack is left out: one that only one of both had would seem to be new.
fn compared_side(
    profile: Profile,
    arrangement: &Arrangement,
    (transforms, options): (&[Transform], CallTreeOptions),
    compared: &Comparison,
) -> Side {
    let options = CallTreeOptions {
        detail: Detail::Whole,
        ..options
    };
    let bases = compared.bases.iter().map(|(base, selection)| {
        let base = Arc::new(apply(base, transforms));
        (base, selection.clone())
    });
    let bases: Vec<_> = bases.collect();
    let bases: Vec<Part<'_>> = bases.iter().map(part).collect();
    let profile = Arc::new(profile);
    let selection = arrangement.selection();
    let candidate = Part {
        profile: &profile,
        selection: &selection,
    };
    let tree = DiffTree::build(&bases, (&profile, candidate), options).within(&compared.tree);
    let by_base = LayoutOptions {
        order: FlameOrder::LeftHeavy,
        widths: Some(&tree.base_total),
        ..LayoutOptions::default()
    };
    Side {
        layout: FlameLayout::build(&tree.tree, FlameOrder::LeftHeavy),
        profile: tree.profile.clone(),
        tree: tree.tree.clone(),
        compared: Some(Change {
            base_layout: FlameLayout::build_with(&tree.tree, by_base),
            tree,
        }),
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
        let found = sandwich(&profile, &Arrangement::default(), function, None);
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
