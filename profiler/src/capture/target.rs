//! What to capture: a pid, a name or a command to launch, checked before anything is opened.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs,
    path::PathBuf,
};

use scrutineer_evidence::process::Runtime;

use crate::{
    capture::CaptureError,
    process::{self, Stat},
    redaction::redact_command_line,
};

mod group;

use super::model::Subject;
pub use group::group_of;
pub(crate) use group::open_perf_folder;

/// What to capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A running process with all its threads.
    Pid(u32),
    /// Several running processes.
    Pids(Vec<u32>),
    /// The one running process of that name (`comm` or file name of the executable).
    Name(String),
    /// Every running process of that name that may be captured.
    AllNamed(String),
    /// A running process with all its descendants.
    Tree(u32),
    /// The processes of a control group, by its folder or its path below the hierarchies.
    Cgroup(PathBuf),
    /// Every process of the machine.
    System,
    /// A command to launch; its standard streams are ours.
    Launch {
        /// Program and arguments.
        command: Vec<OsString>,
        /// Folder to start it in; ours where `None`.
        folder: Option<PathBuf>,
    },
}

/// What a capture's header says of its target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetDescription {
    /// `comm`.
    pub name: String,
    /// Command line, with secrets redacted.
    pub command_line: String,
    /// Path of the executable, as the target sees it; empty where it may not be read.
    pub executable: String,
    /// Recognised runtime.
    pub runtime: Runtime,
}

/// A target, found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// What the capture is of.
    pub subject: Subject,
    /// Its processes now, the one that was asked for first; none for the whole machine.
    pub pids: Vec<u32>,
}

impl Resolved {
    fn processes(pids: Vec<u32>) -> Self {
        Self {
            subject: Subject::Processes,
            pids,
        }
    }
}

/// Finds the processes of a target and checks that they can be captured: they exist, are no kernel
/// threads and belong to the caller (or the caller is privileged). The id of a thread resolves to
/// the process that it belongs to. Whether a control group or the whole machine may be sampled,
/// the sampler finds out.
///
/// A [`Target::Launch`] has no pid before it is launched: it is refused as
/// [`CaptureError::System`].
pub fn resolve_all(target: &Target) -> Result<Resolved, CaptureError> {
    Ok(match target {
        Target::Pid(pid) => Resolved::processes(vec![resolve_pid(*pid)?]),
        Target::Pids(pids) => {
            let mut found = Vec::new();
            for pid in pids {
                let pid = resolve_pid(*pid)?;
                if !found.contains(&pid) {
                    found.push(pid);
                }
            }
            Resolved::processes(found)
        }
        Target::Name(name) => Resolved::processes(vec![resolve_name(name)?]),
        Target::AllNamed(name) => Resolved::processes(resolve_all_named(name)?),
        Target::Tree(pid) => {
            let root = resolve_pid(*pid)?;
            Resolved {
                subject: Subject::Tree,
                pids: tree(root),
            }
        }
        Target::Cgroup(path) => group::resolve(path)?,
        Target::System => Resolved {
            subject: Subject::System,
            pids: Vec::new(),
        },
        Target::Launch { command, .. } => {
            return Err(CaptureError::System {
                what: format!("finding the pid of `{}`", display(command)),
                source: std::io::Error::other("the command was not launched yet"),
            });
        }
    })
}

/// The first process of [`resolve_all`]; 0 for the whole machine.
pub fn resolve(target: &Target) -> Result<u32, CaptureError> {
    Ok(resolve_all(target)?.pids.first().copied().unwrap_or(0))
}

/// A process and its descendants that may be captured, itself first, then ascending.
fn tree(root: u32) -> Vec<u32> {
    let caller = Caller::of_this_process();
    let mut children: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for pid in pids() {
        let Ok(stat) = process::stat(pid) else {
            continue;
        };
        if !has_ended(&stat) && Status::read(pid).is_some_and(|status| caller.may_capture(&status))
        {
            children.entry(stat.parent).or_default().push(pid);
        }
    }
    let mut found = BTreeSet::new();
    let mut waiting = vec![root];
    while let Some(pid) = waiting.pop() {
        for child in children.get(&pid).into_iter().flatten() {
            if *child != root && *child != std::process::id() && found.insert(*child) {
                waiting.push(*child);
            }
        }
    }
    std::iter::once(root).chain(found).collect()
}

