//! What declared Redis and memcached servers count, as changes over the window.

use serde::{Deserialize, Serialize};

use crate::Gathered;

/// Which protocol a cache speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheEngine {
    /// Redis, and what speaks its protocol.
    Redis,
    /// memcached.
    Memcached,
}

/// Keys of a Redis server, over all of its databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// Keys.
    pub all: u64,
    /// Keys with an expiry.
    pub expiring: u64,
}

/// One cache.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// Protocol.
    pub engine: CacheEngine,
    /// Version, as the server tells it.
    pub version: String,
    /// `address:port` that was connected to.
    pub address: String,
    /// Time between the two readings, seconds.
    pub window_s: f64,
    /// Reads that found their key in the window.
    pub hits: u64,
    /// Reads that did not in the window.
    pub misses: u64,
    /// Commands that touch data in the window: reads and writes.
    pub data_commands: u64,
    /// Keys thrown away for want of memory in the window.
    pub evictions: u64,
    /// Keys with and without expiry at the end; memcached does not tell.
    pub keys: Gathered<Keys>,
    /// Keys at the start of the window.
    pub keys_before: u64,
    /// Limit of memory, bytes; `None` where there is none.
    pub limit_bytes: Option<u64>,
    /// Memory in use at the end, bytes.
    pub used_bytes: u64,
    /// What happens when the limit is reached: `allkeys-lru`, `noeviction` …
    pub policy: String,
    /// Replicas connected.
    pub replicas: u32,
    /// Whether it is a node of a cluster.
    pub cluster: bool,
}

/// Declared caches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheFacts {
    /// Name of the environment variable that held the address, in the order of declaration, and
    /// what its server answered.
    pub caches: Vec<(String, Gathered<Cache>)>,
}
