//! Lines and blocks over a connection that may be hostile.

use scrutineer_evidence::Gathered;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::probes::reach::{Bounded, failed};

/// Most bytes that a server may send in a window.
const MOST_BYTES: usize = 8 << 20;
/// Most bytes of one answer.
const MOST_ANSWER_BYTES: usize = 1 << 20;
/// Most bytes of a line.
const MOST_LINE_BYTES: u64 = 4_096;

/// A connection that knows the variable that it is named by.
pub(super) struct Wire {
    variable: String,
    stream: BufReader<Bounded<TcpStream>>,
}

impl Wire {
    pub(super) fn new(variable: &str, stream: TcpStream) -> Self {
        Self {
            variable: variable.to_owned(),
            stream: BufReader::new(Bounded::new(stream, MOST_BYTES)),
        }
    }

    pub(super) fn broken(&self) -> scrutineer_evidence::Absent {
        failed(format!(
            "the server in {} broke off, sent more than {} MiB, or speaks another protocol",
            self.variable,
            MOST_BYTES >> 20
        ))
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> Gathered<()> {
        let sent = self.stream.get_mut().write_all(bytes).await;
        sent.map_err(|_| self.broken())
    }

    /// One line without its end.
    pub(super) async fn line(&mut self) -> Gathered<String> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.stream).take(MOST_LINE_BYTES);
        let read = bounded.read_until(b'\n', &mut line).await;
        if read.is_err() || line.pop() != Some(b'\n') {
            return Err(self.broken());
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(String::from_utf8_lossy(&line).into_owned())
    }

    /// A block of so many bytes, with the line's end behind it.
    pub(super) async fn block(&mut self, bytes: usize) -> Gathered<String> {
        if bytes > MOST_ANSWER_BYTES {
            return Err(self.broken());
        }
        let mut block = vec![0; bytes + 2];
        let read = self.stream.read_exact(&mut block).await;
        read.map_err(|_| self.broken())?;
        block.truncate(bytes);
        Ok(String::from_utf8_lossy(&block).into_owned())
    }
}
