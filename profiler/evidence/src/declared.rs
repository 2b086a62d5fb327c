//! What the workspace file declares: targets, endpoints, windows and objectives.

use serde::{Deserialize, Serialize};

/// A declared latency objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Path or name that it holds for.
    pub path: String,
    /// Percentile, 0..100.
    pub percentile: f64,
    /// Limit, milliseconds.
    pub limit_ms: f64,
}

/// How long and how much must be seen before counters are judged.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Window {
    /// Least length, seconds (house rule: 60).
    pub seconds: f64,
    /// Least number of requests where requests are the unit (house rule: 1,000).
    pub requests: u64,
}

impl Default for Window {
    fn default() -> Self {
        Self {
            seconds: 60.0,
            requests: 1_000,
        }
    }
}

/// What the workspace file declares, as rules may read it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredFacts {
    /// The window that counters are judged over.
    pub window: Window,
    /// Whether the window is the workspace's own instead of the house rule.
    pub window_declared: bool,
    /// URLs of the endpoints.
    pub endpoints: Vec<String>,
    /// Latency objectives.
    pub objectives: Vec<Objective>,
    /// Paths called critical.
    pub critical_paths: Vec<String>,
    /// Days between planned restarts; the house rule is 7.
    pub restart_interval_days: Option<f64>,
}
