//! Chrome's and Node.js's CPU profiles: a `.cpuprofile`, or those in a trace.
//!
//! Laid out as the `Profile` of the Chrome `DevTools` protocol; a trace brings it in pieces, as events
//! named `Profile` and `ProfileChunk`.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::{
    ForeignFormat, Input, ReadError, ReadOptions,
    assembly::{Assembly, whole},
};
use crate::{
    capture::model::NONE,
    profile::{Foreign, ProfileBuilder, Unit},
};

const NAME: &str = "Chrome CPU profile";

pub(super) struct Chrome;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CpuProfile {
    nodes: Vec<Node>,
    /// Microseconds.
    start_time: f64,
    samples: Vec<u64>,
    /// Microseconds before each sample.
    time_deltas: Vec<f64>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    id: u64,
    call_frame: CallFrame,
    #[serde(default)]
    children: Vec<u64>,
    parent: Option<u64>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CallFrame {
    function_name: String,
    url: String,
    /// Counted from 0; −1 where there is none.
    line_number: f64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Trace {
    Object {
        #[serde(rename = "traceEvents")]
        events: Vec<Event>,
    },
    Bare(Vec<Event>),
}

#[derive(Deserialize)]
struct Event {
    #[serde(default)]
    name: String,
    #[serde(default)]
    pid: i64,
    #[serde(default)]
    tid: i64,
    id: Option<serde_json::Value>,
    #[serde(default)]
    args: Arguments,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Arguments {
    name: Option<serde_json::Value>,
    data: Option<Data>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Data {
    start_time: f64,
    cpu_profile: Option<CpuProfile>,
    time_deltas: Vec<f64>,
}

impl ForeignFormat for Chrome {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_it(&self, input: &Input<'_>) -> bool {
        let bare = || {
            let lines = input.first_lines(3).concat();
            let start: String = lines.split_whitespace().collect();
            start.starts_with("[{") && (start.contains("\"ph\":") || start.contains("\"pid\":"))
        };
        input.has_keys(&["nodes", "startTime"]) || input.has_keys(&["traceEvents"]) || bare()
    }

    fn read(&self, input: &Input<'_>, _: &ReadOptions) -> Result<ProfileBuilder, ReadError> {
        let mut assembly = Assembly::new(input);
        if input.has_keys(&["nodes", "startTime"]) {
            let profile: CpuProfile = input.json(NAME)?;
            let thread = assembly.thread(0, 0, &input.name);
            add(&mut assembly, thread, &profile, profile.start_time)?;
        } else {
            read_trace(&mut assembly, input)?;
        }
        assembly.finish(Foreign {
            format: NAME,
            unit: Unit::Nanoseconds,
            label: "time".to_owned(),
            measures: Vec::new(),
            measure: 0,
            has_times: true,
            notes: vec!["Time without JavaScript stands below (idle) and (program).".to_owned()],
        })
    }
}

fn damaged(what: &str) -> ReadError {
    ReadError::Damaged {
        format: NAME,
        what: what.to_owned(),
    }
}

/// The pieces of each thread's profile, put together.
fn read_trace(assembly: &mut Assembly, input: &Input<'_>) -> Result<(), ReadError> {
    let (Trace::Object { events } | Trace::Bare(events)) = input.json(NAME)?;
    let mut profiles: BTreeMap<(i64, String), (i64, CpuProfile)> = BTreeMap::new();
    let mut names: HashMap<(i64, i64), String> = HashMap::new();
    for event in events {
        if event.name == "thread_name" {
            let name = event.args.name.as_ref().and_then(serde_json::Value::as_str);
            names.insert((event.pid, event.tid), name.unwrap_or("").to_owned());
            continue;
        }
        let is_start = event.name == "Profile";
        if !(is_start || event.name == "ProfileChunk") {
            continue;
        }
        let id = event.id.map_or_else(String::new, |id| id.to_string());
        let (tid, profile) = profiles.entry((event.pid, id)).or_default();
        let data = event.args.data.unwrap_or_default();
        if is_start {
            *tid = event.tid;
            profile.start_time = data.start_time;
        }
        let piece = data.cpu_profile.unwrap_or_default();
        profile.nodes.extend(piece.nodes);
        profile.samples.extend(piece.samples);
        // Older versions have them in the profile itself.
        profile.time_deltas.extend(piece.time_deltas);
        profile.time_deltas.extend(data.time_deltas);
    }
    let starts = profiles.values().map(|(_, profile)| profile.start_time);
    let start = starts.fold(f64::INFINITY, f64::min);
    for ((pid, _), (tid, profile)) in &profiles {
        let name = names.get(&(*pid, *tid)).map_or("", String::as_str);
        let thread = assembly.thread(*pid as u32, *tid as u32, name);
        add(assembly, thread, profile, start)?;
    }
    Ok(())
}

/// Each sample weighs the time until the next one; the last weighs as much as the one before.
fn add(
    assembly: &mut Assembly,
    thread: u32,
    profile: &CpuProfile,
    start_us: f64,
) -> Result<(), ReadError> {
    if profile.samples.len() != profile.time_deltas.len() {
        return Err(damaged("it does not have a time for each sample"));
    }
    let nodes = nodes(assembly, &profile.nodes)?;
    let mut at_us = profile.start_time - start_us;
    let mut weighed_us = 0.0;
    for (row, id) in profile.samples.iter().enumerate() {
        at_us += profile.time_deltas[row];
        weighed_us = profile
            .time_deltas
            .get(row + 1)
            .copied()
            .unwrap_or(weighed_us);
        let node = nodes
            .get(id)
            .ok_or_else(|| damaged("a sample names a node that is not there"))?;
        assembly.sample(whole(at_us * 1e3), thread, *node, whole(weighed_us * 1e3));
    }
    let mean_us = profile.time_deltas.iter().sum::<f64>() / profile.samples.len().max(1) as f64;
    if mean_us > 0.0 {
        assembly.header.frequency_hz = (1e6 / mean_us).round() as u32;
    }
    Ok(())
}

/// The stack node of each of the profile's nodes; the root is nobody's caller.
fn nodes(assembly: &mut Assembly, tree: &[Node]) -> Result<HashMap<u64, u32>, ReadError> {
    let own = assembly.own_module();
    let mut parents: HashMap<u64, u64> = HashMap::new();
    for node in tree {
        parents.extend(node.children.iter().map(|child| (*child, node.id)));
        parents.extend(node.parent.map(|parent| (node.id, parent)));
    }
    let by_id: HashMap<u64, &Node> = tree.iter().map(|node| (node.id, node)).collect();
    let mut known: HashMap<u64, u32> = HashMap::new();
    for node in tree {
        // From the node out to one that is known, then back in.
        let mut missing = Vec::new();
        let mut at = Some(node.id);
        while let Some(id) = at.filter(|id| !known.contains_key(id)) {
            if missing.len() > tree.len() {
                return Err(damaged("a function calls itself through its own callers"));
            }
            missing.push(id);
            at = parents.get(&id).copied();
        }
        let mut caller = at.and_then(|id| known.get(&id).copied()).unwrap_or(NONE);
        for id in missing.into_iter().rev() {
            let frame = by_id
                .get(&id)
                .ok_or_else(|| damaged("a node is called by one that is not there"))?;
            let of = &frame.call_frame;
            if of.function_name != "(root)" {
                let name = match of.function_name.as_str() {
                    "" => "(anonymous)",
                    name => name,
                };
                let line = whole(of.line_number + 1.0) as u32;
                let frame = assembly.named(own, name, &of.url, line);
                caller = assembly.node(caller, frame);
            }
            known.insert(id, caller);
        }
    }
    Ok(known)
}
