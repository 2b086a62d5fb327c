//! Collapsed stacks: `thread-name;root;…;leaf count` a line, in the unit of the weight, sorted.

use std::{collections::BTreeMap, io};

use super::one_line;
use crate::{
    capture::model::NONE,
    profile::{Profile, Selection},
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
    let mut counted: BTreeMap<(&str, u32), u64> = BTreeMap::new();
    for row in profile.weighed(selection) {
        let thread = profile.threads[row.thread as usize].name.as_str();
        *counted.entry((thread, row.stack)).or_default() += row.weight;
    }
    let mut stacks = BTreeMap::new();
    for ((thread, node), weight) in counted {
        let mut stack = path(profile, &names, node);
        stack.push(frame_name(thread));
        stack.reverse();
        *stacks.entry(stack).or_default() += weight;
    }
    stacks
}

/// Functions from a stack node outwards.
fn path(profile: &Profile, names: &[String], mut node: u32) -> Vec<String> {
    let mut path = Vec::new();
    while node != NONE {
        let frames = profile.logical_of(profile.stacks.frame[node as usize]);
        let functions = frames.iter().map(|frame| frame.function as usize);
        path.extend(functions.map(|function| names[function].clone()));
        node = profile.stacks.parent[node as usize];
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
