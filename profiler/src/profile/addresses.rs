//! What each address of a module costs: where samples were taken, and from where calls were made.

use std::collections::BTreeMap;

use super::{Profile, Selection, counts::StackCounts};
use crate::capture::model::NONE;

/// An address with its cost, in the unit of the selection's weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddressCost {
    /// Spent at the address itself.
    pub self_weight: u64,
    /// Spent at it and in calls made there; recursion through the same address counts once.
    pub total_weight: u64,
}

/// A raw frame in which a function cost most, inlined or not: module and address.
pub fn hottest_frame(
    profile: &Profile,
    selection: &Selection,
    function: u32,
) -> Option<(u32, u64)> {
    let profile = &*profile.in_order();
    let counts = StackCounts::of(profile, selection);
    let totals = counts.totals(profile);
    let mut by_frame: BTreeMap<u32, u64> = BTreeMap::new();
    for (node, total) in totals.iter().enumerate().filter(|(_, total)| **total > 0) {
        let frame = profile.stacks.frame[node];
        let logical = profile.logical_of(frame);
        if logical.iter().any(|logical| logical.function == function) {
            *by_frame.entry(frame).or_default() += total;
        }
    }
    let hottest = by_frame
        .into_iter()
        .max_by_key(|(frame, total)| (*total, u32::MAX - frame));
    let frame = profile.frames.get(hottest?.0 as usize)?;
    (frame.module != NONE).then_some((frame.module, frame.address))
}

/// The addresses of a module within `start..end` that have a cost in a selection. The address of
/// a call lies within the instruction that makes it. Linear in stack nodes, and in the depth of
/// those that hold one of the addresses.
pub fn costs_of(
    profile: &Profile,
    selection: &Selection,
    module: u32,
    (start, end): (u64, u64),
) -> BTreeMap<u64, AddressCost> {
    let profile = &*profile.in_order();
    let counts = StackCounts::of(profile, selection);
    let totals = counts.totals(profile);
    let mut costs: BTreeMap<u64, AddressCost> = BTreeMap::new();
    for (node, total) in totals.iter().enumerate().filter(|(_, total)| **total > 0) {
        let frame = profile.stacks.frame[node];
        let raw = profile.frames[frame as usize];
        if raw.module != module || !(start..end).contains(&raw.address) {
            continue;
        }
        let cost = costs.entry(raw.address).or_default();
        cost.self_weight += counts.by_stack[node];
        if !is_above(profile, node, frame) {
            cost.total_weight += total;
        }
    }
    costs
}

/// Whether a node's callers hold the same frame.
fn is_above(profile: &Profile, node: usize, frame: u32) -> bool {
    let mut at = profile.stacks.parent[node];
    while at != NONE {
        if profile.stacks.frame[at as usize] == frame {
            return true;
        }
        at = profile.stacks.parent[at as usize];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::testing;

    #[test]
    fn an_address_holds_its_samples_and_the_calls_made_there_once() {
        // Frames lie at 0x1000 (main), 0x1001 (leaf), each under its name.
        let profile = testing::profile(&[
            vec!["main", "leaf"],
            vec!["main", "main", "leaf"],
            vec!["main"],
        ]);
        let all = costs_of(&profile, &Selection::default(), 0, (0x1000, 0x1002));
        let cost = |self_weight, total_weight| AddressCost {
            self_weight,
            total_weight,
        };
        let expected = BTreeMap::from([(0x1000, cost(1, 3)), (0x1001, cost(2, 2))]);
        assert_eq!(all, expected);
        let none = costs_of(&profile, &Selection::default(), 1, (0x1000, 0x1002));
        assert!(none.is_empty());
    }

    #[test]
    fn the_hottest_frame_of_a_function_names_its_module_and_address() {
        let profile = testing::profile(&[vec!["main", "leaf"], vec!["main", "leaf"]]);
        let leaf = profile.functions.iter().position(|f| f.name == "leaf");
        let leaf = leaf.expect("it is there") as u32;
        let found = hottest_frame(&profile, &Selection::default(), leaf);
        assert_eq!(found, Some((0, 0x1001)));
        assert_eq!(hottest_frame(&profile, &Selection::default(), 99), None);
    }
}
