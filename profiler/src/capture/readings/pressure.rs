//! Pressure stalls of the machine and of the processes' control groups.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{kind::Kind, processes::Process, sink::Sink};
use crate::{capture::model::SeriesKind, probes::cgroup::hierarchy, process::read_small};

const RESOURCES: [&str; 3] = ["cpu", "memory", "io"];
/// Groups whose pressure is read.
const MOST_GROUPS: usize = 32;

/// Reads the machine's pressure and that of the groups of version 2.
#[derive(Debug, Default)]
pub(super) struct Pressure {
    /// Folders of groups by path, those of processes seen so far and their ancestors.
    groups: BTreeMap<String, PathBuf>,
    known: Vec<u32>,
}

impl Kind for Pressure {
    fn every(&self) -> Duration {
        Duration::from_secs(2)
    }

    fn budget(&self) -> u64 {
        20
    }

    fn read(&mut self, processes: &[Process], out: &mut Sink) {
        for process in processes {
            if !self.known.contains(&process.pid) {
                self.known.push(process.pid);
                self.add_groups(process.pid);
            }
        }
        let kind = SeriesKind::PressureStallUs;
        if !read_folder(Path::new("/proc/pressure"), "", "", kind, out) {
            let why = "pressure stalls: the kernel was built without CONFIG_PSI, or booted with \
                       psi=0"
                .to_owned();
            out.note(out.now_ns(), 0, why);
        }
        for (path, folder) in &self.groups {
            let kind = SeriesKind::CgroupPressureStallUs;
            read_folder(folder, &format!("{path} "), ".pressure", kind, out);
        }
    }
}

impl Pressure {
    fn add_groups(&mut self, pid: u32) {
        let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        let Some(group) = hierarchy::unified_group(&groups, &mounts) else {
            return;
        };
        for (folder, path) in group.and_ancestors() {
            if self.groups.len() < MOST_GROUPS {
                self.groups.insert(path, folder);
            }
        }
    }
}

/// Whether any resource was there.
fn read_folder(
    folder: &Path,
    prefix: &str,
    suffix: &str,
    kind: SeriesKind,
    out: &mut Sink,
) -> bool {
    let mut any = false;
    for resource in RESOURCES {
        let time_ns = out.now_ns();
        let file = folder.join(format!("{resource}{suffix}"));
        for (line, total_us) in totals(&read_small(file).unwrap_or_default()) {
            any = true;
            let subject = format!("{prefix}{resource} {line}");
            out.subject(time_ns, kind, &subject, total_us);
        }
    }
    any
}

/// `some` and `full` with their totals; see the kernel's `Documentation/accounting/psi.rst`.
pub(super) fn totals(text: &str) -> Vec<(&str, u64)> {
    let total = |line: &'_ str| -> Option<u64> {
        line.split_ascii_whitespace()
            .find_map(|field| field.strip_prefix("total="))?
            .parse()
            .ok()
    };
    text.lines()
        .filter_map(|line| Some((line.split(' ').next()?, total(line)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_of_both_lines_are_read() {
        let text = "some avg10=0.00 avg60=0.00 avg300=0.00 total=12\nfull avg10=0.00 total=3\n";
        assert_eq!(totals(text), [("some", 12), ("full", 3)]);
        assert!(totals("some avg10=0.00\n").is_empty());
    }
}
