//! TCP sockets: connections by peer with their round trips, churn and bytes, states, listeners.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    fs, io,
    net::SocketAddr,
    time::Duration,
};

use super::{kind::Kind, processes::Process, sink::Sink};
use crate::{
    capture::model::SeriesKind,
    probes::sockets::{
        dump::{self, TcpSocket},
        owners, proc_net,
    },
};

/// Peers that are told apart; those that come later are summed up as [`OTHERS`].
const MOST_PEERS: usize = 128;
const OTHERS: &str = "other peers";
/// Connections that are remembered to tell new ones from old ones.
const MOST_CONNECTIONS: usize = 1 << 16;

/// A connection as it was read last.
#[derive(Clone, Debug, Default)]
struct Connection {
    peer: String,
    retransmits: u64,
    sent: u64,
    received: u64,
    reading: u64,
}

/// Connections to one peer.
#[derive(Clone, Debug, Default)]
struct Peer {
    established: u64,
    opened: u64,
    closed: u64,
    rtt_us: Option<u64>,
    /// Of the connections that have gone.
    gone: Counts,
    /// Of those that are there.
    there: Counts,
    has_info: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    retransmits: u64,
    sent: u64,
    received: u64,
}

impl Counts {
    fn add(&mut self, connection: &Connection) {
        self.retransmits += connection.retransmits;
        self.sent += connection.sent;
        self.received += connection.received;
    }
}

/// Reads the sockets that the capture's processes hold.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    connections: HashMap<u64, Connection>,
    peers: BTreeMap<String, Peer>,
    states: BTreeSet<&'static str>,
    /// Local ends of connections that were seen, to know them again when they linger.
    local_ends: HashSet<SocketAddr>,
    /// Both ends of what lingered in `TIME_WAIT` at the last reading, each way around.
    lingering: HashSet<(SocketAddr, SocketAddr)>,
    readings: u64,
    last_ns: Option<u64>,
    netlink_is_refused: bool,
}

impl Kind for Sockets {
    fn every(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn budget(&self) -> u64 {
        50
    }

    fn read(&mut self, processes: &[Process], out: &mut Sink) {
        // Descriptors first: a socket that they name is still there in the list, or has just gone.
        let mut owned = HashSet::new();
        for process in processes {
            owned.extend(owners::inodes_of(process.pid).unwrap_or_default());
        }
        let time_ns = out.now_ns();
        let sockets = match processes.first() {
            Some(target) if !owned.is_empty() => self.list(target.pid, time_ns, out),
            _ => Vec::new(),
        };
        let ours: Vec<TcpSocket> = sockets
            .iter()
            .filter(|socket| owned.contains(&socket.inode))
            .cloned()
            .collect();
        self.add(&ours);
        self.add_lingering(&sockets, &owned);
        self.put(time_ns, out);
        self.put_states(&ours, time_ns, out);
    }
}

impl Sockets {
    /// Netlink tells of our own network namespace alone; `/proc` of any, but less.
    fn list(&mut self, pid: u32, time_ns: u64, out: &mut Sink) -> Vec<TcpSocket> {
        let is_ours = same_namespace(pid);
        if is_ours && !self.netlink_is_refused {
            match dump::tcp_sockets() {
                Ok(sockets) => return sockets,
                Err(error) => {
                    self.netlink_is_refused = true;
                    let why = format!(
                        "round trips, retransmits and bytes of connections: netlink's sock_diag \
                         is refused ({error}); allow AF_NETLINK sockets, for example in the \
                         container's seccomp profile"
                    );
                    out.note(time_ns, 0, why);
                }
            }
        }
        if !is_ours {
            let why = format!(
                "round trips, retransmits and bytes of connections: process {pid} lives in \
                 another network namespace (a container); run Scrutineer in it: sudo nsenter \
                 --target {pid} --net scrutineer …"
            );
            out.note(time_ns, pid, why);
        }
        proc_net::tcp_sockets(pid).unwrap_or_else(|error: io::Error| {
            let why = format!("sockets: /proc/{pid}/net/tcp cannot be read ({error})");
            out.note(time_ns, pid, why);
            Vec::new()
        })
    }

    fn add(&mut self, sockets: &[TcpSocket]) {
        let is_first = self.readings == 0;
        self.readings += 1;
        for peer in self.peers.values_mut() {
            (peer.established, peer.rtt_us, peer.there) = (0, None, Counts::default());
        }
        let listeners: HashSet<u16> = sockets
            .iter()
            .filter(|socket| socket.is_listening())
            .map(|socket| socket.local.port())
            .collect();
        // A socket that is not yet connected has port 0 at its remote end.
        let connected = sockets
            .iter()
            .filter(|socket| !socket.is_listening() && socket.remote.port() != 0);
        for socket in connected {
            self.add_connection(socket, listeners.contains(&socket.local.port()), is_first);
        }
        self.forget_those_that_have_gone();
    }

