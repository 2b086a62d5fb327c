//! A file as readers get it, with what tells its format.

use std::cell::OnceCell;

/// Keys of the outermost object that are looked at, at most.
const MOST_KEYS: usize = 64;

/// A file's contents, unpacked.
pub(super) struct Input<'a> {
    pub(super) bytes: &'a [u8],
    /// The file's name without folders and without the ends that tell formats.
    pub(super) name: String,
    /// When it was written.
    pub(super) modified_at: jiff::Timestamp,
    keys: OnceCell<Vec<&'a [u8]>>,
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8], name: &str, modified_at: jiff::Timestamp) -> Self {
        let stem = name.split('.').find(|part| !part.is_empty());
        Self {
            bytes,
            name: stem.unwrap_or("profile").to_owned(),
            modified_at,
            keys: OnceCell::new(),
        }
    }

    /// Whether it is a JSON object that has all of these keys.
    pub(super) fn has_keys(&self, wanted: &[&str]) -> bool {
        let keys = self.keys.get_or_init(|| top_keys(self.bytes));
        let has = |key: &&str| keys.contains(&key.as_bytes());
        wanted.iter().all(has)
    }

    /// The whole file as JSON.
    pub(super) fn json<T: serde::Deserialize<'a>>(
        &self,
        format: &'static str,
    ) -> Result<T, super::ReadError> {
        serde_json::from_slice(self.bytes).map_err(|error| super::ReadError::Damaged {
            format,
            what: error.to_string(),
        })
    }

    /// The first lines as text, each without its end; damaged characters are replaced.
    pub(super) fn first_lines(&self, count: usize) -> Vec<String> {
        let start = &self.bytes[..self.bytes.len().min(64 << 10)];
        let lines = start.split(|byte| *byte == b'\n').take(count);
        lines
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect()
    }
}

/// Keys of the outermost JSON object, as they are written; none where it is no object.
fn top_keys(bytes: &[u8]) -> Vec<&[u8]> {
    let mut keys = Vec::new();
    let mut depth = 0_usize;
    let mut at = 0;
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace());
    if start.map(|at| bytes[at]) != Some(b'{') {
        return keys;
    }
    while at < bytes.len() && keys.len() < MOST_KEYS {
        match bytes[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let end = string_end(bytes, at + 1);
                let mut after = bytes[end.min(bytes.len())..].iter().skip(1);
                let next = after.find(|byte| !byte.is_ascii_whitespace());
                if depth == 1 && next == Some(&b':') {
                    keys.push(&bytes[at + 1..end]);
                }
                at = end;
            }
            _ => {}
        }
        at += 1;
    }
    keys
}

/// Where the string ends that begins at `at`: its quotation mark, or the end of the bytes.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at.min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_the_outermost_object_tell_the_format_and_inner_ones_do_not() {
        let text = br#" {"a": {"b": 1, "x\"y": [{"c": 2}]}, "d" : "e:", "f":3"#;
        let input = Input::new(text, "x.json", jiff::Timestamp::UNIX_EPOCH);
        assert!(input.has_keys(&["a", "d", "f"]));
        assert!(!input.has_keys(&["b"]) && !input.has_keys(&["c"]) && !input.has_keys(&["e:"]));
        assert!(top_keys(b"[{\"a\":1}]").is_empty());
        assert!(top_keys(b"{\"a").is_empty());
    }
}
