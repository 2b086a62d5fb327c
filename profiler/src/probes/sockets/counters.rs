//! TCP counters of a network namespace.

use std::{fs, io};

/// Counters since the namespace was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counters {
    pub(super) listen_overflows: u64,
    pub(super) retransmits: u64,
    pub(super) segments_out: u64,
}

impl Counters {
    /// Reads those of the namespace that a process lives in.
    pub(super) fn read(pid: u32) -> io::Result<Self> {
        let netstat = fs::read_to_string(format!("/proc/{pid}/net/netstat"))?;
        let snmp = fs::read_to_string(format!("/proc/{pid}/net/snmp"))?;
        parse(&netstat, &snmp)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a counter is missing"))
    }
}

pub(super) fn parse(netstat: &str, snmp: &str) -> Option<Counters> {
    Some(Counters {
        listen_overflows: counter(netstat, "TcpExt:", "ListenOverflows")?,
        retransmits: counter(snmp, "Tcp:", "RetransSegs")?,
        segments_out: counter(snmp, "Tcp:", "OutSegs")?,
    })
}

/// A line of names is followed by a line of values, both with the same prefix.
fn counter(text: &str, prefix: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix(prefix));
    let names = lines.next()?.split_ascii_whitespace();
    let values = lines.next()?.split_ascii_whitespace();
    names
        .zip(values)
        .find(|(found, _)| *found == name)?
        .1
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_found_by_name_whatever_their_order() {
        let netstat =
            "TcpExt: TW ListenOverflows ListenDrops\nTcpExt: 1 7 9\nIpExt: InOctets\nIpExt: 5\n";
        let snmp = "Ip: Forwarding\nIp: 1\nTcp: MaxConn OutSegs RetransSegs\nTcp: -1 500 3\n";
        let expected = Counters {
            listen_overflows: 7,
            retransmits: 3,
            segments_out: 500,
        };
        assert_eq!(parse(netstat, snmp), Some(expected));
        assert_eq!(parse("TcpExt: TW\nTcpExt: 1\n", snmp), None);
    }
}
