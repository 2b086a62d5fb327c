//! Servers that never answer, drip, flood, speak nonsense or lie elsewhere end in a reason.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use crate::gathering;

const WORKSPACE: &str =
    "databases: [(url_env: \"DATABASE_URL\")], caches: [(url_env: \"CACHE_URL\")]";

/// Serves each connection by `answer` until this process ends; returns the port.
fn listen(answer: fn(TcpStream)) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || answer(stream.unwrap()));
        }
    });
    port
}

/// Reasons of both probes; each must come within ten seconds beyond the window.
fn reasons(database: &str, cache: &str) -> (String, String) {
    let start = Instant::now();
    let window = Duration::from_millis(200);
    let variables = [("DATABASE_URL", database), ("CACHE_URL", cache)];
    let (evidence, text) = gathering::start(WORKSPACE, window, &variables).finish();
    assert!(
        start.elapsed() < Duration::from_secs(11),
        "{:?}",
        start.elapsed()
    );
    assert!(!text.contains("HUNTER2"), "{text}");
    let database = evidence.databases.unwrap().databases[0]
        .1
        .clone()
        .unwrap_err();
    let cache = evidence.caches.unwrap().caches[0].1.clone().unwrap_err();
    (database.reason(), cache.reason())
}

fn asked_at(port: u16) -> (String, String) {
    reasons(
        &format!("postgres://app:HUNTER2@127.0.0.1:{port}/app"),
        &format!("redis://:HUNTER2@127.0.0.1:{port}"),
    )
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let (database, cache) = asked_at(listen(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    }));
    assert!(database.contains("did not answer within 5 s"), "{database}");
    assert!(cache.contains("did not answer within 5 s"), "{cache}");
}

#[test]
fn a_server_that_drips_is_given_up() {
    let (database, cache) = asked_at(listen(|mut stream| {
        while stream.write_all(b"+").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    }));
    assert!(!database.is_empty(), "{database}");
    assert!(cache.contains("did not answer within 5 s"), "{cache}");
}

#[test]
fn a_flood_and_nonsense_are_refused() {
    let (database, cache) = asked_at(listen(|mut stream| {
        // For PostgreSQL: messages of parameters without end. For Redis: a line without end.
        let message = b"S\0\0\0\x08a\0b\0".repeat(10_000);
        while stream.write_all(&message).is_ok() {}
    }));
    assert!(database.contains("64 MiB"), "{database}");
    assert!(cache.contains("8 MiB"), "{cache}");
    let (database, cache) = asked_at(listen(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    }));
    assert!(database.contains("spoke no PostgreSQL"), "{database}");
    assert!(cache.contains("CACHE_URL"), "{cache}");
}

#[test]
fn other_hosts_wrong_addresses_and_closed_ports_are_told_without_the_address() {
    let (database, cache) = reasons("postgres://app:HUNTER2@192.0.2.1/app", "redis://192.0.2.1");
    assert!(database.contains("declare its host"), "{database}");
    assert!(cache.contains("declare its host"), "{cache}");
    let (database, cache) = reasons("HUNTER2", "HUNTER2");
    assert!(
        database.contains("no PostgreSQL connection string"),
        "{database}"
    );
    assert!(cache.contains("holds no address"), "{cache}");
    let (database, cache) = asked_at(crate::servers::free_port());
    assert!(database.contains("connection refused"), "{database}");
    assert!(cache.contains("connection refused"), "{cache}");
}

#[test]
fn unset_variables_are_named() {
    let running = gathering::start(WORKSPACE, Duration::from_millis(100), &[]);
    let (evidence, _) = running.finish();
    let reason = evidence.databases.unwrap().databases[0]
        .1
        .clone()
        .unwrap_err()
        .reason();
    assert!(reason.contains("DATABASE_URL is not set"), "{reason}");
}
