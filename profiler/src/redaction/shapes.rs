//! Secrets that are recognised by their shape, wherever they stand in a text.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{
    REDACTED,
    keys::{KeyKind, kind_of_key, looks_random, value_is_secret},
};

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern that the tests compile")
}

static PEM: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?s)(-----BEGIN [A-Z0-9 ]+-----).*?(-----END [A-Z0-9 ]+-----|\z)"));
static URL_AUTHORITY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"([A-Za-z][A-Za-z0-9+.-]*://)([^\s"'<>]*)"#));
/// `user:password@host` and Go's `user:password@tcp(host)`, without a scheme.
static USER_AT_HOST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"([\w.+-]+):([^\s:@/"']+)@([A-Za-z][\w.-]*[(:/\s]?|\d{1,3}(?:\.\d{1,3}){3}|\[)"#)
});
static HEADER: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?i)\b((?:proxy-)?authorization|x-api-key|x-auth-token|(?:set-)?cookie)(["']?\s*[:=]\s*["']?)(basic |bearer |digest |token |negotiate |apikey )?([^"'\r\n]+)"#,
    )
});
static BEARER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)\b(bearer|basic)(\s+)([A-Za-z0-9+/=_.~-]{8,})"));
static OPENSSL_PASS: LazyLock<Regex> = LazyLock::new(|| pattern(r#"\bpass:[^\s"']+"#));
static KNOWN_TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}",
        r"|sk[-_][A-Za-z0-9_-]{16,}|rk_live_\w{16,}|AIza[\w-]{30,}|hf_[A-Za-z0-9]{20,}",
        r"|npm_[A-Za-z0-9]{30,}|SG\.[\w-]{16,}\.[\w-]{16,}|dop_v1_[a-f0-9]{32,}",
        r"|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|hvs\.[\w-]{16,}|AGE-SECRET-KEY-1[0-9A-Z]{20,})",
    ))
});
static KEY_AND_VALUE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"([A-Za-z_][A-Za-z0-9_.-]*)(["']?(?:\s*(?::=|=>|=)\s*|\s*:\s+|:(?:["'])))("[^"]*"|'[^']*'|[^\s&;,"'<>|)}\]]+)"#,
    )
});

/// Replaces whole PEM blocks, closed or cut short.
pub(super) fn redact_pem(text: &str) -> String {
    if !text.contains("-----BEGIN ") {
        return text.to_owned();
    }
    PEM.replace_all(text, format!("$1{REDACTED}$2"))
        .into_owned()
}

/// Words of which one stands in every match of a pattern.
const HEADER_WORDS: &[&str] = &["authorization", "x-api-key", "x-auth-token", "cookie"];
const BEARER_WORDS: &[&str] = &["bearer", "basic"];
const TOKEN_WORDS: &[&str] = &[
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xox",
    "sk-",
    "sk_",
    "rk_live_",
    "aiza",
    "hf_",
    "npm_",
    "sg.",
    "dop_v1_",
    "eyj",
    "hvs.",
    "age-secret-key-1",
];

/// Replaces every secret that its shape gives away.
///
/// A pattern takes milliseconds to be made ready, and most texts hold nothing that any of them
/// could match: each is asked only where a word of its matches stands in the text.
pub(super) fn redact(text: &str) -> String {
    let mut text = redact_pem(text);
    let mut replace =
        |words: &[&str], pattern: &LazyLock<Regex>, with: &dyn Fn(&Captures<'_>) -> String| {
            if may_hold(&text, words) {
                text = pattern.replace_all(&text, with).into_owned();
            }
        };
    replace(&["://"], &URL_AUTHORITY, &redact_authority);
    replace(&["@"], &USER_AT_HOST, &redact_user_at_host);
    replace(HEADER_WORDS, &HEADER, &|found| {
        let part = |at| found.get(at).map_or("", |part| part.as_str());
        format!("{}{}{}{REDACTED}", part(1), part(2), part(3))
    });
    replace(BEARER_WORDS, &BEARER, &redact_bearer);
    replace(&["pass:"], &OPENSSL_PASS, &|_| format!("pass:{REDACTED}"));
    replace(TOKEN_WORDS, &KNOWN_TOKEN, &|_| REDACTED.to_owned());
    if text.contains(['=', ':']) {
        return redact_keys_and_values(&text);
    }
    text
}

