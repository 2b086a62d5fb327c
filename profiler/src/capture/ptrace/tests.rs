//! Tests of sampling by ptrace, on real processes.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::process::CommandExt,
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use super::*;
use crate::{
    capture::model::{Chunk, ModuleKind, Samples, Thread},
    process,
    sys::{launch::spawn_held, tests_signal, tests_skip},
};

const NOBODY: u32 = 65_534;
/// A spinning shell: every SIGUSR1 is answered by a line.
const ANSWERS: &str = "trap 'echo got' USR1; echo up; while :; do :; done";
/// After this a test gives up, which fails it.
const PATIENCE: Duration = Duration::from_mins(1);

/// A process that ends with its test.
struct Running {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Running {
    /// Starts a command and waits for its first line.
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut running = Self { child, output };
        while running.line().trim() != "up" {}
        running
    }

    fn shell(script: &str) -> Self {
        Self::start(Command::new("sh").args(["-c", script]))
    }

    /// This test binary, running one of the programs below.
    fn program(name: &str) -> Self {
        Self::start(&mut program(name))
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(
            self.output.read_line(&mut line).unwrap(),
            0,
            "the process ended too soon"
        );
        line
    }

    fn answers(&mut self) -> bool {
        tests_signal(self.pid(), libc::SIGUSR1);
        self.line().trim() == "got"
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--ignored", "--nocapture"]);
    command.arg(format!("capture::ptrace::tests::{name}"));
    command
}

#[test]
#[ignore = "a program that the tests sample"]
fn two_threads_spin_and_two_sleep() {
    let start = |name: &str, work: fn()| {
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(work)
            .unwrap();
    };
    for name in ["spins-1", "spins-2"] {
        start(name, || {
            spin_for_ever();
        });
    }
    for name in ["sleeps-1", "sleeps-2"] {
        start(name, || thread::sleep(Duration::from_hours(1)));
    }
    println!("up");
    // Ends with the test that started it.
    let _ = std::io::stdin().read(&mut [0]);
}

#[inline(never)]
fn spin_for_ever() -> u64 {
    let mut sum = 0_u64;
    loop {
        sum = std::hint::black_box(sum.wrapping_add(1));
    }
}

#[test]
#[ignore = "a program that the tests sample"]
fn threads_come_and_go() {
    println!("up");
    loop {
        let threads = [(); 4]
            .map(|()| thread::spawn(|| (0..200_000_u64).map(std::hint::black_box).sum::<u64>()));
        for thread in threads {
            thread.join().unwrap();
        }
    }
}

struct Watched {
    sampler: PtraceSampler,
    tables: Tables,
    threads: Vec<Thread>,
    samples: Samples,
    modules: Vec<(ModuleKind, String)>,
}

impl Watched {
    fn attach(pid: u32) -> Self {
        let mut tables = Tables::new(monotonic_ns());
        Self {
            sampler: PtraceSampler::attach(pid, 99, &mut tables).unwrap(),
            tables,
            threads: Vec::new(),
            samples: Samples::default(),
            modules: Vec::new(),
        }
    }

