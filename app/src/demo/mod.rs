//! The demo.
mod child;
mod load;
pub(crate) mod service;
mod workspace;
