//! Evidence gathered about real processes and a real HTTP server.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers may panic as the test itself"
)]

mod support;

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use scrutineer_evidence::{
    Absent, Evidence, Gathered, Kind,
    http::{Endpoint, HttpFacts},
};
use scrutineer_profiler::{
    probes::{GatherPlan, gather},
    progress::{Progress, Unwatched},
    workspace::Workspace,
};
use support::{Manners, Server, TABLE};

fn plan(pid: Option<u32>, kinds: &[Kind], workspace: Workspace) -> GatherPlan {
    GatherPlan {
        pid,
        kinds: kinds.iter().copied().collect(),
        window: Duration::from_millis(1_200),
        workspace,
        judged_at: "2026-01-01T00:00:00Z".parse().unwrap(),
    }
}

fn workspace(declaration: &str) -> Workspace {
    let text = format!("(version: 1, target: ({declaration}))");
    Workspace::parse(&text, Path::new("/nonexistent/scrutineer.ron")).unwrap()
}

fn http(declaration: &str) -> HttpFacts {
    let plan = plan(None, &[Kind::Http], workspace(declaration));
    gather(&plan, &Unwatched).http.unwrap()
}

fn endpoint(facts: &HttpFacts, index: usize) -> &Endpoint {
    facts.endpoints[index].1.as_ref().unwrap()
}

fn why<T: std::fmt::Debug>(absent: &Gathered<T>) -> String {
    absent.as_ref().unwrap_err().reason()
}

#[test]
fn a_well_behaved_endpoint_and_a_careless_one_are_told_apart() {
    let server = Server::start(Manners::default());
    let facts = http(&format!(
        "endpoints: [\"{}\", \"{}\"]",
        server.url("/good"),
        server.url("/bad")
    ));

    let good = endpoint(&facts, 0);
    assert_eq!((good.status, good.first_byte_us.len()), (200, 20));
    assert_eq!(good.content_type.as_deref(), Some("application/json"));
    let compression = good.compression.as_ref().unwrap();
    let encodings: Vec<(&str, &str)> = compression
        .answers
        .iter()
        .map(|a| (a.accept.as_str(), a.encoding.as_str()))
        .collect();
    assert_eq!(encodings, [("gzip", "gzip"), ("br", ""), ("zstd", "")]);
    assert!(compression.answers[0].body_bytes < compression.identity_bytes);
    assert_eq!(
        compression.answers[1].body_bytes,
        compression.identity_bytes
    );
    let caching = good.caching.as_ref().unwrap();
    assert_eq!(caching.cache_control.as_deref(), Some("max-age=60"));
    assert_eq!(
        (caching.has_validator, caching.revalidation_status),
        (true, Some(304))
    );
    let pagination = good.pagination.as_ref().unwrap();
    assert_eq!(
        (pagination.default_items, pagination.unlimited_items),
        (20, 100)
    );

    let bad = endpoint(&facts, 1);
    let compression = bad.compression.as_ref().unwrap();
    assert!(
        compression
            .answers
            .iter()
            .all(|answer| answer.encoding.is_empty())
    );
    assert!(compression.gzip_estimate_bytes * 5 < compression.identity_bytes);
    let caching = bad.caching.as_ref().unwrap();
    assert_eq!(
        (caching.has_validator, caching.revalidation_status),
        (false, None)
    );
    let pagination = bad.pagination.as_ref().unwrap();
    assert_eq!(pagination.default_items, TABLE as u64);
    assert_eq!(pagination.default_bytes, compression.identity_bytes);
}

#[test]
fn a_refused_limit_is_a_cap_that_is_held_and_a_record_is_no_collection() {
    let server = Server::start(Manners::default());
    let facts = http(&format!(
        "endpoints: [\"{}\", \"{}\", \"{}\"]",
        server.url("/strict"),
        server.url("/record"),
        server.url("/old")
    ));
    let strict = endpoint(&facts, 0).pagination.as_ref().unwrap();
    assert_eq!((strict.default_items, strict.unlimited_items), (20, 20));
    assert!(why(&endpoint(&facts, 1).pagination).contains("no JSON collection"));
    // A validator that the server ignores shows as 200.
    let old = endpoint(&facts, 2).caching.as_ref().unwrap();
    assert_eq!(
        (old.has_validator, old.revalidation_status),
        (true, Some(200))
    );
}

