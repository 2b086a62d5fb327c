//! Judgements of described machines, and the trials on this one.

use super::{
    found::{CAP_SYS_PTRACE, HelperFound, number, try_ptrace},
    *,
};
use crate::{capture::helper::Powers, sys};

/// A machine on which everything works.
fn well() -> Found {
    Found {
        paranoid: Some(1),
        cpu_clock: Ok(()),
        cycles: Ok(()),
        kernel_clock: Ok(()),
        switches: Ok(()),
        page_faults: Ok(()),
        wakeups: Ok(()),
        whole_machine: Ok(()),
        cgroup: Some(Ok(())),
        helper: HelperFound::Works(
            "/usr/local/libexec/scrutineer-helper".into(),
            Powers::default(),
        ),
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
        has_tracefs: true,
        governor: Some("performance".to_owned()),
        program: "/usr/bin/scrutineer".to_owned(),
    }
}

#[test]
fn what_is_measured_here_is_complete_and_tells_what_to_do() {
    let abilities = measure();
    let ids: std::collections::BTreeSet<_> = abilities.iter().map(|found| found.id).collect();
    assert_eq!(ids.len(), 17);
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
        wakeups,
        page_faults,
        whole_machine,
        cgroups,
        helper,
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

#[test]
fn the_helper_turns_crosses_of_an_unprivileged_user_into_ticks() {
    let refused = || Err("Permission denied (os error 13)".to_owned());
    let without = Found {
        paranoid: Some(2),
        kernel_clock: refused(),
        switches: refused(),
        wakeups: refused(),
        whole_machine: refused(),
        kptr_restrict: Some(1),
        shows_kernel_symbols: false,
        capabilities: 0,
        helper: HelperFound::None,
        ..well()
    };
    let judges = [kernel_frames, kernel_symbols, context_switches, wakeups];
    for judge in judges {
        assert_ne!(judge(&without).readiness, Readiness::Ready);
    }
    let missing = helper(&without);
    assert_eq!(missing.readiness, Readiness::Unavailable);
    let command = "sudo '/usr/bin/scrutineer' doctor --install-helper";
    assert_eq!(missing.remedy.as_deref(), Some(command));
    let powers = Powers {
        events: true,
        kernel_symbols: true,
        wakeup_tracepoint: Some(300),
    };
    let with = Found {
        helper: HelperFound::Works("/x/scrutineer-helper".into(), powers),
        ..without.clone()
    };
    for judge in judges {
        let ability = judge(&with);
        assert_eq!(ability.readiness, Readiness::Ready, "{ability:?}");
        assert_eq!(ability.value, "by the helper");
    }
    assert_eq!(whole_machine(&with).readiness, Readiness::Unavailable);
    let old = Found {
        helper: HelperFound::Broken("it speaks version 9".to_owned()),
        ..without
    };
    assert!(helper(&old).consequence.contains("version 9"));
    assert_eq!(helper(&old).remedy.as_deref(), Some(command));
}
