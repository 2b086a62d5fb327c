//! A real PostgreSQL server under loads that are known.

use std::{thread, time::Duration};

use scrutineer_evidence::{
    Absent,
    databases::{Database, StatementKind},
};
use tokio_postgres::{Client, Config, NoTls};

use crate::{gathering, servers};

const WINDOW: Duration = Duration::from_secs(5);

async fn connect(port: u16, user: &str) -> Client {
    // A server that has just begun to listen still refuses sessions.
    for _ in 0..100 {
        let mut config = Config::new();
        config.user(user).password("HUNTER2").dbname("postgres");
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .unwrap();
        if let Ok((client, connection)) = config.connect_raw(stream, NoTls).await {
            tokio::spawn(connection);
            return client;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no session at port {port}");
}

fn database(running: gathering::Running) -> (Database, String) {
    let (evidence, text) = running.finish();
    let mut databases = evidence.databases.unwrap().databases;
    let (variable, database) = databases.pop().unwrap();
    assert_eq!(variable, "DATABASE_URL");
    (database.unwrap(), text)
}

fn gather(port: u16, user: &str) -> gathering::Running {
    let url = format!("postgres://{user}:HUNTER2@127.0.0.1:{port}/postgres");
    let running = gathering::start(
        "databases: [(url_env: \"DATABASE_URL\", cores: 4)]",
        WINDOW,
        &[("DATABASE_URL", &url)],
    );
    thread::sleep(Duration::from_millis(1_500));
    running
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_of_a_known_load_are_told_without_literals_and_address() {
    let Some(server) = servers::postgres() else {
        return;
    };
    let client = connect(server.port, "app").await;
    let setup = "CREATE TABLE plain (id int, body text); CREATE TABLE keyed (id int PRIMARY KEY); \
                 INSERT INTO plain SELECT n, 'x' FROM generate_series(1, 20000) n; \
                 INSERT INTO keyed SELECT generate_series(1, 20000); ANALYZE; \
                 CREATE ROLE other LOGIN PASSWORD 'HUNTER2'";
    client.batch_execute(setup).await.unwrap();
    client
        .batch_execute("SELECT pg_stat_force_next_flush()")
        .await
        .ok();

    // Without the extension that is told, and everything else is read.
    let (without, _) = database(gather(server.port, "app"));
    assert!(
        matches!(without.statements, Err(Absent::NotAsked { ref would_need })
        if would_need.contains("CREATE EXTENSION"))
    );
    client
        .batch_execute("CREATE EXTENSION pg_stat_statements")
        .await
        .unwrap();

    let running = gather(server.port, "app");
    for id in 0..40 {
        let query = format!("SELECT body FROM plain WHERE id = {id} AND body <> 'HUNTER2'");
        client.batch_execute(&query).await.unwrap();
        let query = format!("SELECT id FROM keyed WHERE id = {id}");
        client.batch_execute(&query).await.unwrap();
    }
    // A session reports its counters at most once a second, at the end of a transaction.
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    client
        .batch_execute("INSERT INTO keyed SELECT generate_series(20001, 20100)")
        .await
        .unwrap();
    for _ in 0..15 {
        connect(server.port, "app")
            .await
            .batch_execute("SELECT 1")
            .await
            .unwrap();
    }
    client.batch_execute("BEGIN").await.unwrap();
    let (seen, text) = database(running);
    client.batch_execute("COMMIT").await.unwrap();

    assert!(
        !text.contains("HUNTER2") && !text.contains("postgres://"),
        "{text}"
    );
    let statements = seen.statements.unwrap();
    let calls = |part: &str| {
        let found = statements.top.iter().find(|s| s.text.contains(part));
        found.map_or_else(
            || panic!("{part}: {statements:?}"),
            |s| (s.calls, s.rows, s.kind),
        )
    };
    // No row has the id 0.
    assert_eq!(calls("FROM plain"), (40, 39, StatementKind::Read));
    assert_eq!(calls("FROM keyed"), (40, 39, StatementKind::Read));
    assert_eq!(calls("INSERT INTO keyed"), (1, 100, StatementKind::Write));
    assert!(
        statements.calls >= 96 && statements.calls < 110,
        "{}",
        statements.calls
    );
    let table = |name: &str| seen.tables.iter().find(|table| table.name == name).unwrap();
    let plain = table("public.plain");
    assert!(
        (19_000..21_000).contains(&plain.rows) && plain.bytes > 100_000,
        "{plain:?}"
    );
    assert_eq!((plain.sequential_scans, plain.index_scans), (40, 0));
    assert_eq!(table("public.keyed").index_scans, 40);
    let sessions = seen.sessions.unwrap();
    assert!((15..=16).contains(&sessions), "{sessions}");
    assert_eq!(seen.peak_idle_in_transaction, Ok(1));
    assert_eq!((seen.cores, seen.settings.max_connections), (Some(4), 100));
    assert_eq!((seen.deadlocks, seen.in_recovery), (0, false));
    assert!(seen.commits >= 96 && seen.readings >= 4);

    // A role without rights is told what it lacks.
    let (poor, _) = database(gather(server.port, "other"));
    assert!(
        matches!(poor.statements, Err(Absent::Denied { ref would_need, .. })
        if would_need.contains("pg_read_all_stats")),
        "{:?}",
        poor.statements
    );
    assert!(matches!(
        poor.peak_idle_in_transaction,
        Err(Absent::Denied { .. })
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_denied_and_not_told() {
    let Some(server) = servers::postgres() else {
        return;
    };
    connect(server.port, "app").await;
    let url = format!("postgres://app:WRONG7@127.0.0.1:{}/postgres", server.port);
    let workspace = "databases: [(url_env: \"DATABASE_URL\")]";
    let running = gathering::start(workspace, WINDOW, &[("DATABASE_URL", &url)]);
    let (evidence, text) = running.finish();
    let answer = &evidence.databases.unwrap().databases[0].1;
    assert!(
        matches!(answer, Err(Absent::Denied { what, .. }) if what.contains("28P01")),
        "{answer:?}"
    );
    assert!(!text.contains("WRONG7"));
}