#[test]
fn endpoints_that_fail_say_why_and_redirects_are_not_followed() {
    let server = Server::start(Manners::default());
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let facts = http(&format!(
        "endpoints: [\"{}\", \"{}\", \"http://{closed}/\", \"https://127.0.0.1:1/?token=HUNTER2\"]",
        server.url("/away"),
        server.url("/broken"),
    ));
    let away = endpoint(&facts, 0);
    assert_eq!(away.status, 302);
    assert!(why(&away.compression).contains("302"));
    assert_eq!(endpoint(&facts, 1).status, 500);
    assert!(
        why(&facts.endpoints[2].1).contains("cannot be connected to"),
        "{:?}",
        facts.endpoints[2]
    );
    assert!(why(&facts.endpoints[3].1).contains("TLS"));
    assert_eq!(facts.endpoints[3].0, "https://127.0.0.1:1/?token=•••");
    let origins: Vec<&str> = facts.protocols.iter().map(|p| p.origin.as_str()).collect();
    assert_eq!(
        origins,
        [server.url("")],
        "nothing is said of origins that could not be asked"
    );
}

#[test]
fn http2_by_prior_knowledge_is_found_where_it_is_spoken() {
    let new = Server::start(Manners {
        http2: true,
        ..Manners::default()
    });
    let old = Server::start(Manners::default());
    let facts = http(&format!(
        "endpoints: [\"{}\", \"{}\", \"{}\"]",
        new.url("/good"),
        new.url("/record"),
        old.url("/good")
    ));
    let of = |server: &Server| {
        facts
            .protocols
            .iter()
            .find(|protocol| protocol.origin == server.url(""))
            .unwrap()
    };
    assert_eq!(
        (of(&new).http2, of(&new).endpoints, of(&new).loopback),
        (true, 2, true)
    );
    assert_eq!((of(&old).http2, of(&old).endpoints), (false, 1));
}

#[test]
fn metrics_are_read_where_they_are_declared_or_usual() {
    let server = Server::start(Manners::default());
    let usual = http(&format!("endpoints: [\"{}\"]", server.url("/record")));
    let metrics = usual.metrics.unwrap();
    assert_eq!(
        (metrics.url.as_str(), metrics.series),
        (server.url("/metrics").as_str(), 4)
    );
    assert_eq!(metrics.families[0].buckets, [0.1]);

    let declared = http(&format!("metrics: \"{}\"", server.url("/nowhere")));
    assert!(why(&declared.metrics).contains("404"));
    let page = http(&format!("metrics: \"{}\"", server.url("/record")));
    assert!(why(&page.metrics).contains("no metrics"));
}

#[test]
fn a_stalled_request_is_sent_only_where_it_is_allowed() {
    let strict = Server::start(Manners {
        head_timeout: true,
        ..Manners::default()
    });
    let patient = Server::start(Manners::default());
    let asked = |server: &Server| {
        http(&format!(
            "endpoints: [\"{}\"], stalled_request_s: 2.0",
            server.url("/record")
        ))
        .stalled
    };
    assert!(asked(&strict).unwrap().closed_after_s.is_some());
    let waited = asked(&patient).unwrap();
    assert_eq!((waited.closed_after_s, waited.waited_s), (None, 2.0));

    let before = strict.connections.load(Ordering::Relaxed);
    let facts = http(&format!("endpoints: [\"{}\"]", strict.url("/record")));
    assert!(matches!(facts.stalled, Err(Absent::NotAsked { .. })));
    // One for the requests, one for HTTP/2, one for the metrics: none that stalls.
    assert_eq!(strict.connections.load(Ordering::Relaxed) - before, 3);
}

