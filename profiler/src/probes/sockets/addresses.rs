//! Addresses of the machine, to tell what stays on it.

use std::{
    collections::HashSet,
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// Addresses of the network namespace's own interfaces.
#[derive(Clone, Debug, Default)]
pub(super) struct LocalAddresses(HashSet<IpAddr>);

impl LocalAddresses {
    /// Reads the addresses of the namespace of a process; none where they may not be read.
    pub(super) fn read(pid: u32) -> Self {
        let read = |file| fs::read_to_string(format!("/proc/{pid}/net/{file}")).unwrap_or_default();
        Self(
            parse_trie(&read("fib_trie"))
                .into_iter()
                .chain(parse_v6(&read("if_inet6")))
                .collect(),
        )
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        address.is_loopback() || self.0.contains(&address)
    }
}

/// `fib_trie` prints an address, then its kinds below it: ours are `/32 host LOCAL`.
pub(super) fn parse_trie(text: &str) -> Vec<IpAddr> {
    let mut found = Vec::new();
    let mut address = None;
    for line in text.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("|-- ") {
            address = rest.parse::<Ipv4Addr>().ok();
        } else if line == "/32 host LOCAL" {
            found.extend(address.map(IpAddr::V4));
        }
    }
    found
}

pub(super) fn parse_v6(text: &str) -> Vec<IpAddr> {
    text.lines()
        .filter_map(|line| u128::from_str_radix(line.split_ascii_whitespace().next()?, 16).ok())
        .map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRIE: &str = "Local:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 10.0.0.0\n        /24 link UNICAST\n\
                        \x20    |-- 10.0.0.7\n        /32 host LOCAL\n     |-- 10.0.0.255\n        /32 link BROADCAST\n";

    #[test]
    fn addresses_of_interfaces_are_told_from_those_of_the_network() {
        let ours = LocalAddresses(parse_trie(TRIE).into_iter().collect());
        assert!(ours.contains("10.0.0.7".parse().unwrap()));
        assert!(!ours.contains("10.0.0.255".parse().unwrap()));
        assert!(!ours.contains("10.0.0.8".parse().unwrap()));
        assert!(ours.contains("127.0.0.53".parse().unwrap()));
    }

    #[test]
    fn addresses_of_version_6_are_read() {
        let text = "fe80000000000000000000fffe000001 02 40 20 80     eth0\n";
        assert_eq!(
            parse_v6(text),
            ["fe80::ff:fe00:1".parse::<IpAddr>().unwrap()]
        );
    }
}
