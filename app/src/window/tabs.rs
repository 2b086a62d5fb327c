//! The tabs of last time: opened again when the window is, and kept while it is open.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use scrutineer_profiler::progress::Progress;
use scrutineer_ui::{
    event::Event,
    open_tabs::{OpenTab, OpenTabs},
};

use super::{session::Session, settings::KeptSettings, teller::Teller};
use crate::{cli, open_tabs};

/// Where the tabs are kept.
pub(super) struct KeptTabs {
    /// `None` where the user has no folder for them.
    folder: Option<PathBuf>,
    session: Arc<Session>,
    settings: Arc<KeptSettings>,
}

impl KeptTabs {
    /// Tabs of a session in this folder.
    pub(super) fn new(
        folder: Option<PathBuf>,
        session: Arc<Session>,
        settings: Arc<KeptSettings>,
    ) -> Self {
        Self {
            folder,
            session,
            settings,
        }
    }

    /// The tabs of last time where they are to be opened again; tells why they cannot be read.
    pub(super) fn last(&self, teller: &Teller) -> OpenTabs {
        let folder = self.folder.as_ref();
        let Some(folder) = folder.filter(|_| self.settings.restores_tabs()) else {
            return OpenTabs::default();
        };
        let root = self.session.root();
        let kept = root.and_then(|root| open_tabs::load(folder, &root));
        kept.unwrap_or_else(|error| {
            teller.fail(&error);
            OpenTabs::default()
        })
    }

    /// Keeps the tabs for the next time, or forgets those of last time where that is set.
    pub(super) fn keep(&self, tabs: &OpenTabs, teller: &Teller) {
        let Some(folder) = &self.folder else {
            return;
        };
        let forgotten = OpenTabs::default();
        let tabs = if self.settings.restores_tabs() {
            tabs
        } else {
            &forgotten
        };
        let root = self.session.root();
        if let Err(error) = root.and_then(|root| open_tabs::keep(folder, &root, tabs)) {
            teller.fail(&error);
        }
    }
}

/// Tells the tabs of last time, all but `behind`, a file that was asked for and is in front; then
/// loads what is still there, the one that was in front first.
pub(super) fn restore(
    kept: OpenTabs,
    behind: Option<&Path>,
    progress: &dyn Progress,
    teller: &Teller,
) {
    let front = kept.tabs.get(kept.shown).map(|tab| tab.path.clone());
    let others = kept.tabs.into_iter();
    let others = others.filter(|tab| behind != Some(tab.path.as_path()));
    let (mut tabs, gone): (Vec<OpenTab>, Vec<OpenTab>) = others.partition(|tab| tab.path.is_file());
    let at = tabs
        .iter()
        .position(|tab| Some(&tab.path) == front.as_ref());
    teller.tell(Event::TabsFound {
        tabs: tabs.clone(),
        front: behind.is_none().then(|| at.unwrap_or(0)),
        missing: gone.into_iter().map(|tab| tab.path).collect(),
    });
    if let Some(at) = at {
        tabs[..=at].rotate_right(1);
    }
    for tab in tabs {
        let path = tab.path.clone();
        match Session::restore(tab, progress) {
            Ok(event) => teller.tell(event),
            Err(error) => teller.tell(Event::OpenFailed {
                path,
                message: cli::sentence(&error),
            }),
        }
    }
}
