//! Reads `/proc/PID/statm`, `status` and, backing off, `smaps_rollup`.

use std::{
    fs::{self, File},
    io::{Error, ErrorKind, Result},
    os::unix::fs::FileExt,
    time::{Duration, Instant},
};

use scrutineer_evidence::residency::ResidencySample;

use crate::{capture::model::Activity, process};

/// Least time between two readings of `status`.
const STATUS_EVERY_NS: u64 = 500_000_000;

/// Least time between two readings of `smaps_rollup`, which walks all page tables of the target
/// while its memory map is locked for reading.
const ROLLUP_EVERY_NS: u64 = 1_000_000_000;

/// A reading of `smaps_rollup` that took a time t is followed by a pause of this many t.
const ROLLUP_PAUSE_FACTOR: u64 = 100;

/// Memory of a process at one time; what is read more seldom than asked is `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MemoryReading {
    /// From `statm`, and what of the others residency has.
    pub residency: ResidencySample,
    /// From `status`.
    pub status: Option<StatusBytes>,
    /// From `smaps_rollup`.
    pub rollup: Option<RollupBytes>,
}

/// What `status` tells of memory, bytes; 0 where the kernel leaves a line out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusBytes {
    /// `RssAnon`.
    pub anonymous: u64,
    /// `RssFile`.
    pub file: u64,
    /// `RssShmem`.
    pub shared: u64,
    /// `VmSwap`.
    pub swap: u64,
    /// `VmHWM`.
    pub peak: u64,
}

/// What `smaps_rollup` tells of memory, bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RollupBytes {
    /// `Pss`.
    pub proportional: u64,
    /// `AnonHugePages`.
    pub anonymous_huge: u64,
}

/// Reads the memory of a process and the counters that go with it.
///
/// All times are the caller's: nanoseconds of `CLOCK_MONOTONIC` since the start of its window.
#[derive(Debug)]
pub struct MemoryReader {
    pid: u32,
    /// Stays open, so that it never shows another process that inherited the pid.
    statm: File,
    status: File,
    page_bytes: u64,
    next_status_ns: u64,
    next_rollup_ns: u64,
    rollup_is_refused: bool,
}

impl MemoryReader {
    /// Opens the files of a running process.
    pub fn open(pid: u32) -> Result<Self> {
        Ok(Self {
            pid,
            statm: File::open(format!("/proc/{pid}/statm"))?,
            status: File::open(format!("/proc/{pid}/status"))?,
            page_bytes: crate::sys::page_bytes(),
            next_status_ns: 0,
            next_rollup_ns: 0,
            rollup_is_refused: false,
        })
    }

    /// Resident memory now: `statm` each time, `RssAnon` at most twice a second, PSS at most
    /// once a second and never for more than about 1 % of the time. Fails once the process has
    /// ended.
    pub fn residency(&mut self, time_ns: u64) -> Result<ResidencySample> {
        let with_rollup = time_ns >= self.next_rollup_ns;
        let start = Instant::now();
        let reading = self.read(time_ns, with_rollup)?;
        if with_rollup {
            self.next_rollup_ns = after(time_ns, start.elapsed());
        }
        Ok(reading.residency)
    }

    /// Memory now: `statm` each time, `status` at most twice a second, `smaps_rollup` where
    /// the caller finds it worth its cost. Fails once the process has ended.
    pub fn read(&mut self, time_ns: u64, with_rollup: bool) -> Result<MemoryReading> {
        let mut buffer = [0; 128];
        let length = self.statm.read_at(&mut buffer, 0)?;
        let pages = parse_statm(&buffer[..length]).ok_or_else(|| malformed("statm"))?;
        if pages.size == 0 {
            // A zombie's memory is gone already, while its pid is not.
            return Err(Error::new(ErrorKind::NotFound, "the process has ended"));
        }
        let rollup = if with_rollup { self.rollup() } else { None };
        let status = self.status(time_ns);
        Ok(MemoryReading {
            residency: ResidencySample {
                time_ns,
                rss_bytes: pages.resident * self.page_bytes,
                pss_bytes: rollup.map(|rollup| rollup.proportional),
                anonymous_bytes: status.map(|status| status.anonymous),
            },
            status,
            rollup,
        })
    }

    /// Whether `smaps_rollup` may not be read.
    pub fn rollup_is_refused(&self) -> bool {
        self.rollup_is_refused
    }

