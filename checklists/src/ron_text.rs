//! RON in and out: errors with line, column and a suggestion; stable output; digests.

use ron::{
    Options, error::Position, error::SpannedError, extensions::Extensions, ser::PrettyConfig,
};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

/// What is wrong with a RON text, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {what}")]
pub struct RonError {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong there, with a suggestion where a known name is near.
    pub what: String,
}

/// Parses what [`print()`] wrote, or a person in its form.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, RonError> {
    ron::from_str(text).map_err(|error| explain(&error))
}

/// Parses a checklist's text, in which a rule holds its limits directly, without a second pair of
/// brackets.
pub(crate) fn parse_rules<T: DeserializeOwned>(text: &str) -> Result<T, RonError> {
    Options::default()
        .with_default_extension(Extensions::UNWRAP_VARIANT_NEWTYPES)
        .from_str(text)
        .map_err(|error| explain(&error))
}

/// Prints a value with one field a line, in the order of its declaration, in plain RON that every
/// reader of RON understands; ends with a line feed.
pub fn print<T: Serialize>(value: &T) -> String {
    let pretty = PrettyConfig::new()
        .struct_names(true)
        .new_line("\n")
        .indentor("    ");
    let mut text =
        ron::ser::to_string_pretty(value, pretty).expect("our types have only what RON can hold");
    text.push('\n');
    text
}

/// Prints a checklist in the form that [`parse_rules`] reads.
pub(crate) fn print_rules<T: Serialize>(value: &T) -> String {
    let pretty = PrettyConfig::new()
        .struct_names(true)
        .new_line("\n")
        .indentor("    ")
        .extensions(Extensions::UNWRAP_VARIANT_NEWTYPES);
    let mut text =
        ron::ser::to_string_pretty(value, pretty).expect("our types have only what RON can hold");
    text.push('\n');
    text
}

/// SHA-256 of the value's canonical RON (one line, declared order), hexadecimal.
pub fn digest<T: Serialize>(value: &T) -> String {
    let text = ron::to_string(value).expect("our types have only what RON can hold");
    text_digest(&text)
}

/// SHA-256 of a text, hexadecimal.
pub fn text_digest(text: &str) -> String {
    let bytes: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    bytes
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn explain(error: &SpannedError) -> RonError {
    let Position { line, col } = error.span.start;
    let what = match &error.code {
        ron::Error::NoSuchStructField {
            expected, found, ..
        } => unknown("field", found, expected),
        ron::Error::NoSuchEnumVariant {
            expected, found, ..
        } => unknown("variant", found, expected),
        other => other.to_string(),
    };
    RonError {
        line,
        column: col,
        what,
    }
}

/// `unknown field "limt"; did you mean "limit"?`, else the names that are known.
pub(crate) fn unknown(thing: &str, found: &str, expected: &[&str]) -> String {
    let near = expected
        .iter()
        .map(|name| (strsim::damerau_levenshtein(name, found), name))
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 4);
    match near {
        Some((_, name)) => format!("unknown {thing} \"{found}\"; did you mean \"{name}\"?"),
        None => format!(
            "unknown {thing} \"{found}\"; known are {}",
            expected.join(", ")
        ),
    }
}
