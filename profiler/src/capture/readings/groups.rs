//! Control groups of both versions with all ancestors that can be seen: memory, CPU, throttling.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{kind::Kind, processes::Process, sink::Sink};
use crate::{
    capture::model::SeriesKind,
    probes::cgroup::{
        controller::{field, limit_bytes, quota},
        hierarchy,
    },
    process::read_small,
};

/// Groups that are read, each controller for itself.
const MOST_GROUPS: usize = 128;
/// Limits and statistics that are dear to read are read once in so many readings.
const SELDOM: u64 = 5;

/// A controller, as far as files differ by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Controller {
    Memory,
    Cpu,
    /// CPU time, which version 1 keeps apart.
    CpuTime,
}

/// A controller of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    path: String,
    version: u8,
}

/// Reads the groups of the processes and their ancestors.
#[derive(Debug, Default)]
pub(super) struct Groups {
    found: BTreeMap<(Controller, PathBuf), Group>,
    known: Vec<u32>,
    readings: u64,
}

impl Kind for Groups {
    fn every(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn budget(&self) -> u64 {
        40
    }

    fn read(&mut self, processes: &[Process], out: &mut Sink) {
        for process in processes {
            if !self.known.contains(&process.pid) {
                self.known.push(process.pid);
                self.add_groups_of(process.pid);
            }
        }
        if self.found.is_empty() && !processes.is_empty() {
            let why = "control groups: no hierarchy with memory or CPU is mounted here that shows \
                       the group of the target"
                .to_owned();
            out.note(out.now_ns(), 0, why);
        }
        let with_dear_ones = self.readings.is_multiple_of(SELDOM);
        self.readings += 1;
        for ((controller, folder), group) in &self.found {
            let files = Files {
                folder,
                group,
                time_ns: out.now_ns(),
            };
            match controller {
                Controller::Memory => files.memory(with_dear_ones, out),
                Controller::Cpu => files.cpu(with_dear_ones, out),
                Controller::CpuTime => files.cpu_time(out),
            }
        }
    }
}

impl Groups {
    fn add_groups_of(&mut self, pid: u32) {
        let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        self.add(&groups, &mounts);
    }

    /// `groups` is `/proc/PID/cgroup`, `mounts` our `mountinfo`.
    fn add(&mut self, groups: &str, mounts: &str) {
        let controllers = [
            (Controller::Memory, "memory"),
            (Controller::Cpu, "cpu"),
            (Controller::CpuTime, "cpuacct"),
        ];
        for (controller, name) in controllers {
            let Some(group) = hierarchy::group_of(groups, mounts, name) else {
                continue;
            };
            if controller == Controller::CpuTime && group.version == 2 {
                continue;
            }
            for (folder, path) in group.and_ancestors() {
                if self.found.len() < MOST_GROUPS {
                    let version = group.version;
                    let group = Group { path, version };
                    self.found.insert((controller, folder), group);
                }
            }
        }
    }
}

/// The files of one controller of a group. A file that is not there has no value: the topmost
/// group of version 2 lacks most of them.
struct Files<'a> {
    folder: &'a Path,
    group: &'a Group,
    time_ns: u64,
}

