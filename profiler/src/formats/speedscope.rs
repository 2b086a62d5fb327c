//! speedscope's own format: a sampled profile a thread, <https://www.speedscope.app>.
//!
//! Threads, the order of samples, weights, files and lines are kept; categories and gaps between
//! samples are not.

use std::{
    collections::{BTreeMap, HashMap},
    io,
};

use serde::Serialize;

use super::one_line;
use crate::{
    capture::model::NONE,
    profile::{LogicalFrame, Profile, Selection, Unit, Weighed},
};

const SCHEMA: &str = "https://www.speedscope.app/file-format-schema.json";

#[derive(Serialize)]
struct File {
    #[serde(rename = "$schema")]
    schema: &'static str,
    name: String,
    exporter: String,
    #[serde(rename = "activeProfileIndex")]
    active_profile_index: usize,
    shared: Shared,
    profiles: Vec<Sampled>,
}

#[derive(Serialize)]
struct Shared {
    frames: Vec<Frame>,
}

#[derive(Serialize)]
struct Frame {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

#[derive(Serialize)]
struct Sampled {
    #[serde(rename = "type")]
    kind: &'static str,
    name: String,
    unit: &'static str,
    #[serde(rename = "startValue")]
    start_value: u64,
    #[serde(rename = "endValue")]
    end_value: u64,
    /// Frames of each sample, the outermost first.
    samples: Vec<Vec<u32>>,
    weights: Vec<u64>,
}

pub(super) fn write(
    profile: &Profile,
    selection: &Selection,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut frames = Frames::new(profile);
    let mut by_thread: BTreeMap<u32, Vec<(u64, Weighed)>> = BTreeMap::new();
    for (row, time_ns) in profile.weighed_at(selection) {
        by_thread
            .entry(row.thread)
            .or_default()
            .push((time_ns, row));
    }
    let unit = profile.unit(selection.weight);
    let mut profiles: Vec<Sampled> = by_thread
        .into_iter()
        .map(|(thread, mut rows)| {
            rows.sort_by_key(|(time_ns, _)| *time_ns);
            sampled(profile, thread, &rows, unit, &mut frames)
        })
        .collect();
    // The thread with most comes first, and is shown first.
    profiles.sort_by(|a, b| (b.end_value, &a.name).cmp(&(a.end_value, &b.name)));
    let file = File {
        schema: SCHEMA,
        name: one_line(&profile.header.name),
        exporter: format!("scrutineer {}", env!("CARGO_PKG_VERSION")),
        active_profile_index: 0,
        shared: Shared {
            frames: frames.listed,
        },
        profiles,
    };
    Ok(serde_json::to_writer(out, &file)?)
}

fn sampled(
    profile: &Profile,
    thread: u32,
    rows: &[(u64, Weighed)],
    unit: Unit,
    frames: &mut Frames<'_>,
) -> Sampled {
    let known = &profile.threads[thread as usize];
    // A sample of CPU time lasts a period.
    let (scale, unit) = match unit {
        Unit::Samples => match profile.period_ns() {
            Some(period_ns) => (period_ns, "nanoseconds"),
            None => (1, "none"),
        },
        Unit::Nanoseconds => (1, "nanoseconds"),
        Unit::Bytes => (1, "bytes"),
        Unit::Faults | Unit::Allocations | Unit::Events => (1, "none"),
    };
    let weights: Vec<u64> = rows
        .iter()
        .map(|(_, row)| row.weight.saturating_mul(scale))
        .collect();
    Sampled {
        kind: "sampled",
        name: format!("{} ({})", one_line(&known.name), known.tid),
        unit,
        start_value: 0,
        end_value: weights
            .iter()
            .fold(0, |sum, weight| sum.saturating_add(*weight)),
        samples: rows.iter().map(|(_, row)| frames.of(row.stack)).collect(),
        weights,
    }
}

/// Distinct frames, numbered as they are met.
struct Frames<'a> {
    profile: &'a Profile,
    listed: Vec<Frame>,
    known: HashMap<(u32, u32, u32), u32>,
}

impl<'a> Frames<'a> {
    fn new(profile: &'a Profile) -> Self {
        Self {
            profile,
            listed: Vec::new(),
            known: HashMap::new(),
        }
    }

    /// The frames of a stack, the outermost first.
    fn of(&mut self, stack: u32) -> Vec<u32> {
        let mut ids = Vec::new();
        let mut node = stack;
        while node != NONE {
            let frame = self.profile.stacks.frame[node as usize];
            for logical in self.profile.logical_of(frame) {
                ids.push(self.id(logical));
            }
            node = self.profile.stacks.parent[node as usize];
        }
        ids.reverse();
        ids
    }

    fn id(&mut self, logical: &LogicalFrame) -> u32 {
        let key = (logical.function, logical.file, logical.line);
        if let Some(id) = self.known.get(&key) {
            return *id;
        }
        let function = &self.profile.functions[logical.function as usize];
        self.listed.push(Frame {
            name: one_line(&function.name),
            file: self.profile.files.get(logical.file as usize).cloned(),
            line: (logical.line > 0).then_some(logical.line),
        });
        let id = self.listed.len() as u32 - 1;
        self.known.insert(key, id);
        id
    }
}
