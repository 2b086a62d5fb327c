//! Statistics of real PostgreSQL, Redis and memcached servers, and of hostile ones.

mod caches;
mod gathering;
mod hostile;
mod postgres;
mod servers;
