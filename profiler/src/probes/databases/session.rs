//! One connection to a PostgreSQL server, and what is read over it.

use std::{collections::BTreeSet, time::Instant};

use scrutineer_evidence::{
    Absent, Gathered,
    databases::{Database, DatabaseSettings, Standby},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::UnixStream,
    task::AbortHandle,
};
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, config::Host};

use super::{
    queries,
    tally::{Counters, StatementCounters, number, table_deltas},
};
use crate::{
    probes::{
        reach::{self, Bounded, failed},
        statistics::Server,
    },
    workspace::DeclaredDatabase,
};

/// Most bytes that a server may send in a window.
const MOST_BYTES: usize = 64 << 20;

/// The oldest server whose statistics are understood.
const OLDEST_VERSION: u64 = 130_000;

type Row = Vec<Option<String>>;

/// A connection with its first reading.
pub(in crate::probes) struct Session {
    declared: DeclaredDatabase,
    client: Client,
    connection: AbortHandle,
    opened: Instant,
    before: Counters,
    peak_sessions: u64,
    peak_idle: Gathered<u32>,
    readings: u32,
    exporters: BTreeSet<String>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Server for Session {
    type Declared = DeclaredDatabase;
    type Facts = Database;

    async fn start(declared: DeclaredDatabase) -> Gathered<Self> {
        let (client, connection) = open(&declared).await?;
        let mut session = Self {
            declared,
            client,
            connection,
            opened: Instant::now(),
            before: Counters::default(),
            peak_sessions: 0,
            peak_idle: Ok(0),
            readings: 0,
            exporters: BTreeSet::new(),
        };
        session.refuse_old_servers().await?;
        session.before = session.counters().await?;
        session.read_sessions().await?;
        session.opened = Instant::now();
        Ok(session)
    }

    async fn look(&mut self) {
        // A reading that fails costs a peak; the last one tells what is wrong.
        let _ = self.read_sessions().await;
    }

    async fn finish(mut self) -> Gathered<Database> {
        let window_s = self.opened.elapsed().as_secs_f64();
        let after = self.counters().await?;
        self.read_sessions().await?;
        let server = self.row(queries::SERVER).await?;
        let settings = settings(&self.rows(queries::SETTINGS).await?)?;
        let standbys = standbys(&self.rows(queries::STANDBYS).await?);
        let change = |field: fn(&Counters) -> u64| {
            field(&after)
                .checked_sub(field(&self.before))
                .ok_or_else(were_reset)
        };
        Ok(Database {
            version: text(&server, 0)
                .split(' ')
                .next()
                .unwrap_or_default()
                .into(),
            window_s,
            cores: self.declared.cores,
            spindles: self.declared.spindles,
            in_recovery: number(&server, 2) == 1,
            commits: change(|counters| counters.commits)?,
            deadlocks: change(|counters| counters.deadlocks)?,
            blocks_hit: change(|counters| counters.blocks_hit)?,
            blocks_read: change(|counters| counters.blocks_read)?,
            temp_bytes: change(|counters| counters.temp_bytes)?,
            sessions: sessions(&self.before, &after),
            peak_sessions: u32::try_from(self.peak_sessions).unwrap_or(u32::MAX),
            peak_idle_in_transaction: self.peak_idle.clone(),
            readings: self.readings,
            exporters: self.exporters.iter().cloned().collect(),
            settings,
            bytes: number(&server, 3),
            partitioned_tables: u32::try_from(number(&server, 4)).unwrap_or(u32::MAX),
            tables: table_deltas(&self.before.tables, &after.tables)?,
            statements: StatementCounters::deltas(&self.before.statements, &after.statements),
            standbys,
        })
    }

    fn variable(declared: &DeclaredDatabase) -> String {
        declared.url_env.clone()
    }
}

impl Session {
    async fn refuse_old_servers(&self) -> Gathered<()> {
        let server = self.row(queries::SERVER).await?;
        if number(&server, 1) >= OLDEST_VERSION {
            return Ok(());
        }
        Err(failed(format!(
            "the server in {} is older than PostgreSQL 13, whose statistics are not read",
            self.declared.url_env
        )))
    }

