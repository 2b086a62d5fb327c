//! Captures, processes and a review as an application would send them, for tests.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use scrutineer_checklists::{
    document::{DOCUMENT_SCHEMA_VERSION, LedgerItem, LedgerSection, ReviewDocument},
    review::{Binding, Choice, Decision, Standing},
    verdict::{Confidence, EvidenceLine, Outcome, Verdict},
};
use scrutineer_evidence::{
    Kind,
    capture::{Quality, Sampler},
    process::{ProcessFacts, Runtime},
    residency::ResidencySample,
    system::MachineKey,
};
use scrutineer_profiler::{
    capture::{
        ability::{Ability, Readiness},
        model::{
            Activity, CaptureEnd, CaptureHeader, Chunk, EndReason, Frame, FrameSymbols, Module,
            ModuleKind, NONE, Samples, StackNodes, Symbol, Thread,
        },
    },
    profile::{
        CallTree, CallTreeOptions, FlameLayout, FlameOrder, Profile, ProfileBuilder, Selection,
    },
};

use crate::event::{LoadedProfile, ProcessRow, RecentCapture};

/// When everything of the fixtures happened.
pub(crate) fn now() -> jiff::Timestamp {
    "2026-03-09T14:10:00Z".parse().expect("a well-formed time")
}

/// Stacks by thread: root first, with samples.
const STACKS: &[(&str, &str, u64)] = &[
    (
        "ledger-flush",
        "start>ledgerd::flusher::run>ledgerd::flusher::append>lz4::compress",
        220,
    ),
    (
        "ledger-flush",
        "start>ledgerd::flusher::run>ledgerd::flusher::append>k:do_syscall_64>k:vfs_write>k:ext4_file_write_iter",
        90,
    ),
    (
        "ledger-flush",
        "start>ledgerd::flusher::run>ledgerd::flusher::append",
        60,
    ),
    (
        "ledger-flush",
        "start>ledgerd::flusher::run>std::thread::park>k:futex_wait",
        40,
    ),
    (
        "tokio-rt-worker",
        "@park>k:do_epoll_wait>k:ep_poll>k:schedule>k:__schedule",
        150,
    ),
    (
        "tokio-rt-worker",
        "@serve>ledgerd::http::routes::get_statement>ledgerd::render::render>ledgerd::render::collect_rows>alloc::vec::Vec::from_iter",
        200,
    ),
    (
        "tokio-rt-worker",
        "@serve>ledgerd::http::routes::get_statement>ledgerd::render::render>ledgerd::render::collect_rows",
        30,
    ),
    (
        "tokio-rt-worker",
        "@serve>ledgerd::http::routes::get_statement>ledgerd::render::render>ledgerd::template::eval>core::fmt::write",
        180,
    ),
    (
        "tokio-rt-worker",
        "@serve>ledgerd::http::routes::get_statement>ledgerd::render::render>ledgerd::template::eval",
        60,
    ),
    (
        "tokio-rt-worker",
        "@serve>ledgerd::http::routes::get_statement>serde_json::to_vec",
        130,
    ),
    (
        "tokio-rt-worker",
        "@serve>ledgerd::http::routes::post_transfer>serde_json::from_slice>serde_json::de::from_str>i:ledgerd::Transfer::deserialize",
        170,
    ),
    (
        "tokio-rt-worker",
        "@serve>ledgerd::http::routes::post_transfer>serde_json::from_slice>serde_json::de::from_str",
        40,
    ),
    (
        "tokio-rt-worker",
        "@serve>ledgerd::http::routes::post_transfer>axum::extract::Json::from_request",
        70,
    ),
    (
        "tokio-rt-worker",
        "@batch>ledgerd::idempotency::Store::insert>hashbrown::raw::RawTable::reserve_rehash>k:asm_exc_page_fault>k:clear_page_erms",
        120,
    ),
    (
        "tokio-rt-worker",
        "@batch>ledgerd::idempotency::Store::insert>hashbrown::raw::RawTable::reserve_rehash",
        70,
    ),
    (
        "tokio-rt-worker",
        "@batch>ledgerd::idempotency::Store::insert>alloc::alloc::alloc>_rjem_malloc",
        60,
    ),
    (
        "tokio-rt-worker",
        "@batch>ledgerd::journal::Entry::encode>bincode::enc::write_varint",
        150,
    ),
    (
        "tokio-rt-worker",
        "@batch>ledgerd::journal::Entry::encode>alloc::string::String::to_writer>i:ledgerd::journal::Entry::fmt",
        210,
    ),
    (
        "tokio-rt-worker",
        "@batch>ledgerd::journal::Entry::encode>lz4::compress",
        190,
    ),
    (
        "tokio-rt-worker",
        "@batch>ledgerd::journal::Entry::encode",
        110,
    ),
    (
        "tokio-rt-worker",
        "@batch>ledgerd::posting::validate>ledgerd::posting::check_limits>alloc::vec::Vec::insert>core::slice::memmove",
        160,
    ),
    (
        "tokio-rt-worker",
        "@batch>ledgerd::posting::validate>ledgerd::posting::check_limits",
        180,
    ),
    (
        "tokio-rt-worker",
        "@batch>ledgerd::posting::validate>hashbrown::raw::RawTable::reserve_rehash",
        90,
    ),
    ("tokio-rt-worker", "@batch>ledgerd::posting::validate", 60),
    (
        "tokio-rt-worker",
        "@batch>sqlx::query::Query::execute_many>sqlx::executor::run>sqlx::postgres::flush>k:__send>k:entry_SYSCALL_64>k:do_syscall_64>k:__x64_sys_sendto>k:tcp_sendmsg>k:tcp_sendmsg_locked",
        240,
    ),
    (
        "tokio-rt-worker",
        "@batch>sqlx::query::Query::execute_many>sqlx::executor::run>sqlx::arguments::add",
        150,
    ),
    (
        "tokio-rt-worker",
        "@batch>sqlx::query::Query::execute_many>sqlx::executor::run",
        120,
    ),
    ("tokio-rt-worker", "@batch", 85),
    (
        "tokio-rt-worker",
        "@serve>hyper::proto::h1::encode::flush>k:do_syscall_64>k:__x64_sys_writev>k:tcp_sendmsg",
        160,
    ),
    (
        "jemalloc_bg_thd",
        "start>_rjem_background_thread>k:futex_wait",
        30,
    ),
];

