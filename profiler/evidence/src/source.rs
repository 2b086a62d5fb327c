//! Source and configuration that the workspace's folder holds.

use serde::{Deserialize, Serialize};

/// A file in which something was found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceHit {
    /// Path relative to the workspace.
    pub path: String,
    /// Line, from 1.
    pub line: u32,
    /// The line, cut to 160 characters.
    pub text: String,
}

/// Source and configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceFacts {
    /// Folders looked into, relative to the workspace, sorted.
    pub folders: Vec<String>,
    /// Files looked into.
    pub files: u64,
    /// CI steps that run a performance gate (`scrutineer check|bench gate`, criterion with a
    /// comparison, codspeed, bencher …).
    pub performance_gates: Vec<SourceHit>,
    /// Alert rules of Prometheus form that name a latency metric.
    pub latency_alerts: Vec<SourceHit>,
    /// Alert rules of Prometheus form that name an error metric.
    pub error_alerts: Vec<SourceHit>,
}
