//! Which names of options, variables and headers stand for a secret, and which values are one.

/// What a name says about its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    /// A password: any value is a secret.
    Password,
    /// A token or key: a secret unless it is the path of a file.
    Token,
    /// May be a secret: only where the value looks random.
    KeyLike,
    /// Nothing secret.
    Plain,
}

/// Parts of a name that make its value a password, however they are joined.
const PASSWORD_PARTS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "requirepass",
    "masterauth",
    "userpass",
    "dbpass",
];
const PASSWORD_WORDS: &[&str] = &["pass", "pwd", "pw", "psk", "passcode"];
const TOKEN_PARTS: &[&str] = &[
    "apikey",
    "secretkey",
    "privatekey",
    "accesskey",
    "encryptionkey",
    "signingkey",
    "masterkey",
    "accountkey",
    "authtoken",
    "accesstoken",
    "sastoken",
    "connectionstring",
];
const TOKEN_WORDS: &[&str] = &[
    "secret",
    "secrets",
    "token",
    "credential",
    "credentials",
    "jwt",
    "bearer",
];
const KEY_LIKE_WORDS: &[&str] = &[
    "key",
    "keys",
    "auth",
    "authorization",
    "signature",
    "sig",
    "session",
    "cookie",
    "salt",
    "license",
    "hash",
    "nonce",
    "webhook",
    "tokens",
];
/// Last words that say that the value is about a secret, not the secret.
const ABOUT_WORDS: &[&str] = &[
    "file",
    "path",
    "dir",
    "folder",
    "type",
    "ttl",
    "expiry",
    "expires",
    "expiration",
    "timeout",
    "length",
    "len",
    "size",
    "count",
    "limit",
    "name",
    "id",
    "policy",
    "mode",
    "header",
    "prompt",
    "stdin",
    "env",
    "var",
    "algorithm",
    "alg",
    "provider",
    "rotation",
    "interval",
    "issuer",
    "audience",
    "field",
    "enabled",
    "required",
    "manager",
    "budget",
    "rate",
    "scope",
    "method",
    "plugin",
    "url",
    "uri",
    "endpoint",
    "version",
    "cache",
    "store",
    "bits",
    "fd",
    "command",
    "through",
    "format",
];
const FLAG_WORDS: &[&str] = &[
    "no", "ask", "prompt", "without", "disable", "enable", "use", "skip", "max", "min", "num",
];

/// Classifies a name such as `--db-password`, `AWS_SECRET_ACCESS_KEY` or `keyStorePassword`.
pub(super) fn kind_of_key(key: &str) -> KeyKind {
    let words = words_of(key);
    let (Some(first), Some(last)) = (words.first(), words.last()) else {
        return KeyKind::Plain;
    };
    if ABOUT_WORDS.contains(&last.as_str()) || FLAG_WORDS.contains(&first.as_str()) {
        return KeyKind::Plain;
    }
    let joined = words.concat();
    let has_word = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()));
    let has_part = |list: &[&str]| list.iter().any(|part| joined.contains(part));
    if joined.contains("passwordless") {
        KeyKind::Plain
    } else if joined == "pwd" {
        // The shell's working folder, or a short name for a password.
        KeyKind::Token
    } else if has_part(PASSWORD_PARTS) || has_word(PASSWORD_WORDS) {
        KeyKind::Password
    } else if has_part(TOKEN_PARTS) || has_word(TOKEN_WORDS) {
        KeyKind::Token
    } else if has_word(KEY_LIKE_WORDS) {
        KeyKind::KeyLike
    } else {
        KeyKind::Plain
    }
}

/// Whether `value` of a key of this kind is to be hidden.
pub(super) fn value_is_secret(kind: KeyKind, value: &str) -> bool {
    let value = value.trim_matches(['"', '\'']);
    if value.is_empty() || is_placeholder(value) {
        return false;
    }
    match kind {
        KeyKind::Password => true,
        KeyKind::Token => !is_path(value),
        KeyKind::KeyLike => looks_random(value),
        KeyKind::Plain => false,
    }
}

/// openssl's `pass:` is handled with the shapes; `file:`, `env:` and `fd:` name a place.
pub(super) fn names_where_the_secret_is(value: &str) -> bool {
    ["pass:", "file:", "env:", "fd:"]
        .iter()
        .any(|prefix| value.starts_with(prefix))
        || value == "stdin"
}

fn is_placeholder(value: &str) -> bool {
    const WORDS: &[&str] = &[
        "true",
        "false",
        "none",
        "null",
        "yes",
        "no",
        "on",
        "off",
        "read",
        "write",
        "required",
        "optional",
        "=",
        "==",
        "•••",
    ];
    WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
        || ["$", "{{", "<", "%("]
            .iter()
            .any(|mark| value.starts_with(mark))
        || value.contains(super::REDACTED)
}

fn is_path(value: &str) -> bool {
    ["/", "./", "../", "~/"]
        .iter()
        .any(|start| value.starts_with(start))
        && !value.split('/').any(looks_random)
        && value
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/._-@~+".contains(c))
        && value.len() > 1
}

/// Whether a value looks drawn at random: long, of several classes of characters, little repeated.
pub(super) fn looks_random(value: &str) -> bool {
    let value = value.trim_matches(['"', '\'']);
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+/=_-.~".contains(c);
    if value.len() < 16 || !value.chars().all(allowed) || value.starts_with("./") {
        return false;
    }
    let any = |test: fn(&u8) -> bool| value.as_bytes().iter().any(test);
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let mixed = digits >= 2 && any(u8::is_ascii_alphabetic)
        || (any(u8::is_ascii_uppercase) && any(u8::is_ascii_lowercase) && digits >= 1);
    let words = value
        .split(['-', '_', '.', '/'])
        .filter(|word| is_word(word))
        .count();
    mixed && words < 2 && bits_per_character(value) >= 3.0
}

fn is_word(text: &str) -> bool {
    text.len() >= 3 && text.bytes().all(|b| b.is_ascii_lowercase())
}

/// Shannon entropy of the distribution of the characters.
fn bits_per_character(value: &str) -> f64 {
    let mut counts = [0_u32; 256];
    value
        .bytes()
        .for_each(|byte| counts[usize::from(byte)] += 1);
    let total = value.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / total;
            -share * share.log2()
        })
        .sum()
}

/// Lower-case words of a name, split at marks and at humps.
fn words_of(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut previous_is_lower = false;
    for c in key.chars() {
        let hump = c.is_ascii_uppercase() && previous_is_lower;
        if !c.is_ascii_alphanumeric() || hump {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric() {
            words
                .last_mut()
                .expect("begins with one")
                .push(c.to_ascii_lowercase());
        }
        previous_is_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}
