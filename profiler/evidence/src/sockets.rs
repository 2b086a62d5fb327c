//! TCP sockets of the target, from `sock_diag` and `/proc/PID/fd`.

use serde::{Deserialize, Serialize};

/// Connections of the target to one remote address and port that it opened itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remote {
    /// `address:port`.
    pub address: String,
    /// Whether the address is on this machine.
    pub loopback: bool,
    /// Well-known service at the port (`postgres`, `redis`, `http` …), where recognised.
    pub service: Option<String>,
    /// Most connections that were open at one reading.
    pub peak_connections: u32,
    /// Connections that appeared during the window, a lower bound: those that came and went
    /// between two readings are missed, except where they linger in `TIME_WAIT`.
    pub opened: u64,
    /// Connections to it in `TIME_WAIT` on this machine at the end (all processes).
    pub time_wait: u32,
    /// Smoothed round-trip time, median over connections, microseconds.
    pub rtt_us: Option<u32>,
    /// Segments sent again over the lifetime of the connections seen.
    pub retransmits: u64,
    /// Segments sent in all over the lifetime of the connections seen.
    pub segments_out: u64,
}

/// A port at which the target listens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// `address:port`.
    pub address: String,
    /// Port.
    pub port: u16,
    /// Connections waiting to be accepted at the last reading.
    pub accept_queue: u32,
    /// Length of the accept queue asked for with `listen`.
    pub backlog: u32,
    /// Most accepted connections that were open at one reading.
    pub peak_accepted: u32,
    /// Command names of local processes that were connected to it, sorted.
    pub local_clients: Vec<String>,
}

/// TCP over the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SocketFacts {
    /// Length of the window, seconds.
    pub window_s: f64,
    /// Readings in the window.
    pub readings: u32,
    /// Outgoing connections by remote, sorted by address.
    pub remotes: Vec<Remote>,
    /// Listening ports, sorted by port.
    pub listeners: Vec<Listener>,
    /// `ListenOverflows` of the network namespace, change over the window.
    pub listen_overflows: u64,
    /// Segments sent again in the network namespace, change over the window.
    pub namespace_retransmits: u64,
    /// Segments sent in the network namespace, change over the window.
    pub namespace_segments_out: u64,
}