    /// CPU time, threads and descriptors now. Fails once the process has ended.
    pub fn activity(&self, time_ns: u64) -> Result<Activity> {
        let stat = process::stat(self.pid)?;
        if matches!(stat.state, 'Z' | 'X') {
            return Err(Error::new(ErrorKind::NotFound, "the process has ended"));
        }
        Ok(Activity {
            time_ns,
            user_ns: stat.user_ns,
            kernel_ns: stat.kernel_ns,
            threads: stat.threads,
            descriptors: descriptors(self.pid),
        })
    }

    fn status(&mut self, time_ns: u64) -> Option<StatusBytes> {
        if time_ns < self.next_status_ns {
            return None;
        }
        self.next_status_ns = time_ns.saturating_add(STATUS_EVERY_NS);
        // The lines wanted stand within the first kilobyte and a half.
        let mut buffer = [0; 4096];
        let length = self.status.read_at(&mut buffer, 0).ok()?;
        let bytes = |name| kilobytes(&buffer[..length], name);
        Some(StatusBytes {
            anonymous: bytes("RssAnon:")?,
            file: bytes("RssFile:").unwrap_or(0),
            shared: bytes("RssShmem:").unwrap_or(0),
            swap: bytes("VmSwap:").unwrap_or(0),
            peak: bytes("VmHWM:").unwrap_or(0),
        })
    }

    fn rollup(&mut self) -> Option<RollupBytes> {
        if self.rollup_is_refused {
            return None;
        }
        // Opened each time: the open file is bound to the memory of before an exec.
        match fs::read(format!("/proc/{}/smaps_rollup", self.pid)) {
            Ok(bytes) => Some(RollupBytes {
                proportional: kilobytes(&bytes, "Pss:")?,
                anonymous_huge: kilobytes(&bytes, "AnonHugePages:").unwrap_or(0),
            }),
            Err(error) => {
                self.rollup_is_refused = error.kind() == ErrorKind::PermissionDenied;
                None
            }
        }
    }
}

/// Open descriptors of a process; `None` where they may not be read.
pub fn descriptors(pid: u32) -> Option<u32> {
    let folder = format!("/proc/{pid}/fd");
    // Since Linux 6.2 the size of the folder is their number; before, it is 0.
    match fs::metadata(&folder).ok()?.len() {
        0 => Some(fs::read_dir(&folder).ok()?.count() as u32),
        count => Some(count as u32),
    }
}

/// When to read again after a reading at `time_ns` that took `cost`.
fn after(time_ns: u64, cost: Duration) -> u64 {
    let pause = (cost.as_nanos() as u64)
        .saturating_mul(ROLLUP_PAUSE_FACTOR)
        .max(ROLLUP_EVERY_NS);
    time_ns.saturating_add(pause)
}

/// First two fields of `statm`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pages {
    size: u64,
    resident: u64,
}

pub(super) fn parse_statm(bytes: &[u8]) -> Option<Pages> {
    let mut fields = std::str::from_utf8(bytes).ok()?.split_ascii_whitespace();
    let mut next = || fields.next()?.parse().ok();
    Some(Pages {
        size: next()?,
        resident: next()?,
    })
}

/// The value of a line `Name:   123 kB`, in bytes.
pub(super) fn kilobytes(bytes: &[u8], name: &str) -> Option<u64> {
    let mut lines = bytes.split(|&byte| byte == b'\n');
    let value = lines.find_map(|line| line.strip_prefix(name.as_bytes()))?;
    std::str::from_utf8(value)
        .ok()?
        .trim()
        .strip_suffix("kB")?
        .trim()
        .parse::<u64>()
        .ok()?
        .checked_mul(1024)
}

