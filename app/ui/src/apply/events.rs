//! What the application tells changes the state.

use std::sync::Arc;

use scrutineer_checklists::{document::ReviewDocument, verdict::Outcome};

use super::{profile, tabs};
use crate::{
    command::{Request, Screen},
    event::Event,
    state::{Job, RecordingNow, State, profile::Resumed},
};

/// Takes an answer of the application.
pub(crate) fn handle(state: &mut State, event: Event) {
    match event {
        Event::Processes(processes) => {
            state.start.processes = Some(processes);
            state.start.arrange();
        }
        Event::Abilities(abilities) => state.start.abilities = Some(abilities),
        Event::Preflight { pid, notes } => state.start.notes = Some((pid, notes)),
        Event::Captures(captures) => state.start.captures = Some(captures),
        Event::JobStarted { id, title } => {
            let since_s = state.time_s;
            state.jobs.push(Job {
                id,
                title,
                step: String::new(),
                done: None,
                since_s,
            });
        }
        Event::JobProgress { id, step, done } => {
            if let Some(job) = state.jobs.iter_mut().find(|job| job.id == id) {
                (job.step, job.done) = (step, done);
            }
        }
        Event::JobEnded { id } => state.jobs.retain(|job| job.id != id),
        Event::Recording {
            pid,
            elapsed,
            quality,
        } => {
            let recording = state.recording.get_or_insert_with(RecordingNow::default);
            (recording.pid, recording.elapsed, recording.quality) = (Some(pid), elapsed, quality);
        }
        Event::RecordingEnded { warnings } => ended(state, warnings),
        Event::Live(loaded) => tabs::open(state, loaded, true),
        Event::Loaded(loaded) => {
            if let Some(damage) = loaded.damage.clone() {
                state.notify(Outcome::Attention, damage, None);
            }
            tabs::open(state, loaded, false);
            super::pins::resume(state);
            if state.screen == Screen::Start {
                super::leave(state);
                super::show(state, Screen::Profile);
            }
        }
        Event::Other {
            path,
            side,
            beside,
            profile,
            damage,
        } => {
            if let Some(damage) = damage {
                state.notify(Outcome::Attention, damage, None);
            }
            super::compare::loaded(state, (path, profile), side, &beside);
        }
        Event::Review(review) => reviewed(state, review),
        Event::ReviewFacts(facts) => super::review::told(state, facts),
        Event::ReviewCapture(capture) => {
            (state.review.capture, state.review.loads) = (capture, false);
        }
        Event::Overdue(overdue) => state.review.overdue = overdue,
        Event::Pins(pins) => state.pins.list = Some(pins),
        Event::PinFound { path, view, others } => {
            super::pins::open(state, path, Resumed { view, others });
        }
        Event::TabsFound {
            tabs,
            front,
            missing,
        } => super::tabs::found(state, tabs, front, &missing),
        Event::Restored {
            loaded,
            view,
            others,
        } => super::tabs::restored(state, loaded, Resumed { view, others }),
        Event::OpenFailed { path, message } => {
            super::tabs::give_up_file(state, &path);
            let command = command_in(&message);
            state.notify(Outcome::Fail, message, command);
        }
        Event::Settings {
            settings,
            path,
            problem,
        } => super::settings::told(state, settings.map(|settings| *settings), path, problem),
        Event::Said { message } => state.notify(Outcome::Pass, message, None),
        Event::Saved { path } => {
            let words = format!("Saved {}", path.display());
            state.notify(Outcome::Pass, words, None);
            state.requests.push(Request::ListCaptures);
        }
        Event::Failed { message } => failed(state, message),
    }
}

/// Takes what the thread of views has worked out.
pub(crate) fn poll_views(state: &mut State) {
    for answer in state.views.answers() {
        let generation = answer.generation();
        let asked = state.find_tab(|tab| tab.generation == generation);
        if let Some(place) = asked {
            state.within_tab(place, |state| profile::answered(state, answer));
        }
    }
}

fn ended(state: &mut State, warnings: Vec<String>) {
    state.recording = None;
    state.requests.push(Request::ListCaptures);
    let live = state.find_tab(|tab| tab.open.as_ref().is_some_and(|open| open.live));
    if let Some(place) = live {
        state.within_tab(place, |state| {
            state.profile.frozen = false;
            if let Some(open) = &mut state.profile.open {
                open.live = false;
            }
        });
    } else if state.profile.open.is_none() {
        state.profile.awaited = Some("Reading the capture".to_owned());
    }
    for warning in warnings {
        let command = command_in(&warning);
        state.notify(Outcome::Attention, warning, command);
    }
}

fn reviewed(state: &mut State, review: Arc<ReviewDocument>) {
    let checklist = &mut state.checklist;
    let known = |id: &String| review.items().any(|item| item.id == *id);
    if !checklist.selected.as_ref().is_some_and(known) {
        let worst = review.items().min_by_key(|item| item.effective);
        checklist.selected = worst.map(|item| item.id.clone());
    }
    checklist.review = Some(review);
    if state.screen == Screen::Review {
        super::review::shown(state);
    }
}

fn failed(state: &mut State, message: String) {
    tabs::give_up(state);
    if let Some(recording) = &mut state.recording {
        recording.stopping = false;
    }
    let command = command_in(&message);
    state.notify(Outcome::Fail, message, command);
}

/// The command that a sentence names: between backquotes, or after `sudo` to the end of the line.
fn command_in(message: &str) -> Option<String> {
    if let Some((_, quoted)) = message.split_once('`') {
        return quoted
            .split_once('`')
            .map(|(command, _)| command.to_owned());
    }
    let at = message.find("sudo ")?;
    let command = message[at..]
        .lines()
        .next()?
        .trim_end_matches(['.', ')', ';']);
    Some(command.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_in_a_message_can_be_copied() {
        assert_eq!(
            command_in("refused. To enable it: sudo sysctl a.b=1."),
            Some("sudo sysctl a.b=1".into())
        );
        assert_eq!(
            command_in("List processes with `ps -e`"),
            Some("ps -e".into())
        );
        assert_eq!(command_in("nothing to run"), None);
    }
}
