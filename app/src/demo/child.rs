//! The demo's service as a child process that never outlives the demo.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    net::SocketAddr,
    os::unix::process::CommandExt,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::service::{LISTENING_AT, PROCESS_NAME};

/// Longest wait for the service to listen.
const START_TIMEOUT: Duration = Duration::from_secs(10);

/// Longest wait for the service to end by itself.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);

/// The running service. It ends when this is dropped, and, as it waits for its standard input to
/// close, also when this process is killed.
#[derive(Debug)]
pub(super) struct ServiceProcess {
    child: Child,
    address: SocketAddr,
}

impl ServiceProcess {
    /// Starts our own binary as the service and waits until it listens.
    pub(super) fn start() -> Result<Self> {
        // Not by path: the file may have been replaced since we were started.
        let mut child = Command::new("/proc/self/exe")
            .arg0(PROCESS_NAME)
            .arg("demo-service")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the demo's service")?;
        let output = child.stdout.take().expect("asked for above");
        let mut service = Self {
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        service.address = wait_for_address(output)?;
        Ok(service)
    }

    /// Process id.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    fn end(&mut self) {
        drop(self.child.stdin.take());
        let start = Instant::now();
        while start.elapsed() < STOP_TIMEOUT {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        // Fails only where it has ended meanwhile.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for ServiceProcess {
    fn drop(&mut self) {
        self.end();
    }
}

/// The address in the service's first line.
fn wait_for_address(output: ChildStdout) -> Result<SocketAddr> {
    let (sender, receiver) = crossbeam_channel::bounded(1);
    std::thread::Builder::new()
        .name("service-output".into())
        .spawn(move || {
            let mut line = String::new();
            let output = File::from(std::os::fd::OwnedFd::from(output));
            let read = BufReader::new(output).read_line(&mut line).map(|_| line);
            let _ = sender.send(read);
        })?;
    let Ok(line) = receiver.recv_timeout(START_TIMEOUT) else {
        bail!(
            "the demo's service did not listen within {} s",
            START_TIMEOUT.as_secs()
        );
    };
    let line = line.context("cannot read from the demo's service")?;
    line.trim()
        .strip_prefix(LISTENING_AT)
        .and_then(|address| address.parse().ok())
        .context("the demo's service ended before it listened; its own message stands above")
}