impl Files<'_> {
    fn text(&self, name: &str) -> String {
        read_small(self.folder.join(name)).unwrap_or_default()
    }

    fn put(&self, kind: SeriesKind, value: Option<u64>, out: &mut Sink) {
        if let Some(value) = value {
            out.subject(self.time_ns, kind, &self.group.path, value);
        }
    }

    fn memory(&self, with_dear_ones: bool, out: &mut Sink) {
        let number = |name| self.text(name).trim().parse::<u64>().ok();
        let (used, peak, limit, cache) = if self.group.version == 2 {
            ("memory.current", "memory.peak", "memory.max", "file")
        } else {
            (
                "memory.usage_in_bytes",
                "memory.max_usage_in_bytes",
                "memory.limit_in_bytes",
                "total_cache",
            )
        };
        self.put(SeriesKind::CgroupMemoryBytes, number(used), out);
        let (failures, kills) = if self.group.version == 2 {
            let events = self.text("memory.events");
            (field(&events, "max"), field(&events, "oom_kill"))
        } else {
            let kills = field(&self.text("memory.oom_control"), "oom_kill");
            (number("memory.failcnt"), kills)
        };
        self.put(SeriesKind::CgroupMemoryFailures, failures, out);
        self.put(SeriesKind::CgroupOomKills, kills, out);
        if with_dear_ones {
            self.put(SeriesKind::CgroupMemoryPeakBytes, number(peak), out);
            let limit = limit_bytes(&self.text(limit));
            self.put(SeriesKind::CgroupMemoryLimitBytes, limit, out);
            let cached = field(&self.text("memory.stat"), cache);
            self.put(SeriesKind::CgroupMemoryFileBytes, cached, out);
        }
    }

    fn cpu(&self, with_dear_ones: bool, out: &mut Sink) {
        let stat = self.text("cpu.stat");
        let throttled_ns = if self.group.version == 2 {
            let used = field(&stat, "usage_usec").map(|us| us.saturating_mul(1_000));
            self.put(SeriesKind::CgroupCpuNs, used, out);
            field(&stat, "throttled_usec").map(|us| us.saturating_mul(1_000))
        } else {
            field(&stat, "throttled_time")
        };
        self.put(SeriesKind::CgroupThrottledNs, throttled_ns, out);
        let periods = field(&stat, "nr_periods");
        self.put(SeriesKind::CgroupPeriods, periods, out);
        let throttled = field(&stat, "nr_throttled");
        self.put(SeriesKind::CgroupThrottledPeriods, throttled, out);
        if with_dear_ones {
            let limit = quota(self.folder, self.group.version);
            let limit = limit.map(|cores| (cores * 1e3).round() as u64);
            self.put(SeriesKind::CgroupCpuLimitMillicores, limit, out);
        }
    }

    fn cpu_time(&self, out: &mut Sink) {
        let used = self.text("cpuacct.usage").trim().parse().ok();
        self.put(SeriesKind::CgroupCpuNs, used, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was read, by kind and path.
    fn values(groups: &mut Groups) -> BTreeMap<(SeriesKind, String), u64> {
        let mut out = Sink::new(0);
        groups.read(&[], &mut out);
        let batch = std::mem::take(out.batch());
        let series = batch.readings.series.iter();
        series
            .zip(&batch.readings.value)
            .map(|(id, value)| {
                let series = &batch.series[*id as usize];
                ((series.kind, series.subject.clone()), *value)
            })
            .collect()
    }

    fn write(folder: &Path, files: &[(&str, &str)]) {
        fs::create_dir_all(folder).unwrap();
        for (name, text) in files {
            fs::write(folder.join(name), text).unwrap();
        }
    }

    /// As Linux 6.1 with version 2 shows the group of a service with limits, and its slice.
    #[test]
    fn a_recorded_group_of_version_2_and_its_ancestors_are_read() {
        let root = tempfile::tempdir().unwrap();
        let mount = root.path();
        write(
            &mount.join("shop.slice/web.service"),
            &[
                ("memory.current", "73400320\n"),
                ("memory.peak", "104857600\n"),
                ("memory.max", "134217728\n"),
                (
                    "memory.events",
                    "low 0\nhigh 0\nmax 17\noom 2\noom_kill 1\noom_group_kill 0\n",
                ),
                (
                    "memory.stat",
                    "anon 62914560\nfile 8388608\nkernel 2097152\n",
                ),
                (
                    "cpu.stat",
                    "usage_usec 5000\nuser_usec 4000\nsystem_usec 1000\nnr_periods 40\n\
                     nr_throttled 8\nthrottled_usec 1234\nnr_bursts 0\nburst_usec 0\n",
                ),
                ("cpu.max", "50000 100000\n"),
            ],
        );
        write(
            &mount.join("shop.slice"),
            &[("memory.current", "99614720\n"), ("memory.max", "max\n")],
        );
        write(mount, &[("cpu.stat", "usage_usec 9000\n")]);
        let mounts = format!(
            "30 23 0:26 / {} rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
            mount.display()
        );
        let mut groups = Groups::default();
        groups.add("0::/shop.slice/web.service\n", &mounts);
        let values = values(&mut groups);
        let of = |kind, path: &str| values.get(&(kind, path.to_owned())).copied();
        let web = "/shop.slice/web.service";
        assert_eq!(of(SeriesKind::CgroupMemoryBytes, web), Some(73_400_320));
        assert_eq!(
            of(SeriesKind::CgroupMemoryPeakBytes, web),
            Some(104_857_600)
        );
        assert_eq!(
            of(SeriesKind::CgroupMemoryLimitBytes, web),
            Some(134_217_728)
        );
        assert_eq!(of(SeriesKind::CgroupMemoryFileBytes, web), Some(8_388_608));
        assert_eq!(of(SeriesKind::CgroupMemoryFailures, web), Some(17));
        assert_eq!(of(SeriesKind::CgroupOomKills, web), Some(1));
        assert_eq!(of(SeriesKind::CgroupCpuNs, web), Some(5_000_000));
        assert_eq!(of(SeriesKind::CgroupThrottledNs, web), Some(1_234_000));
        assert_eq!(of(SeriesKind::CgroupPeriods, web), Some(40));
        assert_eq!(of(SeriesKind::CgroupThrottledPeriods, web), Some(8));
        assert_eq!(of(SeriesKind::CgroupCpuLimitMillicores, web), Some(500));
        let slice = "/shop.slice";
        assert_eq!(of(SeriesKind::CgroupMemoryBytes, slice), Some(99_614_720));
        assert_eq!(of(SeriesKind::CgroupMemoryLimitBytes, slice), None);
        assert_eq!(of(SeriesKind::CgroupCpuNs, "/"), Some(9_000_000));
    }

    #[test]
    fn real_groups_of_this_process_are_read_up_to_the_topmost() {
        let test = "real_groups_of_this_process_are_read_up_to_the_topmost";
        let mut groups = Groups::default();
        groups.add_groups_of(std::process::id());
        if groups.found.is_empty() {
            return crate::sys::tests_skip(test, "no control groups are mounted here");
        }
        let is_topmost = |group: &Group| group.path == "/";
        assert!(groups.found.values().any(is_topmost));
        let values = values(&mut groups);
        let cpu_time = values
            .iter()
            .find(|((kind, _), _)| *kind == SeriesKind::CgroupCpuNs);
        assert!(cpu_time.is_some_and(|(_, ns)| *ns > 0), "{values:?}");
    }
}