    fn add_connection(&mut self, socket: &TcpSocket, is_accepted: bool, is_first: bool) {
        let is_new = !self.connections.contains_key(&socket.cookie);
        if is_new && self.connections.len() >= MOST_CONNECTIONS {
            return;
        }
        let readings = self.readings;
        let name = match self.connections.get(&socket.cookie) {
            Some(known) => known.peer.clone(),
            None => self.peer_name(socket.remote, socket.local, is_accepted),
        };
        self.local_ends.insert(socket.local);
        let info = socket.info.unwrap_or_default();
        let connection = Connection {
            peer: name.clone(),
            retransmits: u64::from(info.retransmits),
            sent: info.bytes_acked,
            received: info.bytes_received,
            reading: readings,
        };
        let peer = self.peers.entry(name).or_default();
        peer.opened += u64::from(is_new && !is_first);
        peer.established += u64::from(socket.is_established());
        peer.has_info |= socket.info.is_some();
        let rtt = socket.info.map(|info| u64::from(info.rtt_us));
        peer.rtt_us = peer.rtt_us.max(rtt.filter(|rtt| *rtt > 0));
        peer.there.add(&connection);
        self.connections.insert(socket.cookie, connection);
    }

    /// Connections that came and went between two readings still linger in `TIME_WAIT`. They have
    /// no owner any more: to a peer that another process is connected to as well, they are not
    /// counted. On loopback the end that closed first lingers, which may be the server's.
    fn add_lingering(&mut self, sockets: &[TcpSocket], owned: &HashSet<u32>) {
        let now: HashSet<(SocketAddr, SocketAddr)> = sockets
            .iter()
            .filter(|socket| socket.is_time_wait())
            .flat_map(|s| [(s.local, s.remote), (s.remote, s.local)])
            .collect();
        let is_others =
            |s: &&TcpSocket| s.inode != 0 && !s.is_listening() && !owned.contains(&s.inode);
        let shared: HashSet<SocketAddr> = sockets
            .iter()
            .filter(is_others)
            .map(|socket| socket.remote)
            .collect();
        if self.readings > 1 {
            for (client, server) in now.difference(&self.lingering) {
                let is_ours = !shared.contains(server) && !self.local_ends.contains(client);
                if is_ours && let Some(peer) = self.peers.get_mut(&server.to_string()) {
                    peer.opened += 1;
                    peer.closed += 1;
                }
            }
        }
        // An end that lingers no more may be used again.
        let there: HashSet<SocketAddr> = sockets
            .iter()
            .map(|socket| socket.local)
            .chain(now.iter().map(|(client, _)| *client))
            .collect();
        self.local_ends.retain(|end| there.contains(end));
        self.lingering = now;
    }

    /// Clients have a port of their own for each connection: they are told apart by their
    /// addresses, and by the port that they came to.
    fn peer_name(&self, remote: SocketAddr, local: SocketAddr, is_accepted: bool) -> String {
        let name = if is_accepted {
            format!("{} to port {}", remote.ip(), local.port())
        } else {
            remote.to_string()
        };
        if self.peers.contains_key(&name) || self.peers.len() < MOST_PEERS {
            name
        } else {
            OTHERS.to_owned()
        }
    }

    fn forget_those_that_have_gone(&mut self) {
        let (readings, peers) = (self.readings, &mut self.peers);
        self.connections.retain(|_, connection| {
            let is_there = connection.reading == readings;
            if !is_there && let Some(peer) = peers.get_mut(&connection.peer) {
                peer.closed += 1;
                peer.gone.add(connection);
            }
            is_there
        });
    }

    fn put(&mut self, time_ns: u64, out: &mut Sink) {
        // A peer that was not there at the last reading had carried nothing then.
        let before_ns = self.last_ns.replace(time_ns);
        for (name, peer) in &self.peers {
            let subject = ((0, 0), name.as_str());
            let mut counter = |kind, value| {
                out.subject_counter(time_ns, kind, subject, before_ns, value);
            };
            counter(SeriesKind::SocketsOpened, peer.opened);
            counter(SeriesKind::SocketsClosed, peer.closed);
            if peer.has_info {
                let (gone, there) = (&peer.gone, &peer.there);
                let retransmits = gone.retransmits + there.retransmits;
                counter(SeriesKind::SocketRetransmits, retransmits);
                counter(SeriesKind::SocketSentBytes, gone.sent + there.sent);
                let received = gone.received + there.received;
                counter(SeriesKind::SocketReceivedBytes, received);
            }
            let established = peer.established;
            out.subject(time_ns, SeriesKind::SocketsEstablished, name, established);
            if let Some(rtt_us) = peer.rtt_us {
                out.subject(time_ns, SeriesKind::SocketRttUs, name, rtt_us);
            }
        }
    }

