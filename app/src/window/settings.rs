//! The settings of the window: read once, kept in the order in which they were changed.

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use scrutineer_ui::{
    event::Event,
    settings::{PrunePolicy, Settings},
};

use super::teller::Teller;
use crate::{cli, settings};

/// The settings and their file.
pub(super) struct KeptSettings {
    /// `None` where the user has no folder for them.
    path: Option<PathBuf>,
    waiting: Mutex<Waiting>,
    /// One thread at a time reads and writes the file.
    file: Mutex<()>,
}

#[derive(Default)]
struct Waiting {
    /// As they are.
    now: Settings,
    /// As they were when they were written last, where something was changed since.
    before: Option<Settings>,
}

impl KeptSettings {
    /// Settings of this file.
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self {
            path,
            waiting: Mutex::default(),
            file: Mutex::default(),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Each change is a few assignments that cannot fail.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self) -> MutexGuard<'_, ()> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which captures are removed.
    pub(super) fn policy(&self) -> PrunePolicy {
        self.waiting().now.prune
    }

    /// Whether the tabs of last time are opened again.
    pub(super) fn restores_tabs(&self) -> bool {
        self.waiting().now.restore_tabs
    }

    /// Takes a change, which [`Self::write`] writes on another thread. Several changes are written
    /// at once, in their order.
    pub(super) fn change(&self, before: Settings, after: Settings) {
        let mut waiting = self.waiting();
        waiting.before.get_or_insert(before);
        waiting.now = after;
    }

    /// Writes what was changed.
    pub(super) fn write(&self, teller: &Teller) {
        let _alone = self.file();
        let (before, after) = {
            let mut waiting = self.waiting();
            let Some(before) = waiting.before.take() else {
                return;
            };
            (before, waiting.now.clone())
        };
        let Some(path) = &self.path else {
            self.tell_nowhere(teller);
            return;
        };
        let problem = settings::save(path, &before, &after).err();
        teller.tell(Event::Settings {
            settings: None,
            path: path.clone(),
            problem: problem.map(|error| cli::sentence(&error)),
        });
    }

    /// Reads the file, and tells what it holds.
    pub(super) fn read(&self, teller: &Teller) {
        let _alone = self.file();
        let Some(path) = &self.path else {
            self.tell_nowhere(teller);
            return;
        };
        let (settings, problem) = match settings::load(path) {
            Ok(settings) => (Some(Box::new(settings)), None),
            Err(error) => (None, Some(cli::sentence(&error))),
        };
        if let Some(settings) = &settings {
            self.waiting().now = Settings::clone(settings);
        }
        teller.tell(Event::Settings {
            settings,
            path: path.clone(),
            problem,
        });
    }

    /// Sets the file aside and writes these.
    pub(super) fn replace(&self, new: Settings, teller: &Teller) -> anyhow::Result<()> {
        let _alone = self.file();
        let Some(path) = &self.path else {
            self.tell_nowhere(teller);
            return Ok(());
        };
        let aside = settings::replace(path, &new)?;
        if let Some(aside) = aside {
            let message = format!("The broken settings lie in {}", aside.display());
            teller.tell(Event::Said { message });
        }
        self.waiting().now = new.clone();
        teller.tell(Event::Settings {
            settings: Some(Box::new(new)),
            path: path.clone(),
            problem: None,
        });
        Ok(())
    }

    fn tell_nowhere(&self, teller: &Teller) {
        teller.tell(Event::Settings {
            settings: None,
            path: self.path.clone().unwrap_or_default(),
            problem: Some(
                "settings are kept nowhere: neither HOME nor XDG_CONFIG_HOME names a folder"
                    .to_owned(),
            ),
        });
    }
}
