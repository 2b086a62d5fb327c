//! Two call trees as one: every stack of either side, with what it takes on both.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    CallTree, CallTreeOptions, Function, Profile,
    builder::file_name,
    call_tree::ranks,
    diff::{Difference, FunctionKey, Part},
};
use crate::capture::model::{Module, NONE};

/// The call tree of both sides. Stacks are matched by the names and modules of their functions,
/// thread groups by their names.
#[derive(Clone, Debug)]
pub struct DiffTree {
    /// The candidate's profile; functions that only the base has, and their modules, are added
    /// behind its own.
    pub profile: Arc<Profile>,
    /// The tree, weighed by the candidate: nodes that only the base has weigh nothing.
    pub tree: CallTree,
    /// The base's weight in each node and below.
    pub base_total: Vec<u64>,
    /// The base's weight in each node itself.
    pub base_self: Vec<u64>,
    /// Samples, waits or faults of the base and of the candidate.
    pub events: [u64; 2],
    /// What shares are of: the weight of the base and of the candidate.
    wholes: [u64; 2],
}

/// What only one side has.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OneSided {
    /// Share of the candidate in stacks that the base does not have, 0..1.
    pub new: f64,
    /// Share of the base in stacks that the candidate does not have, 0..1.
    pub vanished: f64,
}

/// A side's tree with the merged id of each of its functions.
struct Side {
    tree: CallTree,
    merged: Vec<u32>,
    is_base: bool,
}

/// A node of a side, about to become a part of a node of the merged tree.
#[derive(Clone, Copy, Debug)]
struct Place {
    parent: u32,
    rank: u32,
    side: u32,
    node: u32,
}