const SERVE: &str = "std::sys::thread::start>tokio::runtime::scheduler::multi_thread::worker::run>tokio::runtime::context::Context::run_task>tokio::runtime::task::raw::poll>hyper::proto::h1::dispatch::poll_loop>axum::routing::Router::call_with_state>tower_http::trace::ResponseFuture::poll";
const PARK: &str = "std::sys::thread::start>tokio::runtime::scheduler::multi_thread::worker::run>tokio::runtime::park::park>tokio::io::driver::poll";

/// The name as it stands in [`STACKS`], with its module: `k:` the kernel, `i:` inlined.
fn module_of(name: &str) -> u32 {
    match name {
        _ if name.starts_with("k:") => 1,
        "start" => 2,
        _ => 0,
    }
}

/// Gathers frames, stacks and samples as a recorder would.
#[derive(Default)]
struct Recorder {
    frames: Vec<Frame>,
    symbols: Vec<FrameSymbols>,
    stacks: StackNodes,
    by_name: BTreeMap<String, u32>,
    by_parent: BTreeMap<(u32, u32), u32>,
}

impl Recorder {
    fn frame(&mut self, name: &str) -> u32 {
        if let Some(known) = self.by_name.get(name) {
            return *known;
        }
        let id = self.frames.len() as u32;
        self.frames.push(Frame {
            module: module_of(name),
            address: 0x1000 + u64::from(id) * 16,
        });
        let (plain, inlined) = (name.trim_start_matches("k:"), name.starts_with("i:"));
        let plain = plain.trim_start_matches("i:");
        let own = plain.contains("ledgerd");
        let kernel = name.starts_with("k:") || plain == "start";
        let symbol = |name: &str, inlined| Symbol {
            name: name.to_owned(),
            file: match () {
                () if own => format!("src/{}.rs", file_of(name)),
                () if kernel => String::new(),
                () => format!(
                    "/home/dev/.cargo/registry/src/index/{}/src/lib.rs",
                    crate_of(name)
                ),
            },
            line: if own { 211 } else { 0 },
            inlined,
        };
        let mut symbols = vec![symbol(plain, inlined)];
        if inlined {
            symbols.push(symbol("ledgerd::codec::visit", false));
        }
        self.symbols.push(FrameSymbols { frame: id, symbols });
        self.by_name.insert(name.to_owned(), id);
        id
    }

