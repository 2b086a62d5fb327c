//! The machine that the target runs on.

use std::fs;

use scrutineer_evidence::{Absent, Gathered, system::SystemFacts};
use sysinfo::{MemoryRefreshKind, System};

use super::pressure;
use crate::process::machine_key;

/// Reads the machine as it is now.
pub(super) fn gather() -> Gathered<SystemFacts> {
    let failed = |what: &str, error: &dyn std::fmt::Display| Absent::Failed {
        why: format!("cannot read the machine's {what}: {error}"),
    };
    let mut system = System::new().map_err(|error| failed("state", &error))?;
    system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
    let load = System::load_average().map_err(|error| failed("load", &error))?;
    Ok(SystemFacts {
        host: System::host_name().unwrap_or_else(|_| "unknown".into()),
        distribution: distribution(),
        machine: machine_key(),
        memory_total_bytes: system.total_memory(),
        memory_available_bytes: system.available_memory(),
        load_1min: load.one,
        cpu_pressure_percent: fs::read_to_string("/proc/pressure/cpu")
            .ok()
            .and_then(|text| pressure::some_avg60(&text)),
    })
}

fn distribution() -> String {
    let words: Vec<String> = [System::name(), System::os_version()]
        .into_iter()
        .flatten()
        .collect();
    if words.is_empty() {
        "Linux".into()
    } else {
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::gather;

    #[test]
    fn this_machine_has_memory_cores_and_a_name() {
        let facts = gather().unwrap();
        let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap();
        let total_kib: u64 = meminfo
            .lines()
            .next()
            .unwrap()
            .split_ascii_whitespace()
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(facts.memory_total_bytes, total_kib * 1024);
        assert!(facts.memory_available_bytes > 0);
        assert!(facts.machine.cores > 0);
        assert!(!facts.host.is_empty() && !facts.distribution.is_empty());
    }
}
