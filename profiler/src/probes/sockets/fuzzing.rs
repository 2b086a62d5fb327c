//! Fuzzed: answers of `sock_diag`, and what `/proc/PID/net` tells instead.

use super::{addresses, counters, dump, owners, proc_net};
use crate::fuzzing::text;

/// Reads the bytes as a datagram of netlink, then as the text files that tell of sockets.
pub fn socket_answers(bytes: &[u8]) {
    let mut sockets = Vec::new();
    let _ = dump::read_messages(bytes, &mut sockets);
    let _ = dump::parse_info(bytes);
    let text = text(bytes);
    let _ = proc_net::parse(&text);
    let _ = addresses::parse_trie(&text);
    let _ = addresses::parse_v6(&text);
    let _ = counters::parse(&text, &text);
    let _ = owners::parse_link(&text);
}
