//! Statistics of real PostgreSQL, Redis and memcached servers, and of hostile ones.

#![allow(
    clippy::unwrap_used,
    reason = "what a test prepares works, or the test fails"
)]

mod caches;
mod gathering;
mod hostile;
mod postgres;
mod servers;