    async fn counters(&self) -> Gathered<Counters> {
        let database = self.row(queries::DATABASE).await?;
        Ok(Counters {
            commits: number(&database, 0),
            deadlocks: number(&database, 1),
            blocks_hit: number(&database, 2),
            blocks_read: number(&database, 3),
            temp_bytes: number(&database, 4),
            sessions: database
                .get(5)
                .and_then(Option::as_ref)
                .and_then(|text| text.parse().ok()),
            tables: self.rows(queries::TABLES).await?,
            statements: self.statements().await,
        })
    }

    async fn statements(&self) -> Gathered<StatementCounters> {
        let extension = self.rows(queries::EXTENSION).await?;
        let Some(schema) = extension.first().map(|row| text(row, 0).to_owned()) else {
            return Err(Absent::NotAsked {
                would_need: "pg_stat_statements is not installed in this database: put it into \
                             shared_preload_libraries, restart the server, and run `CREATE \
                             EXTENSION pg_stat_statements`"
                    .into(),
            });
        };
        let rows = self
            .rows(&queries::statements(&schema))
            .await
            .map_err(|_| {
                failed(
                "pg_stat_statements cannot be read: it must be in shared_preload_libraries, with \
                 a restart, and the role needs `GRANT pg_read_all_stats`"
                    .into(),
            )
            })?;
        if rows
            .iter()
            .any(|row| row.first().is_none_or(Option::is_none))
        {
            return Err(Absent::Denied {
                what: "reading other roles' statements".into(),
                would_need: "run `GRANT pg_read_all_stats TO` the role that asks".into(),
            });
        }
        let evictions = self.rows(&queries::evictions(&schema)).await.ok();
        let evictions = evictions.and_then(|rows| Some(number(rows.first()?, 0)));
        Ok(StatementCounters::new(rows, evictions))
    }

    async fn read_sessions(&mut self) -> Gathered<()> {
        let row = self.row(queries::SESSIONS).await?;
        self.peak_sessions = self.peak_sessions.max(number(&row, 0));
        self.readings += 1;
        if number(&row, 2) > 0 {
            self.peak_idle = Err(Absent::Denied {
                what: "reading the state of other roles' sessions".into(),
                would_need: "run `GRANT pg_read_all_stats TO` the role that asks".into(),
            });
        } else if let Ok(peak) = &mut self.peak_idle {
            *peak = (*peak).max(u32::try_from(number(&row, 1)).unwrap_or(u32::MAX));
        }
        let exporters = self.rows(queries::EXPORTERS).await?;
        self.exporters
            .extend(exporters.iter().map(|row| text(row, 0).to_owned()).take(20));
        Ok(())
    }

    async fn row(&self, query: &str) -> Gathered<Row> {
        let rows = self.rows(query).await?;
        rows.into_iter().next().ok_or_else(|| {
            failed(format!(
                "the server in {} has no such statistics",
                self.declared.url_env
            ))
        })
    }

    async fn rows(&self, query: &str) -> Gathered<Vec<Row>> {
        let answer = self
            .client
            .simple_query(&queries::in_transaction(query))
            .await;
        let messages = match answer {
            Ok(messages) => messages,
            Err(error) => {
                // Ends the transaction that the error has left.
                let _ = self.client.simple_query("ROLLBACK").await;
                return Err(refusal(&self.declared.url_env, &error));
            }
        };
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(
                (0..row.len())
                    .map(|column| row.get(column).map(str::to_owned))
                    .collect(),
            ),
            _ => None,
        });
        Ok(rows.collect())
    }
}

