//! speedscope's own format, <https://www.speedscope.app/file-format-schema.json>.

use serde::Deserialize;

use super::{
    ForeignFormat, Input, ReadError, ReadOptions,
    assembly::{Assembly, stack, whole},
};
use crate::profile::{Foreign, ProfileBuilder, Unit};

const NAME: &str = "speedscope";

pub(super) struct Speedscope;

#[derive(Deserialize)]
struct File {
    name: Option<String>,
    shared: Shared,
    profiles: Vec<Recorded>,
}

#[derive(Deserialize)]
struct Shared {
    frames: Vec<Frame>,
}

#[derive(Deserialize)]
struct Frame {
    name: String,
    file: Option<String>,
    line: Option<f64>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Recorded {
    Sampled(Sampled),
    Evented(Evented),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sampled {
    name: String,
    unit: String,
    /// Frames of each sample, the outermost first.
    samples: Vec<Vec<u32>>,
    weights: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Evented {
    name: String,
    unit: String,
    start_value: f64,
    events: Vec<Event>,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: EventKind,
    at: f64,
    frame: u32,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
enum EventKind {
    #[serde(rename = "O")]
    Opens,
    #[serde(rename = "C")]
    Closes,
}

impl Recorded {
    fn unit(&self) -> &str {
        match self {
            Self::Sampled(of) => &of.unit,
            Self::Evented(of) => &of.unit,
        }
    }
}

impl ForeignFormat for Speedscope {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_it(&self, input: &Input<'_>) -> bool {
        input.has_keys(&["shared", "profiles"])
    }

    fn read(&self, input: &Input<'_>, options: &ReadOptions) -> Result<ProfileBuilder, ReadError> {
        let file: File = input.json(NAME)?;
        let mut assembly = Assembly::new(input);
        if let Some(name) = file.name.filter(|name| !name.is_empty()) {
            assembly.header.name = name;
        }
        let own = assembly.own_module();
        let frames: Vec<u32> = file
            .shared
            .frames
            .iter()
            .map(|frame| {
                let file = frame.file.as_deref().unwrap_or("");
                let line = whole(frame.line.unwrap_or(0.0)) as u32;
                assembly.named(own, &frame.name, file, line)
            })
            .collect();
        let units: Vec<String> = file
            .profiles
            .iter()
            .map(|of| of.unit().to_owned())
            .collect();
        let mut distinct = units.clone();
        distinct.sort();
        distinct.dedup();
        let usual = units
            .first()
            .and_then(|first| distinct.iter().position(|unit| unit == first));
        let chosen = options.choose(NAME, &distinct, usual.unwrap_or(0))?;
        let Some(wanted) = distinct.get(chosen) else {
            return Err(ReadError::Empty { format: NAME });
        };
        let (unit, scale) = unit(wanted);
        let mut left_out = 0;
        for (position, recorded) in file.profiles.iter().enumerate() {
            if recorded.unit() != wanted {
                left_out += 1;
                continue;
            }
            let mut writing = Writing {
                assembly: &mut assembly,
                frames: &frames,
                thread: 0,
                scale,
            };
            match recorded {
                Recorded::Sampled(of) => writing.sampled(position, of)?,
                Recorded::Evented(of) => writing.evented(position, of)?,
            }
        }
        if left_out > 0 {
            let note = format!(
                "{left_out} threads are counted in another unit, and left out; --measure takes: {}.",
                distinct.join(", ")
            );
            assembly.notes.push(note);
        }
        assembly.finish(Foreign {
            format: NAME,
            unit,
            label: match unit {
                Unit::Nanoseconds => "time",
                Unit::Bytes => "bytes",
                _ => "weight",
            }
            .to_owned(),
            measures: distinct.clone(),
            measure: chosen,
            has_times: unit == Unit::Nanoseconds,
            notes: Vec::new(),
        })
    }
}

/// What a unit is counted in here, and how many of that one of it is.
fn unit(name: &str) -> (Unit, f64) {
    match name {
        "nanoseconds" => (Unit::Nanoseconds, 1.0),
        "microseconds" => (Unit::Nanoseconds, 1e3),
        "milliseconds" => (Unit::Nanoseconds, 1e6),
        "seconds" => (Unit::Nanoseconds, 1e9),
        "bytes" => (Unit::Bytes, 1.0),
        _ => (Unit::Samples, 1.0),
    }
}

fn damaged(what: &str) -> ReadError {
    ReadError::Damaged {
        format: NAME,
        what: what.to_owned(),
    }
}

/// Puts one of the file's profiles, which is a thread, into the assembly.
struct Writing<'a> {
    assembly: &'a mut Assembly,
    frames: &'a [u32],
    thread: u32,
    scale: f64,
}

impl Writing<'_> {
    fn frame(&self, id: u32) -> Result<u32, ReadError> {
        let frame = self.frames.get(id as usize).copied();
        frame.ok_or_else(|| damaged("a stack names a frame that is not there"))
    }

    /// Our own files name threads `name (tid)`, those of py-spy `Thread tid "name"`.
    fn enter(&mut self, position: usize, name: &str) {
        let told = name
            .strip_suffix(')')
            .and_then(|name| name.rsplit_once(" ("))
            .and_then(|(name, tid)| Some((name, tid.parse().ok()?)));
        let told = told.or_else(|| {
            let (tid, quoted) = name.strip_prefix("Thread ")?.split_once(' ')?;
            let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
            let inner = if inner.is_empty() { name } else { inner };
            Some((inner, tid.parse().ok()?))
        });
        let (name, tid) = told.unwrap_or((name, position as u32 + 1));
        self.thread = self.assembly.thread(0, tid, name);
    }

    fn sampled(&mut self, position: usize, of: &Sampled) -> Result<(), ReadError> {
        self.enter(position, &of.name);
        if of.samples.len() != of.weights.len() {
            return Err(damaged("it does not have a weight for each sample"));
        }
        let mut at = 0.0;
        for (sample, weight) in of.samples.iter().zip(&of.weights) {
            let frames: Result<Vec<u32>, _> = sample.iter().map(|id| self.frame(*id)).collect();
            let node = stack(self.assembly, frames?);
            let weight = (weight * self.scale).max(0.0);
            self.assembly
                .sample(whole(at), self.thread, node, whole(weight));
            at += weight;
        }
        Ok(())
    }

    /// A sample for each stretch between two events.
    fn evented(&mut self, position: usize, of: &Evented) -> Result<(), ReadError> {
        self.enter(position, &of.name);
        let mut open: Vec<u32> = Vec::new();
        let mut nodes = vec![crate::capture::model::NONE];
        let mut before = of.start_value;
        for event in &of.events {
            let node = *nodes.last().expect("the empty stack stays");
            if event.at > before && !open.is_empty() {
                let at = whole((before - of.start_value) * self.scale);
                let weight = whole((event.at - before) * self.scale);
                self.assembly.sample(at, self.thread, node, weight);
            }
            before = before.max(event.at);
            let frame = self.frame(event.frame)?;
            match event.kind {
                EventKind::Opens => {
                    open.push(frame);
                    nodes.push(self.assembly.node(node, frame));
                }
                EventKind::Closes if open.last() == Some(&frame) => {
                    open.pop();
                    nodes.pop();
                }
                EventKind::Closes => return Err(damaged("a call ends that is not the innermost")),
            }
        }
        Ok(())
    }
}
