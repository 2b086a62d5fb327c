//! Chooses who opens the events: this process, or the helper where that gives more.

use super::RecordOptions;
use crate::capture::{
    helper::{self, HelperOpener},
    perf::{EventChoice, EventOpener, OwnOpener, PerfSubject},
};

/// Who opens events, and what follows.
#[derive(Debug)]
pub(super) struct ChosenOpener {
    pub(super) opener: Box<dyn EventOpener>,
    /// The number of the tracepoint of wake-ups, where the helper may open it.
    pub(super) wakeup_tracepoint: Option<u64>,
    /// What the user should know of it.
    pub(super) warnings: Vec<String>,
}

/// Asks the helper only where this process is refused something that is wanted. What reaches beyond
/// single processes is the same by either.
pub(super) fn choose(subject: &PerfSubject, options: &RecordOptions) -> ChosenOpener {
    let own = |warnings| ChosenOpener {
        opener: Box::new(OwnOpener),
        wakeup_tracepoint: None,
        warnings,
    };
    let is_enough =
        EventChoice::best(subject.trial_scope(), &mut OwnOpener).is_ok_and(|choice| choice.kernel);
    let is_whole = !matches!(subject, PerfSubject::Processes(_));
    if is_enough || is_whole || !options.may_use_helper {
        return own(Vec::new());
    }
    let Some(path) = helper::find() else {
        return own(Vec::new());
    };
    match HelperOpener::start(&path) {
        Ok(mut helper) => match EventChoice::best(subject.trial_scope(), &mut helper) {
            Ok(choice) if choice.kernel => ChosenOpener {
                wakeup_tracepoint: helper.powers().wakeup_tracepoint.map(u64::from),
                opener: Box::new(helper),
                warnings: Vec::new(),
            },
            // It refuses the target, or its kernel does: what this process may do alone is left.
            _ => own(Vec::new()),
        },
        Err(error) => own(vec![format!(
            "Recording goes on without the helper: {error}"
        )]),
    }
}
