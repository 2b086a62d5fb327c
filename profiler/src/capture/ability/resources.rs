//! What the system grants and tells: memory, descriptors, control groups, pressure and governor.

use super::{Ability, found::Found, ready, sampling::cpu_sampling};

/// KiB that the recorder wants for a ring at least: half a megabyte a CPU, and a page of counters.
const WANTED_RING_KB: u64 = 516;

/// Descriptors that a capture of a thousand threads on this machine's CPUs takes.
const WANTED_THREADS: u64 = 1_000;

pub(super) fn ring_memory(found: &Found) -> Ability {
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

pub(super) fn descriptors(found: &Found) -> Ability {
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

pub(super) fn memory_controller(found: &Found) -> Ability {
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

pub(super) fn pressure(found: &Found) -> Ability {
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

pub(super) fn governor(found: &Found) -> Ability {
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
