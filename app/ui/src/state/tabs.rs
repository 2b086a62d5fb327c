//! Captures that are open side by side: each with its own selection, view and history.

use std::path::{Path, PathBuf};

use super::{State, history::History, profile::ProfileState};
use crate::event::LoadedProfile;

/// Names a tab as long as it is open.
pub(crate) type TabId = u64;

/// What a tab holds while another one is shown.
#[derive(Debug, Default)]
struct Parked {
    profile: ProfileState,
    history: History,
}

/// One tab.
#[derive(Debug)]
struct Slot {
    id: TabId,
    /// `None` while the tab is shown: its parts lie in the state then.
    parked: Option<Box<Parked>>,
    /// The file that was asked for and has not come yet.
    awaited: Option<PathBuf>,
}

/// The tabs, at least one.
#[derive(Debug)]
pub(crate) struct Tabs {
    slots: Vec<Slot>,
    shown: usize,
    next_id: TabId,
    /// Whether the tab of the recording that runs was closed.
    pub(crate) recording_is_closed: bool,
}

impl Default for Tabs {
    fn default() -> Self {
        Self {
            slots: vec![Slot {
                id: 0,
                parked: None,
                awaited: None,
            }],
            shown: 0,
            next_id: 1,
            recording_is_closed: false,
        }
    }
}

impl Tabs {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.slots.len()
    }

    /// The place of the one that is shown.
    pub(crate) fn shown(&self) -> usize {
        self.shown
    }

    /// What names the tab of a place.
    pub(crate) fn id(&self, place: usize) -> TabId {
        self.slots[place].id
    }

    /// Notes that a file was asked for in the tab that is shown.
    pub(crate) fn await_file(&mut self, path: Option<PathBuf>) {
        self.slots[self.shown].awaited = path;
    }
}

impl State {
    /// What the tab of a place holds.
    pub(crate) fn tab(&self, place: usize) -> &ProfileState {
        match &self.tabs.slots[place].parked {
            Some(parked) => &parked.profile,
            None => &self.profile,
        }
    }

    /// The first tab of which something holds.
    pub(crate) fn find_tab(&self, holds: impl Fn(&ProfileState) -> bool) -> Option<usize> {
        (0..self.tabs.count()).find(|place| holds(self.tab(*place)))
    }

    /// The tab in which a file is open.
    pub(crate) fn tab_of_file(&self, path: &Path) -> Option<usize> {
        let is_it = |loaded: &LoadedProfile| loaded.path == path;
        self.find_tab(|tab| tab.open.as_ref().is_some_and(|open| is_it(&open.loaded)))
    }

    /// The tab in which a file was asked for.
    pub(crate) fn tab_awaiting(&self, path: &Path) -> Option<usize> {
        let slots = &self.tabs.slots;
        let is_it = |slot: &Slot| slot.awaited.as_deref() == Some(path);
        slots.iter().position(is_it)
    }

    /// Takes a tab's parts into the state, and parks those of the one that was shown.
    pub(crate) fn show_tab(&mut self, place: usize) {
        if place == self.tabs.shown || place >= self.tabs.count() {
            return;
        }
        let Some(parked) = self.tabs.slots[place].parked.take() else {
            return;
        };
        let left = Parked {
            profile: std::mem::replace(&mut self.profile, parked.profile),
            history: std::mem::replace(&mut self.history, parked.history),
        };
        let from = self.tabs.shown;
        self.tabs.slots[from].parked = Some(Box::new(left));
        self.tabs.shown = place;
    }

    /// Does something to a tab as if it were shown.
    pub(crate) fn within_tab(&mut self, place: usize, act: impl FnOnce(&mut Self)) {
        let shown = self.tabs.shown;
        self.show_tab(place);
        act(self);
        self.show_tab(shown);
    }

    /// Adds an empty tab after the last one, and shows it.
    pub(crate) fn add_tab(&mut self) {
        let id = self.tabs.next_id;
        self.tabs.next_id += 1;
        self.tabs.slots.push(Slot {
            id,
            parked: Some(Box::default()),
            awaited: None,
        });
        self.show_tab(self.tabs.count() - 1);
    }

    /// Closes a tab; the last one becomes an empty one.
    pub(crate) fn remove_tab(&mut self, place: usize) {
        if place >= self.tabs.count() {
            return;
        }
        if self.tabs.count() == 1 {
            self.add_tab();
        } else if place == self.tabs.shown {
            let neighbour = if place + 1 < self.tabs.count() {
                place + 1
            } else {
                place - 1
            };
            self.show_tab(neighbour);
        }
        self.tabs.slots.remove(place);
        if self.tabs.shown > place {
            self.tabs.shown -= 1;
        }
    }
}
