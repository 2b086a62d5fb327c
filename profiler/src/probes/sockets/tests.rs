//! Real sockets: listeners and clients of this process and of children.

use std::{
    collections::HashSet,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Command, Stdio},
    thread,
};

use super::{
    dump::{TcpInfo, TcpSocket},
    *,
};

fn skip_without_sock_diag(test: &str) -> bool {
    let error = dump::tcp_sockets().err();
    if let Some(error) = &error {
        crate::sys::tests_skip(test, &format!("sock_diag is not available: {error}"));
    }
    error.is_some()
}

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn finish(watch: SocketWatch) -> SocketFacts {
    watch.finish(Duration::from_secs(1)).unwrap()
}

#[test]
fn outgoing_connections_are_counted_by_remote_with_their_churn() {
    if skip_without_sock_diag("outgoing_connections_are_counted_by_remote_with_their_churn") {
        return;
    }
    let server = serve();
    let first = TcpStream::connect(server).unwrap();
    let mut watch = SocketWatch::start(std::process::id()).unwrap();
    let mut second = TcpStream::connect(server).unwrap();
    second.write_all(b"x").unwrap();
    watch.read(Duration::from_millis(200));
    drop(second);
    let third = TcpStream::connect(server).unwrap();
    watch.read(Duration::from_millis(400));
    let facts = finish(watch);
    let remote = remote_of(&facts, server);
    assert_eq!((remote.peak_connections, remote.opened), (2, 2));
    assert!(remote.loopback);
    assert_eq!(remote.service, None);
    assert!(remote.segments_out >= 3 && remote.rtt_us.is_some());
    assert_eq!(facts.readings, 3);
    drop((first, third));
}

#[test]
fn connections_that_came_and_went_between_readings_are_found_in_time_wait() {
    if skip_without_sock_diag(
        "connections_that_came_and_went_between_readings_are_found_in_time_wait",
    ) {
        return;
    }
    let server = serve();
    let lasting = TcpStream::connect(server).unwrap();
    let mut watch = SocketWatch::start(std::process::id()).unwrap();
    for _ in 0..5 {
        // Closing first leaves the connection in TIME_WAIT once the server has closed too.
        let mut stream = TcpStream::connect(server).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
    }
    watch.read(Duration::from_millis(200));
    let facts = finish(watch);
    let remote = remote_of(&facts, server);
    assert_eq!(
        (remote.peak_connections, remote.opened, remote.time_wait),
        (1, 5, 5)
    );
    drop(lasting);
}

#[test]
fn a_listener_shows_its_queue_its_connections_and_its_local_clients() {
    let test = "a_listener_shows_its_queue_its_connections_and_its_local_clients";
    if skip_without_sock_diag(test) {
        return;
    }
    let (listener, address) = listen();
    let dial = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{}; read -r line",
        address.port()
    );
    let spawned = Command::new("bash")
        .args(["-c", &dial])
        .stdin(Stdio::piped())
        .spawn();
    let Ok(mut client) = spawned else {
        return crate::sys::tests_skip(test, "bash is not installed");
    };
    let (_accepted, _) = listener.accept().unwrap();
    let waiting = TcpStream::connect(address).unwrap();
    let watch = SocketWatch::start(std::process::id()).unwrap();
    let facts = finish(watch);
    let found = facts
        .listeners
        .iter()
        .find(|l| l.port == address.port())
        .unwrap();
    assert_eq!(found.address, address.to_string());
    assert_eq!((found.accept_queue, found.peak_accepted), (1, 1));
    assert!(found.backlog >= 1);
    assert!(
        found.local_clients.contains(&"bash".to_owned()),
        "{found:?}"
    );
    drop(waiting);
    client.kill().unwrap();
    client.wait().unwrap();
}

