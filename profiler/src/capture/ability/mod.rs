//! What can be captured here, feature by feature, and the command that would enable each cross.

mod beyond;
mod found;
mod processes;
mod resources;
mod sampling;
#[cfg(test)]
mod tests;

use serde::Serialize;

use beyond::{cgroups, helper, page_faults, wakeups, whole_machine};
use found::Found;
use processes::{other_users, ptrace_sampling};
use resources::{descriptors, governor, memory_controller, pressure, ring_memory};
use sampling::{context_switches, cpu_sampling, hardware_counters, kernel_frames, kernel_symbols};

/// Whether a feature works here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Readiness {
    /// It works, as tried just now.
    Ready,
    /// It works in part.
    Limited,
    /// It does not work.
    Unavailable,
}

/// One feature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ability {
    /// Stable name: `cpu_sampling`, `kernel_frames` …
    pub id: &'static str,
    /// Title for people: `On-CPU sampling`.
    pub title: &'static str,
    /// Whether it works.
    pub readiness: Readiness,
    /// The value that was read or tried: `perf_event_paranoid = 2`.
    pub value: String,
    /// What follows for the user; empty where all is well.
    pub consequence: String,
    /// The exact command that would enable it; `None` where there is nothing to mend.
    pub remedy: Option<String>,
}

/// Tries every feature for real (opens an event and closes it again) and says what it found, in a
/// fixed order.
pub fn measure() -> Vec<Ability> {
    let found = Found::gather();
    vec![
        cpu_sampling(&found),
        hardware_counters(&found),
        kernel_frames(&found),
        kernel_symbols(&found),
        context_switches(&found),
        wakeups(&found),
        page_faults(&found),
        whole_machine(&found),
        cgroups(&found),
        helper(&found),
        ptrace_sampling(&found),
        other_users(&found),
        ring_memory(&found),
        descriptors(&found),
        memory_controller(&found),
        pressure(&found),
        governor(&found),
    ]
}

fn ready(id: &'static str, title: &'static str, value: String) -> Ability {
    Ability {
        id,
        title,
        readiness: Readiness::Ready,
        value,
        consequence: String::new(),
        remedy: None,
    }
}

impl Ability {
    /// Works, because the helper does it.
    fn by_helper(self) -> Self {
        let value = "by the helper".to_owned();
        Self { value, ..self }
    }

    fn limited(self, consequence: &str, remedy: Option<String>) -> Self {
        let consequence = consequence.to_owned();
        Self {
            readiness: Readiness::Limited,
            consequence,
            remedy,
            ..self
        }
    }

    fn unavailable(self, consequence: &str, remedy: Option<String>) -> Self {
        let consequence = consequence.to_owned();
        Self {
            readiness: Readiness::Unavailable,
            consequence,
            remedy,
            ..self
        }
    }
}
