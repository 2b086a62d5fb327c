//! What each line of a function costs.
//!
//! A frame bears one line: of the innermost frame the one that ran, of its callers the one of the
//! call. So a line's total holds what was called there. Optimised code has lines in an order of
//! its own, and the line of a call may be that of the code behind it.

use std::collections::BTreeMap;

use crate::{
    capture::model::NONE,
    profile::{Profile, Selection, counts::StackCounts},
};

/// A line with its cost, in the unit of the selection's weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineCost {
    /// Position in [`Profile::files`].
    pub file: u32,
    /// Line, from 1 on.
    pub line: u32,
    /// Spent in the line itself.
    pub self_weight: u64,
    /// Spent in it and in what it called; recursion through the same line counts once.
    pub total_weight: u64,
}

/// The lines of a function that have a cost in a selection, by file and line. Frames without a
/// line are left out. Linear in stack nodes, and in the depth of those that hold the function.
pub fn lines_of(profile: &Profile, selection: &Selection, function: u32) -> Vec<LineCost> {
    let profile = &*profile.in_order();
    let counts = StackCounts::of(profile, selection);
    let totals = counts.totals(profile);
    let mut costs: BTreeMap<(u32, u32), (u64, u64)> = BTreeMap::new();
    for node in (0..totals.len()).filter(|node| totals[*node] > 0) {
        let frames = profile.logical_of(profile.stacks.frame[node]);
        for (depth, frame) in frames.iter().enumerate() {
            if frame.function != function || frame.line == 0 || frame.file == NONE {
                continue;
            }
            let key = (frame.file, frame.line);
            let is_again = frames[depth + 1..]
                .iter()
                .any(|outer| (outer.function, outer.file, outer.line) == (function, key.0, key.1))
                || is_above(profile, node, (function, key));
            let cost = costs.entry(key).or_default();
            if depth == 0 {
                cost.0 += counts.by_stack[node];
            }
            if !is_again {
                cost.1 += totals[node];
            }
        }
    }
    let cost = |((file, line), (self_weight, total_weight))| LineCost {
        file,
        line,
        self_weight,
        total_weight,
    };
    costs.into_iter().map(cost).collect()
}

/// Whether a node's callers hold the same line of the same function.
fn is_above(profile: &Profile, node: usize, (function, line): (u32, (u32, u32))) -> bool {
    let mut at = profile.stacks.parent[node];
    while at != NONE {
        let frames = profile.logical_of(profile.stacks.frame[at as usize]);
        if frames
            .iter()
            .any(|frame| frame.function == function && (frame.file, frame.line) == line)
        {
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

    /// `main` calls `leaf` from line 3 twice and from line 5 once; `leaf` runs in line 9.
    fn profile() -> Profile {
        let mut profile = testing::profile(&[
            vec!["main", "leaf"],
            vec!["main", "leaf"],
            vec!["main", "main", "leaf"],
        ]);
        profile.files = vec!["a.rs".to_owned()];
        for frame in &mut profile.logical {
            let name = &profile.functions[frame.function as usize].name;
            (frame.file, frame.line) = (0, if name == "leaf" { 9 } else { 3 });
        }
        profile
    }

    fn costs(profile: &Profile, name: &str) -> Vec<(u32, u64, u64)> {
        let function = profile.functions.iter().position(|f| f.name == name);
        let function = function.expect("it is there") as u32;
        let lines = lines_of(profile, &Selection::default(), function);
        let told = lines.iter();
        told.map(|l| (l.line, l.self_weight, l.total_weight))
            .collect()
    }

    #[test]
    fn a_line_holds_what_it_called_and_recursion_counts_once() {
        let profile = profile();
        assert_eq!(costs(&profile, "main"), [(3, 0, 3)]);
        assert_eq!(costs(&profile, "leaf"), [(9, 3, 3)]);
    }

    #[test]
    fn frames_without_a_line_are_left_out() {
        let profile = testing::profile(&[vec!["main", "leaf"]]);
        assert!(costs(&profile, "main").is_empty());
    }
}
