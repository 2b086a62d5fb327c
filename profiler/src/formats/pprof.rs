//! pprof's protocol buffer, gzipped: mappings, inlined lines and threads as labels.

use std::{collections::BTreeMap, io};

use ::pprof::protos::{
    Function, Label, Line, Location, Mapping, Message as _, Profile as Proto, Sample, ValueType,
};
use flate2::{Compression, GzBuilder};

use crate::{
    capture::model::NONE,
    profile::{LogicalFrame, Profile},
};

pub(super) fn write(profile: &Profile, out: &mut dyn io::Write) -> io::Result<()> {
    // No time and no name in the gzip header: equal profiles make equal files.
    let mut gzip = GzBuilder::new().write(out, Compression::default());
    io::Write::write_all(&mut gzip, &convert(profile).encode_to_vec())?;
    gzip.finish()?;
    Ok(())
}

/// Id of the location that stands for a sample without a stack.
fn no_stack_location(profile: &Profile) -> u64 {
    profile.frames.len() as u64 + 1
}

pub(super) fn convert(profile: &Profile) -> Proto {
    let header = &profile.header;
    let mut strings = Strings::default();
    let period_ns = 1_000_000_000 / i64::from(header.frequency_hz.max(1));
    let cpu = ValueType {
        ty: strings.id("cpu"),
        unit: strings.id("nanoseconds"),
    };
    let samples = ValueType {
        ty: strings.id("samples"),
        unit: strings.id("count"),
    };
    let mapping = mappings(profile, &mut strings);
    let (location, function) = locations(profile, &mut strings);
    let sample = samples_by_thread(profile, &mut strings, period_ns);
    let comment = strings.id(&format!("{} {}", header.name, header.command_line));
    Proto {
        default_sample_type: samples.ty,
        sample_type: vec![samples, cpu.clone()],
        sample,
        mapping,
        location,
        function,
        string_table: strings.table(),
        time_nanos: i64::try_from(header.started_at.as_nanosecond()).unwrap_or(0),
        duration_nanos: profile.duration_ns() as i64,
        period_type: Some(cpu),
        period: period_ns,
        comment: vec![comment],
        ..Proto::default()
    }
}

/// A mapping a module, the executable's first as pprof wants it. Addresses are the files' own, so
/// a mapping begins at 0.
fn mappings(profile: &Profile, strings: &mut Strings) -> Vec<Mapping> {
    let mut limit = vec![0; profile.modules.len()];
    for frame in profile.frames.iter().filter(|frame| frame.module != NONE) {
        let limit = &mut limit[frame.module as usize];
        *limit = frame.address.saturating_add(1).max(*limit);
    }
    let mut mappings: Vec<Mapping> = profile
        .modules
        .iter()
        .enumerate()
        .map(|(position, module)| Mapping {
            id: position as u64 + 1,
            memory_limit: limit[position],
            filename: strings.id(&module.path),
            build_id: strings.id(&hexadecimal(&module.build_id)),
            has_functions: true,
            has_filenames: true,
            has_line_numbers: true,
            has_inline_frames: true,
            ..Mapping::default()
        })
        .collect();
    let executable = strings.id(&profile.header.executable);
    mappings.sort_by_key(|mapping| mapping.filename != executable);
    mappings
}

/// A location a raw frame, its lines innermost first, and a function for each pair of function
/// and source file.
fn locations(profile: &Profile, strings: &mut Strings) -> (Vec<Location>, Vec<Function>) {
    let mut ids: BTreeMap<(u32, u32), u64> = BTreeMap::new();
    let mut functions = Vec::new();
    let mut line = |frame: &LogicalFrame, strings: &mut Strings| {
        let next = functions.len() as u64 + 1;
        let function_id = *ids.entry((frame.function, frame.file)).or_insert_with(|| {
            let name = strings.id(&profile.functions[frame.function as usize].name);
            let file = profile
                .files
                .get(frame.file as usize)
                .map_or("", String::as_str);
            let filename = strings.id(file);
            functions.push(Function {
                id: next,
                name,
                system_name: name,
                filename,
                start_line: 0,
            });
            next
        });
        Line {
            function_id,
            line: i64::from(frame.line),
        }
    };
    let mut locations = Vec::with_capacity(profile.frames.len() + 1);
    for (position, frame) in profile.frames.iter().enumerate() {
        let logical = profile.logical_of(position as u32);
        locations.push(Location {
            id: position as u64 + 1,
            mapping_id: if frame.module == NONE {
                0
            } else {
                u64::from(frame.module) + 1
            },
            address: frame.address,
            line: logical.iter().map(|frame| line(frame, strings)).collect(),
            is_folded: false,
        });
    }
    let id = functions.len() as u64 + 1;
    let name = strings.id("[no stack]");
    functions.push(Function {
        id,
        name,
        system_name: name,
        ..Function::default()
    });
    let line = vec![Line {
        function_id: id,
        line: 0,
    }];
    locations.push(Location {
        id: no_stack_location(profile),
        line,
        ..Location::default()
    });
    (locations, functions)
}

fn samples_by_thread(profile: &Profile, strings: &mut Strings, period_ns: i64) -> Vec<Sample> {
    let mut counts: BTreeMap<(u32, u32), i64> = BTreeMap::new();
    for (thread, stack) in profile.samples.thread.iter().zip(&profile.samples.stack) {
        *counts.entry((*thread, *stack)).or_default() += 1;
    }
    let (thread_key, id_key) = (strings.id("thread"), strings.id("thread_id"));
    let mut samples = Vec::with_capacity(counts.len());
    for ((thread, stack), count) in counts {
        let thread = &profile.threads[thread as usize];
        let name = Label {
            key: thread_key,
            str: strings.id(&thread.name),
            ..Label::default()
        };
        let id = Label {
            key: id_key,
            num: i64::from(thread.tid),
            ..Label::default()
        };
        samples.push(Sample {
            location_id: location_ids(profile, stack),
            value: vec![count, count * period_ns],
            label: vec![name, id],
        });
    }
    samples
}

/// Locations of a stack, innermost first.
fn location_ids(profile: &Profile, stack: u32) -> Vec<u64> {
    let mut ids = Vec::new();
    let mut node = stack;
    while node != NONE {
        ids.push(u64::from(profile.stacks.frame[node as usize]) + 1);
        node = profile.stacks.parent[node as usize];
    }
    if ids.is_empty() {
        ids.push(no_stack_location(profile));
    }
    ids
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .concat()
}

/// The table of strings; the first is the empty one.
#[derive(Default)]
struct Strings {
    ids: BTreeMap<String, i64>,
}

impl Strings {
    fn id(&mut self, text: &str) -> i64 {
        if text.is_empty() {
            return 0;
        }
        let next = self.ids.len() as i64 + 1;
        *self.ids.entry(text.to_owned()).or_insert(next)
    }

    fn table(self) -> Vec<String> {
        let mut table = vec![String::new(); self.ids.len() + 1];
        for (text, id) in self.ids {
            table[id as usize] = text;
        }
        table
    }
}
