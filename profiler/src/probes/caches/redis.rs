//! What a Redis server says of itself by `INFO`.

use std::collections::BTreeMap;

use scrutineer_evidence::{Absent, Gathered, caches::Keys};

use super::{address::Address, session::Reading, wire::Wire};

/// Commands that touch no data.
const HOUSEKEEPING: &[&str] = &[
    "acl",
    "auth",
    "client",
    "cluster",
    "command",
    "config",
    "debug",
    "discard",
    "echo",
    "exec",
    "function",
    "hello",
    "info",
    "latency",
    "memory",
    "module",
    "monitor",
    "multi",
    "ping",
    "psync",
    "quit",
    "replconf",
    "reset",
    "role",
    "script",
    "select",
    "slowlog",
    "subscribe",
    "sync",
    "unsubscribe",
    "unwatch",
    "wait",
    "watch",
];

/// Logs in where the address says how.
pub(super) async fn log_in(wire: &mut Wire, address: &Address, variable: &str) -> Gathered<()> {
    let Some(password) = &address.password else {
        return Ok(());
    };
    let mut words = vec!["AUTH"];
    words.extend(address.user.as_deref());
    words.push(password);
    wire.send(&command(&words)).await?;
    if wire.line().await?.starts_with('+') {
        return Ok(());
    }
    Err(refused(variable))
}

fn refused(variable: &str) -> Absent {
    Absent::Denied {
        what: format!("access to the server in {variable}"),
        would_need: "give it a user that may run INFO".into(),
    }
}

/// Words as the protocol wants them.
fn command(words: &[&str]) -> Vec<u8> {
    let head = format!("*{}\r\n", words.len());
    let parts = words
        .iter()
        .map(|word| format!("${}\r\n{word}\r\n", word.len()));
    std::iter::once(head)
        .chain(parts)
        .collect::<String>()
        .into_bytes()
}

/// Asks for the counters.
pub(super) async fn read(wire: &mut Wire, variable: &str) -> Gathered<Reading> {
    let mut text = String::new();
    for section in ["default", "commandstats"] {
        wire.send(&command(&["INFO", section])).await?;
        let head = wire.line().await?;
        if head.starts_with('-') {
            return Err(refused(variable));
        }
        let length = head.strip_prefix('$').and_then(|n| n.parse().ok());
        let length = length.ok_or_else(|| wire.broken())?;
        text.push_str(&wire.block(length).await?);
        text.push('\n');
    }
    reading(&text).ok_or_else(|| wire.broken())
}

/// Reads the lines of `INFO`; `None` where it is no such text.
fn reading(text: &str) -> Option<Reading> {
    let fields: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.trim().split_once(':'))
        .collect();
    let number = |name: &str| fields.get(name).and_then(|text| text.parse::<u64>().ok());
    let limit = number("maxmemory").unwrap_or(0);
    Some(Reading {
        version: fields.get("redis_version")?.chars().take(32).collect(),
        hits: number("keyspace_hits")?,
        misses: number("keyspace_misses")?,
        data_commands: data_commands(&fields),
        evictions: number("evicted_keys").unwrap_or(0),
        keys: Ok(keys(&fields)),
        limit_bytes: (limit > 0).then_some(limit),
        used_bytes: number("used_memory").unwrap_or(0),
        policy: fields
            .get("maxmemory_policy")
            .map_or_else(String::new, |policy| policy.chars().take(32).collect()),
        replicas: number("connected_slaves")
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or(0),
        cluster: number("cluster_enabled") == Some(1),
    })
}

/// Sums `cmdstat_NAME:calls=N,…` of commands that touch data; a subcommand is `NAME|SUB`.
fn data_commands(fields: &BTreeMap<&str, &str>) -> u64 {
    fields
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("cmdstat_")?, *value)))
        .filter(|(name, _)| {
            let command = name.split('|').next().unwrap_or(name).to_ascii_lowercase();
            !HOUSEKEEPING.contains(&command.as_str())
        })
        .filter_map(|(_, value)| part(value, "calls"))
        .fold(0, u64::saturating_add)
}

/// Sums `dbN:keys=K,expires=E,…`.
fn keys(fields: &BTreeMap<&str, &str>) -> Keys {
    let databases = fields.iter().filter(|(name, _)| {
        name.strip_prefix("db")
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
    });
    let mut keys = Keys {
        all: 0,
        expiring: 0,
    };
    for (_, value) in databases {
        keys.all = keys.all.saturating_add(part(value, "keys").unwrap_or(0));
        keys.expiring = keys
            .expiring
            .saturating_add(part(value, "expires").unwrap_or(0));
    }
    keys
}

fn part(value: &str, name: &str) -> Option<u64> {
    value
        .split(',')
        .filter_map(|part| part.split_once('='))
        .find(|(key, _)| *key == name)
        .and_then(|(_, number)| number.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn info_is_read_over_all_databases_and_without_housekeeping() {
        let text = "# Server\r\nredis_version:7.0.15\r\nkeyspace_hits:90\r\nkeyspace_misses:10\r\n\
                    maxmemory:0\r\nused_memory:1000\r\nmaxmemory_policy:noeviction\r\n\
                    db0:keys=100,expires=95,avg_ttl=5\r\ndb3:keys=10,expires=0\r\n\
                    cmdstat_get:calls=100,usec=1\r\ncmdstat_info:calls=7,usec=1\r\n\
                    cmdstat_client|list:calls=3,usec=1\r\n";
        let reading = reading(text).unwrap();
        assert_eq!(
            (reading.hits, reading.misses, reading.data_commands),
            (90, 10, 100)
        );
        assert_eq!(
            reading.keys,
            Ok(Keys {
                all: 110,
                expiring: 95
            })
        );
        assert_eq!(
            (reading.limit_bytes, reading.policy.as_str()),
            (None, "noeviction")
        );
        assert!(super::reading("HTTP/1.1 200 OK").is_none());
    }
}
