//! Reads limits, use and events of the memory and CPU controllers, both versions.

use std::{fs, path::Path};

use super::hierarchy::Group;
use crate::probes::pressure;

/// Version 1 writes "unlimited" as the largest multiple of a page: anything of that size is none.
const UNLIMITED_BYTES: u64 = 1 << 60;

/// Memory of a group at one time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Memory {
    /// Lowest limit, and the group that sets it.
    pub(super) limit: Option<(u64, String)>,
    pub(super) used_bytes: Option<u64>,
    pub(super) anonymous_bytes: Option<u64>,
    pub(super) oom_kills: Option<u64>,
    pub(super) pressure_percent: Option<f64>,
}

/// CPU of a group at one time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Cpu {
    pub(super) limit_cores: Option<f64>,
    /// Of the group that sets the limit; `None` where none does.
    pub(super) throttling: Option<Throttling>,
}

/// Counters since the group was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Throttling {
    pub(super) periods: u64,
    pub(super) throttled: u64,
}

/// `None` where the group is gone.
pub(super) fn read_memory(group: &Group) -> Option<Memory> {
    let folder = group.folder();
    if !folder.is_dir() {
        return None;
    }
    let file = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let stat = file("memory.stat").unwrap_or_default();
    Some(if group.version == 2 {
        Memory {
            limit: lowest_limit(group, "memory.max"),
            used_bytes: file("memory.current").and_then(|text| text.trim().parse().ok()),
            anonymous_bytes: field(&stat, "anon"),
            oom_kills: file("memory.events").and_then(|text| field(&text, "oom_kill")),
            pressure_percent: file("memory.pressure").and_then(|t| pressure::some_avg60(&t)),
        }
    } else {
        Memory {
            limit: with_hidden_ancestors(lowest_limit(group, "memory.limit_in_bytes"), &stat),
            used_bytes: file("memory.usage_in_bytes").and_then(|text| text.trim().parse().ok()),
            anonymous_bytes: field(&stat, "total_rss"),
            oom_kills: file("memory.oom_control").and_then(|text| field(&text, "oom_kill")),
            pressure_percent: None,
        }
    })
}

/// `None` where the group is gone.
pub(super) fn read_cpu(group: &Group) -> Option<Cpu> {
    if !group.folder().is_dir() {
        return None;
    }
    let lowest = group
        .and_ancestors()
        .into_iter()
        .filter_map(|(folder, _)| Some((quota(&folder, group.version)?, folder)))
        .min_by(|(a, _), (b, _)| a.total_cmp(b));
    Some(match lowest {
        Some((cores, folder)) => Cpu {
            limit_cores: Some(cores),
            throttling: throttling(&folder),
        },
        None => Cpu::default(),
    })
}

fn lowest_limit(group: &Group, name: &str) -> Option<(u64, String)> {
    group
        .and_ancestors()
        .into_iter()
        .filter_map(|(folder, path)| {
            let text = fs::read_to_string(folder.join(name)).ok()?;
            Some((limit_bytes(&text)?, path))
        })
        .min_by_key(|(bytes, _)| *bytes)
}

/// `max`, and what no machine has, is no limit.
pub(crate) fn limit_bytes(text: &str) -> Option<u64> {
    text.trim()
        .parse()
        .ok()
        .filter(|bytes| *bytes < UNLIMITED_BYTES)
}

/// In a container of version 1 the ancestors are not to be seen, but their lowest limit is told.
fn with_hidden_ancestors(seen: Option<(u64, String)>, stat: &str) -> Option<(u64, String)> {
    let told = field(stat, "hierarchical_memory_limit").filter(|bytes| *bytes < UNLIMITED_BYTES);
    match (seen, told) {
        (Some((bytes, _)), Some(told)) if told < bytes => Some((told, HIDDEN.into())),
        (None, Some(told)) => Some((told, HIDDEN.into())),
        (seen, _) => seen,
    }
}

const HIDDEN: &str = "an ancestor that is not visible from here";

/// Quota ÷ period, in cores.
pub(crate) fn quota(folder: &Path, version: u8) -> Option<f64> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let (quota, period) = if version == 2 {
        let text = fs::read_to_string(folder.join("cpu.max")).ok()?;
        let (quota, period) = text.trim().split_once(' ')?;
        (number(quota)?, number(period)?)
    } else {
        let read = |name| number(&fs::read_to_string(folder.join(name)).ok()?);
        (read("cpu.cfs_quota_us")?, read("cpu.cfs_period_us")?)
    };
    (quota > 0.0 && period > 0.0).then(|| quota / period)
}

fn throttling(folder: &Path) -> Option<Throttling> {
    let stat = fs::read_to_string(folder.join("cpu.stat")).ok()?;
    Some(Throttling {
        periods: field(&stat, "nr_periods")?,
        throttled: field(&stat, "nr_throttled")?,
    })
}

/// A line `name number`.
pub(crate) fn field(text: &str, name: &str) -> Option<u64> {
    text.lines()
        .filter_map(|line| line.split_once(' '))
        .find(|(found, _)| *found == name)?
        .1
        .trim()
        .parse()
        .ok()
}
