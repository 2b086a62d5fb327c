//! What many readings of the sockets add up to: connections per remote, listeners, churn.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    net::SocketAddr,
};

use scrutineer_evidence::sockets::{Listener, Remote};

use super::{
    addresses::LocalAddresses,
    dump::{TcpInfo, TcpSocket},
    services::service_at,
};

#[derive(Debug, Default)]
struct RemoteTally {
    peak: u32,
    opened: u64,
    /// Last state of every connection seen, by cookie.
    connections: HashMap<u64, TcpInfo>,
    /// Local ends of every connection seen, to know them again in `TIME_WAIT`.
    seen: HashSet<SocketAddr>,
    /// Whether another process was connected to it too: then `TIME_WAIT` has no known owner.
    shared: bool,
}

#[derive(Debug, Default)]
struct ListenerTally {
    accept_queue: u32,
    backlog: u32,
    peak_accepted: u32,
    clients: BTreeSet<String>,
}

/// Adds up readings.
#[derive(Debug, Default)]
pub(super) struct Tally {
    readings: u32,
    remotes: BTreeMap<SocketAddr, RemoteTally>,
    listeners: BTreeMap<(u16, SocketAddr), ListenerTally>,
    /// Client and server ends of what lingered in `TIME_WAIT` at the first reading.
    old_time_wait: HashSet<(SocketAddr, SocketAddr)>,
    new_time_wait: HashSet<(SocketAddr, SocketAddr)>,
    /// At the last reading.
    time_wait: HashSet<(SocketAddr, SocketAddr)>,
    client_names: HashMap<u32, Option<String>>,
    unknown_clients: BTreeSet<u32>,
    /// Inode of a local client to the port that it is connected to.
    clients: BTreeMap<u32, u16>,
}

impl Tally {
    pub(super) fn readings(&self) -> u32 {
        self.readings
    }

    /// Adds one reading: all sockets, and the inodes of those that the target holds.
    pub(super) fn add(&mut self, sockets: &[TcpSocket], owned: &HashSet<u32>) {
        let is_first = self.readings == 0;
        self.readings += 1;
        self.add_listeners(sockets, owned);
        let ports: HashSet<u16> = self.listeners.keys().map(|(port, _)| *port).collect();
        let ours = |socket: &&TcpSocket| {
            !socket.is_listening() && !socket.is_time_wait() && owned.contains(&socket.inode)
        };
        let (accepted, outgoing): (Vec<&TcpSocket>, Vec<&TcpSocket>) = sockets
            .iter()
            .filter(ours)
            .partition(|socket| ports.contains(&socket.local.port()));
        self.add_outgoing(&outgoing, is_first);
        self.add_accepted(&accepted, sockets);
        self.note_other_owners(sockets, owned);
        self.add_time_wait(sockets, is_first);
    }

    fn add_listeners(&mut self, sockets: &[TcpSocket], owned: &HashSet<u32>) {
        for socket in sockets
            .iter()
            .filter(|s| s.is_listening() && owned.contains(&s.inode))
        {
            let listener = self
                .listeners
                .entry((socket.local.port(), socket.local))
                .or_default();
            (listener.accept_queue, listener.backlog) = socket.queue;
        }
    }

    fn add_outgoing(&mut self, outgoing: &[&TcpSocket], is_first: bool) {
        let mut open: HashMap<SocketAddr, u32> = HashMap::new();
        // A socket that is not yet connected has port 0 at its remote end.
        for socket in outgoing.iter().filter(|socket| socket.remote.port() != 0) {
            *open.entry(socket.remote).or_default() += 1;
            let remote = self.remotes.entry(socket.remote).or_default();
            let is_new = remote
                .connections
                .insert(socket.cookie, socket.info.unwrap_or_default())
                .is_none();
            remote.seen.insert(socket.local);
            remote.opened += u64::from(is_new && !is_first);
        }
        for (address, count) in open {
            let remote = self.remotes.entry(address).or_default();
            remote.peak = remote.peak.max(count);
        }
    }