    fn stack(&mut self, path: &str) -> u32 {
        let batch = format!(
            "{SERVE}>ledgerd::http::routes::post_transfer>ledgerd::posting::Engine::apply_batch"
        );
        let path = path
            .replace("@serve", SERVE)
            .replace("@park", PARK)
            .replace("@batch", &batch);
        path.split('>')
            .filter(|name| !name.is_empty())
            .fold(NONE, |parent, name| {
                let frame = self.frame(name);
                let next = self.stacks.frame.len() as u32;
                let node = *self.by_parent.entry((parent, frame)).or_insert(next);
                if node == next {
                    self.stacks.parent.push(parent);
                    self.stacks.frame.push(frame);
                }
                node
            })
    }
}

fn crate_of(name: &str) -> &str {
    name.split("::").next().unwrap_or(name)
}

fn file_of(name: &str) -> &str {
    name.split("::")
        .find(|part| !part.contains("ledgerd") && !part.contains('<'))
        .unwrap_or("main")
}

/// A header of the fixtures' service.
pub(crate) fn header() -> CaptureHeader {
    CaptureHeader {
        product_version: "0.1.0".into(),
        started_at: "2026-03-09T14:06:00Z".parse().expect("a well-formed time"),
        pid: 41_823,
        name: "ledgerd".into(),
        command_line: "ledgerd --config dev.ron".into(),
        executable: "/srv/ledger/ledgerd".into(),
        runtime: Runtime::Rust,
        launched: false,
        frequency_hz: 999,
        sampler: Sampler::PerfCpuClock,
        kernel_frames: true,
        stack_dump_bytes: 32_768,
        machine: MachineKey {
            cpu_model: "Ryzen 9 7950X".into(),
            cores: 16,
            kernel: "6.8.0".into(),
            governor: Some("performance".into()),
        },
        commit: Some("8f3c1ad0000".into()),
    }
}

/// A profile of the first `share` (0..1) of the recording.
pub(crate) fn profile(share: f64) -> Profile {
    let mut recorder = Recorder::default();
    let mut samples = Samples::default();
    let mut threads: Vec<Thread> = Vec::new();
    let seconds = 60.0 * share;
    for (thread, path, weight) in STACKS {
        let name = (*thread).to_owned();
        let count: u32 = if *thread == "tokio-rt-worker" { 8 } else { 1 };
        let first = threads
            .iter()
            .position(|known| known.name == name)
            .unwrap_or_else(|| {
                let first = threads.len();
                let tids = 0..count;
                threads.extend(tids.map(|tid| Thread {
                    pid: 41_823,
                    tid: 41_823 + first as u32 + tid,
                    name: name.clone(),
                }));
                first
            });
        let stack = recorder.stack(path);
        let weight = (*weight as f64 * share) as u64;
        for sample in 0..weight {
            let at = (sample as f64 + 0.5) / weight as f64 * seconds * 1e9;
            samples.time_ns.push(at as u64);
            samples
                .thread
                .push(first as u32 + (sample % u64::from(count)) as u32);
            samples.stack.push(stack);
            samples.flags.push(0);
        }
    }
    let quality = Quality {
        samples: samples.time_ns.len() as u64,
        truncated: 30,
        unresolved: 120,
        profiler_cpu_ns: 540_000_000,
        ..Quality::default()
    };
    let duration_ns = (seconds * 1e9) as u64;
    let mut builder = ProfileBuilder::default();
    for chunk in [
        Chunk::Header(header()),
        Chunk::Modules(modules()),
        Chunk::Frames(recorder.frames),
        Chunk::Stacks(recorder.stacks),
        Chunk::Threads(threads),
        Chunk::Samples(samples),
        Chunk::Residency(residency(seconds)),
        Chunk::Activity(activity(seconds)),
        Chunk::Quality(quality),
        Chunk::Symbols(recorder.symbols),
        Chunk::End(CaptureEnd {
            duration_ns,
            reason: EndReason::Duration,
        }),
    ] {
        builder.push(chunk);
    }
    builder.finish().expect("a header was pushed")
}

fn modules() -> Vec<Module> {
    let module = |kind, path: &str| Module {
        kind,
        path: path.into(),
        build_id: vec![1],
        deleted: false,
    };
    vec![
        module(ModuleKind::File, "/srv/ledger/ledgerd"),
        module(ModuleKind::Kernel, "[kernel]"),
        module(ModuleKind::File, "/usr/lib/x86_64-linux-gnu/libc.so.6"),
    ]
}

