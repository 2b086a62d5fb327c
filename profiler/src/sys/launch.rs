//! Starts a command that waits, just before it executes its program, until it is let go.

use std::{
    fs::File,
    io::{self, Read, Write},
    os::{fd::AsRawFd, unix::process::CommandExt},
    process::{Child, Command},
    thread::JoinHandle,
};

use super::pidfd::pipe;

/// A child that waits before its exec.
#[derive(Debug)]
pub(crate) struct HeldChild {
    pid: u32,
    gate: File,
    spawning: JoinHandle<io::Result<Child>>,
}

/// Forks; the child waits before it executes the command's program.
pub(crate) fn spawn_held(mut command: Command) -> io::Result<HeldChild> {
    let (mut pid_out, pid_in) = pipe()?;
    let (gate_out, gate_in) = pipe()?;
    let (pid_in_fd, gate_out_fd, gate_in_fd) = (
        pid_in.as_raw_fd(),
        gate_out.as_raw_fd(),
        gate_in.as_raw_fd(),
    );
    // SAFETY: between fork and exec the closure makes system calls alone, which are
    // async-signal-safe, on descriptors that the child has inherited.
    unsafe { command.pre_exec(move || wait_at_gate(pid_in_fd, gate_out_fd, gate_in_fd)) };
    // `spawn` returns after the exec alone, so it gets a thread of its own to wait in.
    let spawning = std::thread::Builder::new()
        .name("launch".to_owned())
        .spawn(move || {
            let child = command.spawn();
            drop((pid_in, gate_out));
            child
        })?;
    let mut pid = [0; 4];
    match pid_out.read_exact(&mut pid) {
        Ok(()) => Ok(HeldChild {
            pid: u32::from_ne_bytes(pid),
            gate: gate_in,
            spawning,
        }),
        Err(error) => match spawning.join() {
            Ok(Err(spawn_error)) => Err(spawn_error),
            _ => Err(error),
        },
    }
}

fn wait_at_gate(pid_in: i32, gate_out: i32, gate_in: i32) -> io::Result<()> {
    // SAFETY: plain system calls on inherited descriptors; the buffers are on this stack.
    unsafe {
        // Our own copy of the writing end would hide that the parent is gone.
        libc::close(gate_in);
        let pid = libc::getpid().to_ne_bytes();
        if libc::write(pid_in, pid.as_ptr().cast(), pid.len()) != pid.len() as isize {
            return Err(io::Error::last_os_error());
        }
        let mut go = [0_u8; 1];
        loop {
            match libc::read(gate_out, go.as_mut_ptr().cast(), 1) {
                1 => return Ok(()),
                0 => return Err(io::Error::from_raw_os_error(libc::ECANCELED)),
                _ => {
                    let error = io::Error::last_os_error();
                    if error.raw_os_error() != Some(libc::EINTR) {
                        return Err(error);
                    }
                }
            }
        }
    }
}

impl HeldChild {
    /// Its pid, which stays the same over the exec.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Lets it execute its program, and says whether that worked.
    pub(crate) fn release(mut self) -> io::Result<Child> {
        self.gate.write_all(&[1])?;
        self.spawning
            .join()
            .unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
    }

    /// Ends it before it executes anything.
    pub(crate) fn cancel(self) {
        drop(self.gate);
        // The child reports its cancellation as the spawn's error, and `spawn` reaps it.
        let _ = self.spawning.join();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_child_runs_once_released() {
        let held = spawn_held(Command::new("true")).expect("fork works");
        let comm = std::fs::read_to_string(format!("/proc/{}/comm", held.pid())).expect("lives");
        assert_ne!(comm.trim(), "true");
        let pid = held.pid();
        let mut child = held.release().expect("true exists");
        assert_eq!(child.id(), pid);
        assert!(child.wait().expect("is our child").success());
    }

    #[test]
    fn a_missing_program_is_reported_at_the_release() {
        let held = spawn_held(Command::new("/no/such/program")).expect("fork works");
        let error = held.release().expect_err("there is none");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_cancelled_child_never_runs() {
        let held = spawn_held(Command::new("true")).expect("fork works");
        let pid = held.pid();
        held.cancel();
        assert!(!std::path::Path::new(&format!("/proc/{pid}")).exists());
    }
}
