//! Real processes that are read.
