//! heaptrack's interpreted data, `heaptrack.PROGRAM.PID.zst`: a line a fact, numbers hexadecimal.
//!
//! Laid out as accumulatedtracedata.cpp of heaptrack reads it, versions 1 to 3: strings, instruction
//! pointers, traces and allocations are numbered from 1 as they come, 0 is none of them.

use super::{ForeignFormat, Input, ReadError, ReadOptions, assembly::Assembly};
use crate::{
    capture::model::{ModuleKind, NONE, Symbol},
    profile::{Foreign, ProfileBuilder, Unit},
};

const NAME: &str = "heaptrack";
const MEASURES: [(&str, Unit); 5] = [
    ("allocated", Unit::Bytes),
    ("allocations", Unit::Allocations),
    ("peak", Unit::Bytes),
    ("leaked", Unit::Bytes),
    ("temporary", Unit::Allocations),
];
const OLDEST: u64 = 1;
const NEWEST: u64 = 3;

pub(super) struct Heaptrack;

impl ForeignFormat for Heaptrack {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_it(&self, input: &Input<'_>) -> bool {
        let lines = input.first_lines(2);
        let mut words = lines[0].split(' ');
        let numbers: Vec<&str> = words.by_ref().skip(1).collect();
        lines[0].starts_with("v ")
            && (1..=2).contains(&numbers.len())
            && numbers
                .iter()
                .all(|word| u64::from_str_radix(word, 16).is_ok())
    }

    fn read(&self, input: &Input<'_>, options: &ReadOptions) -> Result<ProfileBuilder, ReadError> {
        let names = MEASURES.map(|(name, _)| name.to_owned());
        let chosen = options.choose(NAME, &names, 0)?;
        let data = Data::of(input)?;
        let costs = data.costs(input, MEASURES[chosen].0);
        let mut assembly = Assembly::new(input);
        data.assemble(&mut assembly, &costs);
        assembly.notes.push(format!(
            "{} is shown; --measure takes: {}.",
            names[chosen],
            names.join(", ")
        ));
        assembly.finish(Foreign {
            format: NAME,
            unit: MEASURES[chosen].1,
            label: names[chosen].clone(),
            measures: names.to_vec(),
            measure: chosen,
            has_times: false,
            notes: Vec::new(),
        })
    }
}

fn damaged(what: &str) -> ReadError {
    ReadError::Damaged {
        format: NAME,
        what: what.to_owned(),
    }
}

/// A function at a place, by numbers of strings.
#[derive(Clone, Copy)]
struct Place {
    function: u64,
    file: u64,
    line: u64,
}

/// An instruction pointer.
struct Pointer {
    address: u64,
    module: u64,
    /// The function, then those that it was inlined into.
    places: Vec<Place>,
}

/// The tables of a file.
#[derive(Default)]
struct Data<'a> {
    strings: Vec<&'a [u8]>,
    pointers: Vec<Pointer>,
    /// Pointer and caller's trace.
    traces: Vec<(u64, u64)>,
    /// Bytes and trace.
    allocations: Vec<(u64, u64)>,
    command_line: String,
}

/// Hexadecimal numbers of a line, after its letter.
fn numbers(line: &[u8]) -> impl Iterator<Item = Option<u64>> + '_ {
    let words = line.split(|byte| *byte == b' ').skip(1);
    let words = words.filter(|word| !word.is_empty());
    words.map(|word| u64::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok())
}

fn lines<'a>(input: &Input<'a>) -> impl Iterator<Item = &'a [u8]> {
    input.bytes.split(|byte| *byte == b'\n')
}

