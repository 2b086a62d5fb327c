//! The views of the workspace that were pinned.

use std::{path::PathBuf, sync::Arc};

use scrutineer_checklists::document::PinnedView;

use crate::pin::PinState;

/// The screen of pins.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pins {
    /// The oldest first; `None` until they were listed.
    pub(crate) list: Option<Vec<Arc<PinnedView>>>,
    pub(crate) selected: Option<String>,
    /// The one whose removal was asked for and not confirmed yet.
    pub(crate) doomed: Option<String>,
    /// The view that is to be seen once its capture is open.
    pub(crate) awaited: Option<(PathBuf, Box<PinState>)>,
}

impl Pins {
    /// The place of the selected one, the newest being first on the screen.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &Arc<PinnedView>> {
        self.list.iter().flatten().rev()
    }
}
