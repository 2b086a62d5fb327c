//! Progress on standard error: one line that renews itself on a terminal, sparse lines elsewhere.

use std::{
    io::{IsTerminal, Write},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use scrutineer_profiler::progress::Progress;

use crate::interrupt::Interrupt;

/// Least time between two lines that differ in their numbers alone, where there is no terminal.
const SPARSE: Duration = Duration::from_secs(5);

/// Progress for a person (or a log) at standard error.
#[derive(Debug)]
pub(crate) struct ProgressLine {
    on_terminal: bool,
    interrupt: Interrupt,
    shown: Mutex<Shown>,
}

#[derive(Debug, Default)]
struct Shown {
    words: String,
    at: Option<Instant>,
    line_is_open: bool,
}

impl ProgressLine {
    /// Progress that is cancelled by `interrupt`.
    pub(crate) fn new(interrupt: Interrupt) -> Self {
        let on_terminal = std::io::stderr().is_terminal();
        Self {
            on_terminal,
            interrupt,
            shown: Mutex::default(),
        }
    }

    /// Prints a sentence on a line of its own.
    pub(crate) fn say(&self, sentence: &str) {
        self.clear();
        print_to_stderr(&format!("{sentence}\n"));
    }

    /// Takes the open line away, so that other output can follow.
    pub(crate) fn clear(&self) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut shown.line_is_open) {
            print_to_stderr("\r\x1b[2K");
        }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Progress for ProgressLine {
    fn step(&self, text: &str, done: Option<f32>) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if self.on_terminal {
            let share = done
                .map(|done| format!(" {:.0} %", done * 100.0))
                .unwrap_or_default();
            print_to_stderr(&format!("\r\x1b[2K{text}{share}"));
            shown.line_is_open = true;
            return;
        }
        // Steps that differ in their numbers alone are one step that goes on.
        let words: String = text.chars().filter(|c| !c.is_ascii_digit()).collect();
        let is_due = shown.at.is_none_or(|at| at.elapsed() >= SPARSE);
        if words != shown.words || is_due {
            print_to_stderr(&format!("{text}\n"));
            shown.words = words;
            shown.at = Some(Instant::now());
        }
    }

    fn is_cancelled(&self) -> bool {
        self.interrupt.is_raised()
    }
}

/// Writes to standard error; one that is closed is nobody's loss.
fn print_to_stderr(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush());
}
