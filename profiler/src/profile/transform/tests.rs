//! Transforms on small profiles, by hand and at random.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{stacks::OUTSIDE, *};
use crate::{
    capture::model::NONE,
    profile::{Category, Profile, Selection, testing},
};

fn function(name: &str) -> Pick {
    Pick::Function {
        name: name.to_owned(),
        module: "ledgerd".to_owned(),
    }
}

/// Samples by stack, from the outermost function inwards.
fn stacks_of(profile: &Profile) -> BTreeMap<String, u64> {
    let mut stacks: BTreeMap<String, u64> = BTreeMap::new();
    for row in profile.weighed(&Selection::default()) {
        let first = (row.stack != NONE).then_some(row.stack);
        let nodes = std::iter::successors(first, |node| {
            Some(profile.stacks.parent[*node as usize]).filter(|parent| *parent != NONE)
        });
        let mut names: Vec<&str> = nodes
            .flat_map(|node| profile.logical_of(profile.stacks.frame[node as usize]))
            .map(|frame| profile.functions[frame.function as usize].name.as_str())
            .collect();
        names.reverse();
        *stacks.entry(names.join(";")).or_default() += row.weight;
    }
    stacks
}

fn after(stacks: &[&str], transforms: &[Transform]) -> Vec<(String, u64)> {
    let stacks: Vec<Vec<&str>> = stacks
        .iter()
        .map(|stack| stack.split(';').collect())
        .collect();
    let profile = testing::profile(&stacks);
    stacks_of(&apply(&profile, transforms))
        .into_iter()
        .collect()
}

fn told(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    let told = expected.iter();
    told.map(|(stack, count)| ((*stack).to_owned(), *count))
        .collect()
}

#[test]
fn merging_a_function_gives_its_callees_to_its_caller() {
    let merged = after(
        &["a;b;c", "a;b", "a;b;b;c"],
        &[Transform::Merge(function("b"))],
    );
    assert_eq!(merged, told(&[("a", 1), ("a;c", 2)]));
}

#[test]
fn focusing_begins_stacks_at_the_outermost_frame_and_drops_the_others() {
    let focused = after(
        &["a;b;c;b;d", "b", "a;c"],
        &[Transform::Focus(function("b"))],
    );
    assert_eq!(focused, told(&[("b", 1), ("b;c;b;d", 1)]));
}

#[test]
fn collapsing_a_function_makes_all_that_it_calls_its_own() {
    let collapsed = after(
        &["a;b;c", "a;b", "a;b;d;b", "c"],
        &[Transform::Collapse(function("b"))],
    );
    assert_eq!(collapsed, told(&[("a;b", 3), ("c", 1)]));
}

#[test]
fn collapsing_recursion_goes_on_in_the_outermost_frame() {
    let stacks = ["a;f;b;f;c", "a;f;f;f", "a;b;a"];
    let one = Transform::CollapseRecursion(Some(function("f")));
    assert_eq!(
        after(&stacks, &[one]),
        told(&[("a;b;a", 1), ("a;f", 1), ("a;f;c", 1)])
    );
    let all = Transform::CollapseRecursion(None);
    assert_eq!(
        after(&stacks, &[all]),
        told(&[("a", 1), ("a;f", 1), ("a;f;c", 1)])
    );
}

#[test]
fn dropping_takes_samples_out_and_keeping_takes_the_others_out() {
    let stacks = ["a;idle", "a;b", "idle;c"];
    assert_eq!(
        after(&stacks, &[Transform::Drop(function("idle"))]),
        told(&[("a;b", 1)])
    );
    assert_eq!(
        after(&stacks, &[Transform::Keep(function("idle"))]),
        told(&[("a;idle", 1), ("idle;c", 1)])
    );
}

#[test]
fn a_pattern_means_every_function_that_it_matches_with_smart_case() {
    let stacks = ["a;Alloc", "a;alloc_zeroed", "a;free"];
    let matching = |pattern: &str| Pick::Matching {
        pattern: pattern.to_owned(),
    };
    assert_eq!(
        after(&stacks, &[Transform::Keep(matching("alloc|none"))]),
        told(&[("a;Alloc", 1), ("a;alloc_zeroed", 1)])
    );
    assert_eq!(
        after(&stacks, &[Transform::Drop(matching("Alloc"))]),
        told(&[("a;alloc_zeroed", 1), ("a;free", 1)])
    );
    assert_eq!(after(&stacks, &[Transform::Keep(matching("("))]), told(&[]));
}

