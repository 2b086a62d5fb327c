//! What can be captured here, feature by feature, and the command that would enable each cross.

use std::{fs, path::Path};

use perf_event_open_sys::bindings::{
    PERF_COUNT_HW_CPU_CYCLES, PERF_COUNT_SW_CONTEXT_SWITCHES, PERF_COUNT_SW_CPU_CLOCK,
    PERF_TYPE_HARDWARE, PERF_TYPE_SOFTWARE, perf_event_attr,
};
use serde::Serialize;

use crate::{process, sys};

/// Whether a feature works here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Readiness {
    /// It works, as tried just now.
    Ready,
    /// It works in part.
    Limited,
    /// It does not work.
    Unavailable,
}

/// One feature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ability {
    /// Stable name: `cpu_sampling`, `kernel_frames` …
    pub id: &'static str,
    /// Title for people: `On-CPU sampling`.
    pub title: &'static str,
    /// Whether it works.
    pub readiness: Readiness,
    /// The value that was read or tried: `perf_event_paranoid = 2`.
    pub value: String,
    /// What follows for the user; empty where all is well.
    pub consequence: String,
    /// The exact command that would enable it; `None` where there is nothing to mend.
    pub remedy: Option<String>,
}

/// Tries every feature for real (opens an event and closes it again) and says what it found, in a
/// fixed order.
pub fn measure() -> Vec<Ability> {
    let found = Found::gather();
    vec![
        cpu_sampling(&found),
        hardware_counters(&found),
        kernel_frames(&found),
        kernel_symbols(&found),
        context_switches(&found),
        ptrace_sampling(&found),
        other_users(&found),
        ring_memory(&found),
        descriptors(&found),
        memory_controller(&found),
        pressure(&found),
        governor(&found),
    ]
}

/// KiB that the recorder wants for a ring at least: half a megabyte a CPU, and a page of counters.
const WANTED_RING_KB: u64 = 516;

/// Descriptors that a capture of a thousand threads on this machine's CPUs takes.
const WANTED_THREADS: u64 = 1_000;

/// Bits of the kernel's capability.h.
const CAP_SYS_PTRACE: u32 = 19;
const CAP_SYS_ADMIN: u32 = 21;
const CAP_PERFMON: u32 = 38;

/// What was read and tried; the judgements above it are pure.
#[derive(Clone, Debug)]
struct Found {
    /// `None` where the kernel was built without perf events.
    paranoid: Option<i64>,
    /// The error's words where it was refused.
    cpu_clock: Result<(), String>,
    cycles: Result<(), String>,
    kernel_clock: Result<(), String>,
    switches: Result<(), String>,
    kptr_restrict: Option<u64>,
    shows_kernel_symbols: bool,
    /// `None` without Yama.
    yama_scope: Option<u64>,
    /// Result of tracing a child of our own.
    ptrace: Result<(), String>,
    capabilities: u64,
    mlock_kb: Option<u64>,
    /// Bytes of memory that may be locked beside that; `None` where unlimited.
    memlock_bytes: Option<u64>,
    cores: u64,
    /// Hard limit of descriptors; `None` where unlimited.
    descriptors: Option<u64>,
    memory_controller: Option<&'static str>,
    has_pressure: bool,
    governor: Option<String>,
    program: String,
}

impl Found {
    fn gather() -> Self {
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

    fn has(&self, capability: u32) -> bool {
        self.capabilities & (1 << capability) != 0
    }

    fn may_all_perf(&self) -> bool {
        self.has(CAP_PERFMON) || self.has(CAP_SYS_ADMIN)
    }

    fn paranoid_words(&self) -> String {
        self.paranoid.map_or_else(
            || "the kernel has no perf events".to_owned(),
            |level| format!("perf_event_paranoid = {level}"),
        )
    }
}

fn ready(id: &'static str, title: &'static str, value: String) -> Ability {
    Ability {
        id,
        title,
        readiness: Readiness::Ready,
        value,
        consequence: String::new(),
        remedy: None,
    }
}

impl Ability {
    fn limited(self, consequence: &str, remedy: Option<String>) -> Self {
        let consequence = consequence.to_owned();
        Self {
            readiness: Readiness::Limited,
            consequence,
            remedy,
            ..self
        }
    }

