//! Commands of the tabs, and which tab a capture that has come belongs to.

use std::path::{Path, PathBuf};

use scrutineer_checklists::verdict::Outcome;

use crate::{
    command::{Request, Screen, TabAction},
    event::LoadedProfile,
    open_tabs::OpenTab,
    state::{
        State,
        profile::{ProfileState, Resumed},
    },
};

/// Carries out what was done to the tabs.
pub(super) fn apply(state: &mut State, action: TabAction) {
    match action {
        TabAction::Show(place) => show(state, place),
        TabAction::Step(by) => {
            let count = state.tabs.count() as i32;
            let place = (state.tabs.shown() as i32 + by).rem_euclid(count);
            show(state, place as usize);
        }
        TabAction::Close(place) => close(state, place),
        TabAction::CloseShown => close(state, state.tabs.shown()),
    }
}

fn show(state: &mut State, place: usize) {
    if place >= state.tabs.count() || is_empty(state.tab(place)) {
        return;
    }
    state.show_tab(place);
    if !matches!(state.screen, Screen::Profile | Screen::Memory) {
        super::leave(state);
        super::show(state, Screen::Profile);
    }
    came_to_front(state);
}

fn close(state: &mut State, place: usize) {
    if place >= state.tabs.count() {
        return;
    }
    let is_live = state.tab(place).open.as_ref().is_some_and(|open| open.live);
    state.tabs.recording_is_closed |= is_live;
    state.views.forget(state.tab(place).generation);
    state.remove_tab(place);
    state.drawer = false;
    came_to_front(state);
}

/// Tells the application which capture is looked at.
fn came_to_front(state: &mut State) {
    state.unfocus = true;
    state.profile.reveal = true;
    let open = state.profile.open.as_ref();
    // Another tool's file may come from anywhere, and from any time.
    let open = open.filter(|open| open.profile().foreign.is_none());
    let header = open.map(|open| {
        let header = &open.profile().header;
        (header.pid, header.name.clone())
    });
    state.requests.push(Request::FrontCapture(header));
}

fn is_empty(tab: &ProfileState) -> bool {
    tab.open.is_none() && tab.awaited.is_none()
}

/// Makes room for a capture that was asked for: a tab of its own, unless the shown one is free.
/// `path` is its file, where it is known already.
pub(super) fn begin(state: &mut State, words: String, path: Option<PathBuf>) {
    if !is_empty(&state.profile) {
        state.add_tab();
    }
    state.profile.awaited = Some(words);
    state.tabs.recording_is_closed = false;
    state.tabs.await_file(path);
}

/// Nothing is waited for any more: tabs that have stayed empty go.
pub(super) fn give_up(state: &mut State) {
    for place in (0..state.tabs.count()).rev() {
        if state.tab(place).to_reopen.is_some() {
            // Files of last time come, or fail, one by one.
            continue;
        }
        state.within_tab(place, |state| {
            state.profile.awaited = None;
            state.tabs.await_file(None);
        });
        if state.tabs.count() > 1 && is_empty(state.tab(place)) {
            state.remove_tab(place);
        }
    }
}

/// Opens a capture, or the next picture of the one that grows, in the tab that it belongs to.
pub(super) fn open(state: &mut State, loaded: LoadedProfile, live: bool) {
    let known = state.tab_of_file(&loaded.path);
    let awaiting = state.tab_awaiting(&loaded.path);
    let expecting = state.find_tab(|tab| tab.awaited.is_some());
    let free = state.find_tab(is_empty);
    if live && known.is_none() && state.tabs.recording_is_closed {
        return;
    }
    // One that grew unseen, or was finished, does not come to the front by itself.
    let stays_behind = known.is_some() && awaiting.is_none();
    let shown = state.tabs.shown();
    match known.or(awaiting).or(expecting).or(free) {
        Some(place) => state.show_tab(place),
        None => state.add_tab(),
    }
    if live && state.profile.frozen {
        state.show_tab(shown);
        return;
    }
    state.profile.frozen &= live;
    state.tabs.await_file(None);
    super::profile::open(state, loaded, live);
    if stays_behind {
        state.show_tab(shown);
    } else if !live || shown != state.tabs.shown() {
        came_to_front(state);
    }
}

/// Makes a tab for each file of last time that is being read, behind what is shown unless one of
/// them is to be in front.
pub(super) fn found(
    state: &mut State,
    tabs: Vec<OpenTab>,
    front: Option<usize>,
    missing: &[PathBuf],
) {
    let mut shown = state.tabs.shown();
    let was_empty = is_empty(&state.profile);
    for (place, tab) in tabs.into_iter().enumerate() {
        let path = &tab.path;
        if state.tab_of_file(path).is_some() || state.tab_awaiting(path).is_some() {
            continue;
        }
        begin(
            state,
            format!("Opening {}", name_of(path)),
            Some(path.clone()),
        );
        state.profile.to_reopen = Some(tab);
        if front == Some(place) {
            shown = state.tabs.shown();
        }
    }
    state.show_tab(shown);
    if front.is_some() && was_empty && state.screen == Screen::Start && !is_empty(&state.profile) {
        super::show(state, Screen::Profile);
    }
    if let Some(words) = missing_words(missing) {
        state.notify(Outcome::Attention, words, None);
    }
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// Which files of last time are gone, in a sentence.
fn missing_words(missing: &[PathBuf]) -> Option<String> {
    let names: Vec<String> = missing.iter().map(|path| name_of(path)).collect();
    match names.as_slice() {
        [] => None,
        [one] => Some(format!(
            "{one} was open last time and is not there any more: its tab is left out."
        )),
        more => Some(format!(
            "{} were open last time and are not there any more: their tabs are left out.",
            more.join(", ")
        )),
    }
}

/// Opens a capture of last time in the tab that waits for it; nothing where that was closed.
pub(super) fn restored(state: &mut State, loaded: LoadedProfile, resumed: Resumed) {
    let Some(place) = state.tab_awaiting(&loaded.path) else {
        return;
    };
    state.within_tab(place, |state| {
        state.tabs.await_file(None);
        super::profile::open(state, loaded, false);
        state.profile.to_reopen = None;
        state.profile.to_resume = Some(resumed);
        super::pins::resume_here(state);
    });
    if place == state.tabs.shown() {
        came_to_front(state);
    }
}

/// No tab waits for a file any more: one that has stayed empty goes.
pub(super) fn give_up_file(state: &mut State, path: &Path) {
    let Some(place) = state.tab_awaiting(path) else {
        return;
    };
    state.within_tab(place, |state| {
        state.profile.awaited = None;
        state.profile.to_reopen = None;
        state.tabs.await_file(None);
    });
    if state.tabs.count() > 1 && is_empty(state.tab(place)) {
        state.remove_tab(place);
    }
}
