//! Reads `redis://[user:password@]host[:port][/database]` and `memcached://host[:port]`.

use scrutineer_evidence::{Gathered, caches::CacheEngine};

use crate::probes::reach::failed;

/// Where a cache is, and who asks.
pub(super) struct Address {
    pub(super) engine: CacheEngine,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
}

/// Parses what the variable holds; errors do not repeat it.
pub(super) fn parse(variable: &str, url: &str) -> Gathered<Address> {
    let wrong = || {
        failed(format!(
            "{variable} holds no address like `redis://127.0.0.1:6379` or \
             `memcached://127.0.0.1:11211`"
        ))
    };
    let (scheme, rest) = url.trim().split_once("://").ok_or_else(wrong)?;
    let (engine, default_port) = match scheme {
        "redis" => (CacheEngine::Redis, 6379),
        "memcached" => (CacheEngine::Memcached, 11_211),
        "rediss" => {
            return Err(failed(format!(
                "the server in {variable} wants TLS, which is not spoken yet"
            )));
        }
        _ => return Err(wrong()),
    };
    let before_path = rest.split(['/', '?']).next().unwrap_or_default();
    let (login, server) = before_path.rsplit_once('@').unwrap_or(("", before_path));
    let (host, port) = host_and_port(server, default_port).ok_or_else(wrong)?;
    let (name, password) = login.split_once(':').unwrap_or((login, ""));
    let decoded = |text: &str| (!text.is_empty()).then(|| percent_decoded(text));
    Ok(Address {
        engine,
        host,
        port,
        user: decoded(name),
        password: decoded(password),
    })
}

fn host_and_port(place: &str, default_port: u16) -> Option<(String, u16)> {
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']')?;
            (host, port.strip_prefix(':'))
        }
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        },
    };
    let port = port.map_or(Some(default_port), |port| port.parse().ok())?;
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(code.unwrap_or(bytes[at]));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_with_their_login() {
        let address = parse("X", "redis://app:p%40ss@127.0.0.1:7000/2").unwrap();
        assert_eq!((address.host.as_str(), address.port), ("127.0.0.1", 7_000));
        assert_eq!(address.user.as_deref(), Some("app"));
        assert_eq!(address.password.as_deref(), Some("p@ss"));
        let address = parse("X", "memcached://[::1]").unwrap();
        assert_eq!((address.host.as_str(), address.port), ("::1", 11_211));
        assert!(address.engine == CacheEngine::Memcached && address.password.is_none());
    }

    #[test]
    fn a_wrong_address_is_not_repeated() {
        for url in [
            "HUNTER2",
            "redis://",
            "http://HUNTER2@h",
            "rediss://:HUNTER2@h",
            "redis://h:HUNTER2",
        ] {
            let absent = parse("CACHE_URL", url).err().unwrap();
            assert!(absent.reason().contains("CACHE_URL"), "{url}");
            assert!(!absent.reason().contains("HUNTER2"), "{url}");
        }
    }
}
