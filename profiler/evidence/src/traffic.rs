//! The load that ran against the target while the window was open.

use serde::{Deserialize, Serialize};

/// Requests sent in the window by a driver that this product ran, timed from their planned send
/// time (open model).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrafficFacts {
    /// Length of the window, seconds.
    pub window_s: f64,
    /// Requests completed.
    pub requests: u64,
    /// Requests that failed or were answered with 5xx.
    pub errors: u64,
    /// Planned requests per second.
    pub planned_per_s: f64,
    /// Median latency, microseconds.
    pub p50_us: u64,
    /// 95th percentile, microseconds; `None` below 200 requests.
    pub p95_us: Option<u64>,
    /// 99th percentile, microseconds; `None` below 10,000 requests.
    pub p99_us: Option<u64>,
}
