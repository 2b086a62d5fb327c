//! Exports of the review document: one module per format, each a pure function to text.

pub mod document;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod sarif;
pub mod schema;
#[cfg(test)]
mod testing;
pub mod text;
pub mod wording;
