//! Control group of the target, version 1 or 2, with all its ancestors.

use serde::{Deserialize, Serialize};

/// The control group of the target at the end of the window, with changes over it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CgroupFacts {
    /// 1 or 2: which hierarchy the memory controller is on.
    pub version: u8,
    /// Path of the group in its hierarchy.
    pub path: String,
    /// The container engine recognised from the path or from the target's files
    /// (`docker`, `kubernetes`, `podman` …); `None` outside a container.
    pub container: Option<String>,
    /// Lowest memory limit of the group and its ancestors; `None` where unlimited.
    pub memory_limit_bytes: Option<u64>,
    /// Group that sets `memory_limit_bytes`.
    pub memory_limit_from: Option<String>,
    /// Memory charged to the group.
    pub memory_used_bytes: Option<u64>,
    /// Anonymous memory charged to the group (not page cache).
    pub memory_anonymous_bytes: Option<u64>,
    /// Out-of-memory kills since the group was made.
    pub oom_kills: Option<u64>,
    /// Lowest CPU quota of the group and its ancestors, in cores; `None` where unlimited.
    pub cpu_limit_cores: Option<f64>,
    /// Scheduling periods in the window.
    pub cpu_periods: Option<u64>,
    /// Scheduling periods in the window in which the group was throttled.
    pub cpu_throttled_periods: Option<u64>,
    /// Memory pressure, `some avg60`, percent.
    pub memory_pressure_percent: Option<f64>,
}
