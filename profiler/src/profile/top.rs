//! Top functions: self and total weight per function over a selection.

use crate::{
    capture::model::NONE,
    profile::{LogicalFrame, Profile, Selection, counts::StackCounts},
};

/// A function with its samples (with another [`crate::profile::Weight`] than CPU time: with that
/// weight's unit); recursion counts once in the total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopFunction {
    /// Function id in the profile.
    pub function: u32,
    /// Samples in which it was innermost.
    pub self_samples: u64,
    /// Samples in which it was anywhere on the stack.
    pub total_samples: u64,
}

/// Functions by self samples, most first, then by total, then by name. With `hide_inlined` the
/// self samples of inlined functions belong to the function that holds their code.
///
/// Functions without a sample in the selection are left out. Linear in samples and stack nodes.
pub fn top_functions(
    profile: &Profile,
    selection: &Selection,
    hide_inlined: bool,
) -> Vec<TopFunction> {
    let counts = StackCounts::of(profile, selection);
    let mut top: Vec<TopFunction> = (0..profile.functions.len() as u32)
        .map(|function| TopFunction {
            function,
            self_samples: 0,
            total_samples: 0,
        })
        .collect();
    for (node, samples) in counts
        .by_stack
        .iter()
        .enumerate()
        .filter(|(_, samples)| **samples > 0)
    {
        let innermost = shown(profile, node as u32, hide_inlined)[0].function;
        top[innermost as usize].self_samples += samples;
    }
    add_totals(profile, &counts.totals(profile), hide_inlined, &mut top);
    top.retain(|function| function.total_samples > 0);
    top.sort_by(|a, b| {
        let name = |f: &TopFunction| profile.functions[f.function as usize].name.as_str();
        let heavy = (b.self_samples, b.total_samples).cmp(&(a.self_samples, a.total_samples));
        heavy
            .then_with(|| name(a).cmp(name(b)))
            .then(a.function.cmp(&b.function))
    });
    top
}

/// The logical frames of a stack node that are shown, innermost first.
fn shown(profile: &Profile, node: u32, hide_inlined: bool) -> &[LogicalFrame] {
    let logical = profile.logical_of(profile.stacks.frame[node as usize]);
    if hide_inlined {
        &logical[logical.len() - 1..]
    } else {
        logical
    }
}

/// Walks the trie in depth with a count of each function's activations, so that a recursive
/// function gets the samples of its outermost activation alone.
fn add_totals(profile: &Profile, totals: &[u64], hide_inlined: bool, top: &mut [TopFunction]) {
    let (mut next, siblings) = children(profile, totals);
    let mut active = vec![0_u32; profile.functions.len()];
    let mut path: Vec<u32> = Vec::new();
    // The last list is that of the roots.
    let roots = totals.len();
    let mut at = roots;
    loop {
        let child = next[at];
        if child == NONE {
            let Some(node) = path.pop() else { return };
            for frame in shown(profile, node, hide_inlined) {
                active[frame.function as usize] -= 1;
            }
            at = path.last().map_or(roots, |node| *node as usize);
            continue;
        }
        next[at] = siblings[child as usize];
        for frame in shown(profile, child, hide_inlined) {
            let function = frame.function as usize;
            if active[function] == 0 {
                top[function].total_samples += totals[child as usize];
            }
            active[function] += 1;
        }
        path.push(child);
        at = child as usize;
    }
}

/// First child of each node that has samples, the roots' list last, and each node's next sibling.
fn children(profile: &Profile, totals: &[u64]) -> (Vec<u32>, Vec<u32>) {
    let mut first = vec![NONE; totals.len() + 1];
    let mut siblings = vec![NONE; totals.len()];
    for node in (0..totals.len()).filter(|node| totals[*node] > 0) {
        let parent = profile.stacks.parent[node];
        let list = if parent == NONE {
            totals.len()
        } else {
            parent as usize
        };
        siblings[node] = first[list];
        first[list] = node as u32;
    }
    (first, siblings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::testing;

    fn rows(profile: &Profile, hide_inlined: bool) -> Vec<(&str, u64, u64)> {
        top_functions(profile, &Selection::default(), hide_inlined)
            .into_iter()
            .map(|top| {
                let name = profile.functions[top.function as usize].name.as_str();
                (name, top.self_samples, top.total_samples)
            })
            .collect()
    }

    #[test]
    fn recursion_counts_once_in_the_total() {
        let profile = testing::profile(&[
            vec!["main", "walk", "walk", "walk"],
            vec!["main", "walk", "leaf"],
            vec!["main"],
        ]);
        assert_eq!(
            rows(&profile, false),
            [("main", 1, 3), ("walk", 1, 2), ("leaf", 1, 1)]
        );
    }

    #[test]
    fn hidden_inlined_functions_give_their_samples_to_the_function_that_holds_them() {
        let profile = testing::inlined_profile();
        assert_eq!(rows(&profile, false), [("inner", 2, 2), ("outer", 0, 2)]);
        assert_eq!(rows(&profile, true), [("outer", 2, 2)]);
    }

    #[test]
    fn a_selection_of_threads_and_time_leaves_the_rest_out() {
        let profile = testing::two_threads();
        let names = |selection: &Selection| {
            let top = top_functions(&profile, selection, false);
            top.iter()
                .map(|t| profile.functions[t.function as usize].name.clone())
                .collect::<Vec<_>>()
        };
        let threads = Some([1].into());
        assert_eq!(
            names(&Selection {
                threads,
                ..Selection::default()
            }),
            ["b"]
        );
        let time_ns = Some(0..1_000_000);
        assert_eq!(
            names(&Selection {
                time_ns,
                ..Selection::default()
            }),
            ["a"]
        );
    }
}
