//! Control group of the target, version 1 or 2, with all its ancestors.

mod container;
pub(crate) mod controller;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
pub(crate) mod hierarchy;

use std::{fs, time::Duration};

use scrutineer_evidence::{Absent, Gathered, cgroup::CgroupFacts};

use self::{
    controller::{Cpu, Memory, Throttling},
    hierarchy::Group,
};
use super::{absent_for, window::Watch};

/// Reads throttling at the window's start and everything at its end.
#[derive(Debug)]
pub(super) struct CgroupWatch {
    memory: Option<Group>,
    cpu: Option<Group>,
    container: Option<String>,
    first: Option<Throttling>,
    last: Reading,
}

#[derive(Debug, Default)]
struct Reading {
    memory: Memory,
    cpu: Cpu,
}

impl Watch for CgroupWatch {
    type Facts = CgroupFacts;

    fn start(pid: u32) -> Gathered<Self> {
        let groups = fs::read_to_string(format!("/proc/{pid}/cgroup"))
            .map_err(|error| absent_for(pid, "the control group", &error))?;
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let memory = hierarchy::group_of(&groups, &mounts, "memory");
        let cpu = hierarchy::group_of(&groups, &mounts, "cpu");
        if memory.is_none() && cpu.is_none() {
            return Err(Absent::Failed {
                why: format!(
                    "the control groups of process {pid} are not to be seen from here: no \
                     hierarchy with memory or CPU is mounted that shows its group"
                ),
            });
        }
        let container = container::recognise(&groups, pid);
        let mut watch = Self {
            memory,
            cpu,
            container,
            first: None,
            last: Reading::default(),
        };
        watch.read(Duration::ZERO);
        watch.first = watch.last.cpu.throttling;
        Ok(watch)
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn read(&mut self, _elapsed: Duration) {
        // A group that is gone with its last process leaves what was read before.
        if let Some(memory) = self.memory.as_ref().and_then(controller::read_memory) {
            self.last.memory = memory;
        }
        if let Some(cpu) = self.cpu.as_ref().and_then(controller::read_cpu) {
            self.last.cpu = cpu;
        }
    }

    fn finish(self, _window: Duration) -> Gathered<CgroupFacts> {
        let group = self
            .memory
            .or(self.cpu)
            .expect("start refuses a target with neither");
        let Reading { memory, cpu } = self.last;
        let delta = |field: fn(&Throttling) -> u64| {
            let (first, last) = (self.first?, cpu.throttling?);
            Some(field(&last).saturating_sub(field(&first)))
        };
        Ok(CgroupFacts {
            version: group.version,
            path: group.path,
            container: self.container,
            memory_limit_bytes: memory.limit.as_ref().map(|(bytes, _)| *bytes),
            memory_limit_from: memory.limit.map(|(_, from)| from),
            memory_used_bytes: memory.used_bytes,
            memory_anonymous_bytes: memory.anonymous_bytes,
            oom_kills: memory.oom_kills,
            cpu_limit_cores: cpu.limit_cores,
            cpu_periods: delta(|throttling| throttling.periods),
            cpu_throttled_periods: delta(|throttling| throttling.throttled),
            memory_pressure_percent: memory.pressure_percent,
        })
    }
}

#[cfg(test)]
mod tests;
