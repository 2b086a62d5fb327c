//! Recorded trees of both versions, and the real one of this machine.

use std::path::{Path, PathBuf};

use super::{hierarchy::group_of, *};

/// Writes files below a folder: `path: content`.
fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn group(version: u8, mount: &Path, below: &str) -> Group {
    Group {
        version,
        path: format!("/{below}"),
        mount: mount.to_owned(),
        below: below.to_owned(),
    }
}

const V1_STAT: &str = "cache 4096\nrss 100\nhierarchical_memory_limit 9223372036854771712\n\
                       total_cache 8192\ntotal_rss 52428800\n";

#[test]
fn version_2_takes_the_lowest_limit_of_all_ancestors() {
    let folder = tree(&[
        ("app.slice/memory.max", "536870912\n"),
        ("app.slice/cpu.max", "150000 100000\n"),
        (
            "app.slice/cpu.stat",
            "usage_usec 9\nnr_periods 40\nnr_throttled 10\n",
        ),
        ("app.slice/api/memory.max", "max\n"),
        ("app.slice/api/cpu.max", "max 100000\n"),
        ("app.slice/api/memory.current", "104857600\n"),
        ("app.slice/api/memory.stat", "anon 52428800\nfile 4096\n"),
        (
            "app.slice/api/memory.events",
            "low 0\nhigh 0\nmax 4\noom 3\noom_kill 2\noom_group_kill 0\n",
        ),
        (
            "app.slice/api/memory.pressure",
            "some avg10=0.00 avg60=1.50 avg300=0.00 total=1\n",
        ),
    ]);
    let group = group(2, folder.path(), "app.slice/api");
    let memory = controller::read_memory(&group).unwrap();
    assert_eq!(memory.limit, Some((536_870_912, "/app.slice".into())));
    assert_eq!(memory.used_bytes, Some(104_857_600));
    assert_eq!(memory.anonymous_bytes, Some(52_428_800));
    assert_eq!(memory.oom_kills, Some(2));
    assert_eq!(memory.pressure_percent, Some(1.5));
    let cpu = controller::read_cpu(&group).unwrap();
    assert_eq!(cpu.limit_cores, Some(1.5));
    assert_eq!(
        cpu.throttling,
        Some(Throttling {
            periods: 40,
            throttled: 10
        })
    );
}

#[test]
fn version_1_takes_the_lowest_limit_and_its_unlimited_is_none() {
    let folder = tree(&[
        ("memory.limit_in_bytes", "9223372036854771712\n"),
        ("docker/memory.limit_in_bytes", "9223372036854771712\n"),
        ("docker/4f/memory.limit_in_bytes", "9223372036854771712\n"),
        ("docker/4f/memory.usage_in_bytes", "104857600\n"),
        ("docker/4f/memory.stat", V1_STAT),
        (
            "docker/4f/memory.oom_control",
            "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
        ),
        ("docker/4f/cpu.cfs_quota_us", "-1\n"),
        ("docker/4f/cpu.cfs_period_us", "100000\n"),
    ]);
    let group = group(1, folder.path(), "docker/4f");
    let memory = controller::read_memory(&group).unwrap();
    assert_eq!(memory.limit, None);
    assert_eq!(memory.anonymous_bytes, Some(52_428_800));
    assert_eq!(memory.oom_kills, Some(1));
    assert_eq!(memory.pressure_percent, None);
    assert_eq!(controller::read_cpu(&group).unwrap(), Cpu::default());

    fs::write(
        folder.path().join("docker/memory.limit_in_bytes"),
        "268435456\n",
    )
    .unwrap();
    fs::write(folder.path().join("docker/4f/cpu.cfs_quota_us"), "50000\n").unwrap();
    fs::write(
        folder.path().join("docker/4f/cpu.stat"),
        "nr_periods 7\nnr_throttled 3\n",
    )
    .unwrap();
    let memory = controller::read_memory(&group).unwrap();
    assert_eq!(memory.limit, Some((268_435_456, "/docker".into())));
    assert_eq!(controller::read_cpu(&group).unwrap().limit_cores, Some(0.5));
}

#[test]
fn version_1_tells_the_limit_of_ancestors_that_are_not_mounted() {
    let stat = V1_STAT.replace("9223372036854771712", "134217728");
    let folder = tree(&[
        ("memory.limit_in_bytes", "9223372036854771712\n"),
        ("memory.stat", &stat),
    ]);
    let memory = controller::read_memory(&group(1, folder.path(), "")).unwrap();
    assert_eq!(memory.limit.unwrap().0, 134_217_728);
}

