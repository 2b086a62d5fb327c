//! Tracing other processes: `ptrace`, waiting for what is traced, reading memory, a ticking timer.
//!
//! Every call here but [`read_memory`] belongs to one thread: the kernel lets only the thread that
//! traces a thread stop and resume it.

use std::{io, mem::MaybeUninit, ptr, time::Duration};

use crate::capture::unwind::Registers;

/// What a traced thread did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// It stands still.
    Stopped {
        /// Thread id.
        tid: u32,
        /// Signal: to be delivered where `event` is 0.
        signal: i32,
        /// `PTRACE_EVENT_…`, 0 where a signal is about to be delivered.
        event: i32,
    },
    /// It is gone: exit code, or 128 + signal.
    Gone {
        /// Thread id.
        tid: u32,
        /// Exit code, or 128 + signal.
        status: i32,
    },
    /// Nothing yet; a tick or another signal interrupted the waiting.
    Nothing,
    /// Nothing is traced any more.
    NobodyLeft,
}

/// `PTRACE_EVENT_STOP`: an interruption, a new tracee's first stop, or a group-stop.
pub(crate) const EVENT_STOP: i32 = 128;

/// Begins to trace a thread without stopping it, and follows threads, processes and programs that
/// it starts.
pub(crate) fn seize(tid: u32) -> io::Result<()> {
    let options = libc::PTRACE_O_TRACECLONE
        | libc::PTRACE_O_TRACEFORK
        | libc::PTRACE_O_TRACEVFORK
        | libc::PTRACE_O_TRACEEXEC;
    request(libc::PTRACE_SEIZE, tid, options as usize)
}

/// Asks a traced thread to stop; the stop is waited for.
pub(crate) fn interrupt(tid: u32) -> io::Result<()> {
    request(libc::PTRACE_INTERRUPT, tid, 0)
}

/// Lets a stopped thread run on and delivers a signal to it (0: none).
pub(crate) fn resume(tid: u32, signal: i32) -> io::Result<()> {
    request(libc::PTRACE_CONT, tid, signal as usize)
}

/// Leaves a thread in its group-stop, and listens for the end of that.
pub(crate) fn listen(tid: u32) -> io::Result<()> {
    request(libc::PTRACE_LISTEN, tid, 0)
}

/// Ends the tracing of a stopped thread and delivers a signal to it (0: none).
pub(crate) fn detach(tid: u32, signal: i32) -> io::Result<()> {
    request(libc::PTRACE_DETACH, tid, signal as usize)
}

fn request(what: libc::c_uint, tid: u32, data: usize) -> io::Result<()> {
    let (nothing, data) = (ptr::null_mut::<libc::c_void>(), data as *mut libc::c_void);
    // SAFETY: none of the requests above reads or writes memory of ours: `data` is a number.
    let result = unsafe { libc::ptrace(what, tid as libc::pid_t, nothing, data) };
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}

/// The number that comes with an event: the id of a new thread or process, the former id of the
/// thread that executed a program.
pub(crate) fn event_message(tid: u32) -> io::Result<u32> {
    let mut message: libc::c_ulong = 0;
    let nothing = ptr::null_mut::<libc::c_void>();
    // SAFETY: the kernel writes one long to `message`, which outlives the call.
    let result = unsafe {
        libc::ptrace(
            libc::PTRACE_GETEVENTMSG,
            tid as libc::pid_t,
            nothing,
            &raw mut message,
        )
    };
    if result == -1 {
        Err(io::Error::last_os_error())
    } else {
        Ok(message as u32)
    }
}

/// Registers of a stopped thread.
pub(crate) fn registers(tid: u32) -> io::Result<Registers> {
    let mut place = MaybeUninit::<libc::user_regs_struct>::uninit();
    let nothing = ptr::null_mut::<libc::c_void>();
    // SAFETY: the kernel fills the whole structure, which outlives the call.
    let result = unsafe {
        libc::ptrace(
            libc::PTRACE_GETREGS,
            tid as libc::pid_t,
            nothing,
            place.as_mut_ptr(),
        )
    };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so the structure is filled; any bytes are valid numbers.
    let found = unsafe { place.assume_init() };
    Ok(Registers([
        found.rax, found.rdx, found.rcx, found.rbx, found.rsi, found.rdi, found.rbp, found.rsp,
        found.r8, found.r9, found.r10, found.r11, found.r12, found.r13, found.r14, found.r15,
        found.rip,
    ]))
}

/// Waits for what the calling thread traces (and for its own children, not for those of other
/// threads); where `block` is false, only looks.
pub(crate) fn wait(block: bool) -> io::Result<Wait> {
    let options = libc::__WALL | libc::__WNOTHREAD | if block { 0 } else { libc::WNOHANG };
    let mut status = 0;
    // SAFETY: the kernel writes one int to `status`, which outlives the call.
    let tid = unsafe { libc::waitpid(-1, &raw mut status, options) };
    if tid == -1 {
        let error = io::Error::last_os_error();
        return match error.raw_os_error() {
            Some(libc::EINTR) => Ok(Wait::Nothing),
            Some(libc::ECHILD) => Ok(Wait::NobodyLeft),
            _ => Err(error),
        };
    }
    let found = tid as u32;
    Ok(if tid == 0 {
        Wait::Nothing
    } else if libc::WIFSTOPPED(status) {
        Wait::Stopped {
            tid: found,
            signal: libc::WSTOPSIG(status),
            event: status >> 16,
        }
    } else if libc::WIFEXITED(status) {
        Wait::Gone {
            tid: found,
            status: libc::WEXITSTATUS(status),
        }
    } else {
        Wait::Gone {
            tid: found,
            status: 128 + libc::WTERMSIG(status),
        }
    })
}