    /// Samples until `enough` holds.
    fn until(&mut self, what: &str, mut enough: impl FnMut(&mut Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !enough(self) {
            assert!(Instant::now() < deadline, "in vain: {what}");
            self.sampler
                .wait(Duration::from_millis(20), &mut self.tables)
                .unwrap();
            self.sampler.drain(&mut self.tables).unwrap();
            self.collect();
        }
    }

    fn collect(&mut self) {
        for chunk in self.tables.drain_chunks() {
            match chunk {
                Chunk::Threads(threads) => self.threads.extend(threads),
                Chunk::Modules(modules) => {
                    self.modules
                        .extend(modules.into_iter().map(|m| (m.kind, m.path)));
                }
                Chunk::Samples(samples) => {
                    self.samples.thread.extend(samples.thread);
                    self.samples.time_ns.extend(samples.time_ns);
                    self.samples.stack.extend(samples.stack);
                }
                _ => {}
            }
        }
    }

    fn samples_of(&self, name: &str) -> usize {
        let named = |&&id: &&u32| self.threads[id as usize].name == name;
        self.samples.thread.iter().filter(named).count()
    }

    fn count(&self) -> u64 {
        self.tables.sample_count()
    }
}

#[test]
fn threads_that_run_are_sampled_with_whole_stacks_and_sleeping_ones_are_not() {
    let target = Running::program("two_threads_spin_and_two_sleep");
    let mut watched = Watched::attach(target.pid());
    watched.until("samples of both", |watched| {
        watched.samples_of("spins-1") >= 50 && watched.samples_of("spins-2") >= 50
    });
    assert_eq!(
        watched.samples_of("sleeps-1") + watched.samples_of("sleeps-2"),
        0
    );
    assert!(
        watched.tables.truncated_count() * 20 <= watched.count(),
        "{watched:?}"
    );
    assert!(watched.samples.stack.iter().all(|&stack| stack != NONE));
    assert!(watched.samples.time_ns.is_sorted());
    let own = std::env::current_exe()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    assert!(watched.modules.contains(&(ModuleKind::File, own)));
    assert!(watched.sampler.counters().paused_ns > 0);
}

impl std::fmt::Debug for Watched {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (truncated, count) = (self.tables.truncated_count(), self.count());
        write!(
            formatter,
            "{truncated} of {count} truncated, threads {:?}",
            self.threads
        )
    }
}

#[test]
fn no_signal_is_lost_or_made_up() {
    let mut target = Running::shell(ANSWERS);
    let pid = target.pid();
    let (done, is_done) = mpsc::channel();
    // Signals are sent and counted beside the sampling.
    let sender = thread::spawn(move || {
        let answered = (0..500).filter(|_| target.answers()).count();
        done.send(()).unwrap();
        (target, answered)
    });
    let mut watched = Watched::attach(pid);
    watched.until("all signals", |_| is_done.try_recv().is_ok());
    watched.until("samples", |watched| watched.count() >= 20);
    let (mut target, answered) = sender.join().unwrap();
    assert_eq!(answered, 500);
    drop(watched);
    assert!(target.answers(), "it answers without us too");
    target.child.kill().unwrap();
    let mut rest = String::new();
    target.output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "", "no answer without a signal");
}

#[test]
fn a_stopped_process_stays_stopped_and_goes_on_when_it_is_continued() {
    let mut target = Running::shell(ANSWERS);
    let pid = target.pid();
    let mut watched = Watched::attach(pid);
    watched.until("samples", |watched| watched.count() >= 5);
    tests_signal(pid, libc::SIGSTOP);
    watched.until("the stop", |_| process::stat(pid).unwrap().state == 't');
    // What was under way when the stop came.
    watched.until("the last sample", |_| true);
    let (stopped, since) = (watched.count(), Instant::now());
    watched.until("ticks", |_| since.elapsed() > Duration::from_millis(200));
    assert_eq!(watched.count(), stopped);
    tests_signal(pid, libc::SIGCONT);
    watched.until("samples again", |watched| watched.count() >= stopped + 5);

    tests_signal(pid, libc::SIGSTOP);
    watched.until("the stop", |_| process::stat(pid).unwrap().state == 't');
    drop(watched);
    // The kernel wakes it to stop it anew; a process that was left running never gets there.
    let deadline = Instant::now() + PATIENCE;
    while process::stat(pid).unwrap().state != 'T' {
        assert!(Instant::now() < deadline, "it stays stopped without us");
        thread::yield_now();
    }
    tests_signal(pid, libc::SIGCONT);
    assert!(target.answers());
}