impl<'a> Data<'a> {
    fn of(input: &Input<'a>) -> Result<Self, ReadError> {
        let mut data = Self::default();
        let mut version = 0;
        for line in lines(input) {
            let two = || {
                let mut numbers = numbers(line).map(|number| number.unwrap_or(0));
                (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
            };
            match line.first() {
                Some(b'v') => {
                    version = two().1;
                    check(version)?;
                }
                Some(b's') => data.strings.push(string(line, version)),
                Some(b'i') => data.pointers.push(pointer(line)),
                Some(b't') => data.traces.push(two()),
                Some(b'a') => data.allocations.push(two()),
                Some(b'X') => {
                    let text = String::from_utf8_lossy(line.get(2..).unwrap_or(&[]));
                    let arguments: Vec<String> = text.split(' ').map(str::to_owned).collect();
                    data.command_line = crate::redaction::redact_command_line(&arguments);
                }
                _ => {}
            }
        }
        let comes_first = |(row, (_, caller)): (usize, &(u64, u64))| *caller <= row as u64;
        if !data.traces.iter().enumerate().all(comes_first) {
            return Err(damaged("a trace comes before its callers"));
        }
        Ok(data)
    }

    /// What each trace costs.
    fn costs(&self, input: &Input<'_>, measure: &str) -> Vec<u64> {
        let mut tally = Tally::new(self.traces.len());
        match measure {
            "peak" => {
                // Once to find the peak, once to stop there.
                self.replay(input, &mut tally, u64::MAX);
                let until = tally.peak_at;
                tally = Tally::new(self.traces.len());
                self.replay(input, &mut tally, until);
                tally.current
            }
            other => {
                self.replay(input, &mut tally, u64::MAX);
                match other {
                    "allocations" => tally.allocations,
                    "leaked" => tally.current,
                    "temporary" => tally.temporary,
                    _ => tally.allocated,
                }
            }
        }
    }

    /// Replays the first `until` allocations and releases.
    fn replay(&self, input: &Input<'_>, tally: &mut Tally, until: u64) {
        for line in lines(input) {
            let is_allocation = match line.first() {
                Some(b'+') => true,
                Some(b'-') => false,
                _ => continue,
            };
            if tally.happened >= until {
                break;
            }
            let id = numbers(line).next().flatten();
            let allocation = id.and_then(|id| self.allocations.get(usize::try_from(id).ok()?));
            let Some((bytes, trace)) = allocation else {
                continue;
            };
            let Some(trace) = trace
                .checked_sub(1)
                .filter(|at| *at < self.traces.len() as u64)
            else {
                continue;
            };
            tally.add(is_allocation, *bytes, trace as usize, id);
        }
    }

    fn text(&self, id: u64) -> String {
        let string = id
            .checked_sub(1)
            .and_then(|at| self.strings.get(usize::try_from(at).ok()?));
        String::from_utf8_lossy(string.copied().unwrap_or(&[])).into_owned()
    }

    fn assemble(&self, assembly: &mut Assembly, costs: &[u64]) {
        self.command_line
            .clone_into(&mut assembly.header.command_line);
        let program = self.command_line.split(' ').next().unwrap_or("");
        let name = program.rsplit('/').next().unwrap_or("");
        if !name.is_empty() {
            name.clone_into(&mut assembly.header.name);
            program.clone_into(&mut assembly.header.executable);
        }
        let frames: Vec<u32> = self
            .pointers
            .iter()
            .map(|of| self.frame(assembly, of))
            .collect();
        let mut nodes = Vec::with_capacity(self.traces.len());
        let thread = assembly.thread(0, 0, "all threads");
        for ((pointer, caller), cost) in self.traces.iter().zip(costs) {
            let before = |id: u64| id.checked_sub(1).and_then(|at| usize::try_from(at).ok());
            let parent = before(*caller)
                .and_then(|at| nodes.get(at).copied())
                .unwrap_or(NONE);
            let frame = before(*pointer).and_then(|at| frames.get(at).copied());
            let node = frame.map_or(parent, |frame| assembly.node(parent, frame));
            nodes.push(node);
            assembly.sample(0, thread, node, *cost);
        }
    }

    fn frame(&self, assembly: &mut Assembly, pointer: &Pointer) -> u32 {
        let path = self.text(pointer.module);
        let module = if path.is_empty() {
            assembly.own_module()
        } else {
            assembly.module(ModuleKind::File, &path, &[])
        };
        let last = pointer.places.len().saturating_sub(1);
        let mut symbols: Vec<Symbol> = pointer
            .places
            .iter()
            .enumerate()
            .filter(|(_, place)| place.function != 0)
            .map(|(position, place)| Symbol {
                name: crate::symbols::demangle(&self.text(place.function)),
                file: self.text(place.file),
                line: u32::try_from(place.line).unwrap_or(0),
                inlined: position < last,
            })
            .collect();
        if symbols.is_empty() {
            symbols.push(Symbol {
                name: format!("{:#x}", pointer.address),
                file: String::new(),
                line: 0,
                inlined: false,
            });
        }
        assembly.frame(module, None, symbols)
    }
}

fn check(version: u64) -> Result<(), ReadError> {
    if (OLDEST..=NEWEST).contains(&version) {
        return Ok(());
    }
    Err(ReadError::Unsupported {
        format: NAME,
        what: format!("it is of version {version}, and {OLDEST} to {NEWEST} are what is read"),
    })
}

/// Strings state their length since version 3.
fn string(line: &[u8], version: u64) -> &[u8] {
    let text = line.get(2..).unwrap_or(&[]);
    if version < 3 {
        return text;
    }
    let space = text.iter().position(|byte| *byte == b' ');
    space.map_or(&[], |space| &text[space + 1..])
}

fn pointer(line: &[u8]) -> Pointer {
    let numbers: Vec<u64> = numbers(line).map(|number| number.unwrap_or(0)).collect();
    let at = |position: usize| numbers.get(position).copied().unwrap_or(0);
    let (places, _) = numbers.get(2..).unwrap_or(&[]).as_chunks::<3>();
    Pointer {
        address: at(0),
        module: at(1),
        places: places
            .iter()
            .map(|[function, file, line]| Place {
                function: *function,
                file: *file,
                line: *line,
            })
            .collect(),
    }
}

/// Sums by trace.
struct Tally {
    allocated: Vec<u64>,
    allocations: Vec<u64>,
    temporary: Vec<u64>,
    current: Vec<u64>,
    held: u64,
    most: u64,
    happened: u64,
    /// How many allocations and releases had happened when most was held.
    peak_at: u64,
    /// The allocation before, where it was the last thing that happened.
    last: Option<u64>,
}

impl Tally {
    fn new(traces: usize) -> Self {
        Self {
            allocated: vec![0; traces],
            allocations: vec![0; traces],
            temporary: vec![0; traces],
            current: vec![0; traces],
            held: 0,
            most: 0,
            happened: 0,
            peak_at: 0,
            last: None,
        }
    }

    fn add(&mut self, is_allocation: bool, bytes: u64, trace: usize, id: Option<u64>) {
        self.happened += 1;
        if is_allocation {
            self.allocated[trace] = self.allocated[trace].saturating_add(bytes);
            self.allocations[trace] += 1;
            self.current[trace] = self.current[trace].saturating_add(bytes);
            self.held = self.held.saturating_add(bytes);
            self.last = id;
        } else {
            self.current[trace] = self.current[trace].saturating_sub(bytes);
            self.held = self.held.saturating_sub(bytes);
            // What is released before anything else happens was not needed for long.
            self.temporary[trace] += u64::from(self.last == id);
            self.last = None;
        }
        if self.held > self.most {
            self.most = self.held;
            self.peak_at = self.happened;
        }
    }
}
