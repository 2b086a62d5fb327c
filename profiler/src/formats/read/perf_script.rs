//! The text of `perf script`: a line a sample, then its frames, innermost first.

use std::collections::BTreeMap;

use regex::Regex;

use super::{
    ForeignFormat, Input, ReadError, ReadOptions,
    assembly::{Assembly, stack, whole},
};
use crate::{
    capture::model::{ModuleKind, NONE, Symbol},
    profile::{Foreign, ProfileBuilder, Unit},
};

const NAME: &str = "perf script";
/// Lines that tell the format.
const PROBED_LINES: usize = 40;

/// `comm pid/tid [cpu] time: period event:`; the pid, the CPU and the period may be missing.
fn head() -> Regex {
    Regex::new(
        r"^(?<comm>\S.*?)\s+(?:(?<pid>\d+)/)?(?<tid>-?\d+)\s+(?:\[\d+\]\s+)?(?<time>\d+\.\d+):\s+(?:(?<period>\d+)\s+)?(?<event>[^\s:][^\s]*?):(?:\s|$)",
    )
    .expect("the pattern is well formed")
}

pub(super) struct PerfScript;

impl ForeignFormat for PerfScript {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_it(&self, input: &Input<'_>) -> bool {
        let lines = input.first_lines(PROBED_LINES);
        let first = lines.iter().find(|line| !is_left_out(line));
        first.is_some_and(|line| head().is_match(line))
    }

    fn read(&self, input: &Input<'_>, options: &ReadOptions) -> Result<ProfileBuilder, ReadError> {
        let mut reading = Reading::new(input);
        for line in input.bytes.split(|byte| *byte == b'\n') {
            reading.line(&String::from_utf8_lossy(line));
        }
        reading.end_sample();
        reading.finish(options)
    }
}

fn is_left_out(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with('#')
}

/// A sample whose frames are being read.
struct Pending {
    time_ns: u64,
    thread: u32,
    event: usize,
    period: Option<u64>,
    /// Innermost first.
    frames: Vec<u32>,
}

/// A sample with its event, to be kept when the event is known to be wanted.
struct Found {
    time_ns: u64,
    thread: u32,
    stack: u32,
    event: usize,
    period: Option<u64>,
}

struct Reading {
    head: Regex,
    assembly: Assembly,
    events: Vec<String>,
    event_ids: BTreeMap<String, usize>,
    pending: Option<Pending>,
    /// Inlined functions that wait for the one that holds them, innermost first.
    inlined: Vec<Symbol>,
    found: Vec<Found>,
    unread: u64,
}

impl Reading {
    fn new(input: &Input<'_>) -> Self {
        Self {
            head: head(),
            assembly: Assembly::new(input),
            events: Vec::new(),
            event_ids: BTreeMap::new(),
            pending: None,
            inlined: Vec::new(),
            found: Vec::new(),
            unread: 0,
        }
    }

    fn line(&mut self, line: &str) {
        if line.trim().is_empty() {
            self.end_sample();
        } else if line.starts_with('#') {
        } else if line.starts_with([' ', '\t']) && self.pending.is_some() {
            self.frame(line.trim());
        } else {
            self.end_sample();
            if self.begin_sample(line).is_none() {
                self.unread += 1;
            }
        }
    }

    fn begin_sample(&mut self, line: &str) -> Option<()> {
        let found = self.head.captures(line.trim_start())?;
        let tid: i64 = found["tid"].parse().ok()?;
        let pid = found
            .name("pid")
            .map_or(Some(tid), |pid| pid.as_str().parse().ok())?;
        let seconds: f64 = found["time"].parse().ok()?;
        let next = self.events.len();
        let event = *self
            .event_ids
            .entry(found["event"].to_owned())
            .or_insert_with_key(|name| {
                self.events.push(name.clone());
                next
            });
        let thread = self.assembly.thread(pid as u32, tid as u32, &found["comm"]);
        let period = found
            .name("period")
            .and_then(|period| period.as_str().parse().ok());
        // Without -g the only frame stands in the line itself.
        let rest = line
            .trim_start()
            .get(found.get(0)?.end()..)
            .unwrap_or("")
            .trim();
        self.pending = Some(Pending {
            time_ns: whole(seconds * 1e9),
            thread,
            event,
            period,
            frames: Vec::new(),
        });
        if rest.starts_with(|c: char| c.is_ascii_hexdigit()) {
            self.frame(rest);
        }
        Some(())
    }

