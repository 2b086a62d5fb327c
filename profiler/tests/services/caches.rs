//! Real Redis and memcached servers under loads that are known.

use std::{
    io::{Read, Write},
    net::TcpStream,
    thread,
    time::Duration,
};

use scrutineer_evidence::{
    Absent,
    caches::{Cache, CacheEngine, Keys},
};

use crate::{gathering, servers};

const WINDOW: Duration = Duration::from_secs(3);

/// Sends commands of one line each and waits for their answers.
fn speak(port: u16, commands: &[String]) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    for command in commands {
        stream
            .write_all(format!("{command}\r\n").as_bytes())
            .unwrap();
        let read = stream.read(&mut [0; 4_096]).unwrap();
        assert!(read > 0, "{command}");
    }
}

fn gather(url: &str, load: impl FnOnce()) -> (Result<Cache, Absent>, String) {
    let workspace = "caches: [(url_env: \"CACHE_URL\")]";
    let running = gathering::start(workspace, WINDOW, &[("CACHE_URL", url)]);
    thread::sleep(Duration::from_secs(1));
    load();
    let (evidence, text) = running.finish();
    (evidence.caches.unwrap().caches.pop().unwrap().1, text)
}

#[test]
fn hits_misses_and_expiring_keys_of_redis_are_counted() {
    let Some(server) =
        servers::redis(&["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"])
    else {
        return;
    };
    let url = format!("redis://127.0.0.1:{}", server.port);
    let (cache, _) = gather(&url, || {
        let mut commands: Vec<String> = (0..20).map(|n| format!("SET k{n} v EX 100")).collect();
        commands.push("SET forever v".into());
        commands.extend((0..40).map(|n| format!("GET k{n}")));
        speak(server.port, &commands);
    });
    let cache = cache.unwrap();
    assert_eq!(
        (cache.engine, cache.hits, cache.misses),
        (CacheEngine::Redis, 20, 20)
    );
    assert_eq!(
        cache.keys,
        Ok(Keys {
            all: 21,
            expiring: 20
        })
    );
    assert_eq!((cache.data_commands, cache.keys_before), (61, 0));
    assert_eq!(
        (cache.limit_bytes, cache.policy.as_str()),
        (Some(100 << 20), "allkeys-lru")
    );
    assert_eq!(cache.address, format!("127.0.0.1:{}", server.port));
}

#[test]
fn a_password_opens_redis_and_is_not_told() {
    let Some(server) = servers::redis(&["--requirepass", "HUNTER2"]) else {
        return;
    };
    let (cache, text) = gather(
        &format!("redis://:HUNTER2@127.0.0.1:{}", server.port),
        || {},
    );
    assert!(cache.is_ok() && !text.contains("HUNTER2"), "{cache:?}");
    for url in ["redis://:WRONG7@127.0.0.1", "redis://127.0.0.1"] {
        let (cache, text) = gather(&format!("{url}:{}", server.port), || {});
        assert!(matches!(cache, Err(Absent::Denied { .. })), "{cache:?}");
        assert!(!text.contains("WRONG7"));
    }
}

#[test]
fn hits_and_misses_of_memcached_are_counted() {
    let Some(server) = servers::memcached() else {
        return;
    };
    let (cache, _) = gather(&format!("memcached://127.0.0.1:{}", server.port), || {
        let commands = ["set a 0 100 1\r\nv", "get a", "get b", "get c"];
        speak(server.port, &commands.map(str::to_owned));
    });
    let cache = cache.unwrap();
    assert_eq!(
        (cache.engine, cache.hits, cache.misses),
        (CacheEngine::Memcached, 1, 2)
    );
    assert_eq!(cache.data_commands, 4);
    assert!(cache.keys.is_err() && cache.limit_bytes.is_some());
}
