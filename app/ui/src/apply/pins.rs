//! Commands of pins: a view becomes evidence, and is seen again as it was.

use std::path::PathBuf;

use super::{leave, notes, profile, show};
use crate::{
    command::{PinAction, Request, Screen},
    note::About,
    pin::{self, PinState},
    state::{
        State,
        profile::{Mode, Resumed},
    },
    views::{Task, picture::Sight},
    widgets::flame::Window,
};

/// Carries out what was done to pins.
pub(super) fn apply(state: &mut State, action: PinAction) {
    match action {
        PinAction::Begin => begin(state),
        PinAction::Select(id) => (state.pins.selected, state.pins.doomed) = (Some(id), None),
        PinAction::Step(by) => step(state, by),
        PinAction::OpenSelected => {
            let selected = state.pins.selected.clone();
            state.requests.extend(selected.map(Request::OpenPin));
        }
        PinAction::Note(id) => note(state, id),
        PinAction::AskRemove(id) => state.pins.doomed = Some(id),
        PinAction::KeepIt => state.pins.doomed = None,
        PinAction::Remove(id) => {
            state.pins.doomed = None;
            state.requests.push(Request::RemovePin(id));
        }
    }
}

/// Esc on the screen of pins.
pub(super) fn unwind(state: &mut State) {
    state.unfocus = true;
    if state.pins.doomed.take().is_none() {
        state.pins.selected = None;
    }
}

/// Asks for the note of a view that is to be pinned.
fn begin(state: &mut State) {
    let can = |open: &crate::state::profile::Open| !open.live;
    if state.screen != Screen::Profile || !state.profile.shown().is_some_and(can) {
        return;
    }
    let subject = pin::title_of(&state.profile);
    notes::write(state, About::NewPin, subject, String::new());
}

/// Has the picture drawn of a view that is pinned with a note.
pub(super) fn keep(state: &mut State, title: String, note: String) {
    let profile = &state.profile;
    let Some(open) = &profile.open else { return };
    let generation = open.generation;
    let sight = Box::new(Sight {
        shown: open.shown.clone(),
        mode: profile.mode,
        unit: open.unit(),
        by_base: open.by_base,
        against: open.arrangement.against.clone(),
        window: match profile.mode {
            // Its window is of time; the picture is of the same stacks, merged.
            Mode::TimeOrder => Window::ALL,
            _ => profile.window,
        },
        selected: profile.selected,
        path: open.loaded.path.clone(),
        title,
        note,
        view: PinState::of(profile),
    });
    state.views.ask(Task::Picture { generation, sight });
}

fn step(state: &mut State, by: i32) {
    let ids: Vec<String> = state.pins.shown().map(|pin| pin.id.clone()).collect();
    let Some(last) = ids.len().checked_sub(1) else {
        return;
    };
    let selected = state.pins.selected.as_ref();
    let at = selected.and_then(|id| ids.iter().position(|other| other == id));
    let to = at.map_or(0, |at| (at as i32 + by).clamp(0, last as i32) as usize);
    state.pins.selected = Some(ids[to].clone());
    state.pins.doomed = None;
}

fn note(state: &mut State, id: String) {
    let found = state.pins.shown().find(|pin| pin.id == id).cloned();
    if let Some(pin) = found {
        notes::write(state, About::Pin(id), pin.title.clone(), pin.note.clone());
    }
}

/// Shows a pinned view of a capture, which is opened first where it is not yet.
pub(super) fn open(state: &mut State, path: PathBuf, resumed: Resumed) {
    let is_open = state.tab_of_file(&path).is_some();
    // Its tab is the one that is shown then, whether it is there already or waits for the file.
    super::ask(state, Request::Open(path));
    state.profile.to_resume = Some(resumed);
    if is_open {
        resume(state);
    }
}

/// Shows the pinned view that the shown tab waits for, where its capture is there.
pub(super) fn resume(state: &mut State) {
    if state.profile.shown().is_none() {
        return;
    }
    if state.profile.to_resume.is_some() {
        leave(state);
        show(state, Screen::Profile);
        resume_here(state);
    }
}

/// The same, in a tab that may stay behind.
pub(super) fn resume_here(state: &mut State) {
    let Some(Resumed { view, others }) = state.profile.to_resume.take() else {
        return;
    };
    if let Some(request) = other_measure(state, view.measure()) {
        // The file comes once more, by that measure.
        state.requests.push(request);
        state.profile.to_resume = Some(Resumed { view, others });
        return;
    }
    view.begin(&mut state.profile, others);
    state.profile.resumed = Some(view);
    profile::rearrange(state);
    profile::ask_search(state);
}

/// What has the open file read by another measure, where it measures that.
fn other_measure(state: &State, wanted: Option<&str>) -> Option<Request> {
    let open = state.profile.open.as_ref()?;
    let measure = wanted.filter(|wanted| open.measure() != Some(*wanted))?;
    open.measures().iter().find(|name| *name == measure)?;
    Some(Request::Measure {
        path: open.loaded.path.clone(),
        measure: measure.to_owned(),
    })
}

/// Sets what belongs to the tree of a pinned view, which has come.
pub(super) fn finish(state: &mut State) {
    let Some(view) = state.profile.resumed.take() else {
        return;
    };
    let selected = view.finish(&mut state.profile);
    profile::select(state, selected);
    state.profile.zoomed = profile::filling(state);
    profile::ask_search(state);
}
