//! Chooses the best sampler that is permitted: perf events, else ptrace.

use std::{fs, io};

use super::RecordOptions;
use crate::capture::{
    CaptureError,
    perf::{AttachError, PerfOptions, PerfSampler},
    ptrace::PtraceSampler,
    sampler::Sampler,
    tables::Tables,
};

/// The kernel refuses more.
const LARGEST_STACK_DUMP_BYTES: u32 = 65_528;

/// Opens the best sampler that is permitted, with what the user should know of the choice.
/// `from_exec`: the target is held before its exec, and sampled from there on.
pub(super) fn open(
    pid: u32,
    from_exec: bool,
    options: &RecordOptions,
    tables: &mut Tables,
) -> Result<(Box<dyn Sampler>, Vec<String>), CaptureError> {
    let perf_options = PerfOptions {
        frequency_hz: options.frequency_hz.max(1),
        stack_dump_bytes: options.stack_dump_bytes.clamp(8, LARGEST_STACK_DUMP_BYTES) & !7,
        from_exec,
    };
    match PerfSampler::attach(pid, perf_options, tables) {
        Ok(sampler) => Ok((Box::new(sampler), Vec::new())),
        Err(AttachError::Failed(error)) => Err(error),
        Err(AttachError::Refused(refusal)) => open_ptrace(pid, options, &refusal, tables),
    }
}

fn open_ptrace(
    pid: u32,
    options: &RecordOptions,
    refusal: &io::Error,
    tables: &mut Tables,
) -> Result<(Box<dyn Sampler>, Vec<String>), CaptureError> {
    let remedy = remedy(paranoia());
    match PtraceSampler::attach(pid, options.frequency_hz, tables) {
        Ok(sampler) => {
            let warning = format!(
                "Perf events are refused here ({refusal}), so the target is sampled by ptrace, \
                 which stops it for a moment {} times a second and sees no kernel code. To sample \
                 without stopping it: {remedy}",
                sampler.frequency_hz()
            );
            Ok((Box::new(sampler), vec![warning]))
        }
        Err(CaptureError::NotPermitted { pid, why, .. }) => Err(CaptureError::NotPermitted {
            pid,
            why: format!("perf events are refused ({refusal}), and for ptrace, {why}"),
            remedy: remedy.to_owned(),
        }),
        Err(error) => Err(error),
    }
}

/// `kernel.perf_event_paranoid`; `None` where the kernel has no perf events.
fn paranoia() -> Option<i32> {
    fs::read_to_string("/proc/sys/kernel/perf_event_paranoid")
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// The command that would enable perf events.
fn remedy(paranoia: Option<i32>) -> &'static str {
    match paranoia {
        None => "boot a kernel with CONFIG_PERF_EVENTS",
        Some(level) if level > 2 => "sudo sysctl kernel.perf_event_paranoid=1",
        // The setting permits it, so something around this process does not.
        Some(_) => {
            "allow perf_event_open in the sandbox or the container's seccomp profile \
             (docker run --cap-add PERFMON)"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remedy_fits_what_stands_in_the_way() {
        assert!(remedy(Some(4)).starts_with("sudo sysctl"));
        assert!(remedy(Some(2)).contains("seccomp"));
        assert!(remedy(None).contains("CONFIG_PERF_EVENTS"));
    }
}
