//! Evidence for tests: facts of a healthy service, to be changed by each test.

use scrutineer_evidence::{
    Absent, Evidence,
    caches::{Cache, CacheEngine, CacheFacts, Keys},
    capture::{CaptureFacts, FunctionShare, Quality, Sampler},
    cgroup::CgroupFacts,
    databases::{
        Database, DatabaseFacts, DatabaseSettings, Statement, StatementKind, Statements, Table,
    },
    declared::DeclaredFacts,
    history::{BaselineEntry, CaptureEntry, HistoryFacts, ReviewEntry},
    http::{
        Caching, Compression, EncodedAnswer, Endpoint, HttpFacts, MetricFamily, Metrics,
        Pagination, Protocol,
    },
    process::{ProcessFacts, Runtime},
    residency::{Growth, ResidencyFacts, ResidencySample},
    sockets::{Listener, Remote, SocketFacts},
    source::{SourceFacts, SourceHit},
    system::{MachineKey, SystemFacts},
    tasks::{Task, TaskFacts},
    traffic::TrafficFacts,
    waits::{EventLoop, WaitFacts, WaitSite, WaitsSeen},
};

use crate::{
    rules::{self, Rule},
    verdict::Verdict,
};

/// Judges evidence of which only what `change` sets is there.
pub(crate) fn judged<R: Rule>(rule: &R, change: impl FnOnce(&mut Evidence)) -> Verdict {
    let mut evidence = evidence();
    change(&mut evidence);
    rules::judge(rule, &evidence)
}

pub(crate) fn judged_at() -> jiff::Timestamp {
    "2026-03-05T14:09:00Z".parse().unwrap()
}

pub(crate) fn days_ago(days: i64) -> jiff::Timestamp {
    judged_at() - jiff::SignedDuration::from_hours(24 * days)
}

/// Evidence of which nothing was asked.
pub(crate) fn evidence() -> Evidence {
    Evidence::empty("ledgerd, pid 41823", judged_at())
}

/// Evidence of which everything is there.
pub(crate) fn full_evidence() -> Evidence {
    Evidence {
        process: Ok(process()),
        residency: Ok(residency()),
        tasks: Ok(tasks()),
        sockets: Ok(sockets()),
        cgroup: Ok(cgroup()),
        system: Ok(system()),
        http: Ok(http_with_metrics(&[
            ("http_request_duration_seconds", "histogram"),
            ("http_requests_total", "counter"),
            ("process_resident_memory_bytes", "gauge"),
        ])),
        traffic: Ok(traffic()),
        capture: Ok(capture()),
        waits: Ok(waits()),
        history: Ok(history()),
        source: Ok(source()),
        databases: Ok(databases()),
        caches: Ok(caches()),
        declared: Ok(declared()),
        ..evidence()
    }
}

pub(crate) fn process() -> ProcessFacts {
    ProcessFacts {
        pid: 41_823,
        name: "ledgerd".into(),
        executable: Some("/usr/bin/ledgerd".into()),
        command_line: "ledgerd --token=[redacted]".into(),
        user: "ledger".into(),
        runtime: Runtime::Rust,
        age_s: 3_600.0,
        descriptors: Some(120),
        descriptor_limit: Some(1_024),
    }
}

pub(crate) fn residency() -> ResidencyFacts {
    let samples = (0..60_u64).map(|second| ResidencySample {
        time_ns: second * 1_000_000_000,
        rss_bytes: 80_000_000 + (second % 7) * 4_096,
        pss_bytes: None,
        anonymous_bytes: Some(60_000_000),
    });
    ResidencyFacts {
        window_s: 60.0,
        samples: samples.collect(),
        growth: Some(Growth {
            slope_bytes_per_s: 12.5,
            low_bytes_per_s: -90.1,
            high_bytes_per_s: 110.7,
            mann_kendall_p: 0.61,
            points: 60,
        }),
        peak_rss_bytes: 80_024_576,
    }
}

pub(crate) fn tasks() -> TaskFacts {
    let tasks = (0..4).map(|index| Task {
        tid: 41_823 + index,
        name: format!("worker-{index}"),
        state: 'S',
        run_ns: 5_000_000_000,
        wait_ns: 100_000_000,
        voluntary_switches: 10_000,
        involuntary_switches: 200,
    });
    TaskFacts {
        window_s: 60.0,
        tasks: tasks.collect(),
        counts: vec![4; 60],
        cpu_ns: 20_000_000_000,
        kernel_share: 0.2,
    }
}