impl DiffTree {
    /// Builds the tree; the weights of several captures of the base are summed up. The profile of
    /// the candidate is copied only where the base has functions of its own.
    pub fn build(
        base: &[Part<'_>],
        (profile, candidate): (&Arc<Profile>, Part<'_>),
        options: CallTreeOptions,
    ) -> Self {
        let mut table = MergedFunctions::of(profile);
        let side = |part: &Part<'_>, table: &mut MergedFunctions<'_>, is_base| Side {
            tree: CallTree::build(part.profile, part.selection, options),
            merged: table.add(part.profile),
            is_base,
        };
        let mut sides = vec![side(&candidate, &mut table, false)];
        sides.extend(base.iter().map(|part| side(part, &mut table, true)));
        let profile = table.finish(profile);
        let events = |part: &Part<'_>| -> u64 {
            let rows = part.profile.weighed(part.selection);
            rows.map(|row| row.events).sum()
        };
        let mut merged = Self {
            tree: CallTree::default(),
            base_total: Vec::new(),
            base_self: Vec::new(),
            events: [base.iter().map(events).sum(), events(&candidate)],
            wholes: [0; 2],
            profile,
        };
        merged.grow(&sides);
        let whole = |totals: &[u64]| totals.first().copied().unwrap_or(0);
        merged.wholes = [whole(&merged.base_total), whole(&merged.tree.total_samples)];
        merged
    }

    /// The same tree, its shares and their intervals those of the wholes that it is a part of: a
    /// function's callers, say, of all that was compared.
    #[must_use]
    pub fn within(self, all: &Self) -> Self {
        Self {
            events: all.events,
            wholes: all.wholes,
            ..self
        }
    }

    /// The node's share of both sides.
    pub fn total(&self, node: u32) -> Difference {
        self.difference(&self.base_total, &self.tree.total_samples, node)
    }

    /// The share of both sides in the node itself.
    pub fn own(&self, node: u32) -> Difference {
        self.difference(&self.base_self, &self.tree.self_samples, node)
    }

    /// Weight of the base and of the candidate.
    pub fn wholes(&self) -> [u64; 2] {
        self.wholes
    }

    /// How much lies in stacks that one side alone has.
    pub fn one_sided(&self) -> OneSided {
        let sum = |own: &[u64], others: &[u64]| -> u64 {
            let pairs = own.iter().zip(others);
            pairs
                .filter(|(_, other)| **other == 0)
                .map(|(own, _)| own)
                .sum()
        };
        let [base, candidate] = self.wholes();
        let new = sum(&self.tree.self_samples, &self.base_total);
        let vanished = sum(&self.base_self, &self.tree.total_samples);
        OneSided {
            new: new as f64 / candidate.max(1) as f64,
            vanished: vanished as f64 / base.max(1) as f64,
        }
    }

    fn difference(&self, base: &[u64], candidate: &[u64], node: u32) -> Difference {
        let [base_whole, candidate_whole] = self.wholes();
        let at = |column: &[u64]| column.get(node as usize).copied().unwrap_or(0);
        Difference::of_sampling(
            (at(base), base_whole, self.events[0]),
            (at(candidate), candidate_whole, self.events[1]),
        )
    }

    fn grow(&mut self, sides: &[Side]) {
        let ranks = Ranks::of(&self.profile.functions, sides);
        self.add(sides, &roots(sides), NONE, 0);
        self.tree.labels.push((0, self.profile.header.name.clone()));
        let mut level = Vec::new();
        for place in roots(sides) {
            push_children(sides, &ranks, (place, 0), &mut level);
        }
        let mut next = Vec::new();
        let mut depth = 0_u16;
        while !level.is_empty() {
            depth = depth.saturating_add(1);
            level.sort_unstable_by_key(|p: &Place| (p.parent, p.rank, p.side, p.node));
            for same in level.chunk_by(|a, b| (a.parent, a.rank) == (b.parent, b.rank)) {
                let first = &sides[same[0].side as usize];
                let function = first.function(same[0].node);
                let node = self.add(sides, same, function, depth);
                if function == NONE {
                    let label = first.label(same[0].node).to_owned();
                    self.tree.labels.push((node, label));
                }
                for place in same {
                    push_children(sides, &ranks, (*place, node), &mut next);
                }
            }
            std::mem::swap(&mut level, &mut next);
            next.clear();
        }
    }

    /// One node for all places; returns it.
    fn add(&mut self, sides: &[Side], same: &[Place], function: u32, depth: u16) -> u32 {
        let inlined = |place: &Place| sides[place.side as usize].tree.inlined[place.node as usize];
        let inlined = same.iter().all(inlined);
        let parent = same.first().map_or(0, |place| place.parent);
        let node = self.tree.push_node(function, parent, depth, inlined);
        let mut sums = [[0_u64; 2]; 2];
        for place in same {
            let side = &sides[place.side as usize];
            let of = &mut sums[usize::from(!side.is_base)];
            of[0] += side.tree.self_samples[place.node as usize];
            of[1] += side.tree.total_samples[place.node as usize];
        }
        let [[base_self, base_total], [own, total]] = sums;
        self.tree.self_samples[node as usize] = own;
        self.tree.total_samples[node as usize] = total;
        self.base_self.push(base_self);
        self.base_total.push(base_total);
        node
    }
}

impl Side {
    /// Merged id of a node's function.
    fn function(&self, node: u32) -> u32 {
        let own = self.tree.function[node as usize];
        self.merged.get(own as usize).copied().unwrap_or(NONE)
    }

    fn label(&self, node: u32) -> &str {
        let labels = &self.tree.labels;
        let at = labels.binary_search_by_key(&node, |(labelled, _)| *labelled);
        at.map_or("", |at| &labels[at].1)
    }
}

fn roots(sides: &[Side]) -> Vec<Place> {
    let root = |side| Place {
        parent: 0,
        rank: 0,
        side,
        node: 0,
    };
    (0..sides.len() as u32).map(root).collect()
}

fn push_children(
    sides: &[Side],
    ranks: &Ranks,
    (place, parent): (Place, u32),
    next: &mut Vec<Place>,
) {
    let side = &sides[place.side as usize];
    next.extend(side.tree.children(place.node).map(|node| Place {
        parent,
        rank: ranks.rank(side, node),
        side: place.side,
        node,
    }));
}

/// The order of siblings: functions by name, thread groups by name.
struct Ranks {
    functions: Vec<u32>,
    groups: BTreeMap<String, u32>,
}

impl Ranks {
    fn of(functions: &[Function], sides: &[Side]) -> Self {
        let labels = sides.iter().flat_map(|side| &side.tree.labels);
        let names: BTreeSet<&str> = labels.map(|(_, label)| group_name(label)).collect();
        let numbered = names.into_iter().map(str::to_owned).zip(0..);
        Self {
            functions: ranks(functions),
            groups: numbered.collect(),
        }
    }