#[test]
fn the_exit_status_is_kept() {
    for (script, status) in [("read line; exit 7", 7), ("read line; kill -TERM $$", 143)] {
        let mut target = Running::shell(&format!("echo up; {script}"));
        let mut watched = Watched::attach(target.pid());
        let mut input = target.child.stdin.take().unwrap();
        input.write_all(b"go\n").unwrap();
        watched.until("the end", |watched| watched.sampler.has_ended());
        assert_eq!(watched.sampler.target_status(), Some(status));
    }
}

#[test]
fn children_and_the_programs_they_execute_are_sampled() {
    let target = Running::shell("echo up; read go; (exec sh -c 'while :; do :; done') & wait");
    let mut watched = Watched::attach(target.pid());
    target
        .child
        .stdin
        .as_ref()
        .unwrap()
        .write_all(b"go\n")
        .unwrap();
    watched.until("samples of the child", |watched| watched.count() >= 20);
    let pids: BTreeSet<u32> = watched
        .samples
        .thread
        .iter()
        .map(|&id| watched.threads[id as usize].pid)
        .collect();
    let child = *pids
        .iter()
        .find(|&&pid| pid != target.pid())
        .expect("the child runs");
    assert!(
        watched.tables.truncated_count() * 5 <= watched.count(),
        "{watched:?}"
    );
    drop(watched);
    tests_signal(child, libc::SIGKILL);
}

#[test]
fn threads_that_come_and_go_are_followed() {
    let target = Running::program("threads_come_and_go");
    let mut watched = Watched::attach(target.pid());
    watched.until("samples", |watched| watched.count() >= 30);
    let tids: BTreeSet<u32> = watched.threads.iter().map(|thread| thread.tid).collect();
    assert!(tids.len() > 20, "{tids:?}");
    assert!(
        watched.sampler.thread_count() < 20,
        "those that have gone are forgotten"
    );
    drop(watched);
    assert_untraced(target.pid());
}

