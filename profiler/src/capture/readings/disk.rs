//! Storage and read and write calls of processes, from `/proc/PID/io`.

use std::{io::ErrorKind, time::Duration};

use super::{kind::Kind, processes::Process, sink::Sink};
use crate::{capture::model::SeriesKind, process::read_small};

/// Counters of a process or thread since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Io {
    pub(super) read_bytes: u64,
    /// What was written and deleted before it reached storage counts too.
    pub(super) write_bytes: u64,
    call_read_bytes: u64,
    call_write_bytes: u64,
    read_calls: u64,
    write_calls: u64,
}

/// See `proc_pid_io(5)`.
pub(super) fn parse(text: &str) -> Option<Io> {
    let field = |name: &str| -> Option<u64> {
        let value = text.lines().find_map(|line| line.strip_prefix(name))?;
        value.trim().parse().ok()
    };
    Some(Io {
        read_bytes: field("read_bytes:")?,
        write_bytes: field("write_bytes:")?,
        call_read_bytes: field("rchar:")?,
        call_write_bytes: field("wchar:")?,
        read_calls: field("syscr:")?,
        write_calls: field("syscw:")?,
    })
}

/// Reads every process.
#[derive(Debug)]
pub(super) struct Disk;

impl Kind for Disk {
    fn every(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn budget(&self) -> u64 {
        30
    }

    fn read(&mut self, processes: &[Process], out: &mut Sink) {
        for process in processes {
            let (pid, time_ns) = (process.pid, out.now_ns());
            match read_small(format!("/proc/{pid}/io")) {
                Ok(text) => {
                    if let Some(io) = parse(&text) {
                        put(process, time_ns, io, out);
                    }
                }
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                    let why = format!(
                        "storage of process {pid}: only its owner may read /proc/{pid}/io, and a \
                         process that changed its user hides it"
                    );
                    out.note(time_ns, pid, why);
                }
                Err(error) if error.kind() == ErrorKind::NotFound && process.exists() => {
                    let why = "storage: the kernel was built without CONFIG_TASK_IO_ACCOUNTING";
                    out.note(time_ns, 0, why.to_owned());
                }
                Err(_) => {}
            }
        }
    }
}

fn put(process: &Process, time_ns: u64, io: Io, out: &mut Sink) {
    let values = [
        (SeriesKind::DiskReadBytes, io.read_bytes),
        (SeriesKind::DiskWriteBytes, io.write_bytes),
        (SeriesKind::CallReadBytes, io.call_read_bytes),
        (SeriesKind::CallWriteBytes, io.call_write_bytes),
        (SeriesKind::ReadCalls, io.read_calls),
        (SeriesKind::WriteCalls, io.write_calls),
    ];
    for (kind, value) in values {
        out.counter(
            time_ns,
            kind,
            (process.pid, 0),
            process.born_after_ns,
            value,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_names_are_told_apart() {
        let text = "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 6\n\
                    cancelled_write_bytes: 7\n";
        let io = parse(text).unwrap();
        assert_eq!((io.read_bytes, io.write_bytes), (5, 6));
        assert_eq!((io.call_read_bytes, io.call_write_bytes), (1, 2));
        assert_eq!((io.read_calls, io.write_calls), (3, 4));
        assert_eq!(parse("rchar: 1\n"), None);
    }
}