/// Describes a running process for the header of its capture.
pub fn describe(pid: u32) -> Result<TargetDescription, CaptureError> {
    let stat = process::stat(pid).map_err(|_| CaptureError::NoSuchProcess { pid })?;
    Ok(TargetDescription {
        command_line: command_line(pid, &stat),
        name: stat.name,
        executable: process::executable(pid).unwrap_or_default(),
        runtime: process::runtime_of(pid),
    })
}

/// A command as a person would write it, with secrets redacted.
pub(crate) fn display(command: &[OsString]) -> String {
    let words: Vec<_> = command
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    redact_command_line(&words)
}

fn resolve_pid(pid: u32) -> Result<u32, CaptureError> {
    let gone = || CaptureError::NoSuchProcess { pid };
    let status = Status::read(pid).ok_or_else(gone)?;
    let pid = status.pid;
    let stat = process::stat(pid).map_err(|_| gone())?;
    if stat.is_kernel_thread {
        return Err(CaptureError::KernelThread {
            pid,
            name: stat.name,
        });
    }
    if has_ended(&stat) {
        return Err(gone());
    }
    if !Caller::of_this_process().may_capture(&status) {
        let owner = process::user_name(status.foreign_owner());
        return Err(CaptureError::NotOurs {
            pid,
            name: stat.name,
            owner,
        });
    }
    Ok(pid)
}

fn resolve_all_named(name: &str) -> Result<Vec<u32>, CaptureError> {
    let found = named(name);
    if found.is_empty() {
        return Err(CaptureError::NoSuchName {
            name: name.to_owned(),
        });
    }
    Ok(found.into_iter().map(|(pid, _)| pid).collect())
}

/// Pids and command lines of the processes of a name that may be captured, ascending.
fn named(name: &str) -> Vec<(u32, String)> {
    let caller = Caller::of_this_process();
    let mut found: Vec<(u32, String)> = pids()
        .filter(|&pid| pid != std::process::id())
        .filter_map(|pid| {
            let stat = process::stat(pid).ok()?;
            let is_target = !stat.is_kernel_thread
                && !has_ended(&stat)
                && bears_name(pid, &stat, name)
                && caller.may_capture(&Status::read(pid)?);
            is_target.then(|| (pid, command_line(pid, &stat)))
        })
        .collect();
    found.sort_unstable();
    found
}

fn resolve_name(name: &str) -> Result<u32, CaptureError> {
    let found = named(name);
    match found.as_slice() {
        [] => Err(CaptureError::NoSuchName {
            name: name.to_owned(),
        }),
        [(pid, _)] => Ok(*pid),
        _ => Err(CaptureError::AmbiguousName {
            name: name.to_owned(),
            matches: found,
        }),
    }
}

/// A zombie still has a pid, but no code that could be sampled.
fn has_ended(stat: &Stat) -> bool {
    matches!(stat.state, 'Z' | 'X' | 'x')
}

fn bears_name(pid: u32, stat: &Stat, name: &str) -> bool {
    stat.name == name
        || process::executable(pid)
            .is_some_and(|path| path.rsplit('/').next().is_some_and(|file| file == name))
}

/// The command line, redacted; `[comm]` as `ps` shows it where a process has wiped it.
fn command_line(pid: u32, stat: &Stat) -> String {
    let arguments = process::arguments(pid);
    if arguments.is_empty() {
        format!("[{}]", stat.name)
    } else {
        redact_command_line(&arguments)
    }
}

fn pids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// What `/proc/PID/status` says of a process's owner.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Status {
    /// Pid of the process, where the id asked for was that of a thread.
    pid: u32,
    /// Real, effective and saved user ids.
    uids: [u32; 3],
    /// Effective capabilities.
    capabilities: u64,
}

impl Status {
    fn read(pid: u32) -> Option<Self> {
        let bytes = fs::read(format!("/proc/{pid}/status")).ok()?;
        Self::parse(&String::from_utf8_lossy(&bytes))
    }