#[test]
fn a_collapsed_module_is_one_frame_for_neighbours() {
    let profile = testing::profile(&[vec!["a", "b"], vec!["a"]]);
    let module = Pick::module_of(&profile, 0).expect("it has a module");
    let collapsed = apply(&profile, &[Transform::Collapse(module)]);
    let expected = BTreeMap::from([("[ledgerd]".to_owned(), 2)]);
    assert_eq!(stacks_of(&collapsed), expected);
}

#[test]
fn my_code_folds_the_rest_and_says_what_is_outside() {
    let mut profile = testing::profile(&[vec!["std", "mine", "dep"], vec!["std", "dep"]]);
    for function in &mut profile.functions {
        function.category = match function.name.as_str() {
            "mine" => Category::Own,
            "std" => Category::Std,
            _ => Category::Dependency,
        };
    }
    let mine = apply(&profile, &[Transform::MyCode]);
    let expected = BTreeMap::from([("mine".to_owned(), 1), (OUTSIDE.to_owned(), 1)]);
    assert_eq!(stacks_of(&mine), expected);
}

#[test]
fn inlined_functions_are_transformed_like_others() {
    let profile = testing::inlined_profile();
    let inner = profile.functions.iter().position(|f| f.name == "inner");
    let pick = Pick::function(&profile, inner.expect("it is there") as u32);
    let merged = apply(&profile, &[Transform::Merge(pick.expect("it is there"))]);
    assert_eq!(
        stacks_of(&merged),
        BTreeMap::from([("outer".to_owned(), 2)])
    );
}

#[test]
fn the_order_of_transforms_counts() {
    let stacks = ["a;b;c"];
    let (merge, focus) = (
        Transform::Merge(function("b")),
        Transform::Focus(function("b")),
    );
    assert_eq!(
        after(&stacks, &[focus.clone(), merge.clone()]),
        told(&[("c", 1)])
    );
    assert_eq!(after(&stacks, &[merge, focus]), told(&[]));
}

fn any_transform() -> impl Strategy<Value = Transform> {
    let pick = (0_u8..5).prop_map(|f| function(&format!("f{f}")));
    prop_oneof![
        pick.clone().prop_map(Transform::Merge),
        pick.clone().prop_map(Transform::Collapse),
        pick.clone()
            .prop_map(|pick| Transform::CollapseRecursion(Some(pick))),
        Just(Transform::CollapseRecursion(None)),
        Just(Transform::MyCode),
        pick.clone().prop_map(Transform::Focus),
        pick.clone().prop_map(Transform::Keep),
        pick.prop_map(Transform::Drop),
    ]
}

fn profile_of(stacks: &[Vec<u8>]) -> Profile {
    let named = |stack: &Vec<u8>| stack.iter().map(|f| format!("f{f}")).collect();
    let stacks: Vec<Vec<String>> = stacks.iter().map(named).collect();
    testing::profile(&stacks)
}

proptest! {
    #[test]
    fn a_transform_loses_the_samples_that_it_drops_alone(
        stacks in prop::collection::vec(prop::collection::vec(0_u8..6, 1..8), 1..30),
        transform in any_transform(),
    ) {
        let profile = profile_of(&stacks);
        let total = profile.total(&Selection::default());
        let changed = apply(&profile, std::slice::from_ref(&transform));
        let kept = changed.total(&Selection::default());
        let has = |pick: &Pick| {
            let holds = |stack: &&Vec<u8>| stack.iter().any(|f| format!("f{f}") == pick.name());
            stacks.iter().filter(holds).count() as u64
        };
        let expected = match &transform {
            Transform::Focus(pick) | Transform::Keep(pick) => has(pick),
            Transform::Drop(pick) => total - has(pick),
            _ => total,
        };
        prop_assert_eq!(kept, expected);
    }

    #[test]
    fn a_transform_changes_nothing_the_second_time(
        stacks in prop::collection::vec(prop::collection::vec(0_u8..6, 1..8), 1..30),
        transform in any_transform(),
    ) {
        let once = apply(&profile_of(&stacks), std::slice::from_ref(&transform));
        let twice = apply(&profile_of(&stacks), &[transform.clone(), transform]);
        prop_assert_eq!(stacks_of(&once), stacks_of(&twice));
    }
}
