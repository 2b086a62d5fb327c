//! Removes secrets from command lines and environments before they are stored or shown.

mod keys;
mod shapes;
mod sql;

use keys::{KeyKind, kind_of_key, value_is_secret};

pub use sql::redact_sql;

/// What stands in the place of a secret.
pub const REDACTED: &str = "•••";

/// A command line with values of options and variables that look like secrets (`--password X`,
/// `TOKEN=X`, `user:password@host`, long random strings after `key`) replaced by `•••`.
///
/// Arguments that hold white space are shown in single quotes; line ends become spaces.
pub fn redact_command_line(arguments: &[String]) -> String {
    let mut reader = CommandReader::default();
    let words: Vec<String> = arguments
        .iter()
        .map(|argument| match reader.read(argument) {
            Some(redacted) => redacted,
            None if argument.contains(char::is_whitespace) => redact_text(argument),
            None => argument.clone(),
        })
        .map(|word| quote(&word))
        .collect();
    shapes::redact(&words.join(" "))
}

/// One string (a URL, a line of source, a whole command) with what looks like secrets replaced by
/// `•••`.
pub fn redact_text(text: &str) -> String {
    let text = shapes::redact_pem(text);
    let mut reader = CommandReader::default();
    let mut redacted = String::with_capacity(text.len());
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let (open, core, close) = peel_quotes(bare);
        match reader.read(core) {
            Some(clean) => redacted.extend([open, &clean, close]),
            None => redacted.push_str(bare),
        }
        redacted.push_str(&word[bare.len()..]);
    }
    shapes::redact(&redacted)
}

fn quote(word: &str) -> String {
    if word.is_empty() || word.contains(char::is_whitespace) {
        format!("'{}'", word.replace(char::is_whitespace, " "))
    } else {
        word.to_owned()
    }
}

fn peel_quotes(word: &str) -> (&str, &str, &str) {
    let is_quote = |c| matches!(c, '"' | '\'' | '`');
    let rest = word.trim_start_matches(is_quote);
    let core = rest.trim_end_matches(is_quote);
    (&word[..word.len() - rest.len()], core, &rest[core.len()..])
}

/// What the next argument is, as the one before it told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// A value for a key of this kind.
    Value(KeyKind),
    /// `user:password`.
    UserAndPassword,
}

/// Reads a command word by word and knows which words hold a secret.
#[derive(Debug, Default)]
struct CommandReader {
    program: String,
    expected: Option<Expected>,
}

impl CommandReader {
    /// The word with its secret replaced, or `None` where it holds none that position tells.
    fn read(&mut self, word: &str) -> Option<String> {
        match self.expected.take() {
            Some(expected) if !is_long_option(word) => return redact_expected(expected, word),
            _ => {}
        }
        if let Some(option) = word.strip_prefix('-') {
            return self.read_option(word, option);
        }
        if matches!(word, "|" | "||" | "&&" | ";") {
            self.program.clear();
        } else if let Some((key, value)) = assignment(word) {
            return redact_assignment(key, value);
        } else {
            self.note_program(word);
        }
        None
    }

    fn note_program(&mut self, word: &str) {
        let name = word.rsplit('/').next().unwrap_or(word);
        if is_known_program(name) {
            name.clone_into(&mut self.program);
        } else if name == "login" && CONTAINER_ENGINES.contains(&self.program.as_str()) {
            REGISTRY_LOGIN.clone_into(&mut self.program);
        }
    }

    fn read_option(&mut self, word: &str, option: &str) -> Option<String> {
        if let Some((key, value)) = assignment(option.trim_start_matches('-')) {
            if takes_user_and_password(&self.program, key) {
                return Some(format!(
                    "{}{}",
                    &word[..word.len() - value.len()],
                    redact_user_and_password(value)?
                ));
            }
            return value_is_secret(kind_of_key(key), value)
                .then(|| format!("{}{REDACTED}", &word[..word.len() - value.len()]));
        }
        if let Some(long) = option.strip_prefix('-') {
            self.expected = self.expectation(long);
            return None;
        }
        self.read_short_option(option)
    }

    fn expectation(&self, key: &str) -> Option<Expected> {
        if takes_user_and_password(&self.program, key) {
            return Some(Expected::UserAndPassword);
        }
        match kind_of_key(key) {
            KeyKind::Plain => None,
            kind => Some(Expected::Value(kind)),
        }
    }

    fn read_short_option(&mut self, option: &str) -> Option<String> {
        let letter = option.chars().next()?;
        let attached = &option[letter.len_utf8()..];
        match short_option(&self.program, letter) {
            Some(ShortOption::AttachedPassword) if !attached.is_empty() => {
                Some(format!("-{letter}{REDACTED}"))
            }
            Some(ShortOption::Password) if attached.is_empty() => {
                self.expected = Some(Expected::Value(KeyKind::Password));
                None
            }
            Some(ShortOption::Password) => Some(format!("-{letter}{REDACTED}")),
            Some(ShortOption::UserAndPassword) if attached.is_empty() => {
                self.expected = Some(Expected::UserAndPassword);
                None
            }
            Some(ShortOption::UserAndPassword) => {
                redact_user_and_password(attached).map(|value| format!("-{letter}{value}"))
            }
            // Tools such as openssl and java spell long options with one dash.
            _ if option.len() > 2 => {
                self.expected = self.expectation(option);
                None
            }
            _ => None,
        }
    }
}