pub(crate) fn sockets() -> SocketFacts {
    let remote = |address: &str, service: &str| Remote {
        address: address.into(),
        loopback: false,
        service: Some(service.into()),
        peak_connections: 8,
        opened: 3,
        time_wait: 1,
        rtt_us: Some(420),
        retransmits: 2,
        segments_out: 50_000,
    };
    SocketFacts {
        window_s: 60.0,
        readings: 120,
        remotes: vec![
            remote("10.0.0.5:5432", "postgres"),
            remote("10.0.0.9:443", "https"),
        ],
        listeners: vec![Listener {
            address: "0.0.0.0:8080".into(),
            port: 8_080,
            accept_queue: 0,
            backlog: 1_024,
            peak_accepted: 32,
            local_clients: vec![],
        }],
        listen_overflows: 0,
        namespace_retransmits: 2,
        namespace_segments_out: 100_000,
    }
}

pub(crate) fn cgroup() -> CgroupFacts {
    CgroupFacts {
        version: 2,
        path: "/system.slice/docker-41.scope".into(),
        container: Some("docker".into()),
        memory_limit_bytes: Some(4 << 30),
        memory_limit_from: Some("/system.slice/docker-41.scope".into()),
        memory_used_bytes: Some(2 << 30),
        memory_anonymous_bytes: Some(1 << 30),
        oom_kills: Some(0),
        cpu_limit_cores: Some(2.0),
        cpu_periods: Some(600),
        cpu_throttled_periods: Some(6),
        memory_pressure_percent: Some(0.1),
    }
}

pub(crate) fn system() -> SystemFacts {
    SystemFacts {
        host: "bench-1".into(),
        distribution: "Debian GNU/Linux 13".into(),
        machine: MachineKey {
            cpu_model: "AMD EPYC 7763".into(),
            cores: 8,
            kernel: "6.12.9".into(),
            governor: Some("performance".into()),
        },
        memory_total_bytes: 16 << 30,
        memory_available_bytes: 12 << 30,
        load_1min: 1.2,
        cpu_pressure_percent: Some(0.4),
    }
}

pub(crate) fn endpoint(url: &str) -> Endpoint {
    let answer = |accept: &str| EncodedAnswer {
        accept: accept.into(),
        encoding: accept.into(),
        body_bytes: 21_000,
    };
    Endpoint {
        url: url.into(),
        status: 200,
        content_type: Some("application/json".into()),
        first_byte_us: vec![2_100; 20],
        compression: Ok(Compression {
            identity_bytes: 100_000,
            gzip_estimate_bytes: 22_000,
            answers: vec![answer("gzip"), answer("br"), answer("zstd")],
        }),
        caching: Ok(Caching {
            cache_control: Some("no-cache".into()),
            has_validator: true,
            revalidation_status: Some(304),
        }),
        pagination: Ok(Pagination {
            default_items: 100,
            default_bytes: 20_000,
            unlimited_items: 500,
            unlimited_bytes: 100_000,
        }),
    }
}

/// Two healthy endpoints on loopback, no metrics, no stalled request.
pub(crate) fn http() -> HttpFacts {
    let urls = [
        "http://127.0.0.1:8080/orders",
        "http://127.0.0.1:8080/entries",
    ];
    let not_asked = || Absent::NotAsked {
        would_need: "declare it in scrutineer.ron".into(),
    };
    HttpFacts {
        endpoints: urls.map(|url| (url.to_owned(), Ok(endpoint(url)))).into(),
        protocols: vec![Protocol {
            origin: "http://127.0.0.1:8080".into(),
            loopback: true,
            http2: false,
            endpoints: 2,
        }],
        metrics: Err(not_asked()),
        stalled: Err(not_asked()),
    }
}

/// [`http`] with families of these names and kinds.
pub(crate) fn http_with_metrics(names: &[(&str, &str)]) -> HttpFacts {
    let families = names.iter().map(|(name, kind)| MetricFamily {
        name: (*name).into(),
        kind: (*kind).into(),
        series: 1,
        buckets: if *kind == "histogram" {
            vec![0.05, 0.1, 0.5]
        } else {
            vec![]
        },
    });
    HttpFacts {
        metrics: Ok(Metrics {
            url: "http://127.0.0.1:8080/metrics".into(),
            families: families.collect(),
            series: names.len() as u64,
        }),
        ..http()
    }
}

pub(crate) fn each_endpoint(http: &mut HttpFacts, change: impl Fn(&mut Endpoint)) {
    http.endpoints
        .iter_mut()
        .for_each(|(_, endpoint)| change(endpoint.as_mut().unwrap()));
}

pub(crate) fn traffic() -> TrafficFacts {
    TrafficFacts {
        window_s: 60.0,
        requests: 12_000,
        errors: 0,
        planned_per_s: 200.0,
        p50_us: 2_400,
        p95_us: Some(41_000),
        p99_us: Some(84_000),
    }
}

