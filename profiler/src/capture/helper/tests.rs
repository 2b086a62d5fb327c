//! The helper with real capabilities, called by a user who has none and wants too much.

use std::{
    fs::{self, Permissions},
    io::Read,
    os::{
        fd::AsFd,
        unix::{
            fs::PermissionsExt,
            process::{CommandExt, ExitStatusExt},
        },
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use super::{
    protocol::{REQUEST_BYTES, Reply, Request, Scope as Wished, tests::wish},
    *,
};
use crate::{
    capture::perf::{EventOpener, EventRole, EventWish, OwnOpener, Scope},
    sys::{
        exec_guard::ExecGuard, launch::spawn_held, tests_copy_program, tests_signal, tests_skip,
        user,
    },
};

#[path = "../../../../tests/support/kernel_setting.rs"]
mod kernel_setting;

use kernel_setting::KernelSetting;

const NOBODY: u32 = 65534;
/// Where the inner tests find what the outer one prepared.
const FOLDER: &str = "SCRUTINEER_TEST_FOLDER";
const ROOTS_PID: &str = "SCRUTINEER_TEST_PID";

/// A folder with the installed helper, a setuid program and one that may not be read.
struct Prepared(tempfile::TempDir);

impl Prepared {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mode = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode));
        mode(folder.path(), 0o755).unwrap();
        for (name, bits) in [("setuid", 0o4755), ("closed", 0o711), ("open", 0o755)] {
            let copy = folder.path().join(name);
            tests_copy_program("/bin/sleep", &copy);
            mode(&copy, bits).unwrap();
        }
        let tests = folder.path().join("tests");
        tests_copy_program(std::env::current_exe().unwrap(), &tests);
        mode(&tests, 0o755).unwrap();
        let installed = install(&tests, Some(folder.path()), None).unwrap();
        // What another test started while this was written may hold a writing descriptor of it.
        while Command::new(&installed.path)
            .arg("--list")
            .output()
            .is_err_and(|error| error.kind() == std::io::ErrorKind::ExecutableFileBusy)
        {
            std::thread::yield_now();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs an ignored test of this module as nobody.
    fn run_as_nobody(&self, test: &str, roots_pid: u32) {
        let output = Command::new(self.path("tests"))
            .args(["--exact", "--ignored", "--nocapture"])
            .arg(format!("capture::helper::tests::{test}"))
            .env(FOLDER, self.0.path())
            .env(ROOTS_PID, roots_pid.to_string())
            .current_dir("/")
            .uid(NOBODY)
            .gid(NOBODY)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && said.contains("1 passed"),
            "{said}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// A program that is ended with the test.
struct Program(Child);

impl Program {
    fn start(path: &Path) -> Self {
        let command = Command::new(path).arg("1000").stdin(Stdio::null()).spawn();
        let program = Self(command.unwrap());
        let image = fs::canonicalize(path).unwrap();
        // The link of a program with more privileges is closed to us: then its exec is over.
        while fs::read_link(format!("/proc/{}/exe", program.pid()))
            .is_ok_and(|running| running != image)
        {
            std::thread::yield_now();
        }
        program
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn is_root(test: &str) -> bool {
    let is_root = user::effective_uid() == 0;
    if !is_root {
        tests_skip(test, "only root can give a file capabilities");
    }
    is_root
}

fn prepared(name: &str) -> PathBuf {
    Path::new(&std::env::var_os(FOLDER).unwrap()).join(name)
}

fn start() -> HelperOpener {
    let path = prepared(NAME);
    let mut command = Command::new(&path);
    command.args(["--exact", "--ignored", "--nocapture"]);
    command.arg("capture::helper::tests::the_helper_itself");
    HelperOpener::start_command(command, &path).unwrap()
}

#[test]
#[ignore = "is the helper, in a copy of this program that carries capabilities"]
fn the_helper_itself() {
    run();
}

#[test]
fn a_user_without_privileges_gets_own_processes_and_nobody_elses() {
    let test = "a_user_without_privileges_gets_own_processes_and_nobody_elses";
    if !is_root(test) {
        return;
    }
    let Some(_setting) = KernelSetting::hold("kernel/perf_event_paranoid", "2") else {
        return tests_skip(test, "kernel settings cannot be changed");
    };
    let (prepared, roots) = (Prepared::new(), Program::start(Path::new("/bin/sleep")));
    for test in [
        "own_processes_are_opened_with_kernel_frames",
        "what_is_not_the_callers_is_refused",
        "garbage_gets_no_descriptor_and_ends_nothing",
        "thousands_of_requests_leave_nothing_behind",
        "a_helper_that_dies_is_told_and_one_that_is_let_go_ends",
        "kernel_symbols_have_addresses",
    ] {
        prepared.run_as_nobody(test, roots.pid());
    }
}

fn thread(pid: u32) -> Scope<'static> {
    Scope::Thread { pid, tid: pid }
}

fn is_event(descriptor: &std::os::fd::OwnedFd) -> bool {
    use std::os::fd::AsRawFd;
    let link = fs::read_link(format!("/proc/self/fd/{}", descriptor.as_raw_fd())).unwrap();
    link.to_string_lossy() == "anon_inode:[perf_event]"
}

#[test]
#[ignore = "runs as nobody, started by the test of the user without privileges"]
fn own_processes_are_opened_with_kernel_frames() {
    let (mut helper, own) = (start(), Program::start(&prepared("open")));
    assert!(helper.is_helper() && helper.powers().events);
    let kernel_wish = wish(EventRole::Cpu);
    assert!(
        OwnOpener.open(&kernel_wish, thread(own.pid()), 0).is_err(),
        "without the helper there are none"
    );
    assert_eq!(refusal(&helper, &event_of(own.pid(), own.pid())), None);
    for role in [EventRole::Cpu, EventRole::Switches, EventRole::PageFaults] {
        let event = helper.open(&wish(role), thread(own.pid()), 0).unwrap();
        assert!(is_event(&event));
    }
    if let Some(tracepoint) = helper.powers().wakeup_tracepoint {
        let tracepoint = u64::from(tracepoint);
        let wakeups = wish(EventRole::Wakeups { tracepoint });
        assert!(is_event(
            &helper.open(&wakeups, thread(own.pid()), 0).unwrap()
        ));
    } else {
        tests_skip("wake-ups by the helper", "no tracefs is mounted");
    }
    assert!(is_event(&helper.open_leader(4096, 0).unwrap()));
    // A child that waits for its exec is the caller's too.
    let held = spawn_held(Command::new(prepared("open"))).unwrap();
    let from_exec = EventWish {
        from_exec: true,
        ..kernel_wish
    };
    helper.open(&from_exec, thread(held.pid()), 0).unwrap();
    held.cancel();
}

fn refusal(helper: &HelperOpener, request: &Request) -> Option<Refusal> {
    let (reply, descriptor) = helper.exchange(&request.encode(1), None).unwrap();
    assert_eq!(reply.outcome.is_ok(), descriptor.is_some(), "{reply:?}");
    reply.outcome.err().map(|(refusal, _)| refusal)
}

fn event_of(pid: u32, tid: u32) -> Request {
    Request::Event {
        wish: wish(EventRole::Cpu),
        scope: Wished::Thread { pid, tid },
        cpu: 0,
    }
}

#[test]
#[ignore = "runs as nobody, started by the test of the user without privileges"]
fn what_is_not_the_callers_is_refused() {
    let roots: u32 = std::env::var(ROOTS_PID).unwrap().parse().unwrap();
    let (helper, own) = (start(), Program::start(&prepared("open")));
    let (setuid, closed) = (
        Program::start(&prepared("setuid")),
        Program::start(&prepared("closed")),
    );
    let helpers = helper.pid();
    let whose = |pid, tid| refusal(&helper, &event_of(pid, tid));
    assert_eq!(whose(own.pid(), own.pid()), None);
    assert_eq!(whose(roots, roots), Some(Refusal::NotYours));
    assert_eq!(whose(1, 1), Some(Refusal::NotYours));
    assert_eq!(whose(setuid.pid(), setuid.pid()), Some(Refusal::NotYours));
    assert_eq!(whose(closed.pid(), closed.pid()), Some(Refusal::NotYours));
    assert_eq!(whose(helpers, helpers), Some(Refusal::NotYours));
    assert_eq!(whose(own.pid(), roots), Some(Refusal::NotOfProcess));
    assert_eq!(whose(own.pid(), setuid.pid()), Some(Refusal::NotOfProcess));
    assert_eq!(whose(roots, own.pid()), Some(Refusal::NotYours));
    let leader = Request::Leader {
        pid: roots,
        tid: roots,
        cpu: 0,
        watermark_bytes: 4096,
    };
    assert_eq!(refusal(&helper, &leader), Some(Refusal::NotYours));
    let gone = own.pid();
    drop(own);
    assert_eq!(whose(gone, gone), Some(Refusal::Gone));

    // Beyond its own processes the caller gets what it could have had alone: nothing.
    let everyone = Request::Event {
        wish: wish(EventRole::Cpu),
        scope: Wished::Everyone,
        cpu: 0,
    };
    assert_eq!(refusal(&helper, &everyone), Some(Refusal::BeyondOwn));
    let cgroup = Request::Event {
        wish: wish(EventRole::Cpu),
        scope: Wished::Cgroup,
        cpu: 0,
    };
    assert_eq!(refusal(&helper, &cgroup), Some(Refusal::Malformed));
    let folder = fs::File::open("/proc/self").unwrap();
    let beside = |request: &Request| {
        let (reply, descriptor) = helper
            .exchange(&request.encode(1), Some(folder.as_fd()))
            .unwrap();
        assert!(descriptor.is_none());
        reply.outcome.unwrap_err().0
    };
    assert_ne!(beside(&cgroup), Refusal::Malformed);
    assert_eq!(beside(&everyone), Refusal::Malformed);
    assert_eq!(beside(&Request::Hello), Refusal::Malformed);

    // CPUs and rates that do not exist are the kernel's to refuse.
    let strange = Request::Event {
        wish: EventWish {
            frequency_hz: 100_000,
            ..wish(EventRole::Cpu)
        },
        scope: Wished::Thread {
            pid: std::process::id(),
            tid: std::process::id(),
        },
        cpu: u32::MAX - 7,
    };
    assert_eq!(refusal(&helper, &strange), Some(Refusal::ByKernel));
}

/// Numbers that look like chance and are the same in every run.
fn chance(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
#[ignore = "runs as nobody, started by the test of the user without privileges"]
fn garbage_gets_no_descriptor_and_ends_nothing() {
    let helper = start();
    let mut state = 0x9e37_79b9_7f4a_7c15;
    for round in 0..20_000_u32 {
        let length = 1 + chance(&mut state) as usize % (2 * REQUEST_BYTES);
        let mut bytes: Vec<u8> = (0..length).map(|_| chance(&mut state) as u8).collect();
        if round % 2 == 0 {
            // Past the head, so that the rest is looked at.
            let head = Request::Hello.encode(0);
            let kept = length.min(6 + round as usize % 4);
            bytes[..kept].copy_from_slice(&head[..kept]);
        }
        let roots = std::env::var(ROOTS_PID).unwrap().parse::<u32>().unwrap();
        if round % 3 == 0 && length >= 24 {
            bytes[16..20].copy_from_slice(&roots.to_le_bytes());
            bytes[20..24].copy_from_slice(&roots.to_le_bytes());
        }
        let (reply, descriptor) = helper.exchange(&bytes, None).unwrap();
        let may_be_hello =
            Request::decode(&bytes, Some(1)).is_ok_and(|(request, _)| request == Request::Hello);
        assert!(descriptor.is_none(), "{bytes:?}");
        assert_eq!(reply.outcome.is_ok(), may_be_hello, "{bytes:?}");
    }
    let mut other_version = Request::Hello.encode(3);
    other_version[4] = 99;
    let (reply, _) = helper.exchange(&other_version, None).unwrap();
    assert_eq!(reply.outcome.unwrap_err().0, Refusal::OtherVersion);
    let (reply, _) = helper.exchange(&Request::Hello.encode(3), None).unwrap();
    assert_eq!((reply.sequence, reply.outcome), (3, Ok(())));
}

#[test]
#[ignore = "runs as nobody, started by the test of the user without privileges"]
fn thousands_of_requests_leave_nothing_behind() {
    let (mut helper, own) = (start(), Program::start(&prepared("open")));
    let open = || fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open();
    let memory = |pid: u32| {
        let statm = fs::read_to_string(format!("/proc/{pid}/statm")).unwrap();
        let pages = statm.split(' ').nth(1).unwrap().parse::<u64>();
        pages.unwrap()
    };
    let mut pages = 0;
    for round in 0..3_000 {
        helper
            .open(&wish(EventRole::Cpu), thread(own.pid()), 0)
            .unwrap();
        if round == 500 {
            pages = memory(helper.pid());
        }
    }
    assert_eq!(open(), before);
    assert!(memory(helper.pid()) <= pages + 16, "the helper grows");
}

#[test]
#[ignore = "runs as nobody, started by the test of the user without privileges"]
fn a_helper_that_dies_is_told_and_one_that_is_let_go_ends() {
    let mut helper = start();
    tests_signal(helper.pid(), libc::SIGKILL);
    let own = std::process::id();
    assert!(helper.open(&wish(EventRole::Cpu), thread(own), 0).is_err());
    assert!(matches!(
        helper.kernel_symbols(),
        Err(HelperError::NoAnswer { .. })
    ));
    let helper = start();
    let pid = helper.pid();
    drop(helper);
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
#[ignore = "runs as nobody, started by the test of the user without privileges"]
fn kernel_symbols_have_addresses() {
    let mut first = [b'0'; 16];
    start()
        .kernel_symbols()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    let hidden = fs::read_to_string("/proc/sys/kernel/kptr_restrict").unwrap();
    if hidden.trim() == "2" {
        return tests_skip("kernel_symbols_have_addresses", "kptr_restrict is 2");
    }
    let (mut own, mut own_file) = ([b'1'; 16], fs::File::open("/proc/kallsyms").unwrap());
    own_file.read_exact(&mut own).unwrap();
    assert_eq!(own, [b'0'; 16], "without the helper they are hidden");
    assert_ne!(first, [b'0'; 16]);
}

#[test]
fn a_program_with_more_privileges_that_is_executed_in_between_is_noticed() {
    let test = "a_program_with_more_privileges_that_is_executed_in_between_is_noticed";
    if !is_root(test) {
        return;
    }
    let prepared = Prepared::new();
    for (program, keeps_rights) in [("open", true), ("setuid", false), ("closed", false)] {
        let mut command = Command::new(prepared.path(program));
        command.arg("1000").uid(NOBODY).gid(NOBODY);
        let held = spawn_held(command).unwrap();
        let guard = ExecGuard::open(held.pid()).unwrap();
        assert!(guard.holds(), "nothing has happened yet");
        let mut child = Program(held.release().unwrap());
        assert_eq!(guard.holds(), keeps_rights, "{program}");
        child.0.kill().unwrap();
        assert_eq!(child.0.wait().unwrap().signal(), Some(libc::SIGKILL));
        assert!(!guard.holds(), "it has ended");
    }
}

#[test]
fn a_helper_without_capabilities_and_one_of_another_version_are_refused_with_the_command() {
    // This program answers nothing: it is no helper.
    let mut silent = Command::new("true");
    silent.arg("ignored");
    let error = HelperOpener::start_command(silent, Path::new("/x/true")).unwrap_err();
    assert!(matches!(error, HelperError::NoAnswer { .. }), "{error}");
    assert!(error.to_string().contains("--install-helper"), "{error}");
    let error = HelperOpener::start(Path::new("/no/such/helper")).unwrap_err();
    assert!(matches!(error, HelperError::Start { .. }), "{error}");
    let error = HelperError::OtherVersion {
        path: "/x/helper".into(),
        found: 2,
        known: 1,
    };
    assert!(error.to_string().contains("version 2"), "{error}");
    let reply = Reply {
        sequence: 0,
        outcome: Ok(()),
        powers: Powers::default(),
    };
    assert!(!reply.powers.events);
}
