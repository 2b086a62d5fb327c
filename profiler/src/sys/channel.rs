//! Packets over a socket pair, a descriptor beside them where one is handed over.

use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::Duration,
};

use rustix::{
    cmsg_space,
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
        SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg,
        sendmsg, socketpair,
        sockopt::{self, Timeout},
    },
};

/// Two connected ends that keep the bounds of packets (`SOCK_SEQPACKET`), close-on-exec.
pub(crate) fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC,
        None,
    )?)
}

/// Waiting for a packet ends with an error after so long.
pub(crate) fn limit_waiting(socket: &impl AsFd, at_most: Duration) -> io::Result<()> {
    Ok(sockopt::set_socket_timeout(
        socket,
        Timeout::Recv,
        Some(at_most),
    )?)
}

/// Sends a packet, with a descriptor beside it where there is one. A closed peer is an error,
/// never a signal.
pub(crate) fn send(
    socket: &impl AsFd,
    packet: &[u8],
    descriptor: Option<BorrowedFd<'_>>,
) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let handed_over: Vec<BorrowedFd<'_>> = descriptor.into_iter().collect();
    if !handed_over.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(&handed_over));
    }
    loop {
        match sendmsg(
            socket,
            &[IoSlice::new(packet)],
            &mut control,
            SendFlags::NOSIGNAL,
        ) {
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A packet that arrived.
#[derive(Debug)]
pub(crate) struct Packet {
    /// Its length; 0 where the peer has closed.
    pub(crate) length: usize,
    /// Whether it, or what came beside it, was longer than there was room for.
    pub(crate) is_cut: bool,
    /// The descriptor beside it.
    pub(crate) descriptor: Option<OwnedFd>,
}

/// Waits for a packet. More than one descriptor beside it counts as cut; none stays open.
pub(crate) fn receive(socket: &impl AsFd, buffer: &mut [u8]) -> io::Result<Packet> {
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = loop {
        match recvmsg(
            socket,
            &mut [IoSliceMut::new(buffer)],
            &mut control,
            RecvFlags::CMSG_CLOEXEC,
        ) {
            Ok(received) => break received,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    };
    let mut descriptors: Vec<OwnedFd> = control
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
            _ => None,
        })
        .flatten()
        .collect();
    let cut = ReturnFlags::TRUNC | ReturnFlags::CTRUNC;
    Ok(Packet {
        length: received.bytes,
        is_cut: received.flags.intersects(cut) || descriptors.len() > 1,
        descriptor: descriptors.pop(),
    })
}

/// Whether a descriptor is such a socket, and the user who made it.
pub(crate) fn maker(socket: &impl AsFd) -> io::Result<u32> {
    if sockopt::socket_type(socket)? != SocketType::SEQPACKET
        || sockopt::socket_domain(socket)? != AddressFamily::UNIX
    {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok(sockopt::socket_peercred(socket)?.uid.as_raw())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Seek, Write};

    use super::*;

    #[test]
    fn packets_keep_their_bounds_and_bring_a_descriptor() {
        let (one, other) = pair().unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"inside").unwrap();
        file.rewind().unwrap();
        send(&one, b"first", Some(file.as_fd())).unwrap();
        send(&one, b"second", None).unwrap();
        let mut buffer = [0; 16];
        let packet = receive(&other, &mut buffer).unwrap();
        assert_eq!(&buffer[..packet.length], b"first");
        let mut text = String::new();
        std::fs::File::from(packet.descriptor.unwrap())
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "inside");
        let packet = receive(&other, &mut buffer).unwrap();
        assert_eq!(&buffer[..packet.length], b"second");
        assert!(packet.descriptor.is_none() && !packet.is_cut);
        drop(one);
        assert_eq!(receive(&other, &mut buffer).unwrap().length, 0);
        assert!(send(&other, b"late", None).is_err());
    }

    #[test]
    fn a_packet_that_is_too_long_is_told() {
        let (one, other) = pair().unwrap();
        send(&one, &[7; 32], None).unwrap();
        assert!(receive(&other, &mut [0; 16]).unwrap().is_cut);
    }

    #[test]
    fn what_is_no_packet_socket_has_no_maker() {
        let (one, _other) = pair().unwrap();
        assert_eq!(maker(&one).unwrap(), rustix::process::getuid().as_raw());
        assert!(maker(&tempfile::tempfile().unwrap()).is_err());
        let (stream, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        assert!(maker(&stream).is_err());
    }
}
