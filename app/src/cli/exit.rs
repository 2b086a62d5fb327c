//! Exit codes, and the one place that turns an error into a sentence and a code.

use std::{
    error::Error,
    fmt,
    io::{self, Write},
    process::ExitCode,
};

use scrutineer_profiler::{
    bench::BaselineError,
    capture::CaptureError,
    formats::{FormatError, read::ReadError},
};

/// How a command ended. The numbers are kept: scripts are written against them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well.
    Fine = 0,
    /// The work was done, and found something.
    Findings = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The work could not be done.
    CouldNotRun = 3,
    /// The work was done, and there was too little data to say anything.
    Inconclusive = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The command line asks for something that makes no sense here: exit code 2.
#[derive(Debug)]
pub(crate) struct Usage(pub(crate) String);

impl fmt::Display for Usage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for Usage {}

/// Tells an error at standard error and gives the process's exit code.
pub(super) fn conclude(outcome: anyhow::Result<Exit>) -> ExitCode {
    match outcome {
        Ok(exit) => exit.into(),
        Err(error) if reader_left(&error) => Exit::Fine.into(),
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {}", sentence(&error));
            code(&error).into()
        }
    }
}

/// The exit code that an error stands for.
fn code(error: &anyhow::Error) -> Exit {
    error
        .chain()
        .find_map(code_of_cause)
        .unwrap_or(Exit::CouldNotRun)
}

fn code_of_cause(cause: &(dyn Error + 'static)) -> Option<Exit> {
    if cause.is::<Usage>() {
        return Some(Exit::Usage);
    }
    match cause.downcast_ref() {
        Some(CaptureError::AmbiguousName { .. }) => return Some(Exit::Usage),
        Some(_) => return Some(Exit::CouldNotRun),
        None => {}
    }
    match cause.downcast_ref() {
        Some(ReadError::Empty { .. }) => return Some(Exit::Inconclusive),
        Some(ReadError::NoMeasure { .. }) => return Some(Exit::Usage),
        Some(_) => return Some(Exit::CouldNotRun),
        None => {}
    }
    if let Some(FormatError::NoSamples | FormatError::NothingToCompare { .. }) =
        cause.downcast_ref()
    {
        return Some(Exit::Inconclusive);
    }
    match cause.downcast_ref()? {
        BaselineError::NoSamples => Some(Exit::Inconclusive),
        BaselineError::InvalidName { .. }
        | BaselineError::Exists { .. }
        | BaselineError::SameRun { .. }
        | BaselineError::NotFound { .. } => Some(Exit::Usage),
        _ => None,
    }
}

/// Whether the error is that nobody reads our output any more.
fn reader_left(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// The chain of causes as one sentence. A cause that the sentence has quoted already is left out.
pub(crate) fn sentence(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn an_ambiguous_name_is_wrong_usage() {
        let error = CaptureError::AmbiguousName {
            name: "sh".into(),
            matches: Vec::new(),
        };
        assert_eq!(code(&anyhow!(error)), Exit::Usage);
    }

    #[test]
    fn a_process_that_is_gone_could_not_run_whatever_the_context() {
        let error = anyhow!(CaptureError::NoSuchProcess { pid: 1 }).context("cannot attach");
        assert_eq!(code(&error), Exit::CouldNotRun);
    }

    #[test]
    fn a_capture_without_samples_is_inconclusive() {
        assert_eq!(code(&anyhow!(FormatError::NoSamples)), Exit::Inconclusive);
    }

    #[test]
    fn a_cause_that_was_quoted_is_not_said_twice() {
        let source = io::Error::from_raw_os_error(28);
        let error = anyhow!(CaptureError::Write {
            path: "/x".into(),
            source
        });
        assert_eq!(sentence(&error).matches("No space left").count(), 1);
        let error = anyhow!("inner").context("outer");
        assert_eq!(sentence(&error), "outer: inner");
    }
}
