//! Stands in for kernels that refuse perf events to users, as Debian's and Ubuntu's do.

use std::collections::BTreeMap;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

/// `perf_event_open` fails with `EACCES` from now on for this thread and those that it starts.
pub(crate) fn refuse_perf_events() -> Result<(), String> {
    let architecture: TargetArch = std::env::consts::ARCH
        .try_into()
        .map_err(|_| "no filter for this machine".to_owned())?;
    let filter = SeccompFilter::new(
        BTreeMap::from([(libc::SYS_perf_event_open, Vec::new())]),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EACCES as u32),
        architecture,
    )
    .map_err(|error| error.to_string())?;
    let program: BpfProgram = filter.try_into().map_err(|error| format!("{error}"))?;
    seccompiler::apply_filter(&program).map_err(|error| format!("no seccomp filter: {error}"))
}
