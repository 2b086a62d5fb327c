//! pprof's protocol buffer, gzipped: mappings, inlined lines and threads as labels.

use std::{collections::BTreeMap, io};

use ::pprof::protos::{
    Function, Label, Line, Location, Mapping, Message as _, Profile as Proto, Sample, ValueType,
};
use flate2::{Compression, GzBuilder};

use crate::{
    capture::model::NONE,
    profile::{LogicalFrame, Profile, Selection, Unit, Weight},
};

pub(super) fn write(
    profile: &Profile,
    selection: &Selection,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    // No time and no name in the gzip header: equal profiles make equal files.
    let mut gzip = GzBuilder::new().write(out, Compression::default());
    io::Write::write_all(&mut gzip, &convert(profile, selection).encode_to_vec())?;
    gzip.finish()?;
    Ok(())
}

/// What the values of a sample are.
#[derive(Clone, Copy)]
enum Values {
    /// Samples, and the CPU time that they stand for with a period of so many nanoseconds.
    Timed(i64),
    /// Waits, and how long they took.
    Waits,
    /// The weight alone.
    Weights(Weight),
}

impl Values {
    fn of(profile: &Profile, selection: &Selection) -> Self {
        match (selection.weight, profile.unit(selection.weight)) {
            (Weight::Wait, _) => Self::Waits,
            (Weight::Cpu, Unit::Samples) => match profile.period_ns() {
                Some(period_ns) if profile.sample_weights.is_empty() => {
                    Self::Timed(i64::try_from(period_ns).unwrap_or(i64::MAX))
                }
                _ => Self::Weights(Weight::Cpu),
            },
            (weight, _) => Self::Weights(weight),
        }
    }

    /// Type and unit of the period, and of the last value.
    fn period_kind(self, profile: &Profile) -> (String, &'static str) {
        match self {
            Self::Timed(_) => ("cpu".to_owned(), "nanoseconds"),
            Self::Waits => ("delay".to_owned(), "nanoseconds"),
            Self::Weights(Weight::Cpu) => {
                let label = profile.label(Weight::Cpu).to_owned();
                match profile.unit(Weight::Cpu) {
                    Unit::Samples => ("samples".to_owned(), "count"),
                    Unit::Nanoseconds => (label, "nanoseconds"),
                    Unit::Bytes => (label, "bytes"),
                    Unit::Faults | Unit::Allocations | Unit::Events => (label, "count"),
                }
            }
            Self::Weights(_) => ("page_faults".to_owned(), "count"),
        }
    }

    const fn period(self) -> i64 {
        match self {
            Self::Timed(period_ns) => period_ns,
            Self::Waits | Self::Weights(_) => 1,
        }
    }
}

/// Id of the location that stands for a sample without a stack.
fn no_stack_location(profile: &Profile) -> u64 {
    profile.frames.len() as u64 + 1
}

pub(super) fn convert(profile: &Profile, selection: &Selection) -> Proto {
    let header = &profile.header;
    let mut strings = Strings::default();
    let values = Values::of(profile, selection);
    let (ty, unit) = values.period_kind(profile);
    let period_type = strings.kind(&ty, unit);
    let period = values.period();
    // What is counted first, then what it weighs.
    let sample_type = match values {
        Values::Timed(_) => vec![strings.kind("samples", "count"), period_type.clone()],
        Values::Waits => vec![strings.kind("waits", "count"), period_type.clone()],
        Values::Weights(_) => vec![period_type.clone()],
    };
    let shown = match values {
        Values::Timed(_) => &sample_type[0],
        _ => &period_type,
    };
    let mapping = mappings(profile, &mut strings);
    let (location, function) = locations(profile, &mut strings);
    let sample = samples_by_thread(profile, selection, &mut strings, values);
    let comment = strings.id(&format!("{} {}", header.name, header.command_line));
    Proto {
        default_sample_type: shown.ty,
        sample_type,
        sample,
        mapping,
        location,
        function,
        string_table: strings.table(),
        time_nanos: i64::try_from(header.started_at.as_nanosecond()).unwrap_or(0),
        duration_nanos: profile.duration_ns() as i64,
        period_type: Some(period_type),
        period,
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

fn samples_by_thread(
    profile: &Profile,
    selection: &Selection,
    strings: &mut Strings,
    values: Values,
) -> Vec<Sample> {
    let mut sums: BTreeMap<(u32, u32), (i64, i64)> = BTreeMap::new();
    profile.weighed(selection).for_each(|row| {
        let sum = sums.entry((row.thread, row.stack)).or_default();
        sum.0 = sum.0.saturating_add(row.events as i64);
        sum.1 = sum.1.saturating_add(row.weight as i64);
    });
    let (thread_key, id_key) = (strings.id("thread"), strings.id("thread_id"));
    let mut samples = Vec::with_capacity(sums.len());
    for ((thread, stack), (events, weight)) in sums {
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
            value: match values {
                Values::Timed(period_ns) => vec![events, events.saturating_mul(period_ns)],
                Values::Waits => vec![events, weight],
                Values::Weights(_) => vec![weight],
            },
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

    fn kind(&mut self, ty: &str, unit: &str) -> ValueType {
        ValueType {
            ty: self.id(ty),
            unit: self.id(unit),
        }
    }

    fn table(self) -> Vec<String> {
        let mut table = vec![String::new(); self.ids.len() + 1];
        for (text, id) in self.ids {
            table[id as usize] = text;
        }
        table
    }
}
