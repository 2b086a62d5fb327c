//! What the benchmarks share.

use scrutineer_evidence::{capture::Sampler, process::Runtime, system::MachineKey};
use scrutineer_profiler::capture::model::{CallGraph, CaptureHeader, Subject};

/// The header of a capture that nobody made.
pub(crate) fn header() -> CaptureHeader {
    CaptureHeader {
        product_version: "0.1.0".into(),
        started_at: jiff::Timestamp::UNIX_EPOCH,
        pid: 1,
        name: "bench".into(),
        command_line: "bench".into(),
        executable: "/opt/bench".into(),
        runtime: Runtime::Rust,
        launched: false,
        frequency_hz: 999,
        sampler: Sampler::PerfCpuClock,
        kernel_frames: false,
        stack_dump_bytes: 32_768,
        machine: MachineKey {
            cpu_model: String::new(),
            cores: 2,
            kernel: String::new(),
            governor: None,
        },
        commit: None,
        subject: Subject::Processes,
        follows_children: true,
        call_graph: CallGraph::Dwarf,
        wait_source: None,
        page_faults: false,
        by_helper: false,
    }
}
