//! Databases and caches that a workspace file declares.

use serde::Deserialize;

/// A PostgreSQL server whose statistics may be read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredDatabase {
    /// Environment variable that holds the connection string; the string itself has no place in
    /// the workspace file.
    pub url_env: String,
    /// Host outside of this machine that may be connected to; without it only loopback is.
    #[serde(default)]
    pub host: Option<String>,
    /// Cores of the server's host, for the size of pools.
    #[serde(default)]
    pub cores: Option<u32>,
    /// Spindles of the server's host, for the size of pools; 0 where all is cached or on flash.
    #[serde(default)]
    pub spindles: Option<u32>,
}

/// A Redis or memcached server whose statistics may be read. Declared ones are caches: their keys
/// are expected to expire.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredCache {
    /// Environment variable that holds the address: `redis://…` or `memcached://…`.
    pub url_env: String,
    /// Host outside of this machine that may be connected to; without it only loopback is.
    #[serde(default)]
    pub host: Option<String>,
}

/// What is wrong with the name of an environment variable, where something is.
pub(super) fn problem_of_variable(name: &str) -> Option<(String, String)> {
    let is_name = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    // A connection string written here by mistake is not repeated.
    (!is_name).then(|| {
        (
            "url_env".to_owned(),
            "`url_env` takes the name of an environment variable, such as `DATABASE_URL`, and \
             never the address itself"
                .to_owned(),
        )
    })
}
