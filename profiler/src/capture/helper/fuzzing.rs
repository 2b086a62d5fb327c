//! Fuzzed: what the helper is asked, and what it answers.

use super::protocol::{Reply, Request};

/// Reads the bytes as a request and as a reply; what is accepted is written as it was read.
pub fn helper_messages(bytes: &[u8]) {
    for wakeup_tracepoint in [None, Some(300)] {
        if let Ok((request, sequence)) = Request::decode(bytes, wakeup_tracepoint) {
            assert_eq!(request.encode(sequence), bytes);
        }
    }
    if let Ok(reply) = Reply::decode(bytes) {
        assert_eq!(reply.encode(), bytes);
    }
}