#[test]
fn without_declared_endpoints_nobody_is_contacted() {
    let plan = plan(None, &[Kind::Http], workspace(""));
    let absent = gather(&plan, &Unwatched).http.unwrap_err();
    assert!(matches!(absent, Absent::NotAsked { .. }));
}

const OF_A_PROCESS: &[Kind] = &[
    Kind::Process,
    Kind::Residency,
    Kind::Tasks,
    Kind::Sockets,
    Kind::Cgroup,
];

#[test]
fn a_window_over_a_real_process_fills_what_was_planned_and_nothing_else() {
    let mut child = Command::new("sh")
        .args(["-c", "while :; do :; done", "--token", "HUNTER2"])
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let kinds = [OF_A_PROCESS, &[Kind::System, Kind::Declared]].concat();
    let secret = "endpoints: [\"http://me:HUNTER2@127.0.0.1:1/\"]";
    let evidence = gather(
        &plan(Some(child.id()), &kinds, workspace(secret)),
        &Unwatched,
    );
    child.kill().unwrap();
    child.wait().unwrap();

    assert_eq!(evidence.target, format!("sh, pid {}", child.id()));
    assert_eq!(evidence.process.as_ref().unwrap().pid, child.id());
    let residency = evidence.residency.as_ref().unwrap();
    assert!(
        residency.window_s >= 1.2 && residency.samples.len() >= 3,
        "{residency:?}"
    );
    let tasks = evidence.tasks.as_ref().unwrap();
    assert_eq!((tasks.tasks.len(), tasks.counts.len() >= 3), (1, true));
    assert!(tasks.cpu_ns > 0 && tasks.tasks[0].run_ns > 0, "{tasks:?}");
    if let Err(absent) = &evidence.sockets {
        skip("sockets of a_window_over_a_real_process", &absent.reason());
    }
    if let Err(absent) = &evidence.cgroup {
        skip("cgroup of a_window_over_a_real_process", &absent.reason());
    }
    assert!(evidence.system.is_ok());
    assert!(matches!(evidence.http, Err(Absent::NotAsked { .. })));
    assert!(matches!(evidence.history, Err(Absent::NotAsked { .. })));
    let saved = ron::to_string(&evidence).unwrap();
    assert!(!saved.contains("HUNTER2"), "{saved}");
    assert_eq!(ron::from_str::<Evidence>(&saved).unwrap(), evidence);
}

#[test]
fn kinds_of_a_process_are_absent_without_one_and_with_one_that_is_gone() {
    let without = gather(&plan(None, OF_A_PROCESS, workspace("")), &Unwatched);
    let gone = gather(
        &plan(Some(u32::MAX >> 2), OF_A_PROCESS, workspace("")),
        &Unwatched,
    );
    for kind in OF_A_PROCESS {
        assert!(
            matches!(without.absence(*kind), Some(Absent::NotAsked { .. })),
            "{kind:?}"
        );
        let absent = gone.absence(*kind).unwrap();
        assert!(
            matches!(absent, Absent::Failed { .. }),
            "{kind:?} {absent:?}"
        );
        assert!(absent.reason().contains("has ended"), "{kind:?} {absent:?}");
    }
}

/// Set in a copy of this test that runs as nobody.
const AS_NOBODY: &str = "SCRUTINEER_TEST_AS_NOBODY";

