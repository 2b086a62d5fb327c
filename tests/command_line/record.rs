//! `record`: targets, places, commands, endings.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    common::{self, Target, as_nobody, is_root, reachable_copy, run, run_in, scrutineer, skip},
    folder, samples,
};

#[test]
fn a_pid_that_is_gone_exits_with_3() {
    let mut gone = Command::new("true").spawn().expect("`true` starts");
    let pid = gone.id().to_string();
    gone.wait().expect("our child");
    let folder = folder();
    run_in(folder.path(), &["record", "-p", &pid, "-d", "1"]).is_refused_with(3, &pid);
}

#[test]
fn a_kernel_thread_exits_with_3() {
    let comm = fs::read_to_string("/proc/2/comm").unwrap_or_default();
    if comm.trim() != "kthreadd" {
        return skip(
            "a_kernel_thread_exits_with_3",
            "kernel threads are not visible here",
        );
    }
    let folder = folder();
    run_in(folder.path(), &["record", "-p", "2", "-d", "1"]).is_refused_with(3, "kernel thread");
}

#[test]
fn somebody_elses_process_exits_with_3_and_names_its_owner() {
    let folder = folder();
    let target = Target::busy();
    let said = if is_root() {
        let copy = reachable_copy(folder.path());
        run(as_nobody(&copy)
            .current_dir(folder.path())
            .args(["record", "-p", &target.pid()]))
    } else {
        run_in(folder.path(), &["record", "-p", "1", "-d", "1"])
    };
    said.is_refused_with(3, "belongs to root");
}

#[test]
fn a_place_that_may_not_be_written_exits_with_3_before_anything_is_recorded() {
    if !is_root() {
        return skip(
            "a_place_that_may_not_be_written_exits_with_3_before_anything_is_recorded",
            "needs root to become another user",
        );
    }
    let folder = folder();
    let copy = reachable_copy(folder.path());
    let mut record = as_nobody(&copy);
    record.args([
        "record",
        "-o",
        "/usr/x.scrutineer",
        "--",
        "touch",
        "launched",
    ]);
    run(record.current_dir(folder.path())).is_refused_with(3, "/usr/x.scrutineer");
    assert!(!folder.path().join("launched").exists());
}

#[test]
fn an_ambiguous_name_lists_the_matches_and_exits_with_2() {
    let folder = folder();
    let twin = folder.path().join(format!("twin-{}", std::process::id()));
    let name = twin
        .file_name()
        .and_then(|name| name.to_str())
        .expect("made of ASCII")
        .to_owned();
    common::copy_program("/bin/sleep", &twin);
    let twins = [(); 2].map(|()| Target::start(Command::new(&twin).arg("60")));
    let said = run_in(folder.path(), &["record", "--name", &name, "-d", "1"]);
    said.is_refused_with(2, &twins[0].pid());
    said.is_refused_with(2, &twins[1].pid());
    run_in(folder.path(), &["record", "--name", "no-such-name"]).is_refused_with(3, "no-such-name");
}

#[test]
fn captures_are_never_overwritten() {
    let folder = folder();
    fs::write(folder.path().join("x.scrutineer"), "mine").expect("writable");
    let said = run_in(
        folder.path(),
        &["record", "-o", "x.scrutineer", "--", "touch", "launched"],
    );
    said.is_refused_with(2, "x.scrutineer");
    let kept = fs::read_to_string(folder.path().join("x.scrutineer")).expect("still there");
    assert_eq!(kept, "mine");
    assert!(!folder.path().join("launched").exists());
}

#[test]
fn a_command_that_cannot_start_exits_with_3() {
    let folder = folder();
    let said = run_in(
        folder.path(),
        &["record", "-o", "x.scrutineer", "--", "./no-such-program"],
    );
    said.is_refused_with(3, "no-such-program");
}

#[test]
fn a_launched_commands_output_passes_through_and_its_status_is_told() {
    let folder = folder();
    let script = "echo out; echo err >&2; exit 7";
    let said = run_in(
        folder.path(),
        &["record", "-o", "x.scrutineer", "--", "sh", "-c", script],
    );
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(said.stdout, "out\n", "{said:?}");
    assert!(said.stderr.contains("err\n"), "{said:?}");
    assert!(said.stderr.contains("status 7"), "{said:?}");
    assert!(folder.path().join("x.scrutineer").exists());
}