/// Id of the calling thread.
pub(crate) fn own_tid() -> u32 {
    // SAFETY: takes nothing and cannot fail.
    unsafe { libc::gettid() as u32 }
}

/// Bytes of a page: what one element of a remote vector covers, since a read ends before the first
/// element that is not wholly mapped.
const PAGE: u64 = 4096;

/// Reads memory of another process from `address` on, as far as it is mapped and `buffer` holds
/// it; tells how many bytes were read.
pub(crate) fn read_memory(pid: u32, address: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let mut remote = Vec::with_capacity(buffer.len() / PAGE as usize + 2);
    let Some(end) = address.checked_add(buffer.len() as u64) else {
        return Err(io::Error::from_raw_os_error(libc::EFAULT));
    };
    let mut at = address;
    while at < end {
        let next = (at / PAGE + 1).saturating_mul(PAGE).min(end);
        remote.push(libc::iovec {
            iov_base: at as *mut _,
            iov_len: (next - at) as usize,
        });
        at = next;
    }
    let local = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: `local` describes `buffer`, which the kernel may write to; `remote` is only read,
    // and what it points at is the other process's; both outlive the call.
    let count = unsafe {
        libc::process_vm_readv(
            pid as libc::pid_t,
            &raw const local,
            1,
            remote.as_ptr(),
            remote.len() as libc::c_ulong,
            0,
        )
    };
    if count < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(count as usize)
    }
}

/// Interrupts the waiting of the thread that made it, again and again.
#[derive(Debug)]
pub(crate) struct Ticker(libc::timer_t);

impl Ticker {
    /// Starts to tick.
    ///
    /// The kernel can only wait for traced threads without a timeout, so a signal has to end the
    /// waiting. It is a real-time signal of no meaning, sent to this thread alone, with a handler
    /// that does nothing; a tick that comes while nobody waits is made up for by the next.
    pub(crate) fn start(period: Duration) -> io::Result<Self> {
        let signal = libc::SIGRTMIN() + 7;
        prepare(signal)?;
        // SAFETY: all fields of the structure are plain numbers, for which zero is valid.
        let mut event: libc::sigevent = unsafe { std::mem::zeroed() };
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = signal;
        event.sigev_notify_thread_id = own_tid() as i32;
        let mut timer = ptr::null_mut();
        let clock = libc::CLOCK_MONOTONIC;
        // SAFETY: the kernel reads `event` and writes `timer`; both outlive the call.
        if unsafe { libc::timer_create(clock, &raw mut event, &raw mut timer) } != 0 {
            return Err(io::Error::last_os_error());
        }
        let ticker = Self(timer);
        let every = libc::timespec {
            tv_sec: period.as_secs() as libc::time_t,
            tv_nsec: libc::c_long::from(period.subsec_nanos()),
        };
        let schedule = libc::itimerspec {
            it_interval: every,
            it_value: every,
        };
        // SAFETY: the timer was just made, and `schedule` outlives the call.
        if unsafe { libc::timer_settime(timer, 0, &raw const schedule, ptr::null_mut()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(ticker)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        // SAFETY: the timer is ours, and is not used after this.
        unsafe { libc::timer_delete(self.0) };
    }
}

/// Handles the signal by doing nothing, and lets this thread receive it.
fn prepare(signal: i32) -> io::Result<()> {
    extern "C" fn nothing(_signal: i32) {}
    // SAFETY: zero is valid for all fields of both structures, which outlive the calls; the
    // handler does nothing, which is safe at any moment. Without SA_RESTART it ends a waiting.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as extern "C" fn(i32) as libc::sighandler_t;
        if libc::sigaction(signal, &raw const action, ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
        let mut mask: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut mask);
        libc::sigaddset(&raw mut mask, signal);
        match libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const mask, ptr::null_mut()) {
            0 => Ok(()),
            error => Err(io::Error::from_raw_os_error(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_memory_is_read_up_to_where_it_ends() {
        let bytes: Vec<u8> = (0..20_000_u32).map(|n| n as u8).collect();
        let mut copy = vec![0; bytes.len()];
        let own = std::process::id();
        let count = read_memory(own, bytes.as_ptr() as u64, &mut copy).expect("it is ours");
        assert_eq!((count, &copy), (bytes.len(), &bytes));
        assert!(read_memory(own, 8, &mut copy).is_err());
        assert!(read_memory(own, u64::MAX - 8, &mut copy).is_err());
    }

    #[test]
    fn a_tick_ends_the_waiting() {
        let mut child = std::process::Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .spawn()
            .expect("cat is everywhere");
        let ticker = Ticker::start(Duration::from_millis(5)).expect("timers can be made");
        assert_eq!(wait(true).expect("waiting works"), Wait::Nothing);
        drop(ticker);
        child.kill().expect("it is ours");
        child.wait().expect("it is ours");
    }
}
