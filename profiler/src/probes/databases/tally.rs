//! Changes of a server's counters between two readings.

use std::collections::HashMap;

use scrutineer_evidence::{
    Absent, Gathered,
    databases::{Statement, StatementKind, Statements, Table},
};

use crate::redaction::redact_sql;

/// Statements that are kept, of those with most time and of those with most calls.
const KEPT_STATEMENTS: usize = 50;
/// Tables that are kept, of the largest and of those with most rows read by whole scans.
const KEPT_TABLES: usize = 50;
/// Length of a statement's text.
const TEXT_CHARS: usize = 300;

/// Words that write.
const WRITES: [&str; 4] = ["INSERT", "UPDATE", "DELETE", "MERGE"];

type Row = Vec<Option<String>>;

/// Counters at one reading.
#[derive(Debug)]
pub(super) struct Counters {
    pub(super) commits: u64,
    pub(super) deadlocks: u64,
    pub(super) blocks_hit: u64,
    pub(super) blocks_read: u64,
    pub(super) temp_bytes: u64,
    pub(super) sessions: Option<u64>,
    pub(super) tables: Vec<Row>,
    pub(super) statements: Gathered<StatementCounters>,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            commits: 0,
            deadlocks: 0,
            blocks_hit: 0,
            blocks_read: 0,
            temp_bytes: 0,
            sessions: None,
            tables: Vec::new(),
            statements: Ok(StatementCounters::new(Vec::new(), None)),
        }
    }
}

/// A column as a whole number; what is none is 0.
pub(super) fn number(row: &[Option<String>], column: usize) -> u64 {
    row.get(column)
        .and_then(Option::as_deref)
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

fn decimal(row: &[Option<String>], column: usize) -> f64 {
    row.get(column)
        .and_then(Option::as_deref)
        .and_then(|text| text.parse().ok())
        .filter(|value: &f64| value.is_finite())
        .unwrap_or(0.0)
}

fn reset() -> Absent {
    Absent::Failed {
        why: "the server's statistics were reset in the window".into(),
    }
}

/// Statements at one reading.
#[derive(Debug)]
pub(super) struct StatementCounters {
    rows: Vec<Row>,
    evictions: Option<u64>,
}

impl StatementCounters {
    /// Rows of `queryid, calls, rows, total_exec_time, temp_blks_written, query`.
    pub(super) fn new(rows: Vec<Row>, evictions: Option<u64>) -> Self {
        Self { rows, evictions }
    }

    /// What was called between the two readings.
    pub(super) fn deltas(before: &Gathered<Self>, after: &Gathered<Self>) -> Gathered<Statements> {
        let (before, after) = match (before, after) {
            (Ok(before), Ok(after)) => (before, after),
            (Err(absent), _) | (_, Err(absent)) => return Err(absent.clone()),
        };
        let earlier: HashMap<_, _> = before
            .rows
            .iter()
            .filter_map(|row| Some((row.first()?.as_deref()?, row)))
            .collect();
        let evictions = match (before.evictions, after.evictions) {
            (Some(before), Some(after)) => Some(after.checked_sub(before).ok_or_else(reset)?),
            _ => None,
        };
        let mut top = Vec::new();
        for row in &after.rows {
            let earlier = row
                .first()
                .and_then(Option::as_deref)
                .and_then(|id| earlier.get(id).map(|row| row.as_slice()));
            top.extend(statement(row, earlier, evictions)?);
        }
        let calls = top.iter().map(|statement| statement.calls).sum();
        Ok(Statements {
            top: busiest(top),
            calls,
            evictions,
        })
    }
}

/// `None` for what was not called, and for what is neither read nor write.
fn statement(
    row: &[Option<String>],
    earlier: Option<&[Option<String>]>,
    evictions: Option<u64>,
) -> Gathered<Option<Statement>> {
    let text = redact_sql(
        row.get(5).and_then(Option::as_deref).unwrap_or_default(),
        TEXT_CHARS,
    );
    let before = |column| earlier.map_or(0, |row| number(row, column));
    let Some(calls) = number(row, 1).checked_sub(before(1)) else {
        // Thrown away and met again: it counts from zero.
        return if evictions.is_some_and(|count| count > 0) {
            Ok(None)
        } else {
            Err(reset())
        };
    };
    let Some(kind) = kind_of(&text).filter(|_| calls > 0) else {
        return Ok(None);
    };
    let before_ms = earlier.map_or(0.0, |row| decimal(row, 3));
    Ok(Some(Statement {
        id: row.first().cloned().flatten().unwrap_or_default(),
        text,
        kind,
        calls,
        rows: number(row, 2).saturating_sub(before(2)),
        total_ms: (decimal(row, 3) - before_ms).max(0.0),
        temp_blocks_written: number(row, 4).saturating_sub(before(4)),
    }))
}

/// Those with most time and those with most calls, by time, most first.
fn busiest(mut statements: Vec<Statement>) -> Vec<Statement> {
    statements.sort_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.id.cmp(&b.id)));
    let mut kept = statements.split_off(KEPT_STATEMENTS.min(statements.len()));
    std::mem::swap(&mut kept, &mut statements);
    by_time(&mut statements);
    statements.truncate(KEPT_STATEMENTS);
    kept.append(&mut statements);
    by_time(&mut kept);
    kept
}

