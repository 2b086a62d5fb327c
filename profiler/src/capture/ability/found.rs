//! What is read and tried before anything is judged.

use std::{
    fs,
    os::fd::AsFd,
    path::{Path, PathBuf},
};

use linux_perf_event_reader::SampleFormat;
use perf_event_open_sys::bindings::{
    PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_SW_CONTEXT_SWITCHES, PERF_COUNT_SW_CPU_CLOCK,
    PERF_COUNT_SW_PAGE_FAULTS, PERF_TYPE_HARDWARE, PERF_TYPE_SOFTWARE, PERF_TYPE_TRACEPOINT,
    perf_event_attr,
};

use crate::{
    capture::helper::{self, HelperOpener, Powers},
    process,
    sys::{self, perf::Scope},
};

const WAKEUP_NUMBERS: [&str; 2] = [
    "/sys/kernel/tracing/events/sched/sched_waking/id",
    "/sys/kernel/debug/tracing/events/sched/sched_waking/id",
];
const CGROUP_FOLDERS: [&str; 2] = ["/sys/fs/cgroup/perf_event", "/sys/fs/cgroup"];

/// Bits of the kernel's capability.h.
pub(super) const CAP_SYS_PTRACE: u32 = 19;
const CAP_SYS_ADMIN: u32 = 21;
const CAP_PERFMON: u32 = 38;

/// What was read and tried; the judgements of it are pure.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// `None` where the kernel was built without perf events.
    pub(super) paranoid: Option<i64>,
    /// The error's words where it was refused.
    pub(super) cpu_clock: Result<(), String>,
    pub(super) cycles: Result<(), String>,
    pub(super) kernel_clock: Result<(), String>,
    pub(super) switches: Result<(), String>,
    pub(super) page_faults: Result<(), String>,
    /// The wake-up tracepoint, recorded of our own thread.
    pub(super) wakeups: Result<(), String>,
    pub(super) whole_machine: Result<(), String>,
    /// A control group as a whole; `None` where no hierarchy has perf events.
    pub(super) cgroup: Option<Result<(), String>>,
    pub(super) helper: HelperFound,
    pub(super) kptr_restrict: Option<u64>,
    pub(super) shows_kernel_symbols: bool,
    /// `None` without Yama.
    pub(super) yama_scope: Option<u64>,
    /// Result of tracing a child of our own.
    pub(super) ptrace: Result<(), String>,
    pub(super) capabilities: u64,
    pub(super) mlock_kb: Option<u64>,
    /// Bytes of memory that may be locked beside that; `None` where unlimited.
    pub(super) memlock_bytes: Option<u64>,
    pub(super) cores: u64,
    /// Hard limit of descriptors; `None` where unlimited.
    pub(super) descriptors: Option<u64>,
    pub(super) memory_controller: Option<&'static str>,
    pub(super) has_pressure: bool,
    pub(super) has_tracefs: bool,
    pub(super) governor: Option<String>,
    pub(super) program: String,
}

impl Found {
    pub(super) fn gather() -> Self {
        Self {
            paranoid: number("/proc/sys/kernel/perf_event_paranoid"),
            cpu_clock: try_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, true),
            cycles: try_event(PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, true),
            kernel_clock: try_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, false),
            switches: try_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES, false),
            page_faults: try_event(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, true),
            wakeups: try_wakeups(),
            whole_machine: try_scope(Scope::Everyone),
            cgroup: try_cgroup(),
            helper: HelperFound::ask(),
            kptr_restrict: number("/proc/sys/kernel/kptr_restrict"),
            shows_kernel_symbols: shows_kernel_symbols(),
            yama_scope: number("/proc/sys/kernel/yama/ptrace_scope"),
            ptrace: try_ptrace(),
            capabilities: own_capabilities(),
            mlock_kb: number("/proc/sys/kernel/perf_event_mlock_kb"),
            memlock_bytes: sys::limits::hard(libc::RLIMIT_MEMLOCK),
            cores: u64::from(process::machine_key().cores),
            descriptors: sys::limits::hard(libc::RLIMIT_NOFILE),
            memory_controller: memory_controller_version(),
            has_tracefs: has_tracefs(),
            has_pressure: fs::read("/proc/pressure/cpu").is_ok(),
            governor: process::governor(),
            program: std::env::current_exe().map_or_else(
                |_| "scrutineer".to_owned(),
                |path| path.display().to_string(),
            ),
        }
    }

    pub(super) fn has(&self, capability: u32) -> bool {
        self.capabilities & (1 << capability) != 0
    }

    pub(super) fn may_all_perf(&self) -> bool {
        self.has(CAP_PERFMON) || self.has(CAP_SYS_ADMIN)
    }

    pub(super) fn paranoid_words(&self) -> String {
        self.paranoid.map_or_else(
            || "the kernel has no perf events".to_owned(),
            |level| format!("perf_event_paranoid = {level}"),
        )
    }
}

/// The helper, as asked just now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HelperFound {
    None,
    Works(PathBuf, Powers),
    /// Why it does not.
    Broken(String),
}

