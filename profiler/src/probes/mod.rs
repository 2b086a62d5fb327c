//! Probes: one per kind of fact. A probe may block, fail or need privileges, and never judges.

use std::{collections::BTreeSet, time::Duration};

use scrutineer_evidence::{Evidence, Kind};

use crate::{progress::Progress, workspace::Workspace};

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
    let _ = (plan, progress);
    todo!("probes room")
}
