//! What is read and tried before anything is judged.

use std::{fs, path::Path};

use perf_event_open_sys::bindings::{
    PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_SW_CONTEXT_SWITCHES, PERF_COUNT_SW_CPU_CLOCK,
    PERF_TYPE_HARDWARE, PERF_TYPE_SOFTWARE, perf_event_attr,
};

use crate::{process, sys};

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

/// Opens an event of our own thread and closes it again.
fn try_event(kind: u32, config: u32, user_only: bool) -> Result<(), String> {
    let mut attributes = perf_event_attr::default();
    attributes.type_ = kind;
    attributes.config = u64::from(config);
    attributes.set_disabled(1);
    attributes.set_exclude_kernel(u64::from(user_only));
    attributes.set_exclude_hv(1);
    let cpu = own_cpu();
    sys::perf::open(&attributes, sys::perf::Scope::Thread(0), cpu)
        .map(drop)
        .map_err(|error| error.to_string())
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

pub(super) fn number<T: std::str::FromStr>(path: &str) -> Option<T> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}
