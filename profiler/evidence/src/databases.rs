//! What declared PostgreSQL servers count, as changes over the window.

use serde::{Deserialize, Serialize};

use crate::Gathered;

/// What a statement does, told by its first words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementKind {
    /// `SELECT`, `VALUES`, `TABLE`, and `WITH` that writes nothing.
    Read,
    /// `INSERT`, `UPDATE`, `DELETE`, `MERGE`, and `WITH` that holds one of them.
    Write,
    /// `COPY`.
    Copy,
}

/// One statement of `pg_stat_statements`, over all users.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// `queryid`, as the server writes it.
    pub id: String,
    /// Text on one line, without literals and comments, cut to a bounded length.
    pub text: String,
    /// What it does.
    pub kind: StatementKind,
    /// Calls in the window.
    pub calls: u64,
    /// Rows returned or changed in the window.
    pub rows: u64,
    /// Time spent executing it in the window, milliseconds.
    pub total_ms: f64,
    /// Temporary blocks that it wrote in the window.
    pub temp_blocks_written: u64,
}

/// Statements of the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statements {
    /// Statements that were called in the window, by time spent, most first, bounded.
    pub top: Vec<Statement>,
    /// Calls of all reads and writes in the window, beyond `top` too.
    pub calls: u64,
    /// Entries that the server threw away for want of room in the window (PostgreSQL 14 and
    /// newer): their calls are lost.
    pub evictions: Option<u64>,
}

/// One table of the user's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// `schema.table`.
    pub name: String,
    /// Live rows, the server's estimate.
    pub rows: u64,
    /// Bytes with indexes and TOAST.
    pub bytes: u64,
    /// Scans of the whole table in the window.
    pub sequential_scans: u64,
    /// Scans through an index in the window.
    pub index_scans: u64,
    /// Rows that scans of the whole table read in the window.
    pub sequential_rows: u64,
}

/// A standby that streams from the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standby {
    /// `application_name` of the standby.
    pub name: String,
    /// `state`: `streaming` where all is well.
    pub state: String,
    /// `replay_lag`, seconds; `None` where the server has none to tell, as on an idle primary.
    pub lag_s: Option<f64>,
}

/// Settings that hold for a new session of the role that asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseSettings {
    /// `statement_timeout`, milliseconds; 0 is none.
    pub statement_timeout_ms: u64,
    /// `log_min_duration_statement`, milliseconds; −1 is off.
    pub slow_log_ms: i64,
    /// `track_io_timing`.
    pub io_timing: bool,
    /// `max_connections`.
    pub max_connections: u32,
}

/// One database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Version of the server: `15.12`.
    pub version: String,
    /// Time between the two readings, seconds.
    pub window_s: f64,
    /// Cores of the server's host, where declared.
    pub cores: Option<u32>,
    /// Spindles of the server's host, where declared.
    pub spindles: Option<u32>,
    /// Whether the server is itself a standby.
    pub in_recovery: bool,
    /// Transactions committed in the window, those of the probe among them.
    pub commits: u64,
    /// Deadlocks detected in the window.
    pub deadlocks: u64,
    /// Blocks found in shared buffers in the window.
    pub blocks_hit: u64,
    /// Blocks read from the kernel in the window.
    pub blocks_read: u64,
    /// Bytes written to temporary files in the window.
    pub temp_bytes: u64,
    /// Sessions opened in the window (PostgreSQL 14 and newer), without the probe's.
    pub sessions: Gathered<u64>,
    /// Most client sessions of the whole server at one reading, without the probe's.
    pub peak_sessions: u32,
    /// Most of them idle in a transaction at one reading; absent where their state is hidden.
    pub peak_idle_in_transaction: Gathered<u32>,
    /// Readings of the sessions in the window.
    pub readings: u32,
    /// Names of sessions that belong to known exporters, sorted.
    pub exporters: Vec<String>,
    /// Settings.
    pub settings: DatabaseSettings,
    /// Bytes of the database.
    pub bytes: u64,
    /// Partitioned tables.
    pub partitioned_tables: u32,
    /// Largest tables and those with most rows read by whole scans, sorted by name, bounded.
    pub tables: Vec<Table>,
    /// Statements; absent where the extension is missing, not loaded or hidden from the role.
    pub statements: Gathered<Statements>,
    /// Standbys, sorted by name; absent where the role may not see them.
    pub standbys: Gathered<Vec<Standby>>,
}

/// Declared databases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseFacts {
    /// Name of the environment variable that held the address, in the order of declaration, and
    /// what its server answered.
    pub databases: Vec<(String, Gathered<Database>)>,
}
