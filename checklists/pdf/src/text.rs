//! Text from outside, made fit for a page: nothing unseen, nothing without a glyph, nothing too long.

use std::fmt::Write as _;

use serde_json::Value;

use crate::fonts;

/// A long word may break after as many letters, beside the marks that end a part of it.
const LONGEST_PART: usize = 24;
/// Words of fewer letters are never broken.
const LONG_WORD: usize = 28;
/// Digests of SHA-256 stay whole, so that they can be copied.
const DIGEST_LETTERS: usize = 64;
/// More letters than this of one text are not laid out; documents of millions of letters are none.
const MOST_LETTERS: usize = 20_000;
/// A line may break here, and nothing is drawn.
const BREAK: char = '\u{200b}';

/// Makes every text of a value fit, except keys and addresses; what is read aloud (`alt`) and what
/// stands in the file's `metadata` is no text on a page, and only cleaned.
pub(crate) fn fit_all(value: &mut Value) {
    change_all(value, &fit);
}

fn change_all(value: &mut Value, change: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(values) => {
            for value in values {
                change_all(value, change);
            }
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                match key.as_str() {
                    "address" => {}
                    "alt" | "metadata" => change_all(value, &clean),
                    _ => change_all(value, change),
                }
            }
        }
        _ => {}
    }
}

/// Spaces for line feeds, and U+FFFD for what is not seen or changes the direction.
fn clean(text: &str) -> String {
    text.chars().take(MOST_LETTERS).map(seen).collect()
}

fn seen(letter: char) -> char {
    match letter {
        '\n' | '\t' | '\r' => ' ',
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => '\u{fffd}',
        control if control.is_control() => '\u{fffd}',
        letter => letter,
    }
}

/// The text, cleaned, with `[U+1F980]` for what no font can draw, and places to break in long words.
pub(crate) fn fit(text: &str) -> String {
    let mut fit = String::with_capacity(text.len());
    for letter in text.chars().take(MOST_LETTERS).map(seen) {
        if letter.is_ascii() || fonts::cover(letter) {
            fit.push(letter);
        } else {
            // Infallible: a string grows.
            let _ = write!(fit, "[U+{:04X}]", u32::from(letter));
        }
    }
    if text.chars().nth(MOST_LETTERS).is_some() {
        fit.push('…');
    }
    breakable(&fit)
}

fn breakable(text: &str) -> String {
    let mut broken = String::with_capacity(text.len());
    for word in text.split_inclusive(' ') {
        let is_digest = word.len() <= DIGEST_LETTERS + 1
            && word.trim_end().bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_digest || word.chars().count() < LONG_WORD {
            broken.push_str(word);
            continue;
        }
        let mut part = 0;
        let mut letters = word.chars().peekable();
        while let Some(letter) = letters.next() {
            broken.push(letter);
            part += 1;
            let is_mark =
                |letter| matches!(letter, '/' | ':' | '_' | '.' | ',' | ';' | '&' | '=' | '-');
            let ends = is_mark(letter) && !letters.peek().copied().is_some_and(is_mark);
            if (ends && part > 3) || part >= LONGEST_PART {
                broken.push(BREAK);
                part = 0;
            }
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(fit("a\u{0}b\nc\u{202e}d"), "a\u{fffd}b c\u{fffd}d");
        assert_eq!(fit("crab 🦀"), "crab [U+1F980]");
        assert_eq!(fit("größe − 2 ≤ 3"), "größe − 2 ≤ 3");
    }

    #[test]
    fn long_words_break_and_lose_nothing() {
        let word = "a".repeat(300) + "::" + &"b".repeat(30);
        let broken = fit(&word);
        assert_eq!(broken.replace(BREAK, ""), word);
        let parts = broken.split(BREAK);
        assert!(parts.map(str::len).max() <= Some(LONGEST_PART));
        assert_eq!(fit("short words stay"), "short words stay");
        let digest = "0123456789abcdef".repeat(4);
        assert_eq!(fit(&digest), digest);
    }

    #[test]
    fn what_is_not_on_the_page_is_never_broken() {
        let long = "a".repeat(100);
        let mut value = serde_json::json!({
            "alt": format!("{long}\u{0}"), "address": "https://a\u{0}b", "metadata": [long],
        });
        fit_all(&mut value);
        assert_eq!(value["alt"], format!("{long}\u{fffd}"));
        assert_eq!(value["address"], "https://a\u{0}b");
        assert_eq!(value["metadata"][0], long);
    }

    #[test]
    fn texts_have_an_end() {
        let fitted = fit(&"x ".repeat(MOST_LETTERS));
        assert_eq!(fitted.chars().count(), MOST_LETTERS + 1);
    }
}
