//! What is open and selected.
