//! The facts that probes gather and rules read: plain, typed, serialisable data, and nothing else.
//!
//! Evidence is the only thing that passes between measuring and judging. It holds one field per
//! kind of fact; a fact that could not be had is an [`Absent`] with its reason, never a gap.

mod absent;
pub mod caches;
pub mod capture;
pub mod cgroup;
pub mod databases;
pub mod declared;
pub mod history;
pub mod http;
mod kinds;
pub mod process;
pub mod residency;
pub mod sockets;
pub mod source;
pub mod system;
pub mod tasks;
pub mod traffic;
pub mod trust;
pub mod waits;

pub use absent::{Absent, Gathered};
pub use kinds::{EVIDENCE_SCHEMA_VERSION, Evidence, Kind, KindOf};
