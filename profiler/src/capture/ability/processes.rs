//! Whose processes can be reached, by tracing and by permission.

use super::{
    Ability,
    found::{CAP_SYS_PTRACE, Found},
    ready,
};

pub(super) fn ptrace_sampling(found: &Found) -> Ability {
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

pub(super) fn other_users(found: &Found) -> Ability {
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
