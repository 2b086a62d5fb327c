//! The recorder's hot paths: unwinding a copied stack, interning it, writing and reading the file.

use std::{
    hint::black_box,
    io::Read,
    os::unix::fs::FileExt,
    process::{Child, Command, Stdio},
};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use scrutineer_profiler::capture::{
    file::{self, CaptureWriter},
    model::{Chunk, Frame, NONE, Samples, StackNodes, Thread},
    tables::{Sample, Tables},
    unwind::{Registers, Unwinder},
};

mod support;

const STACK_BYTES: usize = 32 << 10;
/// Samples of half a second at 9,999 Hz: what is written at each flush.
const SAMPLES: usize = 5_000;

/// A program that sleeps with a stack of some depth, and a copy of that stack.
struct Sleeper {
    child: Child,
    registers: Registers,
    stack: Vec<u8>,
}

impl Sleeper {
    /// `None` where there is no Python or its memory may not be read.
    fn start() -> Option<Self> {
        let program = "def f(n):\n  return f(n - 1) if n else sorted([1, 2], key=g)\n\
                       def g(_):\n  print(flush=True)\n  __import__('time').sleep(600)\nf(20)";
        let mut child = Command::new("python3")
            .args(["-c", program])
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        child.stdout.take()?.read_exact(&mut [0]).ok()?;
        std::thread::sleep(std::time::Duration::from_millis(100));
        let pid = child.id();
        let line = std::fs::read_to_string(format!("/proc/{pid}/syscall")).ok()?;
        let words: Vec<u64> = line
            .split_ascii_whitespace()
            .filter_map(|word| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok())
            .collect();
        let (&ip, &sp) = (words.last()?, words.get(words.len().checked_sub(2)?)?);
        let mut registers = Registers::default();
        registers.0[Registers::RIP] = ip;
        registers.0[Registers::RSP] = sp;
        let mut stack = vec![0; STACK_BYTES];
        let memory = std::fs::File::open(format!("/proc/{pid}/mem")).ok()?;
        let length = memory.read_at(&mut stack, sp).ok()?;
        stack.truncate(length);
        Some(Self {
            child,
            registers,
            stack,
        })
    }

    fn read(&self, address: u64) -> Result<u64, ()> {
        let offset = address.checked_sub(self.registers.sp()).ok_or(())? as usize;
        let word = self.stack.get(offset..offset + 8).ok_or(())?;
        Ok(u64::from_le_bytes(word.try_into().map_err(|_| ())?))
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn unwinding(criterion: &mut Criterion) {
    let Some(sleeper) = Sleeper::start() else {
        eprintln!("SKIPPED unwinding: no python3 whose stack may be read");
        return;
    };
    let pid = sleeper.child.id();
    let mut tables = Tables::new(0);
    let mut unwinder = Unwinder::new(pid);
    unwinder
        .load_process(pid, &mut tables)
        .expect("a child's mappings may be read");
    let mut frames = Vec::new();
    let mut group = criterion.benchmark_group("sample");
    group.bench_function("unwind and intern, CPython 20 deep", |bencher| {
        bencher.iter(|| {
            frames.clear();
            let end = unwinder.unwind(
                pid,
                u64::MAX,
                &sleeper.registers,
                |address| sleeper.read(address),
                &mut tables,
                &mut frames,
            );
            black_box((end, tables.stack(&frames)))
        });
    });
    assert!(frames.len() > 20, "{} frames", frames.len());
    group.bench_function("keep and drain", |bencher| {
        let stack = tables.stack(&frames);
        bencher.iter(|| {
            for number in 0..SAMPLES as u64 {
                tables.sample(Sample {
                    at_ns: number * 100_000,
                    pid,
                    tid: pid,
                    stack,
                    truncated: false,
                });
            }
            black_box(tables.drain_chunks())
        });
    });
    group.finish();
}

/// Tables of 10,000 stack nodes, and half a second of samples over them.
fn chunks() -> Vec<Chunk> {
    let nodes = 10_000_u32;
    let sequence = |n: usize| (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
    vec![
        Chunk::Header(support::header()),
        Chunk::Frames(
            (0..nodes)
                .map(|frame| Frame {
                    module: NONE,
                    address: u64::from(frame) * 16,
                })
                .collect(),
        ),
        Chunk::Stacks(StackNodes {
            parent: (0..nodes)
                .map(|node| if node % 30 == 0 { NONE } else { node - 1 })
                .collect(),
            frame: (0..nodes).collect(),
        }),
        Chunk::Threads(vec![
            Thread {
                pid: 1,
                tid: 1,
                name: "bench".into(),
            };
            8
        ]),
        Chunk::Samples(Samples {
            time_ns: (0..SAMPLES as u64).map(|n| n * 100_000).collect(),
            thread: (0..SAMPLES).map(|n| (sequence(n) % 8) as u32).collect(),
            stack: (0..SAMPLES)
                .map(|n| (sequence(n) % u64::from(nodes)) as u32)
                .collect(),
            flags: vec![0; SAMPLES],
        }),
    ]
}

fn file_work(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let chunks = chunks();
    let mut group = criterion.benchmark_group("file");
    group.throughput(Throughput::Elements(SAMPLES as u64));
    let mut number = 0;
    group.bench_function("write", |bencher| {
        bencher.iter_batched(
            || {
                number += 1;
                folder.path().join(format!("{number}.scrutineer"))
            },
            |path| {
                let mut writer = CaptureWriter::create(&path).expect("a new file");
                for chunk in &chunks {
                    writer.write(chunk).expect("there is room");
                }
                writer.flush().expect("there is room");
                std::fs::remove_file(path).expect("it was made");
            },
            BatchSize::PerIteration,
        );
    });
    let path = folder.path().join("read.scrutineer");
    let mut writer = CaptureWriter::create(&path).expect("a new file");
    for chunk in &chunks {
        writer.write(chunk).expect("there is room");
    }
    writer.flush().expect("there is room");
    group.bench_function("read", |bencher| {
        bencher.iter(|| black_box(file::read(&path).expect("it is whole")));
    });
    group.finish();
}

criterion_group!(benches, unwinding, file_work);
criterion_main!(benches);
