//! Exports of the review document: one module per format, each a pure function to text.

pub mod html;
pub mod json;
#[cfg(test)]
mod testing;
pub mod text;