#[test]
fn a_group_that_is_gone_is_told_from_one_without_limits() {
    let folder = tree(&[("memory.max", "max\n")]);
    assert_eq!(
        controller::read_memory(&group(2, folder.path(), "gone")),
        None
    );
    assert_eq!(controller::read_cpu(&group(2, folder.path(), "gone")), None);
}

const MOUNTS_V1: &str = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n\
    32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
    35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
    41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
const GROUPS_HYBRID: &str = "5:cpu,cpuacct:/a\n4:memory:/a/b\n1:name=systemd:/\n0::/init.scope\n";

#[test]
fn the_hierarchy_with_the_controller_is_found_on_hybrid_machines() {
    let memory = group_of(GROUPS_HYBRID, MOUNTS_V1, "memory").unwrap();
    assert_eq!((memory.version, memory.path.as_str()), (1, "/a/b"));
    assert_eq!(memory.folder(), PathBuf::from("/sys/fs/cgroup/memory/a/b"));
    let cpu = group_of(GROUPS_HYBRID, MOUNTS_V1, "cpu").unwrap();
    assert_eq!(cpu.folder(), PathBuf::from("/sys/fs/cgroup/cpu,cpuacct/a"));
    // A controller that no hierarchy of version 1 has is on version 2.
    let other = group_of("0::/init.scope\n", MOUNTS_V1, "memory").unwrap();
    assert_eq!((other.version, other.below.as_str()), (2, "init.scope"));
}

#[test]
fn a_mount_of_a_part_of_the_hierarchy_is_followed_and_what_lies_outside_is_not() {
    let mounts = "29 23 0:26 /docker/4f /sys/fs/cgroup ro - cgroup2 cgroup rw,nsdelegate\n";
    let inside = group_of("0::/docker/4f/api\n", mounts, "memory").unwrap();
    assert_eq!(inside.folder(), PathBuf::from("/sys/fs/cgroup/api"));
    assert_eq!(inside.and_ancestors().len(), 2);
    let top = group_of("0::/docker/4f\n", mounts, "memory").unwrap();
    assert_eq!(top.folder(), PathBuf::from("/sys/fs/cgroup/"));
    assert_eq!(group_of("0::/docker/4f5\n", mounts, "memory"), None);
    assert_eq!(group_of("0::/../other\n", mounts, "memory"), None);
}

/// A control group of this machine that a child runs in; removed when dropped.
struct RealGroup {
    folder: PathBuf,
    child: std::process::Child,
}

impl RealGroup {
    fn make(limit: (&str, &str)) -> Option<Self> {
        let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        let ours = group_of(&groups, &mounts, "memory")?;
        let folder = ours
            .folder()
            .join(format!("scrutineer-test-{}", std::process::id()));
        fs::create_dir(&folder).ok()?;
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let name = if ours.version == 1 { limit.0 } else { limit.1 };
        let placed = fs::write(folder.join(name), "104857600")
            .and_then(|()| fs::write(folder.join("cgroup.procs"), child.id().to_string()));
        if placed.is_err() {
            let _ = child.kill();
            let _ = child.wait();
            let _ = fs::remove_dir(&folder);
            return None;
        }
        Some(Self { folder, child })
    }
}

impl Drop for RealGroup {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir(&self.folder);
    }
}

#[test]
fn the_limit_of_a_real_group_is_found_for_a_child_in_it() {
    let Some(real) = RealGroup::make(("memory.limit_in_bytes", "memory.max")) else {
        return crate::sys::tests_skip(
            "the_limit_of_a_real_group_is_found_for_a_child_in_it",
            "no control group with a memory limit can be made here",
        );
    };
    let watch = CgroupWatch::start(real.child.id()).unwrap();
    let facts = watch.finish(Duration::ZERO).unwrap();
    assert_eq!(facts.memory_limit_bytes, Some(104_857_600));
    assert_eq!(facts.memory_limit_from.as_ref(), Some(&facts.path));
    assert!(facts.path.contains("scrutineer-test-"), "{facts:?}");
    assert!(facts.memory_used_bytes.is_some());
    assert_eq!(facts.oom_kills, Some(0));
}