fn is_long_option(word: &str) -> bool {
    word.strip_prefix("--").is_some_and(|name| {
        let name = name.split('=').next().unwrap_or(name);
        name.chars().next().is_some_and(|c| c.is_ascii_lowercase())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    })
}

fn redact_expected(expected: Expected, word: &str) -> Option<String> {
    match expected {
        Expected::UserAndPassword => redact_user_and_password(word),
        Expected::Value(KeyKind::Password) if keys::names_where_the_secret_is(word) => None,
        Expected::Value(kind) => value_is_secret(kind, word).then(|| REDACTED.to_owned()),
    }
}

fn redact_assignment(key: &str, value: &str) -> Option<String> {
    value_is_secret(kind_of_key(key), value).then(|| format!("{key}={REDACTED}"))
}

/// Splits `key=value` where the key is one name.
fn assignment(word: &str) -> Option<(&str, &str)> {
    let (key, value) = word.split_once('=')?;
    let is_name = !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    (is_name && !value.is_empty()).then_some((key, value))
}

fn redact_user_and_password(value: &str) -> Option<String> {
    let at = value.find([':', '%'])?;
    let (user, password) = (&value[..at], &value[at + 1..]);
    let is_user_and_group = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if password.is_empty() || (is_user_and_group(user) && is_user_and_group(password)) {
        return None;
    }
    Some(format!("{user}{}{REDACTED}", &value[at..=at]))
}

/// How a program reads one of its short options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ShortOption {
    /// `-pSECRET`; `-p` alone asks for it.
    AttachedPassword,
    /// `-p SECRET` or `-pSECRET`.
    Password,
    /// `-u user:SECRET`.
    UserAndPassword,
}

/// `-p` is a port everywhere but in their `login` subcommand.
const CONTAINER_ENGINES: &[&str] = &["docker", "podman"];
const REGISTRY_LOGIN: &str = "docker login";
const HTTP_CLIENTS: &[&str] = &["curl", "ab", "http", "https", "xh", "wget", "hey"];

/// Programs by their short options that carry secrets, from their manuals.
const SHORT_OPTIONS: &[(&[&str], char, ShortOption)] = &[
    (
        &[
            "mysql",
            "mysqladmin",
            "mysqlbinlog",
            "mysqlcheck",
            "mysqldump",
            "mysqlimport",
            "mysqlshow",
            "mysqlslap",
            "mariadb",
            "mariadb-admin",
            "mariadb-dump",
            "7z",
            "7za",
            "7zz",
        ],
        'p',
        ShortOption::AttachedPassword,
    ),
    (
        &["sshpass", "mongo", "mongosh", "mongodump", "mongorestore"],
        'p',
        ShortOption::Password,
    ),
    (&[REGISTRY_LOGIN], 'p', ShortOption::Password),
    (
        &[
            "redis-cli",
            "redis-benchmark",
            "valkey-cli",
            "valkey-benchmark",
        ],
        'a',
        ShortOption::Password,
    ),
    (
        &["ldapsearch", "ldapadd", "ldapmodify", "ldapdelete"],
        'w',
        ShortOption::Password,
    ),
    (
        &["sqlcmd", "bcp", "zip", "unzip"],
        'P',
        ShortOption::Password,
    ),
    (&["curl"], 'u', ShortOption::UserAndPassword),
    (&["curl"], 'U', ShortOption::UserAndPassword),
    (
        &["http", "https", "xh", "hey"],
        'a',
        ShortOption::UserAndPassword,
    ),
    (&["ab"], 'A', ShortOption::UserAndPassword),
    (
        &["smbclient", "rpcclient"],
        'U',
        ShortOption::UserAndPassword,
    ),
];

fn short_option(program: &str, letter: char) -> Option<ShortOption> {
    SHORT_OPTIONS
        .iter()
        .find(|(programs, option, _)| *option == letter && programs.contains(&program))
        .map(|(_, _, kind)| *kind)
}

fn is_known_program(name: &str) -> bool {
    HTTP_CLIENTS.contains(&name)
        || CONTAINER_ENGINES.contains(&name)
        || SHORT_OPTIONS
            .iter()
            .any(|(programs, ..)| programs.contains(&name))
}

fn takes_user_and_password(program: &str, key: &str) -> bool {
    match key {
        "auth" | "basic-auth" | "userpwd" | "proxy-user" | "http-auth" => true,
        "user" => HTTP_CLIENTS.contains(&program),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
