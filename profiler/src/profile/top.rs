//! Top functions: self and total weight per function over a selection.

use crate::profile::{Profile, Selection, counts::StackCounts};

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
    let profile = &*profile.in_order();
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
        let innermost = profile.shown(node as u32, hide_inlined)[0].function;
        top[innermost as usize].self_samples += samples;
    }
    let repeats = profile.repeats(hide_inlined);
    let totals = counts.totals(profile);
    for (total, node) in totals.iter().zip(0_u32..).filter(|(total, _)| **total > 0) {
        for (at, frame) in profile.shown(node, hide_inlined).iter().enumerate() {
            // A recursive function gets the samples of its outermost activation alone.
            if !repeats.has(profile, (node, at), hide_inlined) {
                top[frame.function as usize].total_samples += total;
            }
        }
    }
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

/// One function as [`top_functions`] tells of it, samples or none. Linear in samples and stack nodes.
pub fn weight_of(profile: &Profile, selection: &Selection, function: u32) -> TopFunction {
    let profile = &*profile.in_order();
    let counts = StackCounts::of(profile, selection);
    let counted = counts.by_stack.iter().zip(0_u32..);
    let own = counted.filter(|(samples, node)| {
        **samples > 0 && profile.shown(*node, false)[0].function == function
    });
    TopFunction {
        function,
        self_samples: own.map(|(samples, _)| samples).sum(),
        total_samples: with_any(profile, &counts, [function]),
    }
}

/// Samples in which at least one of these functions was anywhere on the stack. Linear in samples and
/// stack nodes.
pub fn samples_with_any(
    profile: &Profile,
    selection: &Selection,
    functions: impl IntoIterator<Item = u32>,
) -> u64 {
    let profile = &*profile.in_order();
    with_any(profile, &StackCounts::of(profile, selection), functions)
}

fn with_any(
    profile: &Profile,
    counts: &StackCounts,
    functions: impl IntoIterator<Item = u32>,
) -> u64 {
    let ends = profile.ends().expect("the profile is in order");
    let mut wanted = vec![false; profile.functions.len()];
    for function in functions {
        if let Some(wanted) = wanted.get_mut(function as usize) {
            *wanted = true;
        }
    }
    let totals = counts.totals(profile);
    let (mut samples, mut node) = (0, 0);
    while node < totals.len() {
        let mut frames = profile.shown(node as u32, false).iter();
        let has_any = frames.any(|frame| wanted[frame.function as usize]);
        // What lies below is counted with it.
        if has_any {
            samples += totals[node];
        }
        node = if has_any || totals[node] == 0 {
            ends[node] as usize
        } else {
            node + 1
        };
    }
    samples
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
