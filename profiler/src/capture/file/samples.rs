//! Captures for the tests: a fixed one, and any that proptest comes up with.

use proptest::prelude::*;
use scrutineer_evidence::{
    capture::{Quality, Sampler},
    process::Runtime,
    residency::ResidencySample,
    system::MachineKey,
};

use crate::capture::model::{
    Activity, CallGraph, CaptureEnd, CaptureHeader, Chunk, EndReason, Event, EventKind, Frame,
    FrameSymbols, Module, ModuleKind, NONE, PageFaults, ProcessEntry, Readings, SAMPLE_TRUNCATED,
    Samples, Series, SeriesKind, StackNodes, Subject, Symbol, Thread, WaitClass, Waits,
};

pub(super) fn header() -> Chunk {
    Chunk::Header(CaptureHeader {
        product_version: "0.1.0".to_owned(),
        started_at: "2025-11-22T18:00:00.123456789Z"
            .parse()
            .expect("it is a time"),
        pid: 4242,
        name: "ledgerd".to_owned(),
        command_line: "ledgerd --token •••".to_owned(),
        executable: "/usr/bin/ledgerd".to_owned(),
        runtime: Runtime::Rust,
        launched: true,
        frequency_hz: 999,
        sampler: Sampler::PerfCpuClock,
        kernel_frames: false,
        stack_dump_bytes: 32_768,
        machine: MachineKey {
            cpu_model: "A CPU".to_owned(),
            cores: 2,
            kernel: "6.18".to_owned(),
            governor: None,
        },
        commit: Some("abcdef".to_owned()),
        subject: Subject::Processes,
        follows_children: true,
        call_graph: CallGraph::Dwarf,
        wait_source: None,
        page_faults: false,
        by_helper: false,
    })
}

pub(super) fn module() -> Chunk {
    Chunk::Modules(vec![Module {
        kind: ModuleKind::File,
        path: "/usr/bin/ledgerd".to_owned(),
        build_id: vec![1, 2, 3],
        deleted: false,
    }])
}

pub(super) fn samples(time_ns: u64, stack: u32) -> Samples {
    Samples {
        time_ns: vec![time_ns, time_ns + 1],
        thread: vec![0, 0],
        stack: vec![stack, NONE],
        flags: vec![0, SAMPLE_TRUNCATED],
    }
}

/// Two waits: one on a lock, one that nobody is known to have ended.
pub(super) fn waits() -> Waits {
    Waits {
        start_ns: vec![10, 20],
        duration_ns: vec![5, 9],
        run_queue_ns: vec![1, 0],
        count: vec![1, 3],
        thread: vec![0, 0],
        stack: vec![1, NONE],
        class: vec![WaitClass::Lock as u8, 0],
        waker: vec![0, NONE],
    }
}

/// A small capture with a chunk of every kind.
pub(super) fn capture() -> Vec<Chunk> {
    vec![
        header(),
        module(),
        Chunk::Frames(vec![
            Frame {
                module: 0,
                address: 0x1000,
            },
            Frame {
                module: NONE,
                address: 7,
            },
        ]),
        Chunk::Stacks(StackNodes {
            parent: vec![NONE, 0],
            frame: vec![0, 1],
        }),
        Chunk::Threads(vec![Thread {
            pid: 4242,
            tid: 4242,
            name: "main".to_owned(),
        }]),
        Chunk::Samples(samples(1_000, 1)),
        Chunk::Waits(waits()),
        Chunk::PageFaults(PageFaults {
            time_ns: vec![9],
            thread: vec![0],
            stack: vec![NONE],
            weight: vec![16],
        }),
        Chunk::Series(vec![Series {
            kind: SeriesKind::CgroupMemoryBytes,
            pid: 0,
            tid: 0,
            subject: "/a".to_owned(),
        }]),
        Chunk::Readings(Readings {
            time_ns: vec![1, 2],
            series: vec![0, 0],
            value: vec![5, 6],
        }),
        Chunk::Processes(vec![ProcessEntry {
            pid: 4242,
            parent_pid: 1,
            name: "ledgerd".to_owned(),
            command_line: "ledgerd --token •••".to_owned(),
        }]),
        Chunk::Events(vec![Event {
            time_ns: 3,
            kind: EventKind::OomKill,
            pid: 4242,
            text: String::new(),
        }]),
        Chunk::Residency(vec![ResidencySample {
            time_ns: 5,
            rss_bytes: 1 << 20,
            pss_bytes: Some(1 << 19),
            anonymous_bytes: None,
        }]),
        Chunk::Activity(vec![Activity {
            time_ns: 6,
            user_ns: 10,
            kernel_ns: 2,
            threads: 3,
            descriptors: Some(9),
        }]),
        Chunk::Quality(Quality {
            samples: 2,
            truncated: 1,
            ..Quality::default()
        }),
        Chunk::End(CaptureEnd {
            duration_ns: 1_000_000,
            reason: EndReason::TargetEnded { status: Some(0) },
        }),
        Chunk::Symbols(vec![FrameSymbols {
            frame: 1,
            symbols: vec![Symbol {
                name: "ledgerd::post".to_owned(),
                file: "src/post.rs".to_owned(),
                line: 12,
                inlined: false,
            }],
        }]),
    ]
}

