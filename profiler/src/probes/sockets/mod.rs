//! TCP sockets of the target over the window, and the services that listen on this machine.

mod addresses;
mod counters;
pub(crate) mod dump;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
pub(crate) mod owners;
pub(crate) mod proc_net;
mod services;
mod tally;

use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, Instant},
};

use scrutineer_evidence::{Absent, Gathered, sockets::SocketFacts};

use self::{addresses::LocalAddresses, counters::Counters, tally::Tally};
use super::{absent_for, window::Watch};
use crate::workspace::Service;

/// Time between two readings while they are cheap.
const INTERVAL: Duration = Duration::from_millis(200);
/// A reading that took a time t is followed by the next one after this many t: with 1,000
/// connections it takes some 10 ms, and must not load what it measures.
const PAUSE_FACTOR: u32 = 20;
/// Clients' names cost a walk over all processes.
const CLIENTS_INTERVAL: Duration = Duration::from_secs(1);

/// Reads the sockets of the target's network namespace.
#[derive(Debug)]
pub(super) struct SocketWatch {
    pid: u32,
    local: LocalAddresses,
    tally: Tally,
    first: Counters,
    last: Counters,
    took: Duration,
    clients_due: Duration,
    failure: Option<Absent>,
}

impl Watch for SocketWatch {
    type Facts = SocketFacts;

    fn start(pid: u32) -> Gathered<Self> {
        check_namespace(pid)?;
        let counters =
            Counters::read(pid).map_err(|error| absent_for(pid, "network counters", &error))?;
        let mut watch = Self {
            pid,
            local: LocalAddresses::read(pid),
            tally: Tally::default(),
            first: counters,
            last: counters,
            took: Duration::ZERO,
            clients_due: Duration::ZERO,
            failure: None,
        };
        watch.read(Duration::ZERO);
        match watch.failure.take() {
            Some(absent) => Err(absent),
            None => Ok(watch),
        }
    }

    fn interval(&self) -> Duration {
        INTERVAL.max(self.took * PAUSE_FACTOR)
    }

    fn read(&mut self, elapsed: Duration) {
        let begin = Instant::now();
        if let Err(absent) = self.try_read(elapsed) {
            self.failure = Some(absent);
        }
        self.took = begin.elapsed();
    }

    fn finish(self, window: Duration) -> Gathered<SocketFacts> {
        let (remotes, listeners) = self.tally.facts(&self.local);
        Ok(SocketFacts {
            window_s: window.as_secs_f64(),
            readings: self.tally.readings(),
            remotes,
            listeners,
            listen_overflows: self
                .last
                .listen_overflows
                .saturating_sub(self.first.listen_overflows),
            namespace_retransmits: self.last.retransmits.saturating_sub(self.first.retransmits),
            namespace_segments_out: self
                .last
                .segments_out
                .saturating_sub(self.first.segments_out),
        })
    }
}

impl SocketWatch {
    fn try_read(&mut self, elapsed: Duration) -> Gathered<()> {
        // Descriptors first: a socket that they name is still there in the dump, or has just gone.
        let owned = owners::inodes_of(self.pid)
            .map_err(|error| absent_for(self.pid, "descriptors", &error))?;
        let sockets = dump::tcp_sockets().map_err(|error| dump_failed(&error))?;
        self.tally.add(&sockets, &owned);
        if elapsed >= self.clients_due && self.tally.has_unknown_clients() {
            self.tally
                .name_clients(&owners::names_by_inode(self.tally.unknown_clients()));
            self.clients_due = elapsed + CLIENTS_INTERVAL;
        }
        if let Ok(counters) = Counters::read(self.pid) {
            self.last = counters;
        }
        Ok(())
    }
}

fn dump_failed(error: &std::io::Error) -> Absent {
    if error.kind() == std::io::ErrorKind::PermissionDenied {
        return Absent::Denied {
            what: "listing sockets through netlink".into(),
            would_need: "allow AF_NETLINK sockets, for example in the container's seccomp profile"
                .into(),
        };
    }
    Absent::Failed {
        why: format!("the kernel's list of TCP sockets (sock_diag) failed: {error}"),
    }
}

/// `sock_diag` answers for our own network namespace alone.
fn check_namespace(pid: u32) -> Gathered<()> {
    let path = format!("/proc/{pid}/ns/net");
    let theirs =
        fs::read_link(path).map_err(|error| absent_for(pid, "the network namespace", &error))?;
    let ours = fs::read_link("/proc/self/ns/net").map_err(|error| Absent::Failed {
        why: format!("cannot read our own network namespace: {error}"),
    })?;
    if ours == theirs {
        return Ok(());
    }
    Err(Absent::Denied {
        what: format!(
            "listing the sockets of process {pid}, which lives in another network namespace (a \
             container),"
        ),
        would_need: format!(
            "run Scrutineer in that namespace: `sudo nsenter --target {pid} --net scrutineer …`"
        ),
    })
}

/// Services of this user's processes that listen for TCP connections here, sorted by port; empty
/// where the kernel does not list sockets.
pub fn listening_services() -> Vec<Service> {
    let sockets = dump::tcp_sockets().unwrap_or_default();
    let mut listening: BTreeMap<u32, u16> = sockets
        .iter()
        .filter(|socket| socket.is_listening())
        .map(|socket| (socket.inode, socket.local.port()))
        .collect();
    listening.remove(&0);
    let mut services: Vec<Service> = owners::owners_of(&listening.keys().copied().collect())
        .into_iter()
        .map(|(inode, owner)| Service {
            port: listening[&inode],
            pid: owner.pid,
            name: owner.name,
        })
        .collect();
    services.sort();
    services.dedup();
    services
}

#[cfg(test)]
mod tests;