fn wave(step: f64) -> f64 {
    (step * 0.7).sin() + 0.6 * (step * 0.23).cos() + 0.3 * (step * 2.9).sin()
}

fn residency(seconds: f64) -> Vec<ResidencySample> {
    let readings = (seconds * 10.0) as u32;
    let reading = |step: u32| {
        let time = f64::from(step) / 10.0;
        let mebibytes = 420.0 + time * 2.6 + 3.0 * wave(time) - 380.0 * (-time / 2.0).exp();
        let bytes = (mebibytes * 1_048_576.0) as u64;
        let seldom = step.is_multiple_of(10);
        ResidencySample {
            time_ns: (time * 1e9) as u64,
            rss_bytes: bytes,
            pss_bytes: seldom.then_some(bytes / 100 * 95),
            anonymous_bytes: seldom.then_some(bytes / 100 * 71),
        }
    };
    (0..readings).map(reading).collect()
}

fn activity(seconds: f64) -> Vec<Activity> {
    let mut used_ns = 0_u64;
    let reading = |step: u32| {
        let time = f64::from(step) / 10.0;
        used_ns += (1e8 * (3.1 + 0.8 * wave(time * 3.0)).max(0.0)) as u64;
        Activity {
            time_ns: (time * 1e9) as u64,
            user_ns: used_ns,
            kernel_ns: used_ns / 6,
            threads: 14,
            descriptors: Some(87),
        }
    };
    (0..(seconds * 10.0) as u32).map(reading).collect()
}

/// A profile with its views, as the application sends it.
pub(crate) fn loaded_part(share: f64) -> LoadedProfile {
    let profile = Arc::new(profile(share));
    let tree = CallTree::build(&profile, &Selection::default(), CallTreeOptions::default());
    LoadedProfile {
        path: PathBuf::from("/srv/ledger/.scrutineer/captures/ledgerd.scrutineer"),
        layout: Arc::new(FlameLayout::build(&tree, FlameOrder::Alphabetical)),
        left_heavy: Arc::new(FlameLayout::build(&tree, FlameOrder::LeftHeavy)),
        tree: Arc::new(tree),
        profile,
        damage: None,
    }
}

/// The whole recording.
pub(crate) fn loaded() -> LoadedProfile {
    loaded_part(1.0)
}

/// Processes of a developer's machine.
pub(crate) fn processes() -> Vec<ProcessRow> {
    let row = |pid,
               parent: u32,
               command: &str,
               user: &str,
               cpu_cores,
               mebibytes: u64,
               threads,
               runtime| {
        ProcessRow {
            pid,
            parent: Some(parent),
            name: command.split(' ').next().unwrap_or_default().to_owned(),
            command_line: command.to_owned(),
            user: user.to_owned(),
            attachable: user == "dev",
            cpu_cores,
            rss_bytes: mebibytes << 20,
            threads,
            runtime,
        }
    };
    vec![
        row(2187, 1, "systemd --user", "dev", 0.00, 14, 1, None),
        row(
            2231,
            2187,
            "pipewire",
            "dev",
            0.06,
            38,
            3,
            Some(Runtime::Native),
        ),
        row(3310, 2187, "tmux: server", "dev", 0.00, 9, 1, None),
        row(
            3844,
            1,
            "firefox",
            "dev",
            0.18,
            1472,
            96,
            Some(Runtime::Native),
        ),
        row(
            36_021,
            1,
            "containerd-shim 5d1c",
            "root",
            0.00,
            12,
            10,
            None,
        ),
        row(
            36_077,
            36_021,
            "postgres: ledger writer",
            "70",
            0.64,
            418,
            1,
            Some(Runtime::Native),
        ),
        row(
            36_102,
            36_021,
            "redis-server *:6379",
            "999",
            0.12,
            74,
            5,
            Some(Runtime::Native),
        ),
        row(
            36_240,
            1,
            "otelcol --config otel.yaml",
            "dev",
            0.05,
            131,
            19,
            Some(Runtime::Go),
        ),
        row(
            38_542,
            3310,
            "java -jar fraud-rules.jar",
            "dev",
            0.37,
            1204,
            58,
            Some(Runtime::Jvm),
        ),
        row(
            39_914,
            1,
            "rust-analyzer",
            "dev",
            0.31,
            2318,
            34,
            Some(Runtime::Rust),
        ),
        row(
            41_790,
            3310,
            "cargo run --release",
            "dev",
            0.00,
            61,
            4,
            Some(Runtime::Rust),
        ),
        row(
            41_823,
            41_790,
            "ledgerd --config dev.ron",
            "dev",
            3.12,
            612,
            14,
            Some(Runtime::Rust),
        ),
        row(
            42_016,
            41_790,
            "node apps/console/server.mjs",
            "dev",
            0.22,
            188,
            11,
            Some(Runtime::Node),
        ),
        row(
            42_107,
            41_790,
            "python3 -m risk_scoring.worker",
            "dev",
            0.91,
            344,
            6,
            Some(Runtime::Python),
        ),
        row(
            42_233,
            41_790,
            "go run ./cmd/rates-feed",
            "dev",
            0.08,
            47,
            17,
            Some(Runtime::Go),
        ),
    ]
}