/// Connects and logs in. TLS is not spoken.
async fn open(declared: &DeclaredDatabase) -> Gathered<(Client, AbortHandle)> {
    let variable = &declared.url_env;
    // The parser's own words may repeat a part of the secret.
    let mut config: Config = reach::address_in(variable)?
        .parse()
        .map_err(|_| failed(format!("{variable} holds no PostgreSQL connection string")))?;
    config.application_name("scrutineer");
    let port = config.get_ports().first().copied().unwrap_or(5432);
    match config.get_hosts().first() {
        Some(Host::Unix(folder)) => {
            let socket = folder.join(format!(".s.PGSQL.{port}"));
            let stream = UnixStream::connect(socket).await.map_err(|error| {
                failed(format!(
                    "cannot connect to the socket in {variable}: {}",
                    error.kind()
                ))
            })?;
            log_in(variable, &config, stream).await
        }
        Some(Host::Tcp(host)) => {
            let (stream, _) =
                reach::connect(variable, host, port, declared.host.as_deref()).await?;
            log_in(variable, &config, stream).await
        }
        None => Err(failed(format!("{variable} names no host"))),
    }
}

async fn log_in<S>(variable: &str, config: &Config, stream: S) -> Gathered<(Client, AbortHandle)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (client, connection) = config
        .connect_raw(Bounded::new(stream, MOST_BYTES), NoTls)
        .await
        .map_err(|error| refusal(variable, &error))?;
    // Its error shows in the next query, too.
    let task = tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok((client, task.abort_handle()))
}

/// What an error means, without the server's own words: they may hold names and values.
fn refusal(variable: &str, error: &tokio_postgres::Error) -> Absent {
    match error.code().map(tokio_postgres::error::SqlState::code) {
        Some(code) if code.starts_with("28") || code == "42501" => Absent::Denied {
            what: format!("access to the server in {variable} (SQLSTATE {code})"),
            would_need: "give it a role that may log in, with `GRANT pg_monitor`".into(),
        },
        Some(code) => failed(format!(
            "the server in {variable} refused a question (SQLSTATE {code})"
        )),
        None => failed(format!(
            "the server in {variable} broke off, spoke no PostgreSQL, sent more than {} MiB, or \
             wants TLS, which is not spoken yet",
            MOST_BYTES >> 20
        )),
    }
}

fn were_reset() -> Absent {
    failed("the server's statistics were reset in the window".into())
}

fn sessions(before: &Counters, after: &Counters) -> Gathered<u64> {
    let (Some(before), Some(after)) = (before.sessions, after.sessions) else {
        return Err(Absent::NotAsked {
            would_need: "new sessions are counted by PostgreSQL 14 and newer".into(),
        });
    };
    after.checked_sub(before).ok_or_else(were_reset)
}

fn settings(rows: &[Row]) -> Gathered<DatabaseSettings> {
    let value = |name: &str| {
        rows.iter()
            .find(|row| text(row, 0) == name)
            .map(|row| text(row, 1))
            .ok_or_else(|| failed(format!("the server does not tell its setting {name}")))
    };
    Ok(DatabaseSettings {
        statement_timeout_ms: value("statement_timeout")?.parse().unwrap_or(0),
        slow_log_ms: value("log_min_duration_statement").map_or(-1, |v| v.parse().unwrap_or(-1)),
        io_timing: value("track_io_timing")? == "on",
        max_connections: value("max_connections")?.parse().unwrap_or(0),
    })
}

fn standbys(rows: &[Row]) -> Gathered<Vec<Standby>> {
    if rows
        .iter()
        .any(|row| row.get(1).is_none_or(Option::is_none))
    {
        return Err(Absent::Denied {
            what: "reading the state of standbys".into(),
            would_need: "run `GRANT pg_monitor TO` the role that asks".into(),
        });
    }
    Ok(rows
        .iter()
        .map(|row| Standby {
            name: text(row, 0).into(),
            state: text(row, 1).into(),
            lag_s: text(row, 2).parse().ok(),
        })
        .collect())
}

fn text(row: &[Option<String>], column: usize) -> &str {
    row.get(column)
        .and_then(Option::as_deref)
        .unwrap_or_default()
}
