//! What several tests need.

use scrutineer_evidence::{capture::Sampler, process::Runtime, system::MachineKey};
use scrutineer_profiler::capture::model::{CallGraph, CaptureHeader, Subject};

/// The header of a capture of a service.
pub(crate) fn capture_header() -> CaptureHeader {
    CaptureHeader {
        product_version: "0.1.0".into(),
        started_at: "2026-03-11T09:15:00Z".parse().expect("a well-formed time"),
        pid: 4711,
        name: "ledgerd".into(),
        command_line: "ledgerd --config dev.ron".into(),
        executable: "/usr/bin/ledgerd".into(),
        runtime: Runtime::Rust,
        launched: false,
        frequency_hz: 999,
        sampler: Sampler::PerfCpuClock,
        kernel_frames: false,
        stack_dump_bytes: 0,
        machine: MachineKey {
            cpu_model: "Test".into(),
            cores: 2,
            kernel: "6.8.0".into(),
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