fn by_time(statements: &mut [Statement]) {
    statements.sort_by(|a, b| {
        b.total_ms
            .total_cmp(&a.total_ms)
            .then_with(|| a.id.cmp(&b.id))
    });
}

/// What a statement does; `None` for commands that neither read nor write rows.
pub(super) fn kind_of(text: &str) -> Option<StatementKind> {
    let upper = text.trim_start_matches(['(', ' ']).to_ascii_uppercase();
    let mut words = upper.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    match words.next()? {
        "WITH" if words.any(|word| WRITES.contains(&word)) => Some(StatementKind::Write),
        "SELECT" | "VALUES" | "TABLE" | "WITH" => Some(StatementKind::Read),
        "COPY" => Some(StatementKind::Copy),
        word if WRITES.contains(&word) => Some(StatementKind::Write),
        _ => None,
    }
}

/// Changes of tables, from rows of `name, rows, bytes, seq_scan, idx_scan, seq_tup_read`.
pub(super) fn table_deltas(before: &[Row], after: &[Row]) -> Gathered<Vec<Table>> {
    let name = |row: &[Option<String>]| row.first().cloned().flatten().unwrap_or_default();
    let earlier: HashMap<_, _> = before.iter().map(|row| (name(row), row)).collect();
    let mut tables = Vec::with_capacity(after.len());
    for row in after {
        // A table of which nothing is known before cannot tell what happened in the window.
        let Some(before) = earlier.get(&name(row)) else {
            continue;
        };
        let change = |column| {
            number(row, column)
                .checked_sub(number(before, column))
                .ok_or_else(reset)
        };
        tables.push(Table {
            name: name(row),
            rows: number(row, 1),
            bytes: number(row, 2),
            sequential_scans: change(3)?,
            index_scans: change(4)?,
            sequential_rows: change(5)?,
        });
    }
    Ok(kept(tables))
}

fn kept(mut tables: Vec<Table>) -> Vec<Table> {
    tables.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    let mut rest = tables.split_off(KEPT_TABLES.min(tables.len()));
    rest.sort_by(|a, b| {
        b.sequential_rows
            .cmp(&a.sequential_rows)
            .then_with(|| a.name.cmp(&b.name))
    });
    rest.truncate(KEPT_TABLES);
    tables.append(&mut rest);
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    tables
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(columns: &[&str]) -> Row {
        columns
            .iter()
            .map(|text| Some((*text).to_owned()))
            .collect()
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the tally takes it")]
    fn reading(calls: &str, evictions: u64) -> Gathered<StatementCounters> {
        let rows = vec![row(&["7", calls, "10", "2.5", "0", "SELECT $1"])];
        Ok(StatementCounters::new(rows, Some(evictions)))
    }

    #[test]
    fn calls_are_counted_between_the_readings() {
        let statements = StatementCounters::deltas(&reading("5", 0), &reading("8", 0)).unwrap();
        assert_eq!((statements.calls, statements.top[0].calls), (3, 3));
        let idle = StatementCounters::deltas(&reading("5", 0), &reading("5", 0)).unwrap();
        assert_eq!((idle.calls, idle.top.len()), (0, 0));
    }

    #[test]
    fn counters_that_fall_were_reset_unless_entries_were_evicted() {
        assert!(StatementCounters::deltas(&reading("5", 0), &reading("2", 0)).is_err());
        let evicted = StatementCounters::deltas(&reading("5", 0), &reading("2", 3)).unwrap();
        assert_eq!((evicted.calls, evicted.evictions), (0, Some(3)));
        let before = vec![row(&["public.t", "1", "1", "9", "0", "0"])];
        let after = vec![row(&["public.t", "1", "1", "2", "0", "0"])];
        assert!(table_deltas(&before, &after).is_err());
    }

    #[test]
    fn statements_are_told_apart_by_what_they_do() {
        let cases = [
            ("(select 1)", Some(StatementKind::Read)),
            (
                "WITH x AS (SELECT 1) SELECT * FROM x",
                Some(StatementKind::Read),
            ),
            (
                "with x as (delete from t) select 1",
                Some(StatementKind::Write),
            ),
            ("INSERT INTO t VALUES ($1)", Some(StatementKind::Write)),
            ("COPY t FROM STDIN", Some(StatementKind::Copy)),
            ("BEGIN", None),
            ("<insufficient privilege>", None),
        ];
        for (text, kind) in cases {
            assert_eq!(kind_of(text), kind, "{text}");
        }
    }
}
