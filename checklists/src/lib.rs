//! Pure judgement: from evidence to verdicts, people's decisions and the review document.
//!
//! Evidence → rule → verdict goes by type: a rule names the facts it needs, a missing fact becomes
//! a verdict that says so, and no rule can touch a file, the clock or the network.

#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

pub mod changes;
pub mod checklist;
pub mod document;
mod families;
pub mod gauge;
pub mod judge;
pub mod needs;
mod reuse;
pub mod review;
pub mod ron_text;
pub mod rules;
mod servers;
#[cfg(test)]
mod testing;
pub mod verdict;
mod window;
pub mod words;