    fn unavailable(self, consequence: &str, remedy: Option<String>) -> Self {
        let consequence = consequence.to_owned();
        Self {
            readiness: Readiness::Unavailable,
            consequence,
            remedy,
            ..self
        }
    }
}

fn cpu_sampling(found: &Found) -> Ability {
    let ability = ready("cpu_sampling", "On-CPU sampling", found.paranoid_words());
    let Err(error) = &found.cpu_clock else {
        return ability;
    };
    let ability = Ability {
        value: format!("{}; {error}", ability.value),
        ..ability
    };
    match found.paranoid {
        None => ability.unavailable(
            "Processes are sampled by ptrace at 99 Hz instead.",
            Some("boot a kernel with CONFIG_PERF_EVENTS=y".to_owned()),
        ),
        Some(level) if level > 2 && !found.may_all_perf() => ability.unavailable(
            "Processes are sampled by ptrace at 99 Hz instead, which stops a thread for each \
             sample.",
            Some("sudo sysctl kernel.perf_event_paranoid=2".to_owned()),
        ),
        Some(_) => ability.unavailable(
            "The call is refused although the setting allows it: a container's seccomp filter \
             forbids it. Processes are sampled by ptrace at 99 Hz instead.",
            Some(
                "run outside of the container, or start that with --cap-add PERFMON \
                 --security-opt seccomp=unconfined"
                    .to_owned(),
            ),
        ),
    }
}

fn hardware_counters(found: &Found) -> Ability {
    let ability = ready(
        "hardware_counters",
        "Hardware counters",
        "cycles".to_owned(),
    );
    match (&found.cycles, &found.cpu_clock) {
        (Ok(()), _) => ability,
        (Err(_), Ok(())) => Ability {
            value: "no cycles event".to_owned(),
            ..ability
        }
        .unavailable(
            "There is no counter of CPU cycles here (as in most virtual machines); the software \
             clock samples instead, which is blind to code that runs with interrupts off.",
            None,
        ),
        (Err(error), Err(_)) => Ability {
            value: error.clone(),
            ..ability
        }
        .unavailable("They need on-CPU sampling.", cpu_sampling(found).remedy),
    }
}

fn kernel_frames(found: &Found) -> Ability {
    let ability = ready("kernel_frames", "Kernel frames", found.paranoid_words());
    if found.kernel_clock.is_ok() {
        return ability;
    }
    let needs_setting = found.paranoid.is_some_and(|level| level > 1) && !found.may_all_perf();
    if needs_setting || found.cpu_clock.is_ok() {
        return ability.unavailable(
            "Time spent in the kernel is not sampled; its share is shown from /proc.",
            Some("sudo sysctl kernel.perf_event_paranoid=1".to_owned()),
        );
    }
    ability.unavailable("They need on-CPU sampling.", cpu_sampling(found).remedy)
}

fn kernel_symbols(found: &Found) -> Ability {
    let value = match found.kptr_restrict {
        Some(level) => format!("kptr_restrict = {level}"),
        None => "kptr_restrict is not readable".to_owned(),
    };
    let ability = ready("kernel_symbols", "Kernel symbols", value);
    if found.shows_kernel_symbols {
        return ability;
    }
    // At 2 nobody sees addresses; at 1 CAP_SYSLOG does; at 0 whoever may sample the kernel.
    let remedy = match found.kptr_restrict {
        Some(0) => "sudo sysctl kernel.perf_event_paranoid=1",
        _ => "sudo sysctl kernel.kptr_restrict=0 kernel.perf_event_paranoid=1",
    };
    ability.unavailable(
        "Kernel frames show addresses without names.",
        Some(remedy.to_owned()),
    )
}

fn context_switches(found: &Found) -> Ability {
    let ability = ready(
        "context_switches",
        "Context-switch events",
        found.paranoid_words(),
    );
    match &found.switches {
        Ok(()) => ability,
        Err(_) if found.cpu_clock.is_ok() => ability.unavailable(
            "Waiting is counted per thread from /proc, without the stacks that wait.",
            Some("sudo sysctl kernel.perf_event_paranoid=1".to_owned()),
        ),
        Err(_) => ability.unavailable("They need perf events.", cpu_sampling(found).remedy),
    }
}

fn ptrace_sampling(found: &Found) -> Ability {
    let value = match found.yama_scope {
        Some(scope) => format!("kernel.yama.ptrace_scope = {scope}"),
        None => "no Yama".to_owned(),
    };
    let ability = ready("ptrace_sampling", "Sampling by ptrace", value);
    if let Err(error) = &found.ptrace {
        let remedy = match found.yama_scope {
            Some(3) => "set kernel.yama.ptrace_scope=1 in /etc/sysctl.d and reboot",
            Some(2) => "sudo sysctl kernel.yama.ptrace_scope=1",
            _ => "run outside of the container, or start that with --cap-add SYS_PTRACE",
        };
        let value = format!("{}; {error}", ability.value);
        return Ability { value, ..ability }.unavailable(
            "Where perf events are refused, nothing can be sampled.",
            Some(remedy.to_owned()),
        );
    }
    match found.yama_scope {
        Some(1) if !found.has(CAP_SYS_PTRACE) => ability.limited(
            "It reaches programs that scrutineer launches, not those that run already.",
            Some("sudo sysctl kernel.yama.ptrace_scope=0".to_owned()),
        ),
        _ => ability,
    }
}

fn other_users(found: &Found) -> Ability {
    let (may_sample, may_look) = (
        found.may_all_perf() || found.has(CAP_SYS_PTRACE),
        found.has(CAP_SYS_PTRACE),
    );
    let value = match (may_sample, may_look) {
        (_, true) => "CAP_SYS_PTRACE is held",
        (true, false) => "CAP_PERFMON is held, CAP_SYS_PTRACE is not",
        (false, false) => "neither CAP_SYS_PTRACE nor CAP_PERFMON is held",
    };
    let ability = ready("other_users", "Other users' processes", value.to_owned());
    let as_root = Some(format!("sudo '{}'", found.program));
    match (may_sample, may_look) {
        (_, true) => ability,
        (true, false) => ability.limited(
            "Their stacks are sampled, but their libraries and descriptors are not seen.",
            as_root,
        ),
        (false, false) => ability.unavailable("Only your own processes can be captured.", as_root),
    }
}

fn ring_memory(found: &Found) -> Ability {
    let Some(mlock_kb) = found.mlock_kb else {
        return ready(
            "ring_memory",
            "Memory for rings",
            "the kernel has no perf events".to_owned(),
        )
        .unavailable(
            "Nothing is recorded into rings.",
            cpu_sampling(found).remedy,
        );
    };
    // The kernel multiplies the setting by the CPUs and adds what the process may lock.
    let quota_kb = found
        .memlock_bytes
        .map(|bytes| mlock_kb * found.cores + bytes / 1024);
    let wanted_kb = WANTED_RING_KB * found.cores;
    let unlimited = found.may_all_perf() && found.paranoid.is_none_or(|level| level < 0);
    let value = match quota_kb {
        Some(quota_kb) if !unlimited => {
            format!(
                "{quota_kb} KiB for {} CPUs (perf_event_mlock_kb = {mlock_kb})",
                found.cores
            )
        }
        _ => "unlimited".to_owned(),
    };
    let ability = ready("ring_memory", "Memory for rings", value);
    if unlimited || quota_kb.is_none_or(|quota_kb| quota_kb >= wanted_kb) {
        return ability;
    }
    ability.limited(
        "Rings are smaller than half a megabyte a CPU, so samples can be lost in busy moments; \
         the losses are counted.",
        Some(format!(
            "sudo sysctl kernel.perf_event_mlock_kb={WANTED_RING_KB}"
        )),
    )
}

fn descriptors(found: &Found) -> Ability {
    // An event for each thread and CPU.
    let wanted = WANTED_THREADS * found.cores + 64;
    let value = found
        .descriptors
        .map_or("unlimited".to_owned(), |limit| format!("{limit} at most"));
    let ability = ready("descriptors", "Limit of descriptors", value);
    match found.descriptors {
        Some(limit) if limit < wanted => ability.limited(
            &format!(
                "Processes of more than about {} threads cannot be captured.",
                limit.saturating_sub(64) / found.cores.max(1)
            ),
            Some(format!("sudo prlimit --nofile={wanted}:{wanted} --pid $$")),
        ),
        _ => ability,
    }
}

fn memory_controller(found: &Found) -> Ability {
    let value = found
        .memory_controller
        .unwrap_or("none is mounted")
        .to_owned();
    let ability = ready(
        "memory_controller",
        "Memory limits of control groups",
        value,
    );
    match found.memory_controller {
        Some(_) => ability,
        None => ability.unavailable(
            "Limits and out-of-memory kills of containers are unknown.",
            Some("sudo mount -t cgroup2 none /sys/fs/cgroup".to_owned()),
        ),
    }
}

fn pressure(found: &Found) -> Ability {
    let ability = ready(
        "pressure",
        "Pressure stall information",
        "/proc/pressure".to_owned(),
    );
    if found.has_pressure {
        return ability;
    }
    Ability {
        value: "/proc/pressure is missing".to_owned(),
        ..ability
    }
    .unavailable(
        "How long work waits for CPU, memory and disks is unknown.",
        Some("add psi=1 to the kernel's command line and reboot".to_owned()),
    )
}

fn governor(found: &Found) -> Ability {
    let words = found
        .governor
        .clone()
        .unwrap_or_else(|| "the kernel shows none".to_owned());
    let ability = ready("governor", "CPU frequency governor", words);
    match found.governor.as_deref() {
        Some("performance") => ability,
        Some(_) => ability.limited(
            "The CPU changes its frequency with the load, which makes benchmarks noisy.",
            Some(
                "echo performance | sudo tee \
                 /sys/devices/system/cpu/cpufreq/policy*/scaling_governor"
                    .to_owned(),
            ),
        ),
        None => ability.limited(
            "Whether the CPU keeps its frequency is unknown (as in most virtual machines).",
            None,
        ),
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
    sys::perf::open(&attributes, 0, cpu)
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
fn try_ptrace() -> Result<(), String> {
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

fn number<T: std::str::FromStr>(path: &str) -> Option<T> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine on which everything works.
    fn well() -> Found {
        Found {
            paranoid: Some(1),
            cpu_clock: Ok(()),
            cycles: Ok(()),
            kernel_clock: Ok(()),
            switches: Ok(()),
            kptr_restrict: Some(0),
            shows_kernel_symbols: true,
            yama_scope: Some(0),
            ptrace: Ok(()),
            capabilities: 1 << CAP_SYS_PTRACE,
            mlock_kb: Some(516),
            memlock_bytes: Some(8 << 20),
            cores: 2,
            descriptors: Some(524_288),
            memory_controller: Some("version 2"),
            has_pressure: true,
            governor: Some("performance".to_owned()),
            program: "/usr/bin/scrutineer".to_owned(),
        }
    }

    #[test]
    fn what_is_measured_here_is_complete_and_tells_what_to_do() {
        let abilities = measure();
        let ids: std::collections::BTreeSet<_> = abilities.iter().map(|found| found.id).collect();
        assert_eq!(ids.len(), 12);
        for ability in &abilities {
            assert!(!ability.value.is_empty(), "{ability:?}");
            let is_well = ability.readiness == Readiness::Ready;
            assert_eq!(is_well, ability.consequence.is_empty(), "{ability:?}");
            assert!(!is_well || ability.remedy.is_none(), "{ability:?}");
        }
        assert_eq!(measure(), abilities, "nothing is left open or used up");
    }

    #[test]
    fn a_well_prepared_machine_has_ticks_alone() {
        let found = well();
        for judge in [
            cpu_sampling,
            hardware_counters,
            kernel_frames,
            kernel_symbols,
            context_switches,
            ptrace_sampling,
            other_users,
            ring_memory,
            descriptors,
            memory_controller,
            pressure,
            governor,
        ] {
            let ability = judge(&found);
            assert_eq!(ability.readiness, Readiness::Ready, "{ability:?}");
        }
    }

    #[test]
    fn a_user_of_debian_is_told_the_one_command() {
        let refused = || Err("Permission denied (os error 13)".to_owned());
        let found = Found {
            paranoid: Some(3),
            cpu_clock: refused(),
            cycles: refused(),
            kernel_clock: refused(),
            switches: refused(),
            kptr_restrict: Some(1),
            shows_kernel_symbols: false,
            yama_scope: Some(1),
            capabilities: 0,
            ..well()
        };
        let sampling = cpu_sampling(&found);
        assert_eq!(sampling.readiness, Readiness::Unavailable);
        assert_eq!(
            sampling.remedy.as_deref(),
            Some("sudo sysctl kernel.perf_event_paranoid=2")
        );
        let frames = kernel_frames(&found);
        assert_eq!(
            frames.remedy.as_deref(),
            Some("sudo sysctl kernel.perf_event_paranoid=1")
        );
        assert_eq!(hardware_counters(&found).remedy, sampling.remedy);
        let ptrace = ptrace_sampling(&found);
        assert_eq!(ptrace.readiness, Readiness::Limited);
        assert_eq!(
            ptrace.remedy.as_deref(),
            Some("sudo sysctl kernel.yama.ptrace_scope=0")
        );
        assert_eq!(other_users(&found).readiness, Readiness::Unavailable);
        assert!(
            kernel_symbols(&found)
                .remedy
                .unwrap()
                .contains("kptr_restrict=0")
        );
    }

    #[test]
    fn a_filter_that_refuses_the_call_is_told_from_the_setting() {
        let refused = || Err("Operation not permitted (os error 1)".to_owned());
        let found = Found {
            cpu_clock: refused(),
            kernel_clock: refused(),
            switches: refused(),
            ..well()
        };
        for ability in [
            cpu_sampling(&found),
            kernel_frames(&found),
            context_switches(&found),
        ] {
            assert_eq!(ability.readiness, Readiness::Unavailable);
            assert!(ability.remedy.unwrap().contains("seccomp=unconfined"));
        }
    }

    #[test]
    fn small_quotas_and_limits_are_told_in_numbers() {
        let found = Found {
            mlock_kb: Some(64),
            memlock_bytes: Some(65_536),
            descriptors: Some(1_024),
            ..well()
        };
        let rings = ring_memory(&found);
        assert_eq!(rings.readiness, Readiness::Limited);
        assert!(
            rings.value.starts_with("192 KiB for 2 CPUs"),
            "{}",
            rings.value
        );
        let descriptors = descriptors(&found);
        assert!(
            descriptors.consequence.contains("about 480 threads"),
            "{descriptors:?}"
        );
        assert_eq!(
            descriptors.remedy.as_deref(),
            Some("sudo prlimit --nofile=2064:2064 --pid $$")
        );
    }

    #[test]
    fn tracing_a_child_works_wherever_nothing_forbids_it() {
        match number::<u64>("/proc/sys/kernel/yama/ptrace_scope") {
            Some(2 | 3) => sys::tests_skip(
                "tracing_a_child_works_wherever_nothing_forbids_it",
                "Yama forbids it",
            ),
            _ => assert_eq!(try_ptrace(), Ok(())),
        }
    }
}