    fn rank(&self, side: &Side, node: u32) -> u32 {
        match side.function(node) {
            NONE => {
                let name = group_name(side.label(node));
                self.groups.get(name).copied().unwrap_or(0)
            }
            function => self.functions[function as usize],
        }
    }
}

/// A group's name without the number of its threads, which may differ: `worker ×8`.
pub(super) fn group_name(label: &str) -> &str {
    match label.rsplit_once(" ×") {
        Some((name, count)) if count.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => label,
    }
}

/// The functions of the candidate with those of the base that it does not have.
struct MergedFunctions<'a> {
    ids: BTreeMap<FunctionKey, u32>,
    added: Vec<Function>,
    /// Modules of the added functions, behind the candidate's own.
    modules: Vec<Module>,
    of: &'a Profile,
}

impl<'a> MergedFunctions<'a> {
    fn of(profile: &'a Profile) -> Self {
        Self {
            ids: BTreeMap::new(),
            added: Vec::new(),
            modules: Vec::new(),
            of: profile,
        }
    }

    /// The merged id of each function of a profile; namesakes of one module are one function.
    fn add(&mut self, profile: &Profile) -> Vec<u32> {
        let is_own = std::ptr::eq(profile, self.of);
        let mut merged = Vec::with_capacity(profile.functions.len());
        for (function, own) in profile.functions.iter().zip(0_u32..) {
            let next = if is_own {
                own
            } else {
                (self.of.functions.len() + self.added.len()) as u32
            };
            let key = FunctionKey::of(profile, function);
            let id = *self.ids.entry(key).or_insert(next);
            if id == next && !is_own {
                let module = self.module(profile, function.module);
                let function = function.clone();
                self.added.push(Function { module, ..function });
            }
            merged.push(id);
        }
        merged
    }

    /// The id of a module of another capture: of the candidate's that bears the same file name,
    /// for functions are told apart by that alone.
    fn module(&mut self, profile: &Profile, module: u32) -> u32 {
        let Some(module) = profile.modules.get(module as usize) else {
            return NONE;
        };
        let name = file_name(&module.path);
        let mut known = self.of.modules.iter().chain(&self.modules);
        let at = known.position(|known| file_name(&known.path) == name);
        let at = at.unwrap_or_else(|| {
            self.modules.push(module.clone());
            self.of.modules.len() + self.modules.len() - 1
        });
        at as u32
    }

