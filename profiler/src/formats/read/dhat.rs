//! DHAT's JSON, as valgrind and the dhat crate write it:
//! <https://valgrind.org/docs/manual/dh-manual.html#dh-manual.fileformat>.

use serde::Deserialize;

use super::{
    ForeignFormat, Input, ReadError, ReadOptions,
    assembly::{Assembly, stack},
};
use crate::{
    capture::model::{ModuleKind, Symbol},
    profile::{Foreign, ProfileBuilder, Unit},
};

const NAME: &str = "DHAT";

pub(super) struct Dhat;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    dhat_file_version: u32,
    #[serde(default)]
    mode: String,
    #[serde(default)]
    cmd: String,
    #[serde(default)]
    pid: u32,
    pps: Vec<Point>,
    ftbl: Vec<String>,
}

/// A place that allocates.
#[derive(Deserialize)]
struct Point {
    /// Bytes and blocks in all, at the peak of all, and at the end.
    tb: u64,
    tbk: u64,
    #[serde(default)]
    gb: u64,
    #[serde(default)]
    gbk: u64,
    #[serde(default)]
    eb: u64,
    #[serde(default)]
    ebk: u64,
    /// Frames, innermost first.
    fs: Vec<usize>,
}

/// What can be shown of a place.
type Measure = (&'static str, Unit, fn(&Point) -> u64);

const MEASURES: [Measure; 6] = [
    ("allocated", Unit::Bytes, |of| of.tb),
    ("allocations", Unit::Allocations, |of| of.tbk),
    ("peak", Unit::Bytes, |of| of.gb),
    ("peak-allocations", Unit::Allocations, |of| of.gbk),
    ("leaked", Unit::Bytes, |of| of.eb),
    ("leaked-allocations", Unit::Allocations, |of| of.ebk),
];

impl ForeignFormat for Dhat {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_it(&self, input: &Input<'_>) -> bool {
        input.has_keys(&["dhatFileVersion", "pps", "ftbl"])
    }

    fn read(&self, input: &Input<'_>, options: &ReadOptions) -> Result<ProfileBuilder, ReadError> {
        let file: File = input.json(NAME)?;
        if file.dhat_file_version != 2 {
            return Err(ReadError::Unsupported {
                format: NAME,
                what: format!(
                    "it is of version {}, and 2 is what is read; write it with a newer valgrind",
                    file.dhat_file_version
                ),
            });
        }
        let names = MEASURES.map(|(name, ..)| name.to_owned());
        let chosen = options.choose(NAME, &names, 0)?;
        let (label, unit, measure) = MEASURES[chosen];
        let mut assembly = Assembly::new(input);
        assembly.header.pid = file.pid;
        let arguments: Vec<String> = file.cmd.split(' ').map(str::to_owned).collect();
        assembly.header.command_line = crate::redaction::redact_command_line(&arguments);
        let program = arguments[0].rsplit('/').next().unwrap_or("");
        if !program.is_empty() {
            program.clone_into(&mut assembly.header.name);
        }
        let frames: Vec<u32> = file
            .ftbl
            .iter()
            .map(|text| frame(&mut assembly, text))
            .collect();
        let thread = assembly.thread(file.pid, file.pid, "all threads");
        for point in &file.pps {
            let known: Option<Vec<u32>> = point
                .fs
                .iter()
                .rev()
                .map(|id| frames.get(*id).copied())
                .collect();
            let known = known.ok_or_else(|| ReadError::Damaged {
                format: NAME,
                what: "a place names a frame that is not there".to_owned(),
            })?;
            let node = stack(&mut assembly, known);
            assembly.sample(0, thread, node, measure(point));
        }
        assembly.notes.push(format!(
            "{label} is shown of a {} profile; --measure takes: {}.",
            if file.mode.is_empty() {
                "heap"
            } else {
                &file.mode
            },
            names.join(", ")
        ));
        assembly.finish(Foreign {
            format: NAME,
            unit,
            label: label.to_owned(),
            measures: names.to_vec(),
            measure: chosen,
            has_times: false,
            notes: Vec::new(),
        })
    }
}

/// `0x4015F5: main (foo.c:10)`, with `(in /lib/libc.so)` where no line is known.
fn frame(assembly: &mut Assembly, text: &str) -> u32 {
    let rest = match text.split_once(": ") {
        Some((address, rest)) if address.starts_with("0x") => rest,
        _ => text,
    };
    let (name, place) = match rest.rfind(" (") {
        Some(at) => (&rest[..at], rest[at + 2..].trim_end_matches(')')),
        None => (rest, ""),
    };
    let name = if name == "???" { text } else { name };
    if let Some(module) = place.strip_prefix("in ") {
        let module = assembly.module(ModuleKind::File, module, &[]);
        return assembly.named(module, name, "", 0);
    }
    let (file, line) = place_of(place);
    let symbol = Symbol {
        name: name.to_owned(),
        file: file.to_owned(),
        line,
        inlined: false,
    };
    let own = assembly.own_module();
    assembly.frame(own, None, vec![symbol])
}

/// A file and a line; the dhat crate adds a column.
fn place_of(place: &str) -> (&str, u32) {
    let numbers = |text: &str| {
        text.rsplit_once(':')
            .and_then(|(rest, n)| Some((rest.len(), n.parse().ok()?)))
    };
    let Some((end, last)) = numbers(place) else {
        return (place, 0);
    };
    match numbers(&place[..end]) {
        Some((end, line)) => (&place[..end], line),
        None => (&place[..end], last),
    }
}