#[test]
fn a_child_that_is_held_before_its_exec_is_sampled_from_its_start() {
    let mut command = Command::new("sh");
    command.args(["-c", "while :; do :; done"]);
    let held = spawn_held(command).unwrap();
    let pid = held.pid();
    let mut watched = Watched::attach(pid);
    let mut child = held.release().unwrap();
    watched.until("samples", |watched| watched.samples_of("sh") >= 20);
    assert!(
        watched.tables.truncated_count() * 5 <= watched.count(),
        "{watched:?}"
    );
    drop(watched);
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn the_target_runs_on_unharmed_when_sampling_ends_or_panics() {
    let mut target = Running::shell(ANSWERS);
    let pid = target.pid();
    let mut watched = Watched::attach(pid);
    watched.until("samples", |watched| watched.count() >= 3);
    drop(watched);
    assert_untraced(pid);
    assert!(target.answers());
    let panicked = std::panic::catch_unwind(|| {
        let mut watched = Watched::attach(pid);
        watched.until("samples", |watched| watched.count() >= 3);
        std::panic::resume_unwind(Box::new("a bug"));
    });
    assert!(panicked.is_err());
    assert_untraced(pid);
    assert!(target.answers());
}

fn assert_untraced(pid: u32) {
    for task in fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten() {
        if let Ok(status) = fs::read_to_string(task.path().join("status")) {
            assert!(status.contains("TracerPid:\t0\n"), "{status}");
        }
    }
}

#[test]
fn the_target_runs_on_unharmed_when_the_sampler_is_killed() {
    let mut target = Running::shell(ANSWERS);
    let pid = target.pid();
    let mut command = program("samples_until_killed");
    let mut sampler = Running::start(command.env("SCRUTINEER_TEST_PID", pid.to_string()));
    sampler.child.kill().unwrap();
    sampler.child.wait().unwrap();
    assert!(target.answers());
    assert_untraced(pid);
}

#[test]
#[ignore = "runs in a child process of the test of the killed sampler"]
fn samples_until_killed() {
    let pid = std::env::var("SCRUTINEER_TEST_PID")
        .unwrap()
        .parse()
        .unwrap();
    let mut watched = Watched::attach(pid);
    watched.until("samples", |watched| watched.count() >= 3);
    println!("up");
    watched.until("the kill", |_| false);
}

#[test]
fn a_process_that_is_traced_already_is_refused_with_the_tracers_name() {
    let target = Running::shell(ANSWERS);
    let pid = target.pid();
    let _watched = Watched::attach(pid);
    let other = thread::spawn(move || {
        PtraceSampler::attach(pid, 99, &mut Tables::new(0))
            .unwrap_err()
            .to_string()
    });
    // The tracer's id is that of the thread that traces.
    let error = other.join().unwrap();
    assert!(
        error.contains("traced by process") && error.contains("kill"),
        "{error}"
    );
}

#[test]
fn what_cannot_be_traced_is_refused() {
    let own = PtraceSampler::attach(std::process::id(), 99, &mut Tables::new(0)).unwrap_err();
    assert!(own.to_string().contains("cannot trace itself"), "{own}");
    let gone = PtraceSampler::attach(u32::MAX, 99, &mut Tables::new(0)).unwrap_err();
    assert!(matches!(gone, CaptureError::NoSuchProcess { .. }), "{gone}");
}

#[test]
fn a_user_without_privileges_samples_own_children_and_is_refused_roots() {
    let test = "a_user_without_privileges_samples_own_children_and_is_refused_roots";
    if !fs::read_to_string("/proc/self/status")
        .unwrap()
        .contains("Uid:\t0\t0\t")
    {
        return tests_skip(test, "only root can start a test as somebody else");
    }
    let roots = Running::shell(ANSWERS);
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("tests");
    crate::sys::tests_copy_program(std::env::current_exe().unwrap(), &copy);
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.path(), open).unwrap();
    let output = Command::new(copy)
        .args([
            "--exact",
            "--ignored",
            "capture::ptrace::tests::nobody_samples_its_own_child",
        ])
        .env("SCRUTINEER_TEST_PID", roots.pid().to_string())
        .current_dir("/")
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

#[test]
#[ignore = "runs as nobody, started by the test of the user without privileges"]
fn nobody_samples_its_own_child() {
    let mut own = Running::shell(ANSWERS);
    let mut watched = Watched::attach(own.pid());
    watched.until("samples", |watched| watched.count() >= 20);
    assert!(
        watched.tables.truncated_count() * 5 <= watched.count(),
        "{watched:?}"
    );
    drop(watched);
    assert!(own.answers());
    let roots = std::env::var("SCRUTINEER_TEST_PID")
        .unwrap()
        .parse()
        .unwrap();
    let error = PtraceSampler::attach(roots, 99, &mut Tables::new(0)).unwrap_err();
    assert!(
        matches!(error, CaptureError::NotPermitted { .. }),
        "{error}"
    );
    assert!(error.to_string().contains("To enable it: "), "{error}");
}

#[test]
#[ignore = "measures; run alone with --nocapture"]
fn cost_of_a_sample() {
    let target = Running::program("two_threads_spin_and_two_sleep");
    let mut watched = Watched::attach(target.pid());
    watched.until("samples", |watched| watched.count() >= 100);
    let (count, paused) = (watched.count(), watched.sampler.counters().paused_ns);
    let cpu = crate::sys::clock::thread_cpu_ns();
    let start = Instant::now();
    watched.until("samples", |watched| watched.count() >= 1100);
    let taken = watched.count() - count;
    let paused = watched.sampler.counters().paused_ns - paused;
    let cpu = crate::sys::clock::thread_cpu_ns() - cpu;
    println!(
        "{taken} samples in {:?}, lost {}: pause {} ns, CPU of the sampler {} ns a sample",
        start.elapsed(),
        watched.sampler.counters().lost,
        paused / taken,
        cpu / taken
    );
}
