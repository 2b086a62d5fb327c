//! What a memcached server says of itself by `stats`.

use std::collections::BTreeMap;

use scrutineer_evidence::{Absent, Gathered};

use super::{session::Reading, wire::Wire};

/// Most lines of an answer.
const MOST_LINES: usize = 1_000;

/// Asks for the counters.
pub(super) async fn read(wire: &mut Wire) -> Gathered<Reading> {
    wire.send(b"stats\r\n").await?;
    let mut fields = BTreeMap::new();
    for _ in 0..MOST_LINES {
        let line = wire.line().await?;
        if line == "END" {
            return reading(&fields).ok_or_else(|| wire.broken());
        }
        let mut words = line.splitn(3, ' ');
        if let (Some("STAT"), Some(name), Some(value)) = (words.next(), words.next(), words.next())
        {
            fields.insert(name.to_owned(), value.to_owned());
        } else {
            break;
        }
    }
    Err(wire.broken())
}

fn reading(fields: &BTreeMap<String, String>) -> Option<Reading> {
    let number = |name: &str| fields.get(name).and_then(|text| text.parse::<u64>().ok());
    let hits = number("get_hits")?;
    let misses = number("get_misses")?;
    let writes = number("cmd_set").unwrap_or(0);
    Some(Reading {
        version: fields.get("version")?.chars().take(32).collect(),
        hits,
        misses,
        data_commands: hits.saturating_add(misses).saturating_add(writes),
        evictions: number("evictions").unwrap_or(0),
        keys: Err(Absent::NotAsked {
            would_need: "memcached does not tell which keys expire".into(),
        }),
        limit_bytes: number("limit_maxbytes").filter(|bytes| *bytes > 0),
        used_bytes: number("bytes").unwrap_or(0),
        // Started with -M it answers writes with an error instead, which `stats` does not tell.
        policy: "least recently used".into(),
        replicas: 0,
        cluster: false,
    })
}