#[test]
fn a_command_that_outlives_its_recording_is_told_with_its_pid() {
    let folder = folder();
    let said = run(scrutineer()
        .current_dir(folder.path())
        .args(["record", "-d", "0.5", "-o", "x.scrutineer", "--"])
        .args(["sh", "-c", "exec sleep 60 > /dev/null 2>&1"]));
    assert_eq!(said.code, Some(0), "{said:?}");
    let words = "the command runs on as pid ";
    let (_, rest) = said.stderr.split_once(words).expect("it runs on");
    let pid = rest.trim_end().trim_end_matches(')');
    let ended = std::process::Command::new("kill").arg(pid).status();
    assert!(ended.expect("kill starts").success(), "{said:?}");
}

#[test]
fn without_an_output_the_capture_goes_to_the_workspace() {
    let folder = folder();
    fs::write(folder.path().join("scrutineer.ron"), "(version: 1)").expect("writable");
    let target = Target::busy();
    let said = run_in(folder.path(), &["record", "-p", &target.pid(), "-d", "0.5"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let path = PathBuf::from(said.stdout.trim_end());
    assert!(
        path.starts_with(folder.path().join(".scrutineer/captures")),
        "{said:?}"
    );
    assert!(path.exists(), "{said:?}");
    let report = run_in(folder.path(), &["report", said.stdout.trim_end()]);
    assert_eq!(report.code, Some(0), "{report:?}");
}

#[test]
fn an_interrupted_recording_is_saved_with_its_samples() {
    for signal in ["-INT", "-TERM"] {
        let folder = folder();
        let file = folder.path().join("x.scrutineer");
        let target = Target::busy();
        let recording = scrutineer()
            .current_dir(folder.path())
            .args(["record", "-p", &target.pid(), "-o", "x.scrutineer"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the recording starts");
        let flushed = || fs::metadata(&file).is_ok_and(|file| file.len() > 2_000);
        common::wait_until(flushed, "the first samples are flushed");
        run(Command::new("kill").args([signal, &recording.id().to_string()]));
        let said: common::Said = recording.wait_with_output().expect("it ends").into();
        assert_eq!(said.code, Some(0), "{said:?}");
        let report = run_in(
            folder.path(),
            &["report", "x.scrutineer", "--format", "collapsed"],
        );
        assert_eq!(
            (report.code, report.stderr.as_str()),
            (Some(0), ""),
            "{report:?}"
        );
        assert!(samples(&report.stdout) > 0, "{report:?}");
    }
}

#[test]
fn two_recordings_of_one_target_at_once_are_both_saved() {
    let folder = folder();
    fs::write(folder.path().join("scrutineer.ron"), "(version: 1)").expect("writable");
    let target = Target::busy();
    let recordings = [(); 2].map(|()| {
        scrutineer()
            .current_dir(folder.path())
            .args(["record", "-p", &target.pid(), "-d", "1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the recording starts")
    });
    let mut paths = Vec::new();
    for recording in recordings {
        let said: common::Said = recording.wait_with_output().expect("it ends").into();
        assert_eq!(said.code, Some(0), "{said:?}");
        let report = run_in(
            folder.path(),
            &["report", said.stdout.trim_end(), "--format", "collapsed"],
        );
        assert!(samples(&report.stdout) > 0, "{report:?}");
        paths.push(said.stdout);
    }
    assert_ne!(paths[0], paths[1]);
}

#[test]
fn a_full_disk_is_told_and_what_was_recorded_before_is_kept() {
    const TEST: &str = "a_full_disk_is_told_and_what_was_recorded_before_is_kept";
    if !is_root() {
        return skip(TEST, "mounting a small file system needs root");
    }
    let folder = folder();
    let Some(disk) = SmallDisk::mount(folder.path()) else {
        return skip(TEST, "mounting a tmpfs is refused here");
    };
    let target = Target::busy();
    let file = disk.0.join("x.scrutineer");
    let said = run(scrutineer()
        .current_dir(folder.path())
        .args([
            "record",
            "-F",
            "5000",
            "-d",
            "60",
            "-p",
            &target.pid(),
            "-o",
        ])
        .arg(&file));
    said.is_refused_with(3, "No space left on device");
    said.is_refused_with(3, "x.scrutineer");
    let report = run(scrutineer()
        .arg("report")
        .arg(&file)
        .args(["--format", "collapsed"]));
    assert_eq!(report.code, Some(0), "{report:?}");
    assert!(samples(&report.stdout) > 0, "{report:?}");
}

/// A file system of a few pages.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: &Path) -> Option<Self> {
        let disk = folder.join("disk");
        fs::create_dir(&disk).expect("writable");
        let mount = run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16k", "tmpfs"])
            .arg(&disk));
        (mount.code == Some(0)).then_some(Self(disk))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        run(Command::new("umount").arg(&self.0));
    }
}