    /// `address name+0xoffset (module)`; `(inlined)` for a module where the next frame holds it.
    fn frame(&mut self, line: &str) {
        let Some((address, rest)) = line.split_once(' ') else {
            return;
        };
        let Ok(address) = u64::from_str_radix(address, 16) else {
            return;
        };
        let (name, module) = match rest.rfind(" (") {
            Some(at) => (&rest[..at], rest[at + 2..].trim_end_matches(')')),
            None => (rest, ""),
        };
        let name = bare(name.trim());
        if module == "inlined" {
            self.inlined.push(symbol(name, true));
            return;
        }
        let module = self.module(module);
        let mut symbols = std::mem::take(&mut self.inlined);
        if name != "[unknown]" {
            symbols.push(symbol(name, false));
        }
        // Addresses are absolute in some versions and the file's in others: they name nothing else.
        let frame = if symbols.is_empty() {
            let unknown = symbol(&format!("{address:#x}"), false);
            self.assembly.frame(module, None, vec![unknown])
        } else {
            self.assembly.frame(module, None, symbols)
        };
        if let Some(pending) = &mut self.pending {
            pending.frames.push(frame);
        }
    }

    fn module(&mut self, path: &str) -> u32 {
        match path {
            "" | "[unknown]" => self.assembly.module(ModuleKind::File, "[unknown]", &[]),
            "[vdso]" => self.assembly.module(ModuleKind::Vdso, path, &[]),
            path if path.starts_with("[kernel") || path.contains(".ko") => {
                self.assembly.module(ModuleKind::Kernel, "[kernel]", &[])
            }
            path if path.starts_with('[') && path.ends_with(']') => {
                self.assembly.module(ModuleKind::Kernel, "[kernel]", &[])
            }
            path if path.starts_with("/tmp/perf-") || path == "//anon" => {
                self.assembly.module(ModuleKind::Jit, "[jit]", &[])
            }
            path => self.assembly.module(ModuleKind::File, path, &[]),
        }
    }

    fn end_sample(&mut self) {
        let Some(pending) = self.pending.take() else {
            return;
        };
        self.inlined.clear();
        let stack = if pending.frames.is_empty() {
            NONE
        } else {
            stack(&mut self.assembly, pending.frames.into_iter().rev())
        };
        self.found.push(Found {
            time_ns: pending.time_ns,
            thread: pending.thread,
            stack,
            event: pending.event,
            period: pending.period,
        });
    }

    fn finish(mut self, options: &ReadOptions) -> Result<ProfileBuilder, ReadError> {
        let chosen = options.choose(NAME, &self.events, 0)?;
        let Some(event) = self.events.get(chosen).cloned() else {
            return Err(ReadError::Empty { format: NAME });
        };
        let is_clock = event.contains("cycles") || event.contains("clock");
        let start_ns = self
            .found
            .iter()
            .map(|found| found.time_ns)
            .min()
            .unwrap_or(0);
        let others = self
            .found
            .iter()
            .filter(|found| found.event != chosen)
            .count();
        for found in &self.found {
            if found.event == chosen {
                let weight = if is_clock {
                    1
                } else {
                    found.period.unwrap_or(1)
                };
                let time_ns = found.time_ns - start_ns;
                self.assembly
                    .sample(time_ns, found.thread, found.stack, weight);
            }
        }
        if others > 0 {
            self.assembly.notes.push(format!(
                "{others} samples of other events are not shown; --measure takes: {}.",
                self.events.join(", ")
            ));
        }
        if self.unread > 0 {
            let note = format!("{} lines are of no sample, and were left out.", self.unread);
            self.assembly.notes.push(note);
        }
        self.assembly.finish(Foreign {
            format: NAME,
            unit: if is_clock {
                Unit::Samples
            } else {
                Unit::Events
            },
            label: event,
            measures: self.events.clone(),
            measure: chosen,
            has_times: true,
            notes: Vec::new(),
        })
    }
}

fn symbol(name: &str, inlined: bool) -> Symbol {
    Symbol {
        name: name.to_owned(),
        file: String::new(),
        line: 0,
        inlined,
    }
}

/// A name without its offset.
fn bare(name: &str) -> &str {
    match name.rsplit_once("+0x") {
        Some((bare, offset)) if offset.bytes().all(|byte| byte.is_ascii_hexdigit()) => bare,
        _ => name,
    }
}
