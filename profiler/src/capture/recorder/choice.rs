//! Chooses the best sampler that is permitted: perf events, else ptrace.

use std::{fs, io};

use super::{RecordOptions, opener};
use crate::capture::{
    CaptureError,
    model::Subject,
    perf::{AttachError, PerfOptions, PerfSampler, PerfSubject, SwitchTaker},
    ptrace::PtraceSampler,
    sampler::Sampler,
    tables::Tables,
    target::{self, Resolved},
    waits::{
        pairing::Pairing,
        polling::{Poller, Reason},
        polling_sampler::PollingSampler,
        tracepoint,
    },
};

/// Opens the best sampler that is permitted, with what the user should know of the choice.
/// `from_exec`: the target is held before its exec, and sampled from there on. Where waits are asked
/// for and context switches are refused, threads are polled for them.
pub(super) fn open(
    resolved: &Resolved,
    from_exec: bool,
    options: &RecordOptions,
    tables: &mut Tables,
) -> Result<(Box<dyn Sampler>, Vec<String>), CaptureError> {
    let (sampler, mut warnings) = open_sampler(resolved, from_exec, options, tables)?;
    if !options.off_cpu || sampler.wait_source().is_some() {
        return Ok((sampler, warnings));
    }
    if resolved.subject == Subject::System || resolved.pids.is_empty() {
        warnings.push(no_waits("the whole machine cannot be polled for them"));
        return Ok((sampler, warnings));
    }
    match Poller::open(&resolved.pids, options.follows_children, Reason::Refused) {
        Ok(poller) => Ok((Box::new(PollingSampler::new(sampler, poller)), warnings)),
        Err(error) => {
            warnings.push(no_waits(&format!(
                "its threads may not be looked at either ({error})"
            )));
            Ok((sampler, warnings))
        }
    }
}

fn no_waits(why: &str) -> String {
    format!(
        "Waits are not recorded: context switches are refused, and {why}. To record them: \
         sudo sysctl kernel.perf_event_paranoid=1"
    )
}

fn open_sampler(
    resolved: &Resolved,
    from_exec: bool,
    options: &RecordOptions,
    tables: &mut Tables,
) -> Result<(Box<dyn Sampler>, Vec<String>), CaptureError> {
    let mut perf_options = PerfOptions {
        frequency_hz: options.frequency_hz.max(1),
        call_graph: options.call_graph,
        stack_dump_bytes: options.stack_dump_bytes,
        follows_children: options.follows_children,
        from_exec,
        page_faults: options.page_faults,
        switch_taker: options.off_cpu.then(|| {
            let taker: Box<dyn SwitchTaker> = Box::new(Pairing::new(
                &resolved.pids,
                options.follows_children,
                from_exec,
            ));
            taker
        }),
        wakeup_tracepoint: options.off_cpu.then(tracepoint::of_wakeups).flatten(),
    };
    let (subject, mut warnings) = subject(resolved)?;
    let chosen = opener::choose(&subject, options);
    warnings.extend(chosen.warnings);
    if options.off_cpu && chosen.wakeup_tracepoint.is_some() {
        perf_options.wakeup_tracepoint = chosen.wakeup_tracepoint;
    }
    match PerfSampler::attach(subject, perf_options, chosen.opener, tables) {
        Ok(sampler) => Ok((Box::new(sampler), warnings)),
        Err(AttachError::Failed(error)) => Err(error),
        Err(AttachError::Refused(refusal)) => match resolved.pids.as_slice() {
            [pid] if resolved.subject != Subject::System => {
                open_ptrace(*pid, options, &refusal, tables)
            }
            pids => Err(CaptureError::NotPermitted {
                pid: pids.first().copied().unwrap_or(0),
                why: format!(
                    "perf events are refused ({refusal}), and ptrace samples single processes alone"
                ),
                remedy: whole_remedy(&resolved.subject).to_owned(),
            }),
        },
    }
}

/// What perf events are bound to, with what the user should know of it.
fn subject(resolved: &Resolved) -> Result<(PerfSubject, Vec<String>), CaptureError> {
    let Subject::Cgroup { path } = &resolved.subject else {
        let subject = match resolved.subject {
            Subject::System => PerfSubject::System,
            _ => PerfSubject::Processes(resolved.pids.clone()),
        };
        return Ok((subject, Vec::new()));
    };
    if let Some(folder) = target::open_perf_folder(path, &resolved.pids) {
        let subject = PerfSubject::Cgroup(folder.into());
        if PerfSampler::may_sample(&subject) {
            return Ok((subject, Vec::new()));
        }
    }
    if resolved.pids.is_empty() {
        return Err(CaptureError::EmptyCgroup {
            path: path.clone(),
            why: format!(
                "no hierarchy with perf events has it, or they are refused ({})",
                whole_remedy(&resolved.subject)
            ),
        });
    }
    let warning = format!(
        "The control group {path} cannot be followed as a whole here: its {} processes of now and \
         their children are sampled; what joins it later is missed",
        resolved.pids.len()
    );
    Ok((PerfSubject::Processes(resolved.pids.clone()), vec![warning]))
}

/// The command that would permit what reaches beyond single processes.
fn whole_remedy(subject: &Subject) -> &'static str {
    match subject {
        Subject::System | Subject::Cgroup { .. } => "sudo sysctl kernel.perf_event_paranoid=-1",
        Subject::Processes | Subject::Tree => remedy(paranoia()),
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