    fn add_accepted(&mut self, accepted: &[&TcpSocket], sockets: &[TcpSocket]) {
        let mut open: HashMap<u16, u32> = HashMap::new();
        for socket in accepted {
            *open.entry(socket.local.port()).or_default() += 1;
        }
        for ((port, _), listener) in &mut self.listeners {
            let count = open.get(port).copied().unwrap_or(0);
            listener.peak_accepted = listener.peak_accepted.max(count);
        }
        let ends: HashSet<(SocketAddr, SocketAddr)> = accepted
            .iter()
            .map(|socket| (socket.remote, socket.local))
            .collect();
        for peer in sockets
            .iter()
            .filter(|s| s.inode != 0 && ends.contains(&(s.local, s.remote)))
        {
            self.clients.insert(peer.inode, peer.remote.port());
            if !self.client_names.contains_key(&peer.inode) {
                self.unknown_clients.insert(peer.inode);
            }
        }
    }

    fn note_other_owners(&mut self, sockets: &[TcpSocket], owned: &HashSet<u32>) {
        let others = sockets
            .iter()
            .filter(|s| s.inode != 0 && !s.is_listening() && !owned.contains(&s.inode));
        for socket in others {
            if let Some(remote) = self.remotes.get_mut(&socket.remote) {
                remote.shared = true;
            }
        }
    }

    /// On loopback the end that closed first lingers, which may be the server's.
    fn add_time_wait(&mut self, sockets: &[TcpSocket], is_first: bool) {
        let ends =
            |socket: &TcpSocket| [(socket.local, socket.remote), (socket.remote, socket.local)];
        self.time_wait = sockets
            .iter()
            .filter(|s| s.is_time_wait())
            .flat_map(ends)
            .collect();
        if is_first {
            self.old_time_wait.clone_from(&self.time_wait);
        } else {
            let new = self
                .time_wait
                .iter()
                .filter(|ends| !self.old_time_wait.contains(ends));
            self.new_time_wait.extend(new);
        }
    }

    pub(super) fn has_unknown_clients(&self) -> bool {
        !self.unknown_clients.is_empty()
    }

    pub(super) fn unknown_clients(&self) -> &BTreeSet<u32> {
        &self.unknown_clients
    }

    /// Takes the names that were found; those that were not are not looked for again.
    pub(super) fn name_clients(&mut self, names: &BTreeMap<u32, String>) {
        for inode in std::mem::take(&mut self.unknown_clients) {
            let name = names.get(&inode).cloned();
            if let (Some(name), Some(port)) = (&name, self.clients.get(&inode)) {
                for ((listening, _), listener) in &mut self.listeners {
                    if listening == port {
                        listener.clients.insert(name.clone());
                    }
                }
            }
            self.client_names.insert(inode, name);
        }
    }

    /// Remotes sorted by address, listeners sorted by port.
    pub(super) fn facts(&self, local: &LocalAddresses) -> (Vec<Remote>, Vec<Listener>) {
        let mut remotes: Vec<Remote> = self
            .remotes
            .iter()
            .map(|(address, tally)| self.remote(*address, tally, local))
            .collect();
        remotes.sort_by(|a, b| a.address.cmp(&b.address));
        let listeners = self
            .listeners
            .iter()
            .map(|((port, address), tally)| Listener {
                address: address.to_string(),
                port: *port,
                accept_queue: tally.accept_queue,
                backlog: tally.backlog,
                peak_accepted: tally.peak_accepted,
                local_clients: tally.clients.iter().cloned().collect(),
            });
        (remotes, listeners.collect())
    }

    fn remote(&self, address: SocketAddr, tally: &RemoteTally, local: &LocalAddresses) -> Remote {
        let to_it = |ends: &&(SocketAddr, SocketAddr)| ends.1 == address;
        let missed = self
            .new_time_wait
            .iter()
            .filter(to_it)
            .filter(|(client, _)| !tally.seen.contains(client))
            .count() as u64;
        let infos = || tally.connections.values();
        Remote {
            address: address.to_string(),
            loopback: local.contains(address.ip()),
            service: service_at(address.port()).map(str::to_owned),
            peak_connections: tally.peak,
            opened: tally.opened + if tally.shared { 0 } else { missed },
            time_wait: self.time_wait.iter().filter(to_it).count() as u32,
            rtt_us: median(
                infos()
                    .map(|info| info.rtt_us)
                    .filter(|rtt| *rtt > 0)
                    .collect(),
            ),
            retransmits: infos().map(|info| u64::from(info.retransmits)).sum(),
            segments_out: infos().map(|info| u64::from(info.segments_out)).sum(),
        }
    }
}

fn median(mut values: Vec<u32>) -> Option<u32> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}
