//! Residency: reading it, and the statistics of its growth.

pub mod growth;
pub mod reader;
