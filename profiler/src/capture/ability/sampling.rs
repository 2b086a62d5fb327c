//! What perf events can do: samples, counters and the kernel's frames.

use super::{Ability, found::Found, ready};

pub(super) fn cpu_sampling(found: &Found) -> Ability {
    let ability = ready("cpu_sampling", "On-CPU sampling", found.paranoid_words());
    let Err(error) = &found.cpu_clock else {
        return ability;
    };
    if found.helper.powers().events {
        return ability.by_helper();
    }
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

pub(super) fn hardware_counters(found: &Found) -> Ability {
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

pub(super) fn kernel_frames(found: &Found) -> Ability {
    let ability = ready("kernel_frames", "Kernel frames", found.paranoid_words());
    if found.kernel_clock.is_ok() {
        return ability;
    }
    if found.helper.powers().events {
        return ability.by_helper();
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

pub(super) fn kernel_symbols(found: &Found) -> Ability {
    let value = match found.kptr_restrict {
        Some(level) => format!("kptr_restrict = {level}"),
        None => "kptr_restrict is not readable".to_owned(),
    };
    let ability = ready("kernel_symbols", "Kernel symbols", value);
    if found.shows_kernel_symbols {
        return ability;
    }
    if found.helper.powers().kernel_symbols && found.kptr_restrict.is_some_and(|level| level < 2) {
        return ability.by_helper();
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

pub(super) fn context_switches(found: &Found) -> Ability {
    let ability = ready(
        "context_switches",
        "Context-switch events",
        found.paranoid_words(),
    );
    match &found.switches {
        Ok(()) => ability,
        Err(_) if found.helper.powers().events => ability.by_helper(),
        Err(_) if found.cpu_clock.is_ok() => ability.limited(
            "Threads are polled for their waits instead, so short ones are missed.",
            Some("sudo sysctl kernel.perf_event_paranoid=1".to_owned()),
        ),
        Err(_) => ability.unavailable("They need perf events.", cpu_sampling(found).remedy),
    }
}
