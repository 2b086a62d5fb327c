//! Pure judgement: from evidence to verdicts, people's decisions and the review document.
//!
//! Evidence → rule → verdict goes by type: a rule names the facts it needs, a missing fact becomes
//! a verdict that says so, and no rule can touch a file, the clock or the network.

pub mod checklist;
pub mod document;
pub mod judge;
pub mod needs;
pub mod review;
pub mod rules;
pub mod verdict;
