//! The real binary at every level of privilege: nobody at `perf_event_paranoid` 2 and 1, behind a
//! filter that refuses the call, with the installed helper, and root.

mod common;
#[path = "support/kernel_setting.rs"]
mod kernel_setting;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use common::{Said, as_nobody, is_root, open_to_all, reachable_copy, run, scrutineer, skip};
use kernel_setting::KernelSetting;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use serde_json::Value;
use tempfile::TempDir;

const PARANOID: &str = "kernel/perf_event_paranoid";
const HELPER: &str = "SCRUTINEER_HELPER";

/// A folder with a copy of the binary that everybody can run, and the installed helper.
struct Place {
    folder: TempDir,
    libexec: TempDir,
    binary: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        let binary = reachable_copy(folder.path());
        let libexec = tempfile::tempdir().expect("the temporary folder is writable");
        let said = run(scrutineer()
            .args(["doctor", "--install-helper"])
            .arg(libexec.path()));
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{said:?}");
        assert!(
            said.stdout
                .contains("cap_dac_read_search,cap_perfmon,cap_syslog=p")
                && said.stdout.contains("owner 0:0, mode 0755"),
            "{said:?}"
        );
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(libexec.path(), open).expect("the folder is ours");
        Self {
            folder,
            libexec,
            binary,
        }
    }

    fn helper(&self) -> PathBuf {
        self.libexec.path().join("scrutineer-helper")
    }

    /// Records a target as nobody for a second and tells what the report says of it.
    fn record(&self, pid: u32, more: &[&str], helper: Option<&Path>) -> (Said, Option<Value>) {
        let capture = self.folder.path().join("x.scrutineer");
        // The one of the record before.
        let _ = std::fs::remove_file(&capture);
        let mut command = as_nobody(&self.binary);
        command
            .current_dir(self.folder.path())
            .env(HELPER, helper.unwrap_or(Path::new("")))
            .args(["record", "-d", "1", "-o", "x.scrutineer", "-p"])
            .arg(pid.to_string())
            .args(more);
        let said = run(&mut command);
        let report = capture.exists().then(|| {
            let said = run(scrutineer()
                .args(["report", "--format", "json"])
                .arg(&capture));
            serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
        });
        (said, report)
    }
}

/// A program that calls the kernel most of the time, run as nobody; ended with the test.
struct Busy(Child);

