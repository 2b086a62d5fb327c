//! Lists TCP sockets from `/proc/PID/net`: in any network namespace, without what netlink tells.

use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use super::dump::TcpSocket;

/// All TCP sockets of the network namespace of a process, without `tcp_info` and backlogs.
pub(crate) fn tcp_sockets(pid: u32) -> io::Result<Vec<TcpSocket>> {
    let mut sockets = parse(&fs::read_to_string(format!("/proc/{pid}/net/tcp"))?);
    // A kernel without IPv6 has no second list.
    if let Ok(text) = fs::read_to_string(format!("/proc/{pid}/net/tcp6")) {
        sockets.extend(parse(&text));
    }
    Ok(sockets)
}

/// See the kernel's `Documentation/networking/proc_net_tcp.rst`.
pub(super) fn parse(text: &str) -> Vec<TcpSocket> {
    text.lines().skip(1).filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<TcpSocket> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let inode: u32 = fields.get(9)?.parse().ok()?;
    let (_, received) = fields.get(4)?.split_once(':')?;
    Some(TcpSocket {
        local: address(fields.get(1)?)?,
        remote: address(fields.get(2)?)?,
        state: u8::from_str_radix(fields.get(3)?, 16).ok()?,
        inode,
        // The list has no cookies; an inode is unique among the sockets that are open.
        cookie: u64::from(inode),
        queue: (u32::from_str_radix(received, 16).ok()?, 0),
        info: None,
    })
}

/// Words of the address as the machine has them in memory, printed as numbers; then the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (words, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| {
        let digits = words.get(at * 8..at * 8 + 8)?;
        Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
    };
    let ip = match words.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(0)?)),
        32 => {
            let words = [word(0)?, word(1)?, word(2)?, word(3)?];
            let bytes: [u8; 16] = words.concat().try_into().ok()?;
            IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::probes::sockets::owners::inodes_of;

    #[test]
    fn addresses_of_both_versions_are_read() {
        let v4 = "0100007F:1F90".replace("0100007F", &word([127, 0, 0, 1]));
        assert_eq!(address(&v4), Some("127.0.0.1:8080".parse().unwrap()));
        let zeroes = word([0; 4]);
        let v6 = format!("{zeroes}{zeroes}{zeroes}{}:0050", word([0, 0, 0, 1]));
        assert_eq!(address(&v6), Some("[::1]:80".parse().unwrap()));
        assert_eq!(address("0100007F"), None);
        assert_eq!(address("01:50"), None);
    }

    fn word(bytes: [u8; 4]) -> String {
        format!("{:08X}", u32::from_ne_bytes(bytes))
    }

    #[test]
    fn real_sockets_are_found_with_their_state_and_owner() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let stream = TcpStream::connect(at).unwrap();
        let sockets = tcp_sockets(std::process::id()).unwrap();
        let owned = inodes_of(std::process::id()).unwrap();
        let listening = sockets.iter().find(|s| s.local == at && s.is_listening());
        assert_eq!(listening.unwrap().queue.0, 1);
        let ours = sockets.iter().find(|s| s.remote == at).unwrap();
        assert_eq!(ours.local, stream.local_addr().unwrap());
        assert!(ours.is_established() && owned.contains(&ours.inode));
        assert_eq!(ours.state_name(), "ESTABLISHED");
    }
}