    fn put_states(&mut self, sockets: &[TcpSocket], time_ns: u64, out: &mut Sink) {
        let mut counts: BTreeMap<&'static str, u64> =
            self.states.iter().map(|state| (*state, 0)).collect();
        for socket in sockets {
            *counts.entry(socket.state_name()).or_default() += 1;
            if socket.is_listening() {
                let address = socket.local.to_string();
                let (queue, backlog) = socket.queue;
                let kind = SeriesKind::ListenQueue;
                out.subject(time_ns, kind, &address, u64::from(queue));
                if backlog > 0 {
                    let kind = SeriesKind::ListenBacklog;
                    out.subject(time_ns, kind, &address, u64::from(backlog));
                }
            }
        }
        for (state, count) in counts {
            self.states.insert(state);
            out.subject(time_ns, SeriesKind::SocketsInState, state, count);
        }
    }
}

fn same_namespace(pid: u32) -> bool {
    let theirs = fs::read_link(format!("/proc/{pid}/ns/net"));
    match (theirs, fs::read_link("/proc/self/ns/net")) {
        (Ok(theirs), Ok(ours)) => theirs == ours,
        // Where it may not be read, its descriptors may not either.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::sockets::dump::TcpInfo;

    fn connection(remote: &str, local: &str, cookie: u64, bytes: u64) -> TcpSocket {
        TcpSocket {
            local: local.parse().unwrap(),
            remote: remote.parse().unwrap(),
            state: 1,
            inode: 1,
            cookie,
            queue: (0, 0),
            info: Some(TcpInfo {
                rtt_us: 10 * cookie as u32,
                retransmits: 1,
                bytes_acked: bytes,
                bytes_received: 2 * bytes,
                ..TcpInfo::default()
            }),
        }
    }

    #[test]
    fn what_gone_connections_carried_stays_in_the_sum_of_their_peer() {
        let mut sockets = Sockets::default();
        let at = "10.0.0.9:5432";
        sockets.add(&[
            connection(at, "10.0.0.1:1000", 1, 100),
            connection(at, "10.0.0.1:1001", 2, 50),
        ]);
        sockets.add(&[
            connection(at, "10.0.0.1:1001", 2, 70),
            connection(at, "10.0.0.1:1002", 3, 5),
        ]);
        let peer = &sockets.peers[at];
        assert_eq!((peer.opened, peer.closed, peer.established), (1, 1, 2));
        assert_eq!(peer.gone.sent + peer.there.sent, 175);
        assert_eq!(peer.gone.received + peer.there.received, 350);
        assert_eq!(peer.rtt_us, Some(30));
    }

    #[test]
    fn clients_are_told_apart_by_address_and_the_port_that_they_came_to() {
        let mut sockets = Sockets::default();
        let listener = TcpSocket {
            state: 10,
            ..connection("0.0.0.0:0", "0.0.0.0:80", 9, 0)
        };
        sockets.add(&[
            listener,
            connection("10.0.0.5:40000", "10.0.0.1:80", 1, 1),
            connection("10.0.0.5:40001", "10.0.0.1:80", 2, 1),
        ]);
        let names: Vec<&String> = sockets.peers.keys().collect();
        assert_eq!(names, ["10.0.0.5 to port 80"]);
        assert_eq!(sockets.peers["10.0.0.5 to port 80"].established, 2);
    }

    #[test]
    fn peers_are_bounded_and_the_rest_is_summed_up() {
        let mut sockets = Sockets::default();
        let many: Vec<TcpSocket> = (1..=MOST_PEERS as u64 + 40)
            .map(|n| connection(&format!("10.0.0.9:{n}"), "10.0.0.1:1000", n, 1))
            .collect();
        sockets.add(&many);
        assert_eq!(sockets.peers.len(), MOST_PEERS + 1);
        assert_eq!(sockets.peers[OTHERS].established, 40);
        sockets.add(&many[1..]);
        assert_eq!(sockets.peers[OTHERS].opened, 0);
    }

    #[test]
    fn connections_that_came_and_went_between_readings_are_known_by_what_lingers() {
        let mut sockets = Sockets::default();
        let at = "10.0.0.9:5432";
        let lasting = connection(at, "10.0.0.1:1000", 1, 1);
        let read = |sockets: &mut Sockets, others: &[TcpSocket]| {
            sockets.add(std::slice::from_ref(&lasting));
            let mut all = vec![lasting.clone()];
            all.extend_from_slice(others);
            sockets.add_lingering(&all, &HashSet::from([1]));
            let peer = &sockets.peers[at];
            (peer.opened, peer.closed)
        };
        let lingering = |port: u16| TcpSocket {
            state: 6,
            inode: 0,
            ..connection(at, &format!("10.0.0.1:{port}"), u64::from(port), 0)
        };
        assert_eq!(read(&mut sockets, &[lingering(2000)]), (0, 0));
        let two = [lingering(2000), lingering(2001)];
        assert_eq!(read(&mut sockets, &two), (1, 1));
        assert_eq!(read(&mut sockets, &two), (1, 1));
        // What was seen while it was open is counted by itself.
        assert_eq!(read(&mut sockets, &[lingering(1000)]), (1, 1));
        let theirs = TcpSocket {
            inode: 2,
            ..connection(at, "10.0.0.1:3000", 9, 0)
        };
        assert_eq!(read(&mut sockets, &[theirs, lingering(2002)]), (1, 1));
    }
}
