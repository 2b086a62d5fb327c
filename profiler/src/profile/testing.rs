//! Small profiles for tests.

use scrutineer_evidence::{capture::Sampler, process::Runtime, system::MachineKey};

use crate::{
    capture::model::{
        CallGraph, CaptureEnd, CaptureHeader, Chunk, EndReason, Frame, FrameSymbols, Module,
        ModuleKind, NONE, Samples, StackNodes, Subject, Symbol, Thread,
    },
    profile::{Profile, ProfileBuilder},
};

pub(crate) fn header() -> CaptureHeader {
    CaptureHeader {
        product_version: "0.1.0".into(),
        started_at: "2026-03-14T09:26:53Z".parse().expect("a valid time"),
        pid: 41_823,
        name: "ledgerd".into(),
        command_line: "/opt/ledgerd --port 8080".into(),
        executable: "/opt/ledgerd".into(),
        runtime: Runtime::Rust,
        launched: false,
        frequency_hz: 1_000,
        sampler: Sampler::PerfCpuClock,
        kernel_frames: false,
        stack_dump_bytes: 32_768,
        machine: MachineKey {
            cpu_model: "Example CPU".into(),
            cores: 2,
            kernel: "6.18.0".into(),
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

pub(crate) fn symbol(name: &str, inlined: bool) -> Symbol {
    Symbol {
        name: name.into(),
        file: String::new(),
        line: 0,
        inlined,
    }
}

/// Chunks of one thread named `main` with a sample a millisecond; stacks from the root inwards.
pub(crate) fn chunks<S: AsRef<str>>(stacks: &[Vec<S>]) -> Vec<Chunk> {
    let mut names: Vec<&str> = Vec::new();
    let mut nodes = StackNodes::default();
    let mut samples = Samples::default();
    for (position, stack) in stacks.iter().enumerate() {
        let mut node = NONE;
        for name in stack {
            let known = names.iter().position(|known| *known == name.as_ref());
            let frame = known.unwrap_or(names.len());
            if known.is_none() {
                names.push(name.as_ref());
            }
            let caller = node;
            let same = |n: &usize| (nodes.parent[*n], nodes.frame[*n]) == (caller, frame as u32);
            let existing = (0..nodes.frame.len()).find(same);
            node = existing.unwrap_or(nodes.frame.len()) as u32;
            if existing.is_none() {
                nodes.parent.push(caller);
                nodes.frame.push(frame as u32);
            }
        }
        samples.time_ns.push(position as u64 * 1_000_000);
        samples.thread.push(0);
        samples.stack.push(node);
        samples.flags.push(0);
    }
    let frames = (0..names.len() as u64)
        .map(|n| Frame {
            module: 0,
            address: 0x1000 + n,
        })
        .collect();
    let symbols = names
        .iter()
        .enumerate()
        .map(|(frame, name)| FrameSymbols {
            frame: frame as u32,
            symbols: vec![symbol(name, false)],
        })
        .collect();
    vec![
        Chunk::Header(header()),
        Chunk::Modules(vec![module("/opt/ledgerd")]),
        Chunk::Frames(frames),
        Chunk::Stacks(nodes),
        Chunk::Threads(vec![Thread {
            pid: 41_823,
            tid: 41_823,
            name: "main".into(),
        }]),
        Chunk::Samples(samples),
        Chunk::End(CaptureEnd {
            duration_ns: 10_000_000_000,
            reason: EndReason::Duration,
        }),
        Chunk::Symbols(symbols),
    ]
}

pub(crate) fn module(path: &str) -> Module {
    Module {
        kind: ModuleKind::File,
        path: path.into(),
        build_id: vec![1, 2],
        deleted: false,
    }
}

pub(crate) fn build(chunks: Vec<Chunk>) -> Profile {
    let mut builder = ProfileBuilder::default();
    for chunk in chunks {
        builder.push(chunk);
    }
    builder.finish().expect("the chunks begin with a header")
}

/// See [`chunks`].
pub(crate) fn profile<S: AsRef<str>>(stacks: &[Vec<S>]) -> Profile {
    build(chunks(stacks))
}

/// Two samples in `inner`, which is inlined into `outer`.
pub(crate) fn inlined_profile() -> Profile {
    let mut chunks = chunks(&[vec!["outer"], vec!["outer"]]);
    let symbols = vec![symbol("inner", true), symbol("outer", false)];
    chunks.push(Chunk::Symbols(vec![FrameSymbols { frame: 0, symbols }]));
    build(chunks)
}

/// A sample in `a` on the thread `main` at 0 ms, then one in `b` on `worker` at 1 ms.
pub(crate) fn two_threads() -> Profile {
    let mut chunks = chunks(&[vec!["a"], vec!["b"]]);
    for chunk in &mut chunks {
        match chunk {
            Chunk::Threads(threads) => {
                threads.push(Thread {
                    pid: 41_823,
                    tid: 41_824,
                    name: "worker".into(),
                });
            }
            Chunk::Samples(samples) => samples.thread[1] = 1,
            _ => {}
        }
    }
    build(chunks)
}