    fn parse(text: &str) -> Option<Self> {
        let field = |wanted: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(wanted)?.strip_prefix(':'))
        };
        let mut uids = field("Uid")?
            .split_ascii_whitespace()
            .map_while(|id| id.parse().ok());
        Some(Self {
            pid: field("Tgid")?.trim().parse().ok()?,
            uids: [uids.next()?, uids.next()?, uids.next()?],
            capabilities: u64::from_str_radix(field("CapEff")?.trim(), 16).ok()?,
        })
    }

    fn foreign_owner(&self) -> u32 {
        let own = Caller::of_this_process().uid;
        self.uids.into_iter().find(|&uid| uid != own).unwrap_or(own)
    }
}

/// Who asks.
struct Caller {
    uid: u32,
    is_privileged: bool,
}

impl Caller {
    fn of_this_process() -> Self {
        // `CAP_SYS_PTRACE` and `CAP_PERFMON` of the kernel's capability.h.
        const REACHING_OTHERS: u64 = (1 << 19) | (1 << 38);
        // Without /proc nothing is found at all; nobody is privileged then.
        let own = Status::read(std::process::id());
        Self {
            uid: own.as_ref().map_or(u32::MAX, |status| status.uids[1]),
            is_privileged: own.is_some_and(|status| status.capabilities & REACHING_OTHERS != 0),
        }
    }

    /// The rule of `ptrace_may_access`: all three ids of the target are the caller's.
    fn may_capture(&self, target: &Status) -> bool {
        self.is_privileged || target.uids == [self.uid; 3]
    }
}

#[cfg(test)]
mod tests {
    use std::{
        os::unix::process::CommandExt,
        path::Path,
        process::{Child, Command, Stdio},
    };

    use super::*;

    const NOBODY: u32 = 65_534;

    struct Running(Child);

    impl Running {
        fn start(mut command: Command) -> Self {
            let child = command
                .stdin(Stdio::piped())
                .spawn()
                .expect("the program starts");
            // The kernel shows the arguments a moment after the exec alone.
            while process::arguments(child.id()).is_empty() {
                std::thread::yield_now();
            }
            Self(child)
        }
    }

    impl Drop for Running {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    /// A copy of `cat`, which waits for ever, under a name that nothing else bears.
    fn copy_of_cat(folder: &Path, name: &str) -> PathBuf {
        let copy = folder.join(name);
        fs::copy("/bin/cat", &copy).unwrap();
        copy
    }

    #[test]
    fn a_running_process_and_its_threads_resolve_to_its_pid() {
        let own = std::process::id();
        assert_eq!(resolve(&Target::Pid(own)).unwrap(), own);
        let threads = fs::read_dir("/proc/self/task").unwrap().flatten();
        for thread in threads {
            let tid = thread.file_name().to_str().unwrap().parse().unwrap();
            assert_eq!(resolve(&Target::Pid(tid)).unwrap(), own);
        }
    }

    #[test]
    fn a_pid_that_is_gone_and_a_zombie_are_refused() {
        let mut child = Command::new("true").spawn().unwrap();
        let pid = child.id();
        while process::stat(pid).unwrap().state != 'Z' {
            std::thread::yield_now();
        }
        let zombie = resolve(&Target::Pid(pid));
        assert!(matches!(zombie, Err(CaptureError::NoSuchProcess { pid: p }) if p == pid));
        child.wait().unwrap();
        for pid in [pid, 0, u32::MAX] {
            let gone = resolve(&Target::Pid(pid));
            assert!(matches!(gone, Err(CaptureError::NoSuchProcess { pid: p }) if p == pid));
        }
    }

    #[test]
    fn a_kernel_thread_is_refused() {
        if process::stat(2).is_ok_and(|stat| stat.is_kernel_thread) {
            let error = resolve(&Target::Pid(2)).unwrap_err();
            assert!(
                matches!(error, CaptureError::KernelThread { pid: 2, .. }),
                "{error}"
            );
        } else {
            crate::sys::tests_skip(
                "a_kernel_thread_is_refused",
                "no kernel threads in this /proc",
            );
        }
    }

    #[test]
    fn a_name_is_that_of_the_thread_group_or_of_the_executable() {
        let folder = tempfile::tempdir().unwrap();
        let name = "scrutineer-test-with-a-long-name";
        let program = copy_of_cat(folder.path(), name);
        let first = Running::start(Command::new(&program));
        for name in [name, &name[..15]] {
            assert_eq!(
                resolve(&Target::Name(name.to_owned())).unwrap(),
                first.0.id()
            );
        }
        let _ = fs::remove_file(&program);
        assert_eq!(
            resolve(&Target::Name(name.to_owned())).unwrap(),
            first.0.id()
        );
    }