prop_compose! {
    fn any_frames(modules: u32)(
        frames in prop::collection::vec((0..=modules, any::<u64>()), 1..40)
    ) -> Vec<Frame> {
        frames
            .into_iter()
            .map(|(module, address)| {
                Frame { module: if module == modules { NONE } else { module }, address }
            })
            .collect()
    }
}

/// Node `i` has a parent below `i` or none, and any frame.
fn any_stacks(frames: u32) -> impl Strategy<Value = StackNodes> {
    prop::collection::vec((any::<u32>(), 0..frames), 1..60).prop_map(|nodes| StackNodes {
        parent: nodes
            .iter()
            .zip(0_u32..)
            .map(|(&(pick, _), own)| match pick % (own + 1) {
                parent if parent == own => NONE,
                parent => parent,
            })
            .collect(),
        frame: nodes.iter().map(|&(_, frame)| frame).collect(),
    })
}

fn any_samples(nodes: u32) -> impl Strategy<Value = Samples> {
    let stack = prop_oneof![Just(NONE), 0..nodes];
    prop::collection::vec((0_u64..1 << 60, stack, any::<u8>()), 0..200).prop_map(|rows| Samples {
        time_ns: rows.iter().map(|row| row.0).collect(),
        thread: vec![0; rows.len()],
        stack: rows.iter().map(|row| row.1).collect(),
        flags: rows.iter().map(|row| row.2).collect(),
    })
}

/// Any sound capture: tables and samples in two instalments, names at the end.
pub(super) fn any_capture() -> impl Strategy<Value = Vec<Chunk>> {
    (1_u32..5, ".{0,20}").prop_flat_map(|(modules, name)| {
        any_frames(modules).prop_flat_map(move |frames| {
            let name = name.clone();
            any_stacks(frames.len() as u32).prop_flat_map(move |stacks| {
                let (frames, name, nodes) = (frames.clone(), name.clone(), stacks.parent.len());
                (
                    any_samples(nodes as u32),
                    any_samples(nodes as u32),
                    any::<bool>(),
                )
                    .prop_map(move |(first, second, ended)| {
                        assemble(modules, &name, &frames, &stacks, first, second, ended)
                    })
            })
        })
    })
}

fn assemble(
    modules: u32,
    name: &str,
    frames: &[Frame],
    stacks: &StackNodes,
    first: Samples,
    second: Samples,
    ended: bool,
) -> Vec<Chunk> {
    let module = Module {
        kind: ModuleKind::Jit,
        path: name.to_owned(),
        build_id: Vec::new(),
        deleted: true,
    };
    let symbol = Symbol {
        name: name.to_owned(),
        file: String::new(),
        line: u32::MAX,
        inlined: true,
    };
    let mut chunks = vec![
        header(),
        Chunk::Modules(vec![module; modules as usize]),
        Chunk::Frames(frames.to_vec()),
        Chunk::Threads(vec![Thread {
            pid: 1,
            tid: 2,
            name: name.to_owned(),
        }]),
        Chunk::Stacks(stacks.clone()),
        Chunk::Samples(first),
        Chunk::Samples(second),
    ];
    if ended {
        chunks.push(Chunk::End(CaptureEnd {
            duration_ns: 9,
            reason: EndReason::Stopped,
        }));
        chunks.push(Chunk::Symbols(vec![FrameSymbols {
            frame: 0,
            symbols: vec![symbol; 3],
        }]));
    }
    chunks
}
