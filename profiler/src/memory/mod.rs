//! Residency: reading it, and the statistics of its growth.

pub mod growth;
mod normal;
pub mod reader;

pub use reader::MemoryReader;
