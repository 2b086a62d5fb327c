//! Lists TCP sockets through netlink's `sock_diag`.

use std::{io, net::SocketAddr};

use netlink_packet_core::{
    NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_sock_diag::{
    SockDiagMessage,
    constants::{AF_INET, AF_INET6, IPPROTO_TCP},
    inet::{ExtensionFlags, InetRequest, InetResponse, SocketId, StateFlags, nlas::Nla},
};
use netlink_sys::{Socket, SocketAddr as NetlinkAddress, protocols::NETLINK_SOCK_DIAG};

/// The kernel fills at most 32 KiB for one read of a dump.
const READ_BYTES: usize = 64 * 1024;

const TCP_ESTABLISHED: u8 = 1;
const TCP_TIME_WAIT: u8 = 6;
const TCP_LISTEN: u8 = 10;

/// States by their numbers, from 1; see the kernel's `net/tcp_states.h`.
const STATES: [&str; 12] = [
    "ESTABLISHED",
    "SYN_SENT",
    "SYN_RECV",
    "FIN_WAIT1",
    "FIN_WAIT2",
    "TIME_WAIT",
    "CLOSE",
    "CLOSE_WAIT",
    "LAST_ACK",
    "LISTEN",
    "CLOSING",
    "NEW_SYN_RECV",
];

/// What `tcp_info` says of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TcpInfo {
    pub(crate) rtt_us: u32,
    pub(crate) retransmits: u32,
    pub(crate) segments_out: u32,
    /// Sent and acknowledged; 0 on kernels before 4.1.
    pub(crate) bytes_acked: u64,
    /// 0 on kernels before 4.1.
    pub(crate) bytes_received: u64,
}

/// One TCP socket of the network namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TcpSocket {
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) state: u8,
    /// 0 where no process holds the socket any more.
    pub(crate) inode: u32,
    /// Unique while the machine is up, unlike the inode.
    pub(crate) cookie: u64,
    /// Of a listener: connections that wait to be accepted, and how many may.
    pub(crate) queue: (u32, u32),
    pub(crate) info: Option<TcpInfo>,
}

impl TcpSocket {
    pub(crate) fn is_established(&self) -> bool {
        self.state == TCP_ESTABLISHED
    }

    /// Name of its state, as `ss` and the kernel have it.
    pub(crate) fn state_name(&self) -> &'static str {
        let position = usize::from(self.state).wrapping_sub(1);
        STATES.get(position).copied().unwrap_or("UNKNOWN")
    }

    pub(crate) fn is_listening(&self) -> bool {
        self.state == TCP_LISTEN
    }

    pub(crate) fn is_time_wait(&self) -> bool {
        self.state == TCP_TIME_WAIT
    }
}

/// All TCP sockets of our network namespace, of both IP versions.
pub(crate) fn tcp_sockets() -> io::Result<Vec<TcpSocket>> {
    let mut sockets = dump(AF_INET, SocketId::new_v4())?;
    // A kernel without IPv6 refuses the second question.
    sockets.extend(dump(AF_INET6, SocketId::new_v6()).unwrap_or_default());
    Ok(sockets)
}

fn dump(family: u8, socket_id: SocketId) -> io::Result<Vec<TcpSocket>> {
    let mut socket = Socket::new(NETLINK_SOCK_DIAG)?;
    socket.bind_auto()?;
    socket.connect(&NetlinkAddress::new(0, 0))?;
    socket.send(&request(family, socket_id), 0)?;
    let mut sockets = Vec::new();
    let mut buffer = vec![0_u8; READ_BYTES];
    loop {
        let size = socket.recv(&mut &mut buffer[..], 0)?;
        if read_messages(&buffer[..size.min(READ_BYTES)], &mut sockets)? {
            return Ok(sockets);
        }
    }
}

fn request(family: u8, socket_id: SocketId) -> Vec<u8> {
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    let request = InetRequest {
        family,
        protocol: IPPROTO_TCP,
        extensions: ExtensionFlags::INFO,
        states: StateFlags::all(),
        socket_id,
    };
    let mut message = NetlinkMessage::new(header, SockDiagMessage::InetRequest(request).into());
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);
    bytes
}

/// Reads the messages of one datagram; `true` once the dump is done.
pub(super) fn read_messages(mut bytes: &[u8], sockets: &mut Vec<TcpSocket>) -> io::Result<bool> {
    while !bytes.is_empty() {
        let message = NetlinkMessage::<SockDiagMessage>::deserialize(bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
        match message.payload {
            NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(response)) => {
                sockets.push(tcp_socket(&response));
            }
            NetlinkPayload::Done(_) => return Ok(true),
            NetlinkPayload::Error(error) if error.code.is_some() => return Err(error.to_io()),
            _ => {}
        }
        let length = (message.header.length as usize).next_multiple_of(4);
        if length == 0 || length >= bytes.len() {
            break;
        }
        bytes = &bytes[length..];
    }
    Ok(false)
}

fn tcp_socket(response: &InetResponse) -> TcpSocket {
    let header = &response.header;
    let id = &header.socket_id;
    TcpSocket {
        local: SocketAddr::new(id.source_address.to_canonical(), id.source_port),
        remote: SocketAddr::new(id.destination_address.to_canonical(), id.destination_port),
        state: header.state,
        inode: header.inode,
        cookie: u64::from_ne_bytes(id.cookie),
        queue: (header.recv_queue, header.send_queue),
        info: response.nlas.iter().find_map(|nla| match nla {
            Nla::TcpInfo(bytes) => parse_info(bytes),
            _ => None,
        }),
    }
}

/// Fields of `struct tcp_info` of the kernel's `uapi/linux/tcp.h`, which only ever grows at its
/// end: an older kernel leaves out later fields.
pub(super) fn parse_info(bytes: &[u8]) -> Option<TcpInfo> {
    let field = |offset: usize| -> Option<u32> {
        Some(u32::from_ne_bytes(
            bytes.get(offset..offset + 4)?.try_into().ok()?,
        ))
    };
    let long = |offset: usize| -> Option<u64> {
        Some(u64::from_ne_bytes(
            bytes.get(offset..offset + 8)?.try_into().ok()?,
        ))
    };
    Some(TcpInfo {
        rtt_us: field(68)?,
        retransmits: field(100)?,
        segments_out: field(136).unwrap_or(0),
        bytes_acked: long(120).unwrap_or(0),
        bytes_received: long(128).unwrap_or(0),
    })
}
