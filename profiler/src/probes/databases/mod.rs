//! Statistics of declared PostgreSQL servers, 13 and newer, read in read-only transactions.

mod queries;
mod session;
mod tally;

pub(super) use session::Session;