/// What works on the developer's machine.
pub(crate) fn abilities() -> Vec<Ability> {
    let ability =
        |id, title, readiness, value: &str, consequence: &str, remedy: Option<&str>| Ability {
            id,
            title,
            readiness,
            value: value.to_owned(),
            consequence: consequence.to_owned(),
            remedy: remedy.map(str::to_owned),
        };
    use Readiness::{Limited, Ready, Unavailable};
    vec![
        ability(
            "cpu_sampling",
            "On-CPU sampling",
            Ready,
            "perf_event_paranoid = 2",
            "",
            None,
        ),
        ability(
            "hardware",
            "Hardware cycles",
            Limited,
            "no PMU",
            "The software clock is used instead.",
            None,
        ),
        ability(
            "kernel_frames",
            "Kernel frames",
            Unavailable,
            "perf_event_paranoid = 2",
            "Time in the kernel has no stacks.",
            Some("sudo sysctl kernel.perf_event_paranoid=1"),
        ),
        ability(
            "mlock",
            "Ring buffers",
            Limited,
            "516 KiB",
            "Samples could be lost above 8 threads.",
            Some("sudo sysctl kernel.perf_event_mlock_kb=4096"),
        ),
        ability("symbols", "Symbols", Ready, "local files", "", None),
        ability("memory", "Resident memory", Ready, "smaps_rollup", "", None),
    ]
}

/// Captures of the workspace.
pub(crate) fn captures() -> Vec<RecentCapture> {
    let capture = |target: &str, at: &str, seconds: Option<u64>, samples| RecentCapture {
        path: PathBuf::from(format!(
            "/srv/ledger/.scrutineer/captures/{target}-{samples}.scrutineer"
        )),
        target: target.to_owned(),
        started_at: at.parse().expect("a well-formed time"),
        duration: seconds.map(Duration::from_secs),
        samples,
    };
    vec![
        capture("ledgerd", "2026-03-09T14:06:00Z", Some(60), 38_412),
        capture("ledgerd", "2026-03-09T11:20:00Z", Some(2_700), 208_144),
        capture("risk_scoring", "2026-03-08T16:00:00Z", Some(21), 20_311),
        capture("ledgerd", "2026-03-03T10:00:00Z", None, 11_902),
    ]
}

/// Title, outcome, number and confidence of an item.
type Row = (&'static str, Outcome, &'static str, Confidence);

