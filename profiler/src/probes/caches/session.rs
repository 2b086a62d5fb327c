//! One connection to a cache, and what is read over it.

use std::time::Instant;

use scrutineer_evidence::{
    Gathered,
    caches::{Cache, CacheEngine, Keys},
};

use super::{address, memcached, redis, wire::Wire};
use crate::{
    probes::{
        reach::{self, failed},
        statistics::Server,
    },
    workspace::DeclaredCache,
};

/// Counters at one reading.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) version: String,
    pub(super) hits: u64,
    pub(super) misses: u64,
    pub(super) data_commands: u64,
    pub(super) evictions: u64,
    pub(super) keys: Gathered<Keys>,
    pub(super) limit_bytes: Option<u64>,
    pub(super) used_bytes: u64,
    pub(super) policy: String,
    pub(super) replicas: u32,
    pub(super) cluster: bool,
}

/// A connection with its first reading.
pub(in crate::probes) struct Session {
    declared: DeclaredCache,
    engine: CacheEngine,
    address: String,
    wire: Wire,
    opened: Instant,
    before: Reading,
}

impl Server for Session {
    type Declared = DeclaredCache;
    type Facts = Cache;

    async fn start(declared: DeclaredCache) -> Gathered<Self> {
        let variable = &declared.url_env;
        let address = address::parse(variable, &reach::address_in(variable)?)?;
        let (stream, remote) = reach::connect(
            variable,
            &address.host,
            address.port,
            declared.host.as_deref(),
        )
        .await?;
        let mut wire = Wire::new(variable, stream);
        if address.engine == CacheEngine::Redis {
            redis::log_in(&mut wire, &address, variable).await?;
        }
        let before = read(address.engine, &mut wire, variable).await?;
        Ok(Self {
            engine: address.engine,
            address: remote.to_string(),
            declared,
            wire,
            opened: Instant::now(),
            before,
        })
    }

    async fn look(&mut self) {}

    async fn finish(mut self) -> Gathered<Cache> {
        let window_s = self.opened.elapsed().as_secs_f64();
        let after = read(self.engine, &mut self.wire, &self.declared.url_env).await?;
        let change = |field: fn(&Reading) -> u64| {
            field(&after)
                .checked_sub(field(&self.before))
                .ok_or_else(|| failed("the server's statistics were reset in the window".into()))
        };
        Ok(Cache {
            engine: self.engine,
            address: self.address,
            window_s,
            hits: change(|reading| reading.hits)?,
            misses: change(|reading| reading.misses)?,
            data_commands: change(|reading| reading.data_commands)?,
            evictions: change(|reading| reading.evictions)?,
            keys_before: self.before.keys.as_ref().map_or(0, |keys| keys.all),
            version: after.version,
            keys: after.keys,
            limit_bytes: after.limit_bytes,
            used_bytes: after.used_bytes,
            policy: after.policy,
            replicas: after.replicas,
            cluster: after.cluster,
        })
    }

    fn variable(declared: &DeclaredCache) -> String {
        declared.url_env.clone()
    }
}

async fn read(engine: CacheEngine, wire: &mut Wire, variable: &str) -> Gathered<Reading> {
    match engine {
        CacheEngine::Redis => redis::read(wire, variable).await,
        CacheEngine::Memcached => memcached::read(wire).await,
    }
}
