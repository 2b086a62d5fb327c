//! Collapsed stacks, as stackcollapse-perf.pl, inferno and many profilers write them:
//! `root;…;leaf count` a line, <https://www.brendangregg.com/flamegraphs.html>.

use super::{
    ForeignFormat, Input, ReadError, ReadOptions,
    assembly::{Assembly, stack, whole},
};
use crate::{
    capture::model::ModuleKind,
    profile::{Foreign, ProfileBuilder, Unit},
};

const NAME: &str = "collapsed stacks";
/// Lines that tell the format.
const PROBED_LINES: usize = 8;
/// Marks at the end of a function's name.
const KERNEL: &str = "_[k]";
const JIT: &str = "_[j]";
const INLINED: &str = "_[i]";

pub(super) struct Collapsed;

impl ForeignFormat for Collapsed {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_it(&self, input: &Input<'_>) -> bool {
        let lines = input.first_lines(PROBED_LINES + 1);
        // The last one may be cut.
        let whole = if lines.len() > 1 { lines.len() - 1 } else { 1 };
        let mut lines = lines[..whole]
            .iter()
            .filter(|line| !is_left_out(line))
            .peekable();
        lines.peek().is_some() && lines.all(|line| parse(line).is_some())
    }

    fn read(&self, input: &Input<'_>, _: &ReadOptions) -> Result<ProfileBuilder, ReadError> {
        let mut assembly = Assembly::new(input);
        let own = assembly.own_module();
        let mut left_out = 0_u64;
        for line in input.bytes.split(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(line);
            if is_left_out(&line) {
                continue;
            }
            let Some((names, count)) = parse(&line) else {
                left_out += 1;
                continue;
            };
            let (first, inner) = names.split_once(';').unwrap_or((names, ""));
            let (thread, names) = match thread_of(first) {
                Some((tid, name)) => (assembly.thread(0, tid, name), inner),
                None => (assembly.thread(0, 0, &input.name), names),
            };
            let names = names.split(';').filter(|name| !name.is_empty());
            let frames: Vec<u32> = names.map(|name| frame(&mut assembly, own, name)).collect();
            let node = stack(&mut assembly, frames);
            assembly.sample(0, thread, node, count);
        }
        if left_out > 0 {
            let note = format!("{left_out} lines hold no stack with a count, and were left out.");
            assembly.notes.push(note);
        }
        assembly.finish(Foreign {
            format: NAME,
            unit: Unit::Samples,
            label: "samples".to_owned(),
            measures: Vec::new(),
            measure: 0,
            has_times: false,
            notes: Vec::new(),
        })
    }
}

fn is_left_out(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with('#')
}

/// The stack and its count, which some tools give as a fraction.
fn parse(line: &str) -> Option<(&str, u64)> {
    let (names, count) = line.trim_end().rsplit_once([' ', '\t'])?;
    let count: f64 = count.parse().ok().filter(|count: &f64| count.is_finite())?;
    let names = names.trim();
    (!names.is_empty() && count >= 0.0).then(|| (names, whole(count)))
}

/// The thread that py-spy puts at the root: `thread (4711): worker`, or without a name.
fn thread_of(root: &str) -> Option<(u32, &str)> {
    let rest = root.strip_prefix("thread (")?;
    let (tid, name) = rest.split_once(')')?;
    let name = name.strip_prefix(": ").unwrap_or(name);
    let name = if name.is_empty() { root } else { name };
    Some((tid.parse().ok()?, name))
}

/// A name with the place that py-spy adds: `spin (work.py:12)`.
fn placed(name: &str) -> Option<(&str, &str, u32)> {
    let (bare, place) = name.strip_suffix(')')?.rsplit_once(" (")?;
    let (file, line) = place.rsplit_once(':')?;
    let is_file = file.contains('.') || file.starts_with('<');
    Some((bare, file, line.parse().ok()?)).filter(|_| is_file)
}

fn frame(assembly: &mut Assembly, own: u32, name: &str) -> u32 {
    if let Some(bare) = name.strip_suffix(KERNEL) {
        let kernel = assembly.module(ModuleKind::Kernel, "[kernel]", &[]);
        return assembly.named(kernel, bare, "", 0);
    }
    if let Some(bare) = name.strip_suffix(JIT) {
        let jit = assembly.module(ModuleKind::Jit, "[jit]", &[]);
        return assembly.named(jit, bare, "", 0);
    }
    if let Some((bare, file, line)) = placed(name) {
        return assembly.named(own, bare, file, line);
    }
    assembly.named(own, name.strip_suffix(INLINED).unwrap_or(name), "", 0)
}