/// A review of 56 items in 8 sections, judged from 31 facts.
pub(crate) fn review() -> ReviewDocument {
    use Confidence::{Indicative as I, Manual as M, Strong as S};
    use Outcome::{
        Attention as A, Fail as F, Inconclusive as H, NeedsPerson as N, NotApplicable as X,
        Pass as P, Unknown as U,
    };
    let sections: [(&str, &str, [Row; 7]); 8] = [
        (
            "api",
            "API Performance",
            [
                (
                    "Implement caching for frequently accessed resources",
                    A,
                    "0.9 db/repeat",
                    I,
                ),
                (
                    "Use pagination for large collections",
                    F,
                    "41\u{a0}280 items",
                    S,
                ),
                ("Optimize database queries", A, "14 per request", S),
                ("Use compression for responses", P, "br, \u{2212}78 %", S),
                ("Implement request timeout policies", P, "10 s / 5 s", S),
                ("Monitor and optimize response times", P, "p99 84 ms", S),
                (
                    "Use connection pooling for database connections",
                    P,
                    "0.002",
                    S,
                ),
            ],
        ),
        (
            "db",
            "Database Performance",
            [
                (
                    "Add appropriate indexes for frequently queried columns",
                    F,
                    "97 % discarded",
                    S,
                ),
                ("Use query optimization techniques", A, "hit 98.4 %", S),
                ("Implement database connection pooling", P, "18 of 100", S),
                (
                    "Use batch operations for bulk updates",
                    P,
                    "64 rows/call",
                    I,
                ),
                ("Monitor query performance", U, "no pg_monitor", S),
                (
                    "Implement database sharding for large datasets",
                    N,
                    "38 GB",
                    M,
                ),
                (
                    "Use read replicas for read-heavy workloads",
                    X,
                    "single node",
                    I,
                ),
            ],
        ),
        (
            "memory",
            "Memory Management",
            [
                ("Implement proper memory usage monitoring", P, "scraped", I),
                ("Avoid memory leaks", F, "+3.40 MiB/min", S),
                (
                    "Use streaming for large data processing",
                    H,
                    "1 payload size",
                    S,
                ),
                (
                    "Implement garbage collection optimization",
                    X,
                    "no collector",
                    S,
                ),
                ("Monitor heap usage", A, "not exported", S),
                (
                    "Implement memory limits for containers",
                    X,
                    "no container",
                    S,
                ),
                (
                    "Use appropriate data structures for memory efficiency",
                    A,
                    "rehash 14 %",
                    I,
                ),
            ],
        ),
        (
            "concurrency",
            "Concurrency",
            [
                (
                    "Use worker threads for CPU-intensive tasks",
                    A,
                    "p99 × 3.1",
                    S,
                ),
                ("Implement proper concurrency control", P, "goodput 91 %", S),
                (
                    "Use connection pooling for external services",
                    P,
                    "8 at most",
                    S,
                ),
                (
                    "Implement proper error handling for concurrent operations",
                    U,
                    "opt-in probe",
                    S,
                ),
                (
                    "Use async/await for asynchronous operations",
                    A,
                    "2.4 % of wall",
                    I,
                ),
                (
                    "Implement proper locking mechanisms",
                    F,
                    "23.6 % waiting",
                    S,
                ),
                ("Monitor thread usage", P, "14, flat", S),
            ],
        ),
        (
            "caching",
            "Caching",
            [
                ("Implement Redis for caching", P, "GET, SETEX", S),
                (
                    "Use appropriate cache expiration policies",
                    A,
                    "71 % with TTL",
                    S,
                ),
                (
                    "Implement cache invalidation strategies",
                    U,
                    "opt-in probe",
                    I,
                ),
                ("Cache frequently accessed data", H, "612 requests", I),
                ("Use cache warming for critical data", X, "no cold start", S),
                ("Monitor cache hit/miss rates", P, "92.7 %", S),
                (
                    "Implement distributed caching for scalability",
                    N,
                    "1 instance",
                    M,
                ),
            ],
        ),
        (
            "network",
            "Network Optimization",
            [
                (
                    "Minimize API calls to external services",
                    H,
                    "34 s window",
                    S,
                ),
                ("Batch API calls when possible", X, "one upstream", I),
                (
                    "Implement retry logic with exponential backoff",
                    F,
                    "0 ms gaps",
                    S,
                ),
                ("Use connection pooling for external services", P, "0.01", S),
                ("Monitor network latency", P, "0.02 % retrans.", S),
                (
                    "Implement circuit breakers for external services",
                    F,
                    "1:1 attempts",
                    S,
                ),
                ("Use HTTP/2 for improved performance", A, "h1, 9/origin", I),
            ],
        ),
        (
            "monitoring",
            "Monitoring and Profiling",
            [
                ("Implement performance monitoring", P, "RED complete", S),
                ("Use profiling tools to identify bottlenecks", P, "today", S),
                (
                    "Set up alerts for performance degradation",
                    A,
                    "latency only",
                    I,
                ),
                ("Collect performance metrics", P, "1\u{a0}204 series", S),
                ("Implement distributed tracing", U, "no receiver", S),
                ("Monitor resource usage", A, "fds missing", I),
                ("Conduct regular performance reviews", P, "62 days", S),
            ],
        ),
        (
            "load",
            "Load Testing",
            [
                ("Implement load testing for critical paths", P, "4 of 4", S),
                ("Simulate real-world usage patterns", N, "no access log", M),
                (
                    "Test performance under various load conditions",
                    A,
                    "3 of 6",
                    S,
                ),
                (
                    "Identify performance bottlenecks",
                    P,
                    "CPU at 1\u{a0}240/s",
                    I,
                ),
                ("Test scalability", H, "1 of 4 points", S),
                ("Document performance baselines", P, "7 runs", S),
                (
                    "Implement performance regression testing",
                    A,
                    "not blocking",
                    I,
                ),
            ],
        ),
    ];
    let sections = sections.map(|(prefix, title, rows)| LedgerSection {
        title: title.to_owned(),
        items: rows
            .into_iter()
            .enumerate()
            .map(|(place, row)| item(prefix, place, row))
            .collect(),
    });
    ReviewDocument {
        schema_version: DOCUMENT_SCHEMA_VERSION,
        product_version: "0.1.0".into(),
        title: "ledgerd: performance review".into(),
        judged_at: "2026-03-09T14:09:00Z".parse().expect("a well-formed time"),
        evidence_digest: "b5e2a7310000000000000000000000000000000000000000000000000000091c".into(),
        facts: (31, 40),
        checklist: "performance.ron 1.0".into(),
        commit: Some("8f3c1ad0000".into()),
        process: Some(ProcessFacts {
            pid: 41_823,
            name: "ledgerd".into(),
            executable: None,
            command_line: "ledgerd --config dev.ron".into(),
            user: "dev".into(),
            runtime: Runtime::Rust,
            age_s: 3_600.0,
            descriptors: Some(87),
            descriptor_limit: Some(1_024),
        }),
        system: None,
        capture: None,
        top_functions: Vec::new(),
        flame: None,
        residency: None,
        traffic: None,
        comparison: None,
        sections: sections.to_vec(),
    }
}

