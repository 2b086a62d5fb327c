//! From chunks to pixels: one million samples with 100,000 distinct stacks.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use scrutineer_profiler::{
    capture::model::{
        Chunk, Frame, FrameSymbols, Module, ModuleKind, NONE, Samples, StackNodes, Symbol, Thread,
    },
    profile::{
        CallTree, CallTreeOptions, FlameLayout, FlameOrder, Profile, ProfileBuilder, Selection,
        top_functions,
    },
};

mod support;

const SAMPLES: usize = 1_000_000;
const STACKS: u64 = 100_000;
const FRAMES: u64 = 20_000;
const DEPTH: u64 = 30;

/// A fixed sequence that looks random (`SplitMix64`).
fn mixed(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Stacks of about 30 frames; each leaves an earlier one near its inner end, as real ones do.
fn stacks() -> (StackNodes, Vec<u32>) {
    let mut nodes = StackNodes::default();
    let mut leaves = vec![];
    let mut depths = vec![];
    for stack in 0..STACKS {
        let earlier = mixed(stack) % stack.max(1);
        let (mut node, mut depth) = match stack {
            0 => (NONE, 0),
            _ => (leaves[earlier as usize], depths[earlier as usize]),
        };
        for _ in 0..(mixed(stack * 3) % 8).min(depth) {
            node = nodes.parent[node as usize];
            depth -= 1;
        }
        let grow = if depth < DEPTH {
            1 + mixed(stack * 5) % 8
        } else {
            1
        };
        for step in 0..grow {
            node = push(&mut nodes, node, mixed(stack * DEPTH + step));
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

fn chunks() -> Vec<Chunk> {
    let (nodes, leaves) = stacks();
    let samples = Samples {
        time_ns: (0..SAMPLES as u64).map(|n| n * 1_000_000).collect(),
        thread: (0..SAMPLES as u64)
            .map(|n| (mixed(n) % 64) as u32)
            .collect(),
        stack: (0..SAMPLES as u64)
            .map(|n| leaves[(mixed(n + 1) % STACKS) as usize])
            .collect(),
        flags: vec![0; SAMPLES],
    };
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
    let module = Module {
        kind: ModuleKind::File,
        path: "/opt/bench".into(),
        build_id: Vec::new(),
        deleted: false,
    };
    vec![
        Chunk::Header(support::header()),
        Chunk::Modules(vec![module]),
        Chunk::Frames(
            (0..FRAMES)
                .map(|address| Frame { module: 0, address })
                .collect(),
        ),
        Chunk::Stacks(nodes),
        Chunk::Threads(
            (0..64)
                .map(|tid| Thread {
                    pid: 1,
                    tid,
                    name: format!("worker-{}", tid % 8),
                })
                .collect(),
        ),
        Chunk::Samples(samples),
        Chunk::Symbols(symbols.collect()),
    ]
}

fn build(chunks: Vec<Chunk>) -> Profile {
    let mut builder = ProfileBuilder::default();
    for chunk in chunks {
        builder.push(chunk);
    }
    builder.finish().expect("the chunks begin with a header")
}

fn profile(criterion: &mut Criterion) {
    let chunks = chunks();
    let profile = build(chunks.clone());
    let all = Selection::default();
    let options = CallTreeOptions::default();
    let inverted = CallTreeOptions {
        inverted: true,
        ..options
    };
    let merged = CallTreeOptions {
        merge_threads: true,
        ..options
    };
    let tree = CallTree::build(&profile, &all, options);
    eprintln!(
        "{} stack nodes, {} tree nodes ({} with merged threads)",
        profile.stacks.frame.len(),
        tree.len(),
        CallTree::build(&profile, &all, merged).len(),
    );
    let mut group = criterion.benchmark_group("profile");
    group.sample_size(10);
    group.bench_function("build", |b| {
        b.iter_batched(|| chunks.clone(), build, BatchSize::PerIteration);
    });
    group.bench_function("call tree", |b| {
        b.iter(|| CallTree::build(&profile, &all, options));
    });
    group.bench_function("call tree, threads merged", |b| {
        b.iter(|| CallTree::build(&profile, &all, merged));
    });
    group.bench_function("call tree, inverted", |b| {
        b.iter(|| CallTree::build(&profile, &all, inverted));
    });
    group.bench_function("layout", |b| {
        b.iter(|| FlameLayout::build(black_box(&tree), FlameOrder::Alphabetical));
    });
    group.bench_function("layout, left-heavy", |b| {
        b.iter(|| FlameLayout::build(black_box(&tree), FlameOrder::LeftHeavy));
    });
    group.bench_function("top functions", |b| {
        b.iter(|| top_functions(&profile, &all, false));
    });
    group.finish();
}

criterion_group!(benches, profile);
criterion_main!(benches);
