//! What `check` makes of promises that were not kept.

use serde::Deserialize;

/// What is done about something that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Reaction {
    /// It is told.
    Tell,
    /// It is told, and fails the run.
    Fail,
}

/// What `check` makes of promises whose day has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckPolicy {
    /// Waivers that were given until a day.
    pub expired_waivers: Reaction,
    /// Actions that nobody says to be done.
    pub overdue_actions: Reaction,
}

impl Default for CheckPolicy {
    /// A waiver that ended fails, as what it waived does; an action is told.
    fn default() -> Self {
        Self {
            expired_waivers: Reaction::Fail,
            overdue_actions: Reaction::Tell,
        }
    }
}
