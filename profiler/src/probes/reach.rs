//! Connects to servers that the workspace declares, within bounds of place, time and bytes.

use std::{
    env, io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use scrutineer_evidence::{Absent, Gathered};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, lookup_host},
    time::timeout,
};

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// What the environment variable holds. The value is a secret: no error tells it.
pub(super) fn address_in(variable: &str) -> Gathered<String> {
    env::var(variable).map_err(|error| match error {
        env::VarError::NotPresent => Absent::NotAsked {
            would_need: format!(
                "the environment variable {variable} is not set: scrutineer.ron names it for the \
                 server's address"
            ),
        },
        env::VarError::NotUnicode(_) => failed(format!("{variable} is not UTF-8 text")),
    })
}

/// An absence with this reason.
pub(super) fn failed(why: String) -> Absent {
    Absent::Failed { why }
}

/// Connects to `host`, on this machine or where it is the declared one. Errors name the variable
/// and not the host: an address is the user's secret as a whole.
pub(super) async fn connect(
    variable: &str,
    host: &str,
    port: u16,
    declared_host: Option<&str>,
) -> Gathered<(TcpStream, SocketAddr)> {
    let is_declared = declared_host.is_some_and(|declared| declared.eq_ignore_ascii_case(host));
    let connecting = async {
        let found: Vec<SocketAddr> = lookup_host((host, port))
            .await
            .map_err(|_| failed(format!("the host in {variable} has no address")))?
            .collect();
        let mut allowed = found
            .into_iter()
            .filter(|address| is_declared || address.ip().is_loopback())
            .peekable();
        if allowed.peek().is_none() {
            return Err(elsewhere(variable));
        }
        let mut last = None;
        for address in allowed {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok((stream, address)),
                Err(error) => last = Some(error),
            }
        }
        let why = last.map_or_else(String::new, |error| format!(": {}", error.kind()));
        Err(failed(format!(
            "cannot connect to the server in {variable}{why}"
        )))
    };
    timeout(CONNECT_TIMEOUT, connecting).await.map_err(|_| {
        failed(format!(
            "the server in {variable} did not accept a connection within {} s",
            CONNECT_TIMEOUT.as_secs()
        ))
    })?
}

fn elsewhere(variable: &str) -> Absent {
    Absent::NotAsked {
        would_need: format!(
            "the server in {variable} is not on this machine: declare its host in scrutineer.ron \
             (`host: \"…\"` beside `url_env`), and it will be asked"
        ),
    }
}

/// A stream that ends in an error after so many bytes read.
#[derive(Debug)]
pub(super) struct Bounded<S> {
    stream: S,
    left_bytes: usize,
}

impl<S> Bounded<S> {
    /// Lets at most `most_bytes` be read.
    pub(super) fn new(stream: S, most_bytes: usize) -> Self {
        Self {
            stream,
            left_bytes: most_bytes,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let this = &mut *self;
        let result = Pin::new(&mut this.stream).poll_read(context, buffer);
        let read = buffer.filled().len() - before;
        if read > this.left_bytes {
            return Poll::Ready(Err(io::Error::other("more bytes than allowed")));
        }
        this.left_bytes -= read;
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
