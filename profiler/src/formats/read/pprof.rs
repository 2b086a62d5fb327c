//! pprof's protocol buffer, <https://github.com/google/pprof/blob/main/proto/profile.proto>.

use std::collections::HashMap;

use ::pprof::protos::{Label, Location, Message as _, Profile as Proto};

use super::{ForeignFormat, Input, ReadError, ReadOptions, assembly::Assembly};
use crate::{
    capture::model::{ModuleKind, NONE, Symbol},
    profile::{Foreign, ProfileBuilder, Unit},
};

const NAME: &str = "pprof";
/// Fields that are looked at to tell the format.
const PROBED_FIELDS: usize = 200;

pub(super) struct Pprof;

impl ForeignFormat for Pprof {
    fn name(&self) -> &'static str {
        NAME
    }

    /// Protocol buffers bear no mark: the first fields must all be those of a profile.
    fn is_it(&self, input: &Input<'_>) -> bool {
        let mut rest = input.bytes;
        let mut fields = 0;
        while fields < PROBED_FIELDS && !rest.is_empty() {
            match skip_field(rest) {
                Some(after) => rest = after,
                None => return false,
            }
            fields += 1;
        }
        fields > 0
    }

    fn read(&self, input: &Input<'_>, options: &ReadOptions) -> Result<ProfileBuilder, ReadError> {
        let proto = Proto::decode(input.bytes).map_err(|error| ReadError::Damaged {
            format: NAME,
            what: error.to_string(),
        })?;
        Reading::new(input, &proto).read(options)
    }
}

/// What comes after a field of the outermost message; `None` where it is none of a profile.
fn skip_field(bytes: &[u8]) -> Option<&[u8]> {
    let (key, rest) = number(bytes)?;
    // Numbers of the fields, and whether each is a message, text or packed numbers.
    let is_whole = match key >> 3 {
        1..=6 | 11 | 13 => key & 7 == 2,
        7..=10 | 12 | 14 | 15 => key.trailing_zeros() >= 3,
        _ => return None,
    };
    // Repeated numbers may come one by one.
    let is_bare_comment = key == 13 << 3;
    if !(is_whole || is_bare_comment) {
        return None;
    }
    let (value, rest) = number(rest)?;
    if key.trailing_zeros() >= 3 {
        return Some(rest);
    }
    rest.get(usize::try_from(value).ok()?..)
}

fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (position, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f).checked_shl(7 * position as u32)?;
        if byte & 0x80 == 0 {
            return Some((value, &bytes[position + 1..]));
        }
    }
    None
}

struct Reading<'a> {
    proto: &'a Proto,
    assembly: Assembly,
    locations: HashMap<u64, &'a Location>,
    /// Positions of functions and mappings by id.
    functions: HashMap<u64, usize>,
    mappings: HashMap<u64, usize>,
    frames: HashMap<u64, u32>,
}

impl<'a> Reading<'a> {
    fn new(input: &Input<'_>, proto: &'a Proto) -> Self {
        let by_id = |ids: Vec<u64>| {
            ids.into_iter()
                .enumerate()
                .map(|(at, id)| (id, at))
                .collect()
        };
        Self {
            assembly: Assembly::new(input),
            locations: proto.location.iter().map(|of| (of.id, of)).collect(),
            functions: by_id(proto.function.iter().map(|of| of.id).collect()),
            mappings: by_id(proto.mapping.iter().map(|of| of.id).collect()),
            frames: HashMap::new(),
            proto,
        }
    }

