//! Control groups with real limits, where this user may make them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use scrutineer_profiler::{
    capture::model::{EventKind, SeriesKind as Kind},
    profile::series::{self, SeriesTable},
};

use super::{
    MIB,
    programs::{skip, wait_until},
    target::{Reading, Target},
};

/// A group of our own, removed in the end.
struct Group(PathBuf);

impl Group {
    /// Makes a group below the one that this process is in, in the hierarchy that the first line
    /// of `/proc/self/mountinfo` with these words mounts.
    fn make(test: &str, words: &[&str]) -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let line = mounts
            .lines()
            .find(|line| words.iter().all(|word| line.contains(word)))?;
        let point = line.split(' ').nth(4)?;
        let folder = Path::new(point).join(format!("scrutineer-{test}-{}", std::process::id()));
        fs::create_dir(&folder).ok()?;
        Some(Self(folder))
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.0.join(file), text).expect("the group is ours");
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // The last process may still be on its way out.
        wait_until("the group's end", || {
            !self.0.exists() || fs::remove_dir(&self.0).is_ok()
        });
    }
}

#[test]
fn a_process_killed_at_its_groups_limit_of_version_1_is_told_with_the_limit() {
    let test = "a_process_killed_at_its_groups_limit_of_version_1_is_told_with_the_limit";
    let Some(group) = Group::make("oom", &[" - cgroup ", "memory"]) else {
        return skip(test, "no memory controller of version 1 to make a group in");
    };
    let Some(mut target) = Target::start(test) else {
        return;
    };
    let pid = target.pid();
    group.write("memory.limit_in_bytes", &(64 * MIB).to_string());
    group.write("cgroup.procs", &pid.to_string());
    let path = format!("/{}", group.0.file_name().unwrap().display());
    let mut reading = Reading::of(&[pid], false);
    reading.until("the limit", |of| {
        of.subject(Kind::CgroupMemoryLimitBytes, &path) == 64 * MIB
    });
    target.asks("touch 40");
    reading.until("the use", |of| {
        of.subject(Kind::CgroupMemoryBytes, &path) >= 40 * MIB
    });
    target.dies_of("touch 100");
    reading.until("the event", |of| {
        of.profile()
            .events
            .iter()
            .any(|event| event.kind == EventKind::OomKill)
    });
    let profile = reading.stop();
    let killed: Vec<_> = profile
        .events
        .iter()
        .filter(|event| event.kind == EventKind::OomKill)
        .collect();
    assert_eq!((killed.len(), killed[0].pid), (1, pid));
    assert!(killed[0].text.contains("limited to 64 MiB"), "{killed:?}");
    let table = SeriesTable::of(&profile);
    let rows = series::groups(&profile, &table, &(0..profile.duration_ns()));
    let row = rows.iter().find(|row| row.path == path).unwrap();
    assert_eq!((row.limit_bytes, row.oom_kills), (Some(64 * MIB), 1));
    assert!(row.failures > 0 && row.nearness.is_some_and(|near| near > 0.6));
    assert!(rows.iter().any(|row| row.path == "/"), "its ancestor");
    drop(target);
}

#[test]
fn a_process_that_somebody_kills_was_not_killed_for_want_of_memory() {
    let test = "a_process_that_somebody_kills_was_not_killed_for_want_of_memory";
    let Some(target) = Target::start(test) else {
        return;
    };
    let mut reading = Reading::of(&[target.pid()], false);
    reading.until("a first reading", |of| of.last(Kind::ResidentBytes) > 0);
    drop(target);
    let profile = reading.stop();
    assert!(
        !profile
            .events
            .iter()
            .any(|event| event.kind == EventKind::OomKill)
    );
}

#[test]
fn a_group_of_version_1_is_read_while_it_is_throttled() {
    let test = "a_group_of_version_1_is_read_while_it_is_throttled";
    let Some(group) = Group::make("cpu", &[" - cgroup ", ",cpu"]) else {
        return skip(test, "no CPU controller of version 1 to make a group in");
    };
    if !group.0.join("cpu.cfs_quota_us").exists() {
        return skip(test, "the kernel has no CPU bandwidth control");
    }
    let Some(mut target) = Target::start(test) else {
        return;
    };
    group.write("cpu.cfs_quota_us", "20000");
    group.write("cgroup.procs", &target.pid().to_string());
    let path = format!("/{}", group.0.file_name().unwrap().display());
    let mut reading = Reading::of(&[target.pid()], false);
    reading.until("the limit", |of| {
        of.subject(Kind::CgroupCpuLimitMillicores, &path) == 200
    });
    target.asks("threads 1 busy 0.3");
    reading.until("throttling", |of| {
        of.subject(Kind::CgroupThrottledNs, &path) > 0
            && of.subject(Kind::CgroupThrottledPeriods, &path) > 0
            && of.subject(Kind::CgroupPeriods, &path)
                >= of.subject(Kind::CgroupThrottledPeriods, &path)
    });
    drop(target);
}

#[test]
fn pressure_is_read_of_the_machine_and_of_a_group_of_version_2() {
    let test = "pressure_is_read_of_the_machine_and_of_a_group_of_version_2";
    if !Path::new("/proc/pressure/cpu").exists() {
        return skip(test, "the kernel tells no pressure");
    }
    let Some(group) = Group::make("psi", &[" - cgroup2 "]) else {
        return skip(test, "no hierarchy of version 2 to make a group in");
    };
    let Some(target) = Target::start(test) else {
        return;
    };
    group.write("cgroup.procs", &target.pid().to_string());
    let subject = format!("/{} cpu some", group.0.file_name().unwrap().display());
    let mut reading = Reading::of(&[target.pid()], false);
    reading.until("pressure", |of| {
        let group = of
            .profile()
            .series
            .iter()
            .any(|s| s.kind == Kind::CgroupPressureStallUs && s.subject == subject);
        group && of.subject(Kind::PressureStallUs, "cpu some") > 0
    });
    drop(target);
}