fn item(prefix: &str, place: usize, (title, outcome, number, confidence): Row) -> LedgerItem {
    let leaks = title == "Avoid memory leaks";
    let id = if leaks {
        "memory.leaks".to_owned()
    } else {
        format!("{prefix}.item-{place}")
    };
    let summary = if leaks {
        "Resident memory grows by 3.40 MiB/min at constant load; the 4 GiB limit is reached in 17.1 h."
    } else {
        "What was seen, in one sentence."
    };
    LedgerItem {
        id,
        title: title.to_owned(),
        rule: "slope".into(),
        rule_version: 1,
        limits_digest: "00".into(),
        verdict: Verdict {
            outcome,
            confidence,
            number: number.to_owned(),
            summary: summary.to_owned(),
            threshold: "the limit is not reached within 7 days".into(),
            window: Some("35 min, 840\u{a0}000 requests".into()),
            evidence: vec![
                EvidenceLine { kind: Kind::Residency, text: "Slope +3.40 MiB/min, 99 % interval 3.08 to 3.72".into() },
                EvidenceLine { kind: Kind::Capture, text: "idempotency::Store::insert holds 88.8 % of the growth".into() },
                EvidenceLine { kind: Kind::History, text: "1.6 MiB/min in the baseline of 3 March".into() },
            ],
            material: Vec::new(),
        },
        source: "house rule".into(),
        remedy: "Give idempotency keys a lifetime (24 h covers every retry) and bound the map. Then repeat the soak.".into(),
        links: Vec::new(),
        risk: "A process that grows is killed when it is needed most.".into(),
        weight: 3,
        decision: None,
        effective: outcome,
    }
}

/// A waiver of the memory leak, as it stands.
pub(crate) fn waived(standing: Standing) -> ReviewDocument {
    let mut review = review();
    let item = review
        .sections
        .iter_mut()
        .flat_map(|section| &mut section.items)
        .find(|item| item.id == "memory.leaks")
        .expect("the item is there");
    let bound = Binding {
        rule: item.rule.clone(),
        rule_version: 1,
        limits_digest: "00".into(),
        outcome: Outcome::Fail,
        material: Vec::new(),
    };
    if standing == Standing::Holds {
        item.effective = Outcome::Attention;
    }
    let decision = Decision {
        choice: Choice::Waive {
            until: jiff::civil::date(2026, 4, 30),
        },
        by: "Dana".into(),
        at: "2026-03-01T09:00:00Z".parse().expect("a well-formed time"),
        why: "Restarted nightly until the fix ships".into(),
        bound,
    };
    item.decision = Some((decision, standing));
    review
}