impl HelperFound {
    fn ask() -> Self {
        let Some(path) = helper::find() else {
            return Self::None;
        };
        match HelperOpener::start(&path) {
            Ok(opener) => Self::Works(path, opener.powers()),
            Err(error) => Self::Broken(error.to_string()),
        }
    }

    /// What it can do; nothing where it does not work.
    pub(super) fn powers(&self) -> Powers {
        match self {
            Self::Works(_, powers) => *powers,
            Self::None | Self::Broken(_) => Powers::default(),
        }
    }
}

fn attributes(kind: u32, config: u64, user_only: bool) -> perf_event_attr {
    let mut attributes = perf_event_attr::default();
    attributes.type_ = kind;
    attributes.config = config;
    attributes.set_disabled(1);
    attributes.set_exclude_kernel(u64::from(user_only));
    attributes.set_exclude_hv(1);
    attributes
}

/// Opens an event of our own thread and closes it again.
fn try_event(kind: u32, config: u32, user_only: bool) -> Result<(), String> {
    open(
        &attributes(kind, u64::from(config), user_only),
        Scope::Thread(0),
    )
}

fn try_scope(scope: Scope<'_>) -> Result<(), String> {
    let clock = u64::from(PERF_COUNT_SW_CPU_CLOCK);
    open(&attributes(PERF_TYPE_SOFTWARE, clock, true), scope)
}

fn open(attributes: &perf_event_attr, scope: Scope<'_>) -> Result<(), String> {
    sys::perf::open(attributes, scope, own_cpu())
        .map(drop)
        .map_err(|error| error.to_string())
}

fn try_wakeups() -> Result<(), String> {
    let numbers = WAKEUP_NUMBERS.map(|path| (path, fs::read_to_string(path)));
    let mut why = "no tracefs is mounted";
    for (path, number) in numbers {
        match number {
            Ok(text) => {
                let number = text.trim().parse().map_err(|_| format!("{path}: {text}"))?;
                let mut attributes = attributes(PERF_TYPE_TRACEPOINT, number, false);
                attributes.sample_type = SampleFormat::RAW.bits();
                attributes.sample_period = 1;
                return open(&attributes, Scope::Thread(0));
            }
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                why = "tracefs is closed to all but root";
            }
            Err(_) => {}
        }
    }
    Err(why.to_owned())
}

fn try_cgroup() -> Option<Result<(), String>> {
    let folder = CGROUP_FOLDERS.iter().find(|folder| {
        let is_unified = Path::new(folder).join("cgroup.controllers").exists();
        is_unified || folder.ends_with("perf_event") && Path::new(folder).exists()
    })?;
    let folder = fs::File::open(folder).ok()?;
    Some(try_scope(Scope::Cgroup(folder.as_fd())))
}

/// A CPU that is online: the first may be off.
fn own_cpu() -> u32 {
    let online = fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
    let first: String = online.chars().take_while(char::is_ascii_digit).collect();
    first.parse().unwrap_or(0)
}

/// Traces a child of our own for a moment, on a thread that ends with it.
pub(super) fn try_ptrace() -> Result<(), String> {
    let tried = std::thread::Builder::new()
        .name("doctor".to_owned())
        .spawn(|| {
            let held = sys::launch::spawn_held(std::process::Command::new("true"))?;
            let result = sys::ptrace::seize(held.pid());
            // The cancelled child ends by itself; its end is waited for by whoever spawned it.
            held.cancel();
            result
        });
    let result = tried
        .map(std::thread::JoinHandle::join)
        .map_err(|error| error.to_string())?;
    result
        .map_err(|_| "the trial broke off".to_owned())?
        .map_err(|error| error.to_string())
}

/// Whether addresses in `/proc/kallsyms` are real: without permission they are zero.
fn shows_kernel_symbols() -> bool {
    use std::io::Read;
    let mut first = [0; 16];
    fs::File::open("/proc/kallsyms")
        .and_then(|mut file| file.read_exact(&mut first))
        .is_ok()
        && first.iter().any(|&digit| digit != b'0')
}

fn own_capabilities() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    field
        .and_then(|field| u64::from_str_radix(field.trim(), 16).ok())
        .unwrap_or(0)
}

fn memory_controller_version() -> Option<&'static str> {
    let holds = |file: &str| {
        fs::read_to_string(file)
            .is_ok_and(|text| text.split_ascii_whitespace().any(|name| name == "memory"))
    };
    if holds("/sys/fs/cgroup/cgroup.controllers") {
        Some("version 2")
    } else if Path::new("/sys/fs/cgroup/memory/memory.usage_in_bytes").exists() {
        Some("version 1")
    } else {
        None
    }
}

/// The folder's mode keeps all but root out of a mounted tracefs; an unmounted one is empty.
fn has_tracefs() -> bool {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let mut kinds = mounts.lines().filter_map(|line| line.split(' ').nth(2));
    kinds.any(|kind| kind == "tracefs")
}

pub(super) fn number<T: std::str::FromStr>(path: &str) -> Option<T> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}
