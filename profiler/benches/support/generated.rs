//! A capture that looks like a real one, of any size, by a seed.

use scrutineer_profiler::capture::model::{
    CaptureEnd, Chunk, EndReason, Frame, FrameSymbols, Module, ModuleKind, NONE, Samples,
    StackNodes, Symbol, Thread,
};

const FRAMES: u64 = 20_000;
const DEPTH: u64 = 30;
/// Rows of a chunk at most, so that no chunk outgrows what a capture file admits.
const ROWS: usize = 100_000;

/// How large a capture is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Samples, a millisecond apart.
    pub(crate) samples: usize,
    /// Distinct stacks.
    pub(crate) stacks: u64,
    /// Threads, in groups of eight names.
    pub(crate) threads: u32,
    /// Another seed gives other stacks.
    pub(crate) seed: u64,
}

/// A fixed sequence that looks random (`SplitMix64`).
fn mixed(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Stacks of about 30 frames; each leaves an earlier one near its inner end, as real ones do.
fn stacks(size: Size) -> (StackNodes, Vec<u32>) {
    let mut nodes = StackNodes::default();
    let mut leaves = vec![];
    let mut depths = vec![];
    for stack in 0..size.stacks {
        let earlier = mixed(size.seed ^ stack) % stack.max(1);
        let (mut node, mut depth) = match stack {
            0 => (NONE, 0),
            _ => (leaves[earlier as usize], depths[earlier as usize]),
        };
        for _ in 0..(mixed(size.seed ^ (stack * 3)) % 8).min(depth) {
            node = nodes.parent[node as usize];
            depth -= 1;
        }
        let grow = if depth < DEPTH {
            1 + mixed(size.seed ^ (stack * 5)) % 8
        } else {
            1
        };
        for step in 0..grow {
            node = push(&mut nodes, node, mixed(size.seed ^ (stack * DEPTH + step)));
        }
        leaves.push(node);
        depths.push(depth + grow);
    }
    (nodes, leaves)
}

fn push(nodes: &mut StackNodes, parent: u32, frame: u64) -> u32 {
    nodes.parent.push(parent);
    nodes.frame.push((frame % FRAMES) as u32);
    nodes.frame.len() as u32 - 1
}

/// The chunks of a capture of this size, in the order in which a file holds them.
pub(crate) fn chunks(size: Size) -> Vec<Chunk> {
    let (nodes, leaves) = stacks(size);
    let mut chunks = vec![
        Chunk::Header(crate::support::header()),
        Chunk::Modules(vec![module()]),
    ];
    chunks.push(Chunk::Frames(
        (0..FRAMES)
            .map(|address| Frame { module: 0, address })
            .collect(),
    ));
    let rows = nodes.parent.chunks(ROWS).zip(nodes.frame.chunks(ROWS));
    chunks.extend(rows.map(|(parent, frame)| {
        Chunk::Stacks(StackNodes {
            parent: parent.to_vec(),
            frame: frame.to_vec(),
        })
    }));
    chunks.push(Chunk::Threads(threads(size)));
    chunks.extend(
        (0..size.samples)
            .step_by(ROWS)
            .map(|first| samples(size, first, &leaves)),
    );
    chunks.push(Chunk::End(CaptureEnd {
        duration_ns: size.samples as u64 * 1_000_000,
        reason: EndReason::Stopped,
    }));
    chunks.push(Chunk::Symbols(symbols()));
    chunks
}

fn module() -> Module {
    Module {
        kind: ModuleKind::File,
        path: "/opt/bench".into(),
        build_id: Vec::new(),
        deleted: false,
    }
}

fn threads(size: Size) -> Vec<Thread> {
    (0..size.threads)
        .map(|tid| Thread {
            pid: 1,
            tid,
            name: format!("worker-{}", tid % 8),
        })
        .collect()
}

fn samples(size: Size, first: usize, leaves: &[u32]) -> Chunk {
    let rows = first as u64..(first + ROWS).min(size.samples) as u64;
    let thread = |n| (mixed(n) % u64::from(size.threads)) as u32;
    let stack = |n| leaves[(mixed(n + 1) % size.stacks) as usize];
    Chunk::Samples(Samples {
        time_ns: rows.clone().map(|n| n * 1_000_000).collect(),
        thread: rows.clone().map(thread).collect(),
        stack: rows.clone().map(stack).collect(),
        flags: rows.map(|_| 0).collect(),
    })
}

fn symbols() -> Vec<FrameSymbols> {
    let name = |frame: u64, of: &str| format!("bench::module_{}::{of}_{frame}", frame % 37);
    let symbol = |name: String, inlined| Symbol {
        name,
        file: "src/lib.rs".into(),
        line: 1,
        inlined,
    };
    let symbols = (0..FRAMES).map(|frame| {
        let mut symbols = vec![symbol(name(frame, "function"), false)];
        if frame % 3 == 0 {
            symbols.insert(0, symbol(name(frame % 500, "inlined"), true));
        }
        FrameSymbols {
            frame: frame as u32,
            symbols,
        }
    });
    symbols.collect()
}