impl Busy {
    fn start() -> Self {
        let mut command = as_nobody(Path::new("/bin/dd"));
        command
            .args(["if=/dev/zero", "of=/dev/null", "bs=256"])
            .stderr(Stdio::null());
        let busy = Self(command.spawn().expect("dd is in every system"));
        let name = format!("/proc/{}/comm", busy.0.id());
        common::wait_until(
            || std::fs::read_to_string(&name).is_ok_and(|name| name == "dd\n"),
            "dd runs",
        );
        busy
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn may_change_settings(test: &str) -> bool {
    let may = is_root() && KernelSetting::hold(PARANOID, "2").is_some();
    if !may {
        skip(
            test,
            "only root can change kernel settings and give capabilities",
        );
    }
    may
}

/// Whether the capture holds samples of kernel code.
fn kernel_frames(report: Option<&Value>) -> bool {
    let report = report.expect("a capture was made");
    assert!(report["quality"]["samples"].as_u64() > Some(20), "{report}");
    report["quality"]["kernel_invisible_share"].is_null()
}

#[test]
fn nobody_sees_the_kernel_at_level_1_and_through_the_helper_alone() {
    if !may_change_settings("nobody_sees_the_kernel_at_level_1_and_through_the_helper_alone") {
        return;
    }
    let (place, busy) = (Place::new(), Busy::start());
    {
        let _one = KernelSetting::hold(PARANOID, "1").expect("it was possible before");
        let (said, report) = place.record(busy.pid(), &[], None);
        assert!(kernel_frames(report.as_ref()), "{said:?}");
    }
    let _two = KernelSetting::hold(PARANOID, "2").expect("it was possible before");
    let (said, report) = place.record(busy.pid(), &[], None);
    assert!(!kernel_frames(report.as_ref()), "{said:?}");
    assert!(said.stderr.contains("--install-helper"), "{said:?}");

    let helper = place.helper();
    let (said, report) = place.record(busy.pid(), &[], Some(&helper));
    assert!(kernel_frames(report.as_ref()), "{said:?}");
    let report = report.expect("checked above");
    assert_eq!(report["header"]["by_helper"], true, "{report}");
    let text = report.to_string();
    assert!(
        text.contains("vfs_read") || text.contains("read_zero"),
        "kernel functions have names: {text}"
    );

    let (said, report) = place.record(busy.pid(), &["--no-helper"], Some(&helper));
    assert!(!kernel_frames(report.as_ref()), "{said:?}");

    let roots = Command::new("sleep").arg("1000").spawn();
    let mut roots = roots.expect("sleep is in every system");
    let (said, report) = place.record(roots.id(), &[], Some(&helper));
    roots.kill().expect("it is our child");
    roots.wait().expect("it is our child");
    assert_eq!((said.code, report), (Some(3), None), "{said:?}");
}

/// Answers `perf_event_open` with an error, and lets everything else through.
fn filter() -> BpfProgram {
    let architecture = std::env::consts::ARCH
        .try_into()
        .expect("seccompiler knows it");
    let perf_event_open = if cfg!(target_arch = "x86_64") {
        298
    } else {
        241
    };
    SeccompFilter::new(
        BTreeMap::from([(perf_event_open, Vec::new())]),
        SeccompAction::Allow,
        SeccompAction::Errno(13),
        architecture,
    )
    .and_then(TryInto::try_into)
    .expect("the filter is small")
}

#[test]
fn behind_a_filter_that_refuses_the_call_nobody_samples_by_ptrace_and_the_pauses_are_counted() {
    let test =
        "behind_a_filter_that_refuses_the_call_nobody_samples_by_ptrace_and_the_pauses_are_counted";
    if !is_root() {
        return skip(test, "only root can run a program as somebody else");
    }
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let place = Place {
        binary: reachable_copy(folder.path()),
        libexec: tempfile::tempdir().expect("the temporary folder is writable"),
        folder,
    };
    let busy = Busy::start();
    let pid = busy.pid();
    let (said, report) = std::thread::spawn(move || {
        seccompiler::apply_filter(&filter()).expect("filters are allowed");
        place.record(pid, &[], None)
    })
    .join()
    .expect("it was recorded");
    if std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope")
        .is_ok_and(|scope| scope.trim() != "0")
    {
        // Others than children are kept from us: then the refusal tells the command.
        return said.is_refused_with(3, "sudo sysctl kernel.yama.ptrace_scope=0");
    }
    let report = report.unwrap_or_else(|| panic!("{said:?}"));
    assert_eq!(report["header"]["sampler"], "Ptrace", "{report}");
    assert!(
        report["quality"]["paused_ns"].as_u64() > Some(0),
        "{report}"
    );
    assert!(said.stderr.contains("sampled by ptrace"), "{said:?}");
}

#[test]
fn the_helper_by_itself_does_nothing_whatever_it_is_called() {
    if !may_change_settings("the_helper_by_itself_does_nothing_whatever_it_is_called") {
        return;
    }
    let place = Place::new();
    let renamed = place.libexec.path().join("scrutineer");
    std::fs::hard_link(place.helper(), &renamed).expect("both lie in one folder");
    for path in [place.helper(), renamed.clone()] {
        let mut command = as_nobody(&path);
        let said = run(command.args(["doctor", "--json"]));
        assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{said:?}");
        assert!(said.stderr.contains("helper of scrutineer"), "{said:?}");
    }
    std::fs::remove_file(&renamed).expect("it is ours");
    let said = run(scrutineer()
        .args(["doctor", "--remove-helper"])
        .arg(place.libexec.path()));
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(!place.helper().exists());
}

#[test]
fn installing_needs_root_and_a_folder_of_roots() {
    let test = "installing_needs_root_and_a_folder_of_roots";
    if !is_root() {
        return skip(test, "becoming another user needs root");
    }
    let folder = tempfile::tempdir().expect("the temporary folder is writable");
    let binary = reachable_copy(folder.path());
    let said = run(as_nobody(&binary).args(["doctor", "--install-helper"]));
    said.is_refused_with(3, "sudo '");
    open_to_all(folder.path());
    let said = run(scrutineer()
        .args(["doctor", "--install-helper"])
        .arg(folder.path()));
    said.is_refused_with(3, "can be changed by others than root");
}

#[test]
fn doctor_of_nobody_ticks_what_the_helper_does() {
    if !may_change_settings("doctor_of_nobody_ticks_what_the_helper_does") {
        return;
    }
    let place = Place::new();
    let _two = KernelSetting::hold(PARANOID, "2").expect("it was possible before");
    let readiness = |helper: &Path, id: &str| {
        let mut command = as_nobody(&place.binary);
        command
            .env(HELPER, helper)
            .args(["doctor", "--json", "--quick"]);
        let said = run(&mut command);
        let found: Value = serde_json::from_str(&said.stdout).expect("it is JSON");
        let abilities = found["abilities"].as_array().expect("a list").clone();
        let ability = abilities.into_iter().find(|ability| ability["id"] == id);
        ability.expect("it is in the list")["readiness"].clone()
    };
    for id in ["kernel_frames", "context_switches", "helper"] {
        assert_ne!(readiness(Path::new(""), id), "ready", "{id}");
        assert_eq!(readiness(&place.helper(), id), "ready", "{id}");
    }
    assert_eq!(readiness(&place.helper(), "whole_machine"), "unavailable");
}
