//! Baselines and their comparison; one store for summaries of captures and, later, benchmarks.

pub mod baseline;
pub mod comparison;
mod ron_file;
pub mod statistics;
mod student;
pub mod summary;

pub use baseline::{Baseline, BaselineError, ListedBaseline, SaveMode};
pub use comparison::{BaselineComparison, ComparedValue, DESIGN_EFFECT, Judgement, Unit, compare};
pub(crate) use student::three_sigma;
pub use summary::CaptureSummary;
