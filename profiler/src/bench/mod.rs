//! Baselines and their comparison; one store for summaries of captures and, later, benchmarks.

pub mod baseline;
pub mod comparison;
mod ron_file;
mod student;
pub mod summary;

pub use baseline::{Baseline, BaselineError, ListedBaseline, SaveMode};
pub use comparison::{BaselineComparison, ComparedValue, Judgement, Unit, compare};
pub use summary::CaptureSummary;
