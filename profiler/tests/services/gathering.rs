//! Gathers in a process of its own, whose environment holds the addresses.

use std::{
    collections::BTreeSet,
    env, fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use scrutineer_evidence::{Evidence, Kind};
use scrutineer_profiler::{
    probes::{GatherPlan, gather},
    progress::Unwatched,
    workspace::Workspace,
};

const WORKSPACE: &str = "SERVICES_WORKSPACE";
const OUTPUT: &str = "SERVICES_OUTPUT";
const WINDOW_MS: &str = "SERVICES_WINDOW_MS";

/// A gathering that runs.
pub(crate) struct Running {
    child: Child,
    folder: tempfile::TempDir,
}

/// Begins to gather `workspace` (RON without its version) with these variables.
pub(crate) fn start(workspace: &str, window: Duration, variables: &[(&str, &str)]) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "gathering::gathers_for_other_tests", "--ignored"])
        .env(WORKSPACE, format!("(version: 1, {workspace})"))
        .env(WINDOW_MS, window.as_millis().to_string())
        .env(OUTPUT, folder.path().join("evidence.ron"))
        .envs(variables.iter().copied())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    Running { child, folder }
}

impl Running {
    /// Waits for the evidence; its text comes with it.
    pub(crate) fn finish(mut self) -> (Evidence, String) {
        assert!(self.child.wait().unwrap().success());
        let text = fs::read_to_string(self.folder.path().join("evidence.ron")).unwrap();
        (ron::from_str(&text).unwrap(), text)
    }
}

#[test]
#[ignore = "other tests run it with their servers in its environment"]
fn gathers_for_other_tests() {
    let text = env::var(WORKSPACE).unwrap();
    let plan = GatherPlan {
        pid: None,
        kinds: BTreeSet::from([Kind::Databases, Kind::Caches]),
        window: Duration::from_millis(env::var(WINDOW_MS).unwrap().parse().unwrap()),
        workspace: Workspace::parse(&text, Path::new("/tmp/scrutineer.ron")).unwrap(),
        judged_at: "2026-03-05T14:09:00Z".parse().unwrap(),
    };
    let evidence = gather(&plan, &Unwatched);
    fs::write(
        env::var(OUTPUT).unwrap(),
        ron::to_string(&evidence).unwrap(),
    )
    .unwrap();
}
