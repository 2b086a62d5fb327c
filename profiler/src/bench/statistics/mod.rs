//! The statistics of benchmarks: effects of paired runs, verdicts, suites, steps in a history.

pub mod draws;
pub mod paired;
pub mod signed_rank;
pub mod steps;
pub mod suite;
pub mod verdict;

#[cfg(test)]
mod golden_tests;