/// Whether one of these words, all in lower case, may stand in a text. Letters of other alphabets
/// may be equal to ours whatever their case, so a text that has any may hold every word.
fn may_hold(text: &str, words: &[&str]) -> bool {
    if !text.is_ascii() {
        return true;
    }
    let text = text.as_bytes();
    words.iter().any(|word| {
        let mut places = text.windows(word.len());
        places.any(|place| place.eq_ignore_ascii_case(word.as_bytes()))
    })
}

fn redact_authority(found: &Captures<'_>) -> String {
    let (scheme, rest) = (&found[1], &found[2]);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    // A password may hold an unescaped slash: then the part before it is no `host:port`.
    let at = rest[..end].rfind('@').or_else(|| {
        let port = rest[..end].split_once(':')?.1;
        let is_port = port.is_empty() || port.bytes().all(|b| b.is_ascii_digit());
        if is_port || rest.starts_with('[') {
            None
        } else {
            rest.find('@')
        }
    });
    let Some(at) = at else {
        return found[0].to_owned();
    };
    let (user, host) = (&rest[..at], &rest[at..]);
    match user.split_once(':') {
        Some((name, password)) if !password.is_empty() => {
            format!("{scheme}{name}:{REDACTED}{host}")
        }
        None if looks_random(user) => format!("{scheme}{REDACTED}{host}"),
        _ => found[0].to_owned(),
    }
}

fn redact_user_at_host(found: &Captures<'_>) -> String {
    let (user, password, host) = (&found[1], &found[2], &found[3]);
    let is_digest = host.starts_with("sha256") || host.starts_with("sha512");
    if is_digest || matches!(user, "npm" | "workspace" | "patch") || password.starts_with("//") {
        return found[0].to_owned();
    }
    format!("{user}:{REDACTED}@{host}")
}

fn redact_bearer(found: &Captures<'_>) -> String {
    if looks_random(&found[3]) {
        format!("{}{}{REDACTED}", &found[1], &found[2])
    } else {
        found[0].to_owned()
    }
}

/// `password=…`, `?token=…&`, `"secret": "…"`: a value that is no secret is searched in turn.
fn redact_keys_and_values(text: &str) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut position = 0;
    while let Some(found) = KEY_AND_VALUE.captures_at(text, position) {
        let (Some(key), Some(value)) = (found.get(1), found.get(3)) else {
            break;
        };
        redacted.push_str(&text[position..value.start()]);
        position = value.start();
        if is_secret(key.as_str(), value.as_str()) {
            redacted.push_str(&hide(value.as_str()));
            position = value.end();
        }
    }
    redacted.push_str(&text[position..]);
    redacted
}

fn is_secret(key: &str, value: &str) -> bool {
    let kind = kind_of_key(key);
    // Code that calls something is no literal.
    let is_call = kind != KeyKind::Password && value.contains('(');
    !is_call && value_is_secret(kind, value)
}

fn hide(value: &str) -> String {
    match value.chars().next() {
        Some(quote @ ('"' | '\'')) => format!("{quote}{REDACTED}{quote}"),
        _ => REDACTED.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whatever_their_case_and_beside_other_alphabets() {
        assert!(may_hold("Proxy-AUTHORIZATION: x", HEADER_WORDS));
        assert!(may_hold("sG.abc", TOKEN_WORDS));
        assert!(!may_hold("python3 -m http.server 8080", HEADER_WORDS));
        assert!(may_hold("\u{212a}", BEARER_WORDS));
        assert!(!may_hold("", BEARER_WORDS));
    }

    #[test]
    fn every_pattern_has_its_words() {
        for token in [
            "ghp_0123456789abcdefghijklmn",
            "github_pat_0123456789abcdefghijklmn",
            "glpat-0123456789abcdefghijklmn",
            "xoxb-0123456789abcdefghijklmn",
            "sk_0123456789abcdefghijklmn",
            "rk_live_0123456789abcdefghijklmn",
            "AIza0123456789abcdefghijklmnopqrstuvwxyz",
            "hf_0123456789abcdefghijklmn",
            "npm_0123456789abcdefghijklmnopqrstuvwxyz",
            "SG.0123456789abcdefghijklmn.0123456789abcdefghijklmn",
            "dop_v1_0123456789abcdef0123456789abcdef",
            "eyJ0123456789.eyJ0123456789.abc",
            "hvs.0123456789abcdefghijklmn",
            "AGE-SECRET-KEY-10123456789ABCDEFGHIJKLMN",
        ] {
            assert_eq!(redact(token), REDACTED, "{token}");
        }
    }
}