    #[test]
    fn an_ambiguous_name_lists_its_matches_without_their_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let program = copy_of_cat(folder.path(), "scrut-twin");
        let start = |argument: &str| {
            let mut command = Command::new(&program);
            Running::start({
                command.args(["--", "-", argument]);
                command
            })
        };
        let twins = [start("--token=abcdefgh12345678"), start("b")];
        let error = resolve(&Target::Name("scrut-twin".to_owned())).unwrap_err();
        let CaptureError::AmbiguousName { matches, .. } = &error else {
            panic!("{error}")
        };
        let mut pids = twins.each_ref().map(|twin| twin.0.id());
        pids.sort_unstable();
        assert_eq!(
            matches.iter().map(|found| found.0).collect::<Vec<_>>(),
            pids
        );
        assert!(!error.to_string().contains("abcdefgh12345678"), "{error}");
        assert!(error.to_string().contains("scrut-twin -- - b"), "{error}");
    }

    #[test]
    fn our_own_name_is_never_found() {
        let own = process::stat(std::process::id()).unwrap().name;
        match resolve(&Target::Name(own)) {
            Err(CaptureError::NoSuchName { .. }) => {}
            // Another run of the same tests.
            Ok(pid) => assert_ne!(pid, std::process::id()),
            Err(CaptureError::AmbiguousName { matches, .. }) => {
                assert!(matches.iter().all(|found| found.0 != std::process::id()));
            }
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn what_is_launched_later_has_no_pid_yet() {
        let command = vec!["true".into()];
        let error = resolve(&Target::Launch {
            command,
            folder: None,
        })
        .unwrap_err();
        assert!(error.to_string().contains("not launched yet"), "{error}");
    }

    #[test]
    fn somebody_elses_process_is_refused_by_number_and_not_found_by_name() {
        let test = "somebody_elses_process_is_refused_by_number_and_not_found_by_name";
        if Caller::of_this_process().uid != 0 {
            return crate::sys::tests_skip(test, "only root can start a test as somebody else");
        }
        let folder = tempfile::tempdir().unwrap();
        let roots = Running::start(Command::new(copy_of_cat(folder.path(), "scrut-roots")));
        let copy = folder.path().join("tests");
        fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(folder.path(), open).unwrap();
        let output = Command::new(copy)
            .args([
                "--exact",
                "--ignored",
                "capture::target::tests::nobody_may_not_reach_root",
            ])
            .env("SCRUTINEER_TEST_PID", roots.0.id().to_string())
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
    #[ignore = "runs as nobody, started by the test of somebody else's process"]
    fn nobody_may_not_reach_root() {
        let pid = std::env::var("SCRUTINEER_TEST_PID")
            .unwrap()
            .parse()
            .unwrap();
        let error = resolve(&Target::Pid(pid)).unwrap_err();
        assert!(
            matches!(&error, CaptureError::NotOurs { name, owner, .. }
                if name == "scrut-roots" && owner == "root"),
            "{error}"
        );
        let error = resolve(&Target::Name("scrut-roots".to_owned())).unwrap_err();
        assert!(matches!(error, CaptureError::NoSuchName { .. }), "{error}");
        assert_eq!(
            resolve(&Target::Pid(std::process::id())).unwrap(),
            std::process::id()
        );
    }

    #[test]
    fn a_process_is_described_without_its_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let program = copy_of_cat(folder.path(), "scrut-described");
        let mut command = Command::new(&program);
        command.args(["--", "-", "--password=hunter2hunter2"]);
        let child = Running::start(command);
        let description = describe(child.0.id()).unwrap();
        assert_eq!(description.name, "scrut-described");
        assert_eq!(description.executable, program.to_string_lossy());
        assert!(
            description
                .command_line
                .starts_with(&*program.to_string_lossy())
        );
        assert!(
            !description.command_line.contains("hunter2"),
            "{}",
            description.command_line
        );
        assert_eq!(describe(2).map(|found| found.command_line).ok(), kthreadd());
        assert!(matches!(
            describe(0),
            Err(CaptureError::NoSuchProcess { pid: 0 })
        ));
    }

    fn kthreadd() -> Option<String> {
        process::stat(2).ok().map(|stat| format!("[{}]", stat.name))
    }
}