    fn finish(self, profile: &Arc<Profile>) -> Arc<Profile> {
        if self.added.is_empty() {
            return profile.clone();
        }
        let mut merged = Profile::clone(profile);
        merged.functions.extend(self.added);
        merged.modules.extend(self.modules);
        Arc::new(merged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Selection, testing};

    fn profile(hot: usize, other: &str, count: usize) -> Arc<Profile> {
        let mut stacks = vec![vec!["main", "hot"]; hot];
        stacks.extend(vec![vec!["main", other]; count]);
        Arc::new(testing::profile(&stacks))
    }

    fn build(base: &Arc<Profile>, candidate: &Arc<Profile>, inverted: bool) -> DiffTree {
        let selection = Selection::default();
        let options = CallTreeOptions {
            inverted,
            ..CallTreeOptions::default()
        };
        let part = |profile| Part {
            profile,
            selection: &selection,
        };
        DiffTree::build(&[part(base)], (candidate, part(candidate)), options)
    }

    fn found(diff: &DiffTree, name: &str) -> Vec<(u64, u64)> {
        let nodes = 0..diff.tree.len() as u32;
        nodes
            .filter(|node| {
                diff.tree.function[*node as usize] != NONE
                    && diff.tree.name(&diff.profile, *node) == name
            })
            .map(|node| {
                let at = node as usize;
                (diff.base_total[at], diff.tree.total_samples[at])
            })
            .collect()
    }

    #[test]
    fn stacks_of_both_sides_meet_by_name_and_those_of_one_side_stay() {
        let diff = build(&profile(20, "old", 80), &profile(50, "young", 150), false);
        assert_eq!(diff.wholes(), [100, 200]);
        assert_eq!(found(&diff, "main"), [(100, 200)]);
        assert_eq!(found(&diff, "hot"), [(20, 50)]);
        assert_eq!(found(&diff, "old"), [(80, 0)]);
        assert_eq!(found(&diff, "young"), [(0, 150)]);
        let sided = diff.one_sided();
        assert!((sided.new - 0.75).abs() < 1e-9 && (sided.vanished - 0.8).abs() < 1e-9);
    }

    #[test]
    fn shares_are_of_each_sides_whole() {
        let diff = build(&profile(25, "x", 75), &profile(50, "x", 150), false);
        for node in 0..diff.tree.len() as u32 {
            assert!(diff.total(node).change().abs() < 1e-9);
            assert!(!diff.total(node).is_clear());
        }
    }

    #[test]
    fn siblings_stay_in_the_order_of_names_and_beside_each_other() {
        let diff = build(&profile(1, "a", 1), &profile(1, "z", 1), false);
        let main = found(&diff, "main").len();
        assert_eq!(main, 1);
        for node in 0..diff.tree.len() as u32 {
            let names: Vec<_> = diff
                .tree
                .children(node)
                .map(|child| {
                    assert_eq!(diff.tree.parent[child as usize], node);
                    diff.tree.name(&diff.profile, child).to_owned()
                })
                .collect();
            assert!(names.is_sorted(), "{names:?}");
        }
    }

    #[test]
    fn an_inverted_tree_is_compared_by_its_innermost_functions() {
        let diff = build(&profile(20, "old", 80), &profile(50, "young", 50), true);
        let first: Vec<_> = diff
            .tree
            .children(0)
            .map(|node| diff.tree.name(&diff.profile, node).to_owned())
            .collect();
        assert_eq!(first, ["hot", "old", "young"]);
        assert_eq!(found(&diff, "hot"), [(20, 50)]);
    }

    #[test]
    fn a_capture_compared_with_itself_copies_nothing_and_differs_nowhere() {
        let same = profile(30, "x", 70);
        let diff = build(&same, &same, false);
        assert!(Arc::ptr_eq(&diff.profile, &same));
        assert_eq!(diff.base_total, diff.tree.total_samples);
        assert_eq!(diff.one_sided(), OneSided::default());
    }

    #[test]
    fn a_part_has_its_shares_of_the_wholes_that_it_belongs_to() {
        use crate::profile::transform::{Pick, Transform, apply};
        let (base, candidate) = (profile(20, "x", 80), profile(50, "x", 50));
        let all = build(&base, &candidate, false);
        let focused = |profile: &Arc<Profile>| {
            let hot = profile.functions.iter().position(|f| f.name == "hot");
            let pick = Pick::function(profile, hot.unwrap() as u32).unwrap();
            Arc::new(apply(profile, &[Transform::Focus(pick)]))
        };
        let part = build(&focused(&base), &focused(&candidate), false);
        assert!(part.total(0).change().abs() < 1e-9);
        let part = part.within(&all);
        assert!((part.total(0).change() - 0.3).abs() < 1e-9);
        assert_eq!(part.wholes(), [100, 100]);
    }

    #[test]
    fn a_function_of_the_base_alone_keeps_the_name_of_its_module() {
        let other = profile(1, "old", 1);
        let mut base = Profile::clone(&other);
        let old = base.functions.iter().position(|f| f.name == "old");
        let module = Module {
            path: "/lib/libold.so".into(),
            ..base.modules[0].clone()
        };
        base.functions[old.unwrap()].module = base.modules.len() as u32;
        base.modules.push(module);
        let diff = build(&Arc::new(base), &profile(1, "young", 1), false);
        let added = diff.profile.functions.last().expect("it was added");
        let key = FunctionKey::of(&diff.profile, added);
        assert_eq!(
            (key.name.as_str(), key.module.as_str()),
            ("old", "libold.so")
        );
    }

    #[test]
    fn thread_groups_meet_whatever_the_number_of_their_threads() {
        assert_eq!(group_name("worker ×8"), "worker");
        assert_eq!(group_name("a ×b"), "a ×b");
        assert_eq!(group_name("main"), "main");
    }
}
