//! Recording real programs, and asking the kernel what is left of it.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use scrutineer_profiler::capture::{
    perf::EventChoice,
    recorder::{RecordOptions, Recording, RecordingSummary},
    target::Target,
};

use crate::{
    capture::Capture,
    programs::{skip, wait_until},
};

/// Fewer samples than this say nothing about shares, even on a busy machine.
pub(crate) const FEW: usize = 50;

/// Whether perf events can be opened; says so where they cannot.
pub(crate) fn perf_works(test: &str) -> bool {
    match EventChoice::best_for_us() {
        Ok(_) => true,
        Err(error) => {
            skip(test, &format!("perf_event_open is refused: {error}"));
            false
        }
    }
}

pub(crate) fn launch(program: &Path, words: &[&str]) -> Target {
    let words = words.iter().map(Into::into);
    Target::Launch {
        command: std::iter::once(program.into()).chain(words).collect(),
        folder: None,
    }
}

pub(crate) fn record(target: &Target, options: RecordOptions) -> (RecordingSummary, Capture) {
    let path = options.output.clone();
    let recording = Recording::start(target, options).expect("the recording starts");
    let summary = recording.join().expect("the recording is saved");
    (summary, Capture::read(&path))
}

/// Ends a process that a test started, also when the test fails.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// Starts a program whose output goes to a file, or nowhere.
    pub(crate) fn start(program: &Path, words: &[&str], output: Option<&Path>) -> Self {
        let output = output.map_or_else(Stdio::null, |path| {
            fs::File::create(path)
                .expect("a file for the output")
                .into()
        });
        let child = Command::new(program)
            .args(words)
            .stdout(output)
            .spawn()
            .expect("the program starts");
        let pid = child.id();
        // Attached to before its exec, it would still be called like this test.
        wait_until("the program's exec", || {
            let image = fs::read_link(format!("/proc/{pid}/exe")).ok();
            image.is_some_and(|image| image.ends_with(program.file_name().expect("a file")))
        });
        Self(child)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn target(&self) -> Target {
        Target::Pid(self.pid())
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.pid().to_string()])
            .status();
        assert!(sent.is_ok_and(|status| status.success()), "kill -{name}");
    }

    pub(crate) fn state(&self) -> char {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap_or_default();
        let state = stat.rsplit_once(") ").map(|(_, rest)| rest.chars().next());
        state.flatten().unwrap_or('X')
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a process holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holdings {
    pub(crate) descriptors: usize,
    pub(crate) threads: usize,
    pub(crate) resident_bytes: u64,
}

impl Holdings {
    pub(crate) fn of(pid: u32) -> Self {
        let count =
            |folder: &str| fs::read_dir(format!("/proc/{pid}/{folder}")).map_or(0, Iterator::count);
        Self {
            descriptors: count("fd"),
            threads: count("task"),
            resident_bytes: status_bytes(pid, "VmRSS:"),
        }
    }
}

/// A line of `/proc/PID/status` in bytes; 0 where there is none.
pub(crate) fn status_bytes(pid: u32, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse().ok());
    kilobytes.map_or(0, |kilobytes: u64| kilobytes << 10)
}

/// Units of work per CPU-second in each slice that a `rate` program has printed since line `from`,
/// and the number of lines so far.
pub(crate) fn rates(slices: &Path, from: usize) -> (Vec<f64>, usize) {
    let text = fs::read_to_string(slices).unwrap_or_default();
    let lines: Vec<&str> = text
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .collect();
    let rate = |line: &&str| {
        let mut numbers = line.split_whitespace().skip(2).map(str::parse::<f64>);
        let (units, cpu_ns) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        (cpu_ns > 0.0).then_some(units / cpu_ns * 1e9)
    };
    let found = lines.iter().skip(from).filter_map(rate).collect();
    (found, lines.len())
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    assert!(
        !values.is_empty(),
        "there is something to take the median of"
    );
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

pub(crate) fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}
