//! The views of the workspace that were pinned.

use std::sync::Arc;

use scrutineer_checklists::document::PinnedView;

/// The screen of pins.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pins {
    /// The oldest first; `None` until they were listed.
    pub(crate) list: Option<Vec<Arc<PinnedView>>>,
    pub(crate) selected: Option<String>,
    /// The one whose removal was asked for and not confirmed yet.
    pub(crate) doomed: Option<String>,
}

impl Pins {
    /// The place of the selected one, the newest being first on the screen.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &Arc<PinnedView>> {
        self.list.iter().flatten().rev()
    }
}
