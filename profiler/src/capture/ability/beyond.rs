//! What reaches beyond samples of own processes: page faults, wake-ups, whole groups and machines,
//! and the helper.

use super::{
    Ability,
    found::{Found, HelperFound},
    ready,
    sampling::cpu_sampling,
};
use crate::capture::helper;

/// The command that installs the helper.
pub(super) fn install_command(found: &Found) -> String {
    format!("sudo '{}' doctor --install-helper", found.program)
}

pub(super) fn page_faults(found: &Found) -> Ability {
    let ability = ready("page_faults", "Page faults", found.paranoid_words());
    if found.page_faults.is_ok() || found.helper.powers().events {
        return ability;
    }
    ability.unavailable("They need on-CPU sampling.", cpu_sampling(found).remedy)
}

pub(super) fn wakeups(found: &Found) -> Ability {
    let ability = ready(
        "wakeups",
        "Wake-ups",
        "tracepoint sched:sched_waking".to_owned(),
    );
    let Err(error) = &found.wakeups else {
        return ability;
    };
    if found.helper.powers().wakeup_tracepoint.is_some() {
        return ability.by_helper();
    }
    let remedy = if found.has_tracefs {
        install_command(found)
    } else {
        "sudo mount -t tracefs nodev /sys/kernel/tracing".to_owned()
    };
    Ability {
        value: error.clone(),
        ..ability
    }
    .unavailable("Which thread ended a wait is not recorded.", Some(remedy))
}

pub(super) fn whole_machine(found: &Found) -> Ability {
    let ability = ready("whole_machine", "The whole machine", found.paranoid_words());
    if found.whole_machine.is_ok() {
        return ability;
    }
    ability.unavailable(
        "Single processes and their children are captured, not everybody's.",
        Some("sudo sysctl kernel.perf_event_paranoid=-1".to_owned()),
    )
}

pub(super) fn cgroups(found: &Found) -> Ability {
    let ability = ready(
        "cgroups",
        "Control groups as a whole",
        found.paranoid_words(),
    );
    match &found.cgroup {
        Some(Ok(())) => ability,
        Some(Err(_)) => ability.limited(
            "The processes that a group holds at the start are captured, and their children; what \
             joins it later is missed.",
            Some("sudo sysctl kernel.perf_event_paranoid=-1".to_owned()),
        ),
        None => Ability {
            value: "no hierarchy has perf events".to_owned(),
            ..ability
        }
        .limited(
            "The processes that a group holds at the start are captured, and their children; what \
             joins it later is missed.",
            Some("sudo mount -t cgroup2 none /sys/fs/cgroup".to_owned()),
        ),
    }
}

pub(super) fn helper(found: &Found) -> Ability {
    let title = "Privileged helper";
    match &found.helper {
        HelperFound::Works(path, powers) => {
            let extent = match (powers.kernel_symbols, powers.wakeup_tracepoint) {
                (true, Some(_)) => "events, kernel symbols, wake-ups",
                (true, None) => "events, kernel symbols",
                (false, Some(_)) => "events, wake-ups",
                (false, None) => "events",
            };
            let value = format!("{}, protocol {}: {extent}", path.display(), helper::VERSION);
            ready("helper", title, value)
        }
        HelperFound::Broken(why) => ready("helper", title, "installed".to_owned()).unavailable(
            &format!("It cannot be used: {why}."),
            Some(install_command(found)),
        ),
        // Whoever may all needs none.
        HelperFound::None if found.may_all_perf() => ready(
            "helper",
            title,
            "not needed with these privileges".to_owned(),
        ),
        HelperFound::None => ready("helper", title, "not installed".to_owned()).unavailable(
            "What this user is refused stays unseen, although own processes could be captured \
             whole through it.",
            Some(install_command(found)),
        ),
    }
}