    fn text(&self, id: i64) -> &'a str {
        let at = usize::try_from(id).ok();
        let text = at.and_then(|at| self.proto.string_table.get(at));
        text.map_or("", String::as_str)
    }

    fn read(mut self, options: &ReadOptions) -> Result<ProfileBuilder, ReadError> {
        let types = &self.proto.sample_type;
        let names: Vec<String> = types.iter().map(|of| self.text(of.ty).to_owned()).collect();
        let stated = self.text(self.proto.default_sample_type);
        let usual = names
            .iter()
            .position(|name| name == stated && !stated.is_empty());
        // Without a stated one it is the last, as pprof itself has it.
        let chosen =
            options.choose(NAME, &names, usual.unwrap_or(names.len().saturating_sub(1)))?;
        let Some(of) = types.get(chosen) else {
            return Err(ReadError::Empty { format: NAME });
        };
        let (unit, scale) = unit(self.text(of.ty), self.text(of.unit));
        self.read_header(unit);
        for sample in &self.proto.sample {
            let value = sample.value.get(chosen).copied().unwrap_or(0);
            let weight = u64::try_from(value).unwrap_or(0).saturating_mul(scale);
            let stack = self.stack(&sample.location_id);
            let thread = self.thread(&sample.label);
            self.assembly.sample(0, thread, stack, weight);
        }
        if self
            .proto
            .sample
            .iter()
            .any(|of| of.value.get(chosen).is_some_and(|v| *v < 0))
        {
            let note = "Values below 0 were left out: the file is a difference of two profiles.";
            self.assembly.notes.push(note.to_owned());
        }
        if names.len() > 1 {
            self.assembly.notes.push(format!(
                "{} is shown; --measure takes: {}.",
                names[chosen],
                names.join(", ")
            ));
        }
        self.assembly.finish(Foreign {
            format: NAME,
            unit,
            label: names[chosen].clone(),
            measures: names.clone(),
            measure: chosen,
            has_times: false,
            notes: Vec::new(),
        })
    }

    fn read_header(&mut self, unit: Unit) {
        let proto = self.proto;
        let header = &mut self.assembly.header;
        if proto.time_nanos > 0
            && let Ok(at) = jiff::Timestamp::from_nanosecond(i128::from(proto.time_nanos))
        {
            header.started_at = at;
        }
        let text = |id: i64| {
            let at = usize::try_from(id).ok();
            at.and_then(|at| proto.string_table.get(at))
                .map_or("", String::as_str)
        };
        if let Some(main) = proto.mapping.first() {
            text(main.filename).clone_into(&mut header.executable);
            let name = text(main.filename).rsplit('/').next().unwrap_or("");
            if !name.is_empty() {
                name.clone_into(&mut header.name);
            }
        }
        let is_time = proto
            .period_type
            .as_ref()
            .is_some_and(|of| text(of.unit) == "nanoseconds");
        if unit == Unit::Samples && is_time && proto.period > 0 {
            header.frequency_hz = (1_000_000_000 / proto.period) as u32;
        }
    }

    /// Threads as this product, Go and async-profiler label them.
    fn thread(&mut self, labels: &[Label]) -> u32 {
        let (mut name, mut id) = ("", 0);
        for label in labels {
            match self.text(label.key) {
                "thread" | "thread_name" | "thread name" => name = self.text(label.str),
                "thread_id" | "tid" | "thread id" => id = label.num as u32,
                _ => {}
            }
        }
        let fallback = self.assembly.header.name.clone();
        let name = if name.is_empty() {
            fallback
        } else {
            name.to_owned()
        };
        // Threads without an id are told apart by their names.
        let pid = if id == 0 { name_number(&name) } else { 0 };
        self.assembly.thread(pid, id, &name)
    }

    fn stack(&mut self, innermost_first: &[u64]) -> u32 {
        let mut node = NONE;
        for id in innermost_first.iter().rev() {
            if let Some(frame) = self.frame(*id) {
                node = self.assembly.node(node, frame);
            }
        }
        node
    }

    fn frame(&mut self, id: u64) -> Option<u32> {
        if let Some(frame) = self.frames.get(&id) {
            return Some(*frame);
        }
        let location = *self.locations.get(&id)?;
        let last = location.line.len().saturating_sub(1);
        let symbols: Vec<Symbol> = location
            .line
            .iter()
            .enumerate()
            .map(|(position, line)| {
                let function = self.functions.get(&line.function_id);
                let function = function.map(|at| &self.proto.function[*at]);
                Symbol {
                    name: function.map_or("", |of| self.text(of.name)).to_owned(),
                    file: function.map_or("", |of| self.text(of.filename)).to_owned(),
                    line: u32::try_from(line.line).unwrap_or(0),
                    inlined: position < last,
                }
            })
            .collect();
        let is_ours_for_none = location.address == 0
            && matches!(&symbols[..], [symbol] if symbol.name == "[no stack]");
        if is_ours_for_none {
            return None;
        }
        let (module, address) = self.place(location);
        let frame = self.assembly.frame(module, address, symbols);
        self.frames.insert(id, frame);
        Some(frame)
    }

    /// The module of a location, and its address as the file states it.
    fn place(&mut self, location: &Location) -> (u32, Option<u64>) {
        let address = Some(location.address).filter(|address| *address != 0);
        let mapping = self.mappings.get(&location.mapping_id);
        let Some(mapping) = mapping.map(|at| &self.proto.mapping[*at]) else {
            return (self.assembly.own_module(), address);
        };
        let path = self.text(mapping.filename);
        let build_id = bytes_of(self.text(mapping.build_id));
        let kind = match path {
            "[kernel]" | "[kernel.kallsyms]" => ModuleKind::Kernel,
            "[vdso]" | "linux-vdso.so.1" => ModuleKind::Vdso,
            path if path.starts_with("[jit") => ModuleKind::Jit,
            path if path.starts_with("[python") => ModuleKind::Interpreted,
            _ => ModuleKind::File,
        };
        let module = self.assembly.module(kind, path, &build_id);
        let in_file = |address: u64| {
            address
                .wrapping_sub(mapping.memory_start)
                .wrapping_add(mapping.file_offset)
        };
        let address = match kind {
            ModuleKind::File | ModuleKind::Vdso => address.map(in_file),
            _ => address,
        };
        (module, address)
    }
}

/// A number for threads that have none, the same for the same name.
fn name_number(name: &str) -> u32 {
    let hash = name.bytes().fold(0, |hash: u32, byte| {
        hash.wrapping_mul(31).wrapping_add(u32::from(byte))
    });
    hash | 1 << 31
}

fn bytes_of(hexadecimal: &str) -> Vec<u8> {
    let digits: Vec<u32> = hexadecimal.chars().map_while(|c| c.to_digit(16)).collect();
    let (pairs, _) = digits.as_chunks::<2>();
    pairs
        .iter()
        .map(|[high, low]| (high * 16 + low) as u8)
        .collect()
}

/// What a type of values is counted in, and what a value is multiplied by.
fn unit(ty: &str, unit: &str) -> (Unit, u64) {
    match unit {
        "nanoseconds" | "ns" => (Unit::Nanoseconds, 1),
        "microseconds" | "us" => (Unit::Nanoseconds, 1_000),
        "milliseconds" | "ms" => (Unit::Nanoseconds, 1_000_000),
        "seconds" | "s" => (Unit::Nanoseconds, 1_000_000_000),
        "bytes" => (Unit::Bytes, 1),
        "kilobytes" => (Unit::Bytes, 1 << 10),
        "megabytes" => (Unit::Bytes, 1 << 20),
        _ if ty.contains("objects") || ty.contains("alloc") => (Unit::Allocations, 1),
        _ if ty.contains("sample") || ty == "cpu" => (Unit::Samples, 1),
        _ => (Unit::Events, 1),
    }
}
