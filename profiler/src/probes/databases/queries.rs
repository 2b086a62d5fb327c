//! What is asked of the server; each text bears a mark, so that it is not counted.

/// Begins and ends a read-only transaction around each query. `SET LOCAL` ends with it: behind a
/// pooler nothing is left in a session that others use.
pub(super) fn in_transaction(query: &str) -> String {
    format!(
        "BEGIN READ ONLY; SET LOCAL statement_timeout = '2s'; SET LOCAL lock_timeout = '500ms'; \
         SET LOCAL application_name = 'scrutineer'; {query}; COMMIT"
    )
}

/// Version as text and number, standby or not, size, partitioned tables.
pub(super) const SERVER: &str = "SELECT /* scrutineer_probe */ \
    current_setting('server_version'), current_setting('server_version_num'), \
    pg_is_in_recovery()::int, pg_database_size(current_database()), \
    (SELECT count(*) FROM pg_class WHERE relkind = 'p')";

/// Counters of the database. Sessions are counted since PostgreSQL 14.
pub(super) const DATABASE: &str = "SELECT /* scrutineer_probe */ \
    d.xact_commit, d.deadlocks, d.blks_hit, d.blks_read, d.temp_bytes, to_jsonb(d)->>'sessions' \
    FROM pg_stat_database d WHERE d.datname = current_database()";

/// Client sessions, those idle in a transaction, and those whose state is hidden.
pub(super) const SESSIONS: &str = "SELECT /* scrutineer_probe */ \
    count(*), count(*) FILTER (WHERE state LIKE 'idle in transaction%'), \
    count(*) FILTER (WHERE query = '<insufficient privilege>') \
    FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND (backend_type = 'client backend' \
    OR (backend_type IS NULL AND datid IS NOT NULL))";

/// Names of sessions that watch.
pub(super) const EXPORTERS: &str = "SELECT /* scrutineer_probe */ DISTINCT \
    left(coalesce(nullif(application_name, ''), usename::text), 64) FROM pg_stat_activity \
    WHERE application_name ~* '(exporter|pganalyze|datadog|pgwatch|telegraf|otel|zabbix|pmm)' \
    OR usename::text ~* '(exporter|pganalyze|datadog|pgwatch|telegraf|otel|zabbix|pmm)' \
    ORDER BY 1 LIMIT 20";

/// Settings as a new session of this role has them.
pub(super) const SETTINGS: &str = "SELECT /* scrutineer_probe */ name, reset_val FROM pg_settings \
    WHERE name IN ('statement_timeout', 'log_min_duration_statement', 'track_io_timing', \
    'max_connections')";

/// Tables of the user's, largest first.
pub(super) const TABLES: &str = "SELECT /* scrutineer_probe */ \
    left(t.schemaname || '.' || t.relname, 128), \
    greatest(t.n_live_tup, c.reltuples::bigint, 0), \
    c.relpages::bigint * current_setting('block_size')::bigint, \
    coalesce(t.seq_scan, 0), coalesce(t.idx_scan, 0), coalesce(t.seq_tup_read, 0) \
    FROM pg_stat_user_tables t JOIN pg_class c ON c.oid = t.relid ORDER BY 2 DESC, 1 LIMIT 1000";

/// Standbys.
pub(super) const STANDBYS: &str = "SELECT /* scrutineer_probe */ \
    left(application_name, 64), state, extract(epoch FROM replay_lag) FROM pg_stat_replication \
    ORDER BY 1 LIMIT 50";

/// Schema of the extension, quoted where it must be.
pub(super) const EXTENSION: &str = "SELECT /* scrutineer_probe */ quote_ident(n.nspname) \
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace \
    WHERE e.extname = 'pg_stat_statements'";

/// Statements of this database over all users.
pub(super) fn statements(schema: &str) -> String {
    format!(
        "SELECT /* scrutineer_probe */ queryid, sum(calls), sum(rows), sum(total_exec_time), \
         sum(temp_blks_written), min(left(query, 1000)) FROM {schema}.pg_stat_statements \
         WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND query NOT LIKE '%scrutineer\\_probe%' GROUP BY queryid LIMIT 20000"
    )
}

/// Entries thrown away; the view exists since PostgreSQL 14.
pub(super) fn evictions(schema: &str) -> String {
    format!("SELECT /* scrutineer_probe */ dealloc FROM {schema}.pg_stat_statements_info")
}
