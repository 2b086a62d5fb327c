//! Takes literals and comments out of SQL text.

/// SQL on one line, with strings and numbers replaced by `?`, comments removed, and cut to
/// `most_chars` characters. Text that PostgreSQL has normalised passes through, `$1` and all.
///
/// An unclosed string or comment swallows the rest: what cannot be told apart is not shown.
pub fn redact_sql(text: &str, most_chars: usize) -> String {
    let mut reader = Reader {
        rest: text,
        out: String::new(),
    };
    while reader.out.len() < most_chars.saturating_mul(4) && reader.step() {}
    let mut words = reader.out.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((cut, _)) = words.char_indices().nth(most_chars) {
        words.truncate(cut);
        words.push('…');
    }
    words
}

struct Reader<'t> {
    rest: &'t str,
    out: String,
}

impl Reader<'_> {
    /// Reads one token; false at the end.
    fn step(&mut self) -> bool {
        let rest = self.rest;
        let Some(first) = rest.chars().next() else {
            return false;
        };
        let (taken, shown) = if rest.starts_with("--") {
            (rest.find('\n').unwrap_or(rest.len()), " ")
        } else if rest.starts_with("/*") {
            (block_comment(rest), " ")
        } else if first == '\'' {
            self.drop_string_prefix();
            (quoted(rest, '\'', true), "?")
        } else if first == '"' {
            let taken = quoted(rest, '"', false);
            (taken, &rest[..taken])
        } else if let Some(taken) = dollar_quoted(rest) {
            (taken, "?")
        } else if first.is_ascii_digit() {
            (number(rest), "?")
        } else if first.is_alphanumeric() || matches!(first, '_' | '$') {
            let taken = word(rest);
            (taken, &rest[..taken])
        } else {
            let taken = first.len_utf8();
            (taken, &rest[..taken])
        };
        self.out.push_str(shown);
        self.rest = &rest[taken..];
        true
    }

    /// `E'…'`, `B'…'`, `X'…'`, `N'…'`: the letter belongs to the string.
    fn drop_string_prefix(&mut self) {
        let before = self.out.chars().rev().nth(1);
        let is_alone = before.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        if is_alone && self.out.ends_with(['e', 'E', 'b', 'B', 'x', 'X', 'n', 'N']) {
            self.out.pop();
        }
    }
}

/// Bytes up to the end of a quoted text; a doubled quote is a quote, and so is one behind a
/// backslash, where `escapes`: a plain string that ends in one then swallows too much, never too
/// little.
fn quoted(text: &str, quote: char, escapes: bool) -> usize {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' && escapes {
            letters.next();
        } else if letter == quote && letters.next_if(|(_, next)| *next == quote).is_none() {
            return at + 1;
        }
    }
    text.len()
}

/// Block comments nest in PostgreSQL.
fn block_comment(text: &str) -> usize {
    let mut depth = 0_u32;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// `$$…$$` and `$tag$…$tag$`, but not `$1`.
fn dollar_quoted(text: &str) -> Option<usize> {
    let after = text.strip_prefix('$')?;
    let tag_len = after.find('$')?;
    let tag = &after[..tag_len];
    let is_tag = tag.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !tag.starts_with(|c: char| c.is_ascii_digit());
    if !is_tag {
        return None;
    }
    let open = tag_len + 2;
    let delimiter = &text[..open];
    Some(
        text[open..]
            .find(delimiter)
            .map_or(text.len(), |at| open + at + open),
    )
}

fn number(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '.' && c != '_')
        .unwrap_or(text.len())
}

fn word(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$')
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::redact_sql;

    #[test]
    fn literals_and_comments_go_and_names_and_parameters_stay() {
        let cases = [
            ("SELECT  $1,\n x2 FROM t", "SELECT $1, x2 FROM t"),
            (
                "select * from u where name = 'HUNTER2'",
                "select * from u where name = ?",
            ),
            (
                "select 'it''s HUNTER2', 4.5e3, \"Col\"\"1\"",
                "select ?, ?, \"Col\"\"1\"",
            ),
            ("select E'a\\'HUNTER2' , 1", "select ? , ?"),
            ("select $$HUNTER2$$, $x$ HUNTER2 $y$ $x$;", "select ?, ?;"),
            ("a -- HUNTER2\n b /* HUNTER2 /* x */ HUNTER2 */ c", "a b c"),
            ("select 'never closed HUNTER2", "select ?"),
        ];
        for (text, expected) in cases {
            assert_eq!(redact_sql(text, 200), expected, "{text}");
        }
    }

    #[test]
    fn long_texts_are_cut_between_letters() {
        assert_eq!(redact_sql("ééééé", 3), "ééé…");
        assert_eq!(redact_sql(&"a ".repeat(1_000_000), 3), "a a…");
    }
}
