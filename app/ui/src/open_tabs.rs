//! The tabs that were open when the window was closed, to be opened again.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{
    pin::PinState,
    state::{State, profile::ProfileState},
    views::comparison::Against,
};

/// Newest version of the file's format that is understood.
pub const TABS_FORMAT_VERSION: u32 = 1;

/// The tabs, in their order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "ScrutineerTabs", deny_unknown_fields)]
pub struct OpenTabs {
    /// [`TABS_FORMAT_VERSION`] of the writer.
    pub version: u32,
    /// Place of the one that was in front.
    pub shown: usize,
    /// All of them.
    pub tabs: Vec<OpenTab>,
}

impl Default for OpenTabs {
    fn default() -> Self {
        Self {
            version: TABS_FORMAT_VERSION,
            shown: 0,
            tabs: Vec::new(),
        }
    }
}

/// One tab.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "Tab", deny_unknown_fields)]
pub struct OpenTab {
    /// The file that is open in it.
    pub path: PathBuf,
    /// What is seen of it.
    pub view: PinState,
    /// Files that it is compared with.
    pub bases: Vec<PathBuf>,
    /// More files on its own side of the comparison.
    pub candidates: Vec<PathBuf>,
}

impl OpenTab {
    /// What a tab holds, or waits for; `None` where no file is open in it, or one that still grows.
    fn of(tab: &ProfileState) -> Option<Self> {
        if tab.open.is_none() {
            return tab.to_reopen.clone();
        }
        let open = tab.open.as_ref().filter(|open| !open.live)?;
        let (bases, candidates) = match &tab.wanted.against {
            Some(Against::Captures(captures)) => (
                captures
                    .bases
                    .iter()
                    .map(|other| other.path.clone())
                    .collect(),
                captures
                    .candidates
                    .iter()
                    .map(|other| other.path.clone())
                    .collect(),
            ),
            _ => Default::default(),
        };
        Some(Self {
            path: open.loaded.path.clone(),
            view: PinState::of(tab),
            bases,
            candidates,
        })
    }
}

/// The tabs that are open now. A view that still waits for its tree counts as it will be.
pub(crate) fn now(state: &State) -> OpenTabs {
    let mut kept = OpenTabs::default();
    for place in 0..state.tabs.count() {
        let tab = state.tab(place);
        let Some(mut open) = OpenTab::of(tab) else {
            continue;
        };
        if let Some(resumed) = &tab.resumed {
            open.view = PinState::clone(resumed);
        }
        if place == state.tabs.shown() {
            kept.shown = kept.tabs.len();
        }
        kept.tabs.push(open);
    }
    kept
}
