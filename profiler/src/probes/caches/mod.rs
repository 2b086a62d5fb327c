//! Statistics of declared Redis and memcached servers, by the commands that only read them.

mod address;
mod memcached;
mod redis;
mod session;
mod wire;

pub(super) use session::Session;
