//! Baselines and their comparison; one store for summaries of captures and, later, benchmarks.

pub mod baseline;