pub(crate) fn waits() -> WaitFacts {
    WaitFacts {
        window_s: 60.0,
        seen: WaitsSeen::Switches,
        on_cpu_s: 48.0,
        run_queue_s: 1.2,
        lock_s: 0.9,
        handover_s: 2.0,
        parked_s: 140.0,
        disk_s: 0.4,
        unclassed_share: 0.01,
        lock_sites: vec![WaitSite {
            function: "ledgerd::book::append".into(),
            waited_s: 0.8,
            waits: 1_204,
        }],
        event_loops: vec![EventLoop {
            thread: "ledger-io".into(),
            blocked_s: 0.2,
            worst: "ledgerd::book::flush".into(),
        }],
    }
}

pub(crate) fn capture() -> CaptureFacts {
    CaptureFacts {
        file: "ledgerd-1.scrutineer".into(),
        digest: "ab".repeat(32),
        started_at: days_ago(0),
        duration_s: 60.0,
        frequency_hz: 999,
        sampler: Sampler::PerfCpuClock,
        quality: Quality {
            samples: 20_000,
            ..Quality::default()
        },
        top_functions: vec![FunctionShare {
            name: "ledgerd::posting::Engine::apply_batch".into(),
            self_samples: 6_000,
            total_samples: 9_900,
        }],
        garbage_collection_share: 0.0,
    }
}

pub(crate) fn history() -> HistoryFacts {
    HistoryFacts {
        captures: vec![CaptureEntry {
            file: "ledgerd-0.scrutineer".into(),
            started_at: days_ago(10),
            linked: true,
        }],
        baselines: vec![BaselineEntry {
            name: "2.13.2".into(),
            saved_at: days_ago(30),
            runs: 7,
            complete: true,
        }],
        reviews: vec![ReviewEntry {
            name: "2026-q1".into(),
            signed_at: Some(days_ago(62)),
            overdue_actions: 0,
        }],
    }
}

pub(crate) fn source() -> SourceFacts {
    let hit = |line, text: &str| SourceHit {
        path: "alerts.yml".into(),
        line,
        text: text.into(),
    };
    SourceFacts {
        folders: vec![".".into()],
        files: 40,
        performance_gates: vec![],
        latency_alerts: vec![hit(
            4,
            "expr: histogram_quantile(0.99, http_latency_seconds) > 0.1",
        )],
        error_alerts: vec![hit(9, "expr: rate(http_errors_total[5m]) > 1")],
    }
}

pub(crate) fn declared() -> DeclaredFacts {
    DeclaredFacts::default()
}

/// A healthy database.
pub(crate) fn databases() -> DatabaseFacts {
    let statement = Statement {
        id: "7".into(),
        text: "SELECT id FROM entries WHERE account = $1".into(),
        kind: StatementKind::Read,
        calls: 24_000,
        rows: 240_000,
        total_ms: 4_800.0,
        temp_blocks_written: 0,
    };
    let table = Table {
        name: "public.entries".into(),
        rows: 2_000_000,
        bytes: 1 << 30,
        sequential_scans: 0,
        index_scans: 24_000,
        sequential_rows: 0,
    };
    let database = Database {
        version: "17.2".into(),
        window_s: 60.0,
        cores: Some(8),
        spindles: Some(1),
        in_recovery: false,
        commits: 24_000,
        deadlocks: 0,
        blocks_hit: 1_000_000,
        blocks_read: 100,
        temp_bytes: 0,
        sessions: Ok(2),
        peak_sessions: 10,
        peak_idle_in_transaction: Ok(0),
        readings: 60,
        exporters: vec![],
        settings: DatabaseSettings {
            statement_timeout_ms: 10_000,
            slow_log_ms: 250,
            io_timing: true,
            max_connections: 100,
        },
        bytes: 2 << 30,
        partitioned_tables: 0,
        tables: vec![table],
        statements: Ok(Statements {
            top: vec![statement],
            calls: 24_000,
            evictions: Some(0),
        }),
        standbys: Ok(vec![]),
    };
    DatabaseFacts {
        databases: vec![("DATABASE_URL".into(), Ok(database))],
    }
}

/// A healthy cache.
pub(crate) fn caches() -> CacheFacts {
    let cache = Cache {
        engine: CacheEngine::Redis,
        version: "7.0.15".into(),
        address: "127.0.0.1:6379".into(),
        window_s: 60.0,
        hits: 95_000,
        misses: 5_000,
        data_commands: 110_000,
        evictions: 0,
        keys: Ok(Keys {
            all: 10_000,
            expiring: 10_000,
        }),
        keys_before: 9_000,
        limit_bytes: Some(1 << 30),
        used_bytes: 100 << 20,
        policy: "allkeys-lru".into(),
        replicas: 0,
        cluster: false,
    };
    CacheFacts {
        caches: vec![("CACHE_URL".into(), Ok(cache))],
    }
}
