//! Callers and callees of a function over a whole tree.

use std::collections::BTreeMap;

use scrutineer_profiler::{capture::model::NONE, profile::CallTree};

use super::{Inspection, Neighbour};
use crate::state::profile::children;

/// Looks a function up over the whole tree; recursion counts once.
pub(super) fn inspect(tree: &CallTree, function: u32) -> Inspection {
    let mut inspection = Inspection {
        function,
        ..Inspection::default()
    };
    let mut incoming: BTreeMap<u32, Neighbour> = BTreeMap::new();
    let mut outgoing: BTreeMap<u32, Neighbour> = BTreeMap::new();
    let key = |node: u32| match tree.function[node as usize] {
        // Thread groups have no function: each stands for itself, above all functions.
        NONE => (u32::MAX / 2).saturating_add(node),
        function => function,
    };
    for node in (0..tree.len() as u32).filter(|node| tree.function[*node as usize] == function) {
        inspection.self_samples += tree.self_samples[node as usize];
        if above(tree, node).any(|outer| tree.function[outer as usize] == function) {
            continue;
        }
        let total = tree.total_samples[node as usize];
        inspection.total_samples += total;
        let caller = tree.parent[node as usize];
        if node != 0 {
            let entry = incoming.entry(key(caller)).or_insert(Neighbour {
                node: caller,
                samples: 0,
            });
            entry.samples += total;
        }
    }
    for node in (0..tree.len() as u32).filter(|node| tree.function[*node as usize] == function) {
        for callee in
            children(tree, node).filter(|callee| tree.function[*callee as usize] != function)
        {
            let again = above(tree, node).any(|outer| {
                tree.function[outer as usize] == tree.function[callee as usize]
                    && tree.function[tree.parent[outer as usize] as usize] == function
            });
            let samples = if again {
                0
            } else {
                tree.total_samples[callee as usize]
            };
            let entry = outgoing.entry(key(callee)).or_insert(Neighbour {
                node: callee,
                samples: 0,
            });
            entry.samples += samples;
        }
    }
    (inspection.callers, inspection.callees) = (heaviest(incoming), heaviest(outgoing));
    inspection
}

/// Ancestors of a node below the root, innermost first.
fn above(tree: &CallTree, node: u32) -> impl Iterator<Item = u32> {
    std::iter::successors(Some(node), |node| {
        Some(tree.parent[*node as usize]).filter(|up| up != node)
    })
    .skip(1)
    .take_while(|node| *node != 0)
}

fn heaviest(neighbours: BTreeMap<u32, Neighbour>) -> Vec<Neighbour> {
    let mut neighbours: Vec<Neighbour> = neighbours.into_values().collect();
    neighbours.sort_by_key(|neighbour| (std::cmp::Reverse(neighbour.samples), neighbour.node));
    neighbours
}
