//! Probes: one per kind of fact. A probe may block, fail or need privileges, and never judges.

mod caches;
pub(crate) mod cgroup;
mod databases;
mod history;
mod http;
pub mod list;
mod pressure;
mod process;
mod reach;
mod residency;
pub mod sockets;
pub(crate) mod source;
mod statistics;
mod system;
mod tasks;
mod window;

use std::{collections::BTreeSet, io, time::Duration};

use scrutineer_evidence::{
    Absent, Evidence, Gathered, Kind, declared::DeclaredFacts, history::HistoryFacts,
};

use crate::{process as proc, progress::Progress, redaction::redact_text, workspace::Workspace};

/// What to gather.
#[derive(Clone, Debug)]
pub struct GatherPlan {
    /// The target; kinds that need a process are absent without one.
    pub pid: Option<u32>,
    /// Kinds to gather: what the rules of the checklist need.
    pub kinds: BTreeSet<Kind>,
    /// Length of the window over which counters are read.
    pub window: Duration,
    /// The workspace.
    pub workspace: Workspace,
    /// Time of the judgement, for ages.
    pub judged_at: jiff::Timestamp,
}

/// Gathers evidence: opens the window, reads counters at its start, during it and at its end,
/// probes the endpoints after it (so that the prober's own requests are not counted), and fills
/// every kind that was planned. `traffic` and `capture` are left to the caller. Blocks for the
/// window; a cancelled gathering judges what it has.
pub fn gather(plan: &GatherPlan, progress: &dyn Progress) -> Evidence {
    let mut evidence = Evidence::empty(target_in_words(plan.pid), plan.judged_at);
    let statistics = statistics::Statistics::start(plan, &mut evidence);
    let needs_window = statistics.is_some();
    if let Some(pid) = plan.pid {
        window::gather(pid, plan, needs_window, progress, &mut evidence);
        if plan.kinds.contains(&Kind::Process) {
            evidence.process = process::gather(pid);
        }
    } else {
        say_that_no_process_was_given(plan, &mut evidence);
        if needs_window {
            window::pass_without_process(plan.window, progress);
        }
    }
    if let Some(statistics) = statistics {
        statistics.finish(plan, &mut evidence);
    }
    gather_without_process(plan, progress, &mut evidence);
    evidence
}

fn gather_without_process(plan: &GatherPlan, progress: &dyn Progress, evidence: &mut Evidence) {
    let wants = |kind| plan.kinds.contains(&kind);
    if wants(Kind::Declared) {
        evidence.declared = Ok(declared(&plan.workspace));
    }
    if wants(Kind::System) {
        evidence.system = system::gather();
    }
    if wants(Kind::History) {
        evidence.history = history(plan, progress);
    }
    if wants(Kind::Source) {
        progress.step("Reading CI workflows and alert rules", None);
        evidence.source = source::gather(&plan.workspace.root);
    }
    if wants(Kind::Http) {
        evidence.http = http::gather(&plan.workspace, progress);
    }
}

/// Without a workspace file nothing is kept on purpose: what lies in the user's data folder belongs
/// to other targets, and that there is no review there says nothing about this one.
fn history(plan: &GatherPlan, progress: &dyn Progress) -> Gathered<HistoryFacts> {
    if plan.workspace.has_file {
        progress.step("Reading the workspace's history", None);
        return history::gather(&plan.workspace, plan.judged_at);
    }
    Err(Absent::NotAsked {
        would_need:
            "there is no workspace whose history could be read: `scrutineer init` makes one".into(),
    })
}

fn target_in_words(pid: Option<u32>) -> String {
    match pid.map(|pid| (pid, proc::stat(pid))) {
        Some((pid, Ok(stat))) => format!("{}, pid {pid}", redact_text(&stat.name)),
        Some((pid, Err(_))) => format!("pid {pid}"),
        None => "no process".into(),
    }
}

fn declared(workspace: &Workspace) -> DeclaredFacts {
    let mut declared = workspace.declared.clone();
    declared
        .endpoints
        .iter_mut()
        .for_each(|url| *url = redact_text(url));
    declared
}

fn say_that_no_process_was_given(plan: &GatherPlan, evidence: &mut Evidence) {
    let absent = || Absent::NotAsked {
        would_need: "no process was given: choose one with `--pid`, or name it in scrutineer.ron \
                     (target: (name: \"…\"))"
            .into(),
    };
    for kind in &plan.kinds {
        match kind {
            Kind::Process => evidence.process = Err(absent()),
            Kind::Residency => evidence.residency = Err(absent()),
            Kind::Tasks => evidence.tasks = Err(absent()),
            Kind::Sockets => evidence.sockets = Err(absent()),
            Kind::Cgroup => evidence.cgroup = Err(absent()),
            _ => {}
        }
    }
}

/// What an error while reading `what` of a process means.
fn absent_for(pid: u32, what: &str, error: &io::Error) -> Absent {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Absent::Denied {
            what: format!("reading {what} of process {pid}"),
            would_need: match owner_of(pid) {
                Some(owner) => {
                    format!("run Scrutineer as {owner} (`sudo -u {owner} scrutineer …`) or as root")
                }
                None => "run Scrutineer as root (`sudo scrutineer …`)".into(),
            },
        },
        // ESRCH comes from files of a process that ended after they were opened.
        _ if error.kind() == io::ErrorKind::NotFound
            || error.raw_os_error() == Some(libc::ESRCH) =>
        {
            Absent::Failed {
                why: format!("process {pid} has ended, or is hidden from this user"),
            }
        }
        _ => Absent::Failed {
            why: format!("cannot read {what} of process {pid}: {error}"),
        },
    }
}

fn owner_of(pid: u32) -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let uid = std::fs::metadata(format!("/proc/{pid}")).ok()?.uid();
    (uid != 0).then(|| proc::user_name(uid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_command_and_an_end_is_told_from_it() {
        let refused = io::Error::from(io::ErrorKind::PermissionDenied);
        let Absent::Denied { what, would_need } = absent_for(1, "descriptors", &refused) else {
            panic!("a refusal is Denied");
        };
        assert!(what.contains("descriptors of process 1"), "{what}");
        assert!(would_need.contains("sudo"), "{would_need}");
        let ended = io::Error::from_raw_os_error(libc::ESRCH);
        assert!(
            matches!(absent_for(1, "x", &ended), Absent::Failed { why } if why.contains("has ended"))
        );
    }
}