#[test]
fn a_target_in_another_network_namespace_is_refused_with_the_command() {
    let test = "a_target_in_another_network_namespace_is_refused_with_the_command";
    let spawned = Command::new("unshare")
        .args(["-n", "sleep", "60"])
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = spawned else {
        return crate::sys::tests_skip(test, "unshare is not installed");
    };
    let ours = fs::read_link("/proc/self/ns/net").unwrap();
    let namespace = format!("/proc/{}/ns/net", child.id());
    let moved = (0..200).any(|_| {
        thread::sleep(Duration::from_millis(10));
        fs::read_link(&namespace).is_ok_and(|theirs| theirs != ours)
    });
    if moved {
        let absent = SocketWatch::start(child.id()).unwrap_err();
        assert!(absent.reason().contains("nsenter"), "{absent:?}");
    } else {
        crate::sys::tests_skip(test, "making a network namespace is not permitted");
    }
    let _ = child.kill();
    child.wait().unwrap();
}

#[test]
fn services_that_listen_here_are_listed_with_their_process() {
    if skip_without_sock_diag("services_that_listen_here_are_listed_with_their_process") {
        return;
    }
    let (_listener, address) = listen();
    let services = listening_services();
    let ours = services
        .iter()
        .find(|service| service.port == address.port())
        .unwrap();
    assert_eq!(ours.pid, std::process::id());
    assert!(services.is_sorted());
}

fn socket(local: &str, remote: &str, state: u8, inode: u32, cookie: u64) -> TcpSocket {
    TcpSocket {
        local: local.parse().unwrap(),
        remote: remote.parse().unwrap(),
        state,
        inode,
        cookie,
        queue: (0, 0),
        info: Some(TcpInfo {
            rtt_us: 100 * cookie as u32,
            retransmits: 1,
            segments_out: 10,
            ..TcpInfo::default()
        }),
    }
}

const ESTABLISHED: u8 = 1;
const TIME_WAIT: u8 = 6;

#[test]
fn time_wait_without_a_known_owner_is_not_counted_as_churn() {
    let database = "10.0.0.9:5432";
    let mut tally = Tally::default();
    let owned = HashSet::from([7]);
    let ours = socket("10.0.0.1:1000", database, ESTABLISHED, 7, 1);
    let theirs = socket("10.0.0.1:1001", database, ESTABLISHED, 8, 2);
    let lingering = socket("10.0.0.1:1002", database, TIME_WAIT, 0, 3);
    tally.add(std::slice::from_ref(&ours), &owned);
    tally.add(&[ours.clone(), lingering.clone()], &owned);
    let alone = tally.facts(&LocalAddresses::default()).0;
    assert_eq!((alone[0].opened, alone[0].time_wait), (1, 1));
    assert_eq!(alone[0].service.as_deref(), Some("postgres"));
    assert!(!alone[0].loopback);

    tally.add(&[ours, theirs, lingering], &owned);
    let shared = tally.facts(&LocalAddresses::default()).0;
    assert_eq!((shared[0].opened, shared[0].time_wait), (0, 1));
}

#[test]
fn round_trips_are_a_median_and_segments_a_sum_over_connections() {
    let mut tally = Tally::default();
    let sockets: Vec<TcpSocket> = (1..=3)
        .map(|n| {
            socket(
                &format!("10.0.0.1:100{n}"),
                "10.0.0.9:80",
                ESTABLISHED,
                n,
                u64::from(n),
            )
        })
        .collect();
    tally.add(&sockets, &HashSet::from([1, 2, 3]));
    let remote = &tally.facts(&LocalAddresses::default()).0[0];
    assert_eq!(
        (remote.rtt_us, remote.retransmits, remote.segments_out),
        (Some(200), 3, 30)
    );
    assert_eq!((remote.opened, remote.peak_connections), (0, 3));
}

fn remote_of(facts: &SocketFacts, address: SocketAddr) -> &scrutineer_evidence::sockets::Remote {
    facts
        .remotes
        .iter()
        .find(|remote| remote.address == address.to_string())
        .unwrap()
}

/// A server on a thread of its own that reads each connection to its end, then closes it.
fn serve() -> SocketAddr {
    let (listener, address) = listen();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || stream.unwrap().read_to_end(&mut Vec::new()));
        }
    });
    address
}
