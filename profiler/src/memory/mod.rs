//! Residency: reading it, the statistics of its growth, and where the growth came from.

#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
pub mod growth;
pub mod growth_sources;
pub mod reader;

pub use reader::MemoryReader;
