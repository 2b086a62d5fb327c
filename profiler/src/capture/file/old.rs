//! Chunks as format 1 wrote them; they are read for ever.

use scrutineer_evidence::{
    capture::{Quality, Sampler},
    process::Runtime,
    system::MachineKey,
};
use serde::Deserialize;

use crate::capture::model::{CallGraph, CaptureHeader, Chunk, Subject};

/// Kind of the first chunk in format 1.
pub(super) const HEADER_1: u8 = 1;
/// Kind of chunks of quality in format 1.
pub(super) const QUALITY_1: u8 = 9;

/// Position of each in format 1's list of chunks, with which a body begins.
const HEADER_POSITION: u8 = 0;
const QUALITY_POSITION: u8 = 8;

#[derive(Deserialize)]
struct Header1 {
    product_version: String,
    started_at: jiff::Timestamp,
    pid: u32,
    name: String,
    command_line: String,
    executable: String,
    runtime: Runtime,
    launched: bool,
    frequency_hz: u32,
    sampler: Sampler,
    kernel_frames: bool,
    stack_dump_bytes: u32,
    machine: MachineKey,
    commit: Option<String>,
}

#[derive(Deserialize)]
struct Quality1 {
    samples: u64,
    lost: u64,
    truncated: u64,
    unresolved: u64,
    kernel_invisible_share: Option<f64>,
    profiler_cpu_ns: u64,
    paused_ns: u64,
}

/// Decodes the body of a chunk of kind [`HEADER_1`] or [`QUALITY_1`]; the error says what is wrong.
pub(super) fn decode(kind: u8, body: &[u8]) -> Result<Chunk, String> {
    let misplaced = || "a chunk holds something else than its kind".to_owned();
    let (position, rest) = body.split_first().ok_or_else(misplaced)?;
    let chunk = match (kind, *position) {
        (HEADER_1, HEADER_POSITION) => whole::<Header1>(rest)?.map(|old| Chunk::Header(old.into())),
        (QUALITY_1, QUALITY_POSITION) => {
            whole::<Quality1>(rest)?.map(|old| Chunk::Quality(old.into()))
        }
        _ => None,
    };
    chunk.ok_or_else(misplaced)
}

fn whole<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<Option<T>, String> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(Some(value)),
        Ok(_) => Ok(None),
        Err(error) => Err(format!("a chunk cannot be decoded ({error})")),
    }
}

impl From<Header1> for CaptureHeader {
    fn from(old: Header1) -> Self {
        Self {
            product_version: old.product_version,
            started_at: old.started_at,
            pid: old.pid,
            name: old.name,
            command_line: old.command_line,
            executable: old.executable,
            runtime: old.runtime,
            launched: old.launched,
            frequency_hz: old.frequency_hz,
            sampler: old.sampler,
            kernel_frames: old.kernel_frames,
            stack_dump_bytes: old.stack_dump_bytes,
            machine: old.machine,
            commit: old.commit,
            subject: Subject::Processes,
            follows_children: true,
            call_graph: CallGraph::Dwarf,
            wait_source: None,
            page_faults: false,
            by_helper: false,
        }
    }
}

impl From<Quality1> for Quality {
    fn from(old: Quality1) -> Self {
        Self {
            samples: old.samples,
            lost: old.lost,
            truncated: old.truncated,
            unresolved: old.unresolved,
            kernel_invisible_share: old.kernel_invisible_share,
            profiler_cpu_ns: old.profiler_cpu_ns,
            paused_ns: old.paused_ns,
            ..Self::default()
        }
    }
}