fn malformed(file: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("{file} is malformed"))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn memory_that_is_touched_shows_as_resident_anonymous_and_proportional() {
        let mut reader = MemoryReader::open(std::process::id()).unwrap();
        let before = reader.residency(0).unwrap();
        let touched = vec![1_u8; 64 << 20];
        let after = MemoryReader::open(std::process::id())
            .unwrap()
            .residency(0)
            .unwrap();
        // Other tests run beside this one: half of it has to show at least.
        for (before, after) in [
            (Some(before.rss_bytes), Some(after.rss_bytes)),
            (before.anonymous_bytes, after.anonymous_bytes),
            (before.pss_bytes, after.pss_bytes),
        ] {
            assert!(
                after.unwrap() >= before.unwrap() + (32 << 20),
                "{before:?} {after:?}"
            );
        }
        drop(touched);
    }

    #[test]
    fn costly_readings_are_spaced_out() {
        let mut reader = MemoryReader::open(std::process::id()).unwrap();
        assert!(reader.residency(0).unwrap().anonymous_bytes.is_some());
        let soon = reader.residency(STATUS_EVERY_NS - 1).unwrap();
        assert_eq!((soon.anonymous_bytes, soon.pss_bytes), (None, None));
        assert!(soon.rss_bytes > 0);
        let later = reader.residency(STATUS_EVERY_NS).unwrap();
        assert!(later.anonymous_bytes.is_some());
        assert_eq!(later.pss_bytes, None);
        assert_eq!(after(7, Duration::from_millis(1)), 1_000_000_007);
        assert_eq!(after(7, Duration::from_millis(19)), 1_900_000_007);
    }

    #[test]
    fn threads_descriptors_and_cpu_time_are_counted() {
        let reader = MemoryReader::open(std::process::id()).unwrap();
        let before = reader.activity(1).unwrap();
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let thread = std::thread::spawn(move || receiver.recv());
        let files: Vec<_> = (0..50).map(|_| File::open("/dev/null").unwrap()).collect();
        let mut spun = 0_u64;
        let now = loop {
            spun = std::hint::black_box(spun.wrapping_add(1));
            let now = reader.activity(2).unwrap();
            if now.user_ns + now.kernel_ns > before.user_ns + before.kernel_ns {
                break now;
            }
        };
        assert!(now.threads >= 2);
        assert!(now.descriptors.unwrap() >= 50);
        drop((sender, files));
        assert!(thread.join().unwrap().is_err());
    }

    #[test]
    fn a_process_that_ends_is_told_even_while_its_pid_lives_on() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let mut reader = MemoryReader::open(child.id()).unwrap();
        assert!(reader.residency(0).is_ok());
        assert!(reader.activity(0).is_ok());
        child.kill().unwrap();
        while process::stat(child.id()).unwrap().state != 'Z' {
            std::thread::yield_now();
        }
        assert_eq!(reader.residency(1).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(reader.activity(1).unwrap_err().kind(), ErrorKind::NotFound);
        child.wait().unwrap();
        assert!(reader.residency(2).is_err());
        assert!(reader.activity(2).is_err());
        assert!(MemoryReader::open(child.id()).is_err());
    }

    #[test]
    fn lines_in_kilobytes_are_read() {
        let text = b"Rss:  12 kB\nPss:      3 kB\nPss_Dirty: 9 kB\n";
        assert_eq!(kilobytes(text, "Pss:"), Some(3072));
        assert_eq!(kilobytes(text, "Swap:"), None);
        assert_eq!(kilobytes(b"Pss: many kB\n", "Pss:"), None);
        assert_eq!(
            parse_statm(b"10 4 1 1 0 2 0\n"),
            Some(Pages {
                size: 10,
                resident: 4
            })
        );
        assert_eq!(parse_statm(b"10\n"), None);
    }

    #[test]
    #[ignore = "measures; run alone with --nocapture"]
    fn cost_of_a_reading() {
        let own = std::process::id();
        let mut reader = MemoryReader::open(own).unwrap();
        let time = |name: &str, mut work: Box<dyn FnMut() + '_>| {
            let start = Instant::now();
            (0..10_000).for_each(|_| work());
            println!("{name}: {:?}", start.elapsed() / 10_000);
        };
        reader.next_status_ns = u64::MAX;
        reader.next_rollup_ns = u64::MAX;
        time(
            "statm",
            Box::new(|| {
                reader.residency(0).unwrap();
            }),
        );
        let mut reader = MemoryReader::open(own).unwrap();
        reader.next_rollup_ns = u64::MAX;
        let mut at = 0;
        time(
            "statm and status",
            Box::new(|| {
                at += STATUS_EVERY_NS;
                reader.residency(at).unwrap();
            }),
        );
        let reader = MemoryReader::open(own).unwrap();
        time(
            "activity",
            Box::new(|| {
                reader.activity(0).unwrap();
            }),
        );
    }
}
