//! Commands of the checklist screen.

use scrutineer_checklists::{review::Choice, verdict::Outcome};

use crate::{
    command::{Command, Entry, Request},
    screens::checklist::{OWNER, REASON, UNTIL},
    state::{State, checklist::Draft},
};

/// Carries out what belongs to the checklist.
pub(super) fn apply(state: &mut State, command: Command) {
    let checklist = &mut state.checklist;
    match command {
        Command::ShowItems(show) => checklist.show = show,
        Command::FilterItems(filter) => checklist.filter = filter,
        Command::SelectItem(id) => select(state, id),
        Command::StepItem(by) => step(state, by),
        Command::TypeReason(why) => (checklist.why, checklist.complaint) = (why, None),
        Command::TypeUntil(until) => (checklist.until, checklist.complaint) = (until, None),
        Command::Confirm => confirm(state),
        Command::DraftOverrule(outcome) => draft(state, Draft::Overrule(outcome)),
        Command::DraftWaive => draft(state, Draft::Waive),
        Command::DraftNotApplicable => draft(state, Draft::NotApplicable),
        Command::DraftFinding(severity) => draft(state, Draft::Finding(severity)),
        Command::DraftAction => draft(state, Draft::Action),
        Command::DraftNote => draft(state, Draft::Note),
        Command::TypeOwner(owner) => (checklist.owner, checklist.complaint) = (owner, None),
        Command::Decide => {
            decide(state);
        }
        Command::DropDraft => drop_draft(state),
        Command::Gather => gather(state),
        _ => {}
    }
}

/// Esc on the checklist: the draft, the filter, the selection.
pub(super) fn unwind(state: &mut State) {
    state.unfocus = true;
    let checklist = &mut state.checklist;
    if checklist.draft != Draft::None {
        drop_draft(state);
    } else if !checklist.filter.is_empty() {
        checklist.filter.clear();
    } else {
        checklist.selected = None;
    }
}

fn select(state: &mut State, id: String) {
    if state.checklist.selected.as_ref() != Some(&id) {
        super::leave(state);
        drop_draft(state);
        state.checklist.selected = Some(id);
    }
}

fn step(state: &mut State, by: i32) {
    let ids = state.checklist.shown_ids();
    let selected = state.checklist.selected.as_deref();
    let at = ids.iter().position(|id| Some(*id) == selected);
    let last = ids.len().saturating_sub(1) as i32;
    let to = at.map_or(0, |at| (at as i32 + by).clamp(0, last) as usize);
    if let Some(id) = ids.get(to).map(|id| (*id).to_owned()) {
        drop_draft(state);
        state.checklist.selected = Some(id);
        state.checklist.reveal = true;
    }
}

/// Drops what is being written.
pub(super) fn drop_draft(state: &mut State) {
    let checklist = &mut state.checklist;
    checklist.draft = Draft::None;
    checklist.why.clear();
    checklist.complaint = None;
    state.unfocus = true;
}

fn draft(state: &mut State, draft: Draft) {
    if state.checklist.item().is_none() {
        return;
    }
    let wants_date = matches!(draft, Draft::Waive | Draft::Action);
    if wants_date && state.checklist.until.is_empty() {
        let month = jiff::SignedDuration::from_hours(24 * 30);
        let until = (state.now + month)
            .to_zoned(jiff::tz::TimeZone::system())
            .date();
        state.checklist.until = until.to_string();
    }
    state.checklist.draft = draft;
    state.checklist.complaint = None;
    state.focus = Some(if draft == Draft::Waive { UNTIL } else { REASON });
}

/// A confirmation needs no reason; one that was written goes along.
fn confirm(state: &mut State) {
    if state.checklist.item().is_some() {
        send(state, Choice::Confirm);
    }
}

/// Stores what is being written; gives whether it could be.
pub(super) fn decide(state: &mut State) -> bool {
    let checklist = &mut state.checklist;
    if checklist.why.trim().is_empty() && checklist.draft != Draft::None {
        let words = match checklist.draft {
            Draft::Finding(_) => "Say what is so, in a sentence.",
            Draft::Action => "Say what is to be done, in a sentence.",
            Draft::Note => "Write the note first.",
            _ => "Say why: whoever reads the review needs the reason.",
        };
        checklist.complaint = Some(words.into());
        state.focus = Some(REASON);
        return false;
    }
    let choice = match checklist.draft {
        Draft::Finding(_) | Draft::Action | Draft::Note => {
            return write_down(state);
        }
        Draft::None => Choice::Confirm,
        Draft::Overrule(outcome) => Choice::Overrule(outcome),
        Draft::NotApplicable => Choice::NotApplicable,
        Draft::Waive => {
            let Ok(until) = checklist.until.trim().parse() else {
                let words = "Write the date as year-month-day: 2026-12-31.";
                checklist.complaint = Some(words.to_owned());
                state.focus = Some(UNTIL);
                return false;
            };
            Choice::Waive { until }
        }
    };
    send(state, choice);
    true
}

/// Stores what a draft says that decides nothing.
fn write_down(state: &mut State) -> bool {
    let checklist = &mut state.checklist;
    let words = checklist.why.trim().to_owned();
    let entry = match checklist.draft {
        Draft::Finding(severity) => Entry::Finding {
            severity,
            claim: words,
        },
        Draft::Action => {
            let owner = checklist.owner.trim().to_owned();
            if owner.is_empty() {
                checklist.complaint = Some("Say who does it: an action has one owner.".into());
                state.focus = Some(OWNER);
                return false;
            }
            let Ok(due) = checklist.until.trim().parse() else {
                let words = "Write the day as year-month-day: 2026-12-31.";
                checklist.complaint = Some(words.to_owned());
                state.focus = Some(UNTIL);
                return false;
            };
            Entry::Action {
                what: words,
                owner,
                due,
            }
        }
        _ => Entry::Note { text: words },
    };
    let item = checklist.selected.clone();
    state.requests.push(Request::WriteDown { item, entry });
    drop_draft(state);
    true
}

fn send(state: &mut State, choice: Choice) {
    let Some(item) = state.checklist.item().map(|item| item.id.clone()) else {
        return;
    };
    let why = state.checklist.why.trim().to_owned();
    state.requests.push(Request::Decide { item, choice, why });
    drop_draft(state);
}

fn gather(state: &mut State) {
    let open = state.profile.open.is_some();
    let pid = if open { None } else { state.start.selected };
    if !open && pid.is_none() {
        let words = "Nothing to look at yet: record a process, open a capture, or select a process \
                     on the start screen. Then gather again.";
        state.notify(Outcome::Attention, words.to_owned(), None);
        return;
    }
    state.requests.push(Request::Gather { pid });
}