#[test]
fn what_is_refused_is_told_with_the_command_that_would_allow_it() {
    let test = "what_is_refused_is_told_with_the_command_that_would_allow_it";
    if fs::metadata("/proc/self").unwrap().uid() == 0 && std::env::var_os(AS_NOBODY).is_none() {
        let output = Command::new("setpriv")
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(std::env::current_exe().unwrap())
            .args([test, "--exact"])
            .env(AS_NOBODY, "1")
            .output();
        return match output {
            Ok(output) if !output.stdout.starts_with(b"\nrunning") => {
                skip(
                    test,
                    "this test's program may not be run by another user here",
                );
            }
            Ok(output) => {
                assert!(
                    output.status.success(),
                    "{}",
                    String::from_utf8_lossy(&output.stdout)
                );
            }
            Err(_) => skip(test, "setpriv is not installed"),
        };
    }
    // Process 1 is root's.
    let evidence = gather(&plan(Some(1), OF_A_PROCESS, workspace("")), &Unwatched);
    let Err(Absent::Denied { what, would_need }) = evidence.sockets else {
        panic!("{:?}", evidence.sockets);
    };
    assert!(
        what.contains("process 1") && would_need.contains("sudo"),
        "{what}: {would_need}"
    );
    let process = evidence.process.unwrap();
    assert_eq!((process.executable, process.descriptors), (None, None));
    assert!(evidence.tasks.is_ok() && evidence.residency.is_ok());
}

#[test]
fn a_target_that_ends_closes_the_window_early_with_what_was_read() {
    let mut child = Command::new("sleep").arg("60").spawn().unwrap();
    let mut plan = plan(Some(child.id()), OF_A_PROCESS, workspace(""));
    plan.window = Duration::from_mins(10);
    let pid = child.id();
    let watcher = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(400));
        child.kill().unwrap();
        child.wait().unwrap();
    });
    let evidence = gather(&plan, &Unwatched);
    watcher.join().unwrap();
    let tasks = evidence.tasks.unwrap();
    assert!(tasks.window_s < 600.0 && tasks.tasks[0].tid == pid);
    assert!(!evidence.residency.unwrap().samples.is_empty());
    assert!(evidence.process.unwrap_err().reason().contains("has ended"));
}

/// Cancels after some polls, and remembers the steps.
struct Cancelling {
    polls: AtomicUsize,
    after: usize,
    steps: Mutex<BTreeSet<String>>,
}

impl Progress for Cancelling {
    fn step(&self, text: &str, _done: Option<f32>) {
        self.steps.lock().unwrap().insert(text.to_owned());
    }

    fn is_cancelled(&self) -> bool {
        self.polls.fetch_add(1, Ordering::Relaxed) >= self.after
    }
}

#[test]
fn a_cancelled_gathering_returns_with_what_it_has() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let declaration = format!("endpoints: [\"http://{}/\"]", silent.local_addr().unwrap());
    let kinds = [OF_A_PROCESS, &[Kind::Http]].concat();
    let mut plan = plan(Some(std::process::id()), &kinds, workspace(&declaration));
    plan.window = Duration::from_hours(1);
    let progress = Cancelling {
        polls: AtomicUsize::new(0),
        after: 5,
        steps: Mutex::new(BTreeSet::new()),
    };
    let begin = Instant::now();
    let evidence = gather(&plan, &progress);
    assert!(begin.elapsed() < plan.window);
    assert!(evidence.tasks.unwrap().window_s < 3_600.0);
    let http = evidence.http.unwrap();
    assert!(why(&http.endpoints[0].1).contains("cancelled"));
    assert!(
        progress
            .steps
            .lock()
            .unwrap()
            .contains("Probing endpoint 1 of 1")
    );
}

#[test]
fn the_history_and_the_source_of_a_workspace_are_gathered_without_a_process() {
    let folder = tempfile::tempdir().unwrap();
    let workflows = folder.path().join(".github/workflows");
    fs::create_dir_all(&workflows).unwrap();
    fs::write(workflows.join("ci.yml"), "- run: scrutineer check\n").unwrap();
    fs::write(folder.path().join("scrutineer.ron"), "(version: 1)").unwrap();
    let workspace = Workspace::find(folder.path()).unwrap();
    let evidence = gather(
        &plan(None, &[Kind::History, Kind::Source], workspace),
        &Unwatched,
    );
    assert!(evidence.history.unwrap().captures.is_empty());
    assert_eq!(evidence.source.unwrap().performance_gates.len(), 1);
}

fn skip(test: &str, why: &str) {
    use std::io::Write;
    let _ = std::io::stderr().write_all(format!("SKIPPED {test}: {why}\n").as_bytes());
}
