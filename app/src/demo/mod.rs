//! The demo.
pub(crate) mod service;
mod load;
