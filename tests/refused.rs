//! Where the kernel refuses `perf_event_open` altogether, as to users of Debian and Ubuntu, the
//! demo samples its child by ptrace. A seccomp filter stands in for those kernels.

mod common;

use std::{collections::BTreeMap, path::Path};

use common::{Said, as_nobody, is_root, reachable_copy, run, skip};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

/// The system call's number on this architecture.
const PERF_EVENT_OPEN: i64 = if cfg!(target_arch = "x86_64") {
    298
} else {
    241
};

const EPERM: u32 = 1;
const EACCES: u32 = 13;

/// Answers `perf_event_open` with an error, and lets everything else through.
fn filter(errno: u32) -> BpfProgram {
    let architecture = std::env::consts::ARCH
        .try_into()
        .expect("seccompiler knows it");
    let filter = SeccompFilter::new(
        BTreeMap::from([(PERF_EVENT_OPEN, Vec::new())]),
        SeccompAction::Allow,
        SeccompAction::Errno(errno),
        architecture,
    );
    filter
        .and_then(TryInto::try_into)
        .expect("the filter is small")
}

/// Runs the demo as `nobody` behind the filter, which holds for the thread that starts it and for
/// its children.
fn refused_demo(binary: &Path, folder: &Path, errno: u32) -> Said {
    let mut demo = as_nobody(binary);
    demo.current_dir(folder)
        .args(["demo", "--seconds", "3", "--no-window", "--out", "tour"]);
    let thread = std::thread::spawn(move || {
        seccompiler::apply_filter(&filter(errno)).expect("filters are allowed");
        run(&mut demo)
    });
    thread.join().expect("the demo ran")
}

#[test]
fn the_demo_goes_on_by_ptrace_and_tells_the_one_command_that_would_enable_more() {
    if !is_root() {
        let test = "the_demo_goes_on_by_ptrace_and_tells_the_one_command_that_would_enable_more";
        return skip(
            test,
            "becoming another user behind a seccomp filter needs root",
        );
    }
    for errno in [EACCES, EPERM] {
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        let binary = reachable_copy(folder.path());
        let said = refused_demo(&binary, folder.path(), errno);
        assert_eq!(said.code, Some(0), "{said:?}");
        assert!(said.stdout.contains("at 99 Hz (ptrace)"), "{said:?}");
        assert!(said.stdout.contains("fraud::address_distance"), "{said:?}");
        let remedy = "To sample without stopping it: ";
        assert_eq!(said.stderr.matches(remedy).count(), 1, "{said:?}");
        assert!(folder.path().join("tour/review.html").exists());
    }
}
