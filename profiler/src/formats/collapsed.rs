//! Collapsed stacks: `thread-name;root;…;leaf count` a line, in the unit of the weight, sorted.

use std::{collections::BTreeMap, io};

use super::one_line;
use crate::{
    capture::model::NONE,
    profile::{Forest, Profile, Selection},
};

pub(super) fn write(
    profile: &Profile,
    selection: &Selection,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut lines: Vec<String> = stacks(profile, selection)
        .into_iter()
        .map(|(stack, samples)| format!("{} {samples}", stack.join(";")))
        .collect();
    lines.sort_unstable();
    for line in lines {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Weight by stack: the thread's name, then functions from the root inwards. Names are one line
/// each and bear no `;`.
pub(super) fn stacks(profile: &Profile, selection: &Selection) -> BTreeMap<Vec<String>, u64> {
    let names: Vec<String> = profile
        .functions
        .iter()
        .map(|f| frame_name(&f.name))
        .collect();
    let forest = Forest::of(profile, selection, false);
    let mut stacks = BTreeMap::new();
    for group in &forest.groups {
        let thread = frame_name(&group.name);
        if group.without_stack > 0 {
            *stacks.entry(vec![thread.clone()]).or_default() += group.without_stack;
        }
        for node in group
            .nodes
            .clone()
            .filter(|n| forest.self_samples[*n as usize] > 0)
        {
            let mut stack = path(profile, &forest, &names, node);
            stack.push(thread.clone());
            stack.reverse();
            *stacks.entry(stack).or_default() += forest.self_samples[node as usize];
        }
    }
    stacks
}

/// Functions from a node outwards.
fn path(profile: &Profile, forest: &Forest, names: &[String], node: u32) -> Vec<String> {
    let mut path = Vec::new();
    let mut node = node;
    while node != NONE {
        let frames = profile.logical_of(forest.frame[node as usize]);
        path.extend(
            frames
                .iter()
                .map(|frame| names[frame.function as usize].clone()),
        );
        node = forest.parent[node as usize];
    }
    path
}

fn frame_name(name: &str) -> String {
    let name = one_line(name).replace(';', ":");
    if name.trim().is_empty() {
        "(no name)".to_owned()
    } else {
        name
    }
}
