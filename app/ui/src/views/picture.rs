//! A view that is to be pinned becomes a pin, its picture drawn off the frame's thread.

use std::path::PathBuf;

use scrutineer_checklists::document::{PinnedCapture, PinnedView};
use scrutineer_profiler::profile::Unit;

use super::Answer;
use crate::{
    pin::{self, PIN_FORMAT_VERSION, Pin, PinState},
    state::profile::{Arranged, Mode},
    widgets::flame::Window,
};

/// What is seen, and what was said to it.
#[derive(Debug)]
pub(crate) struct Sight {
    pub(crate) shown: Arranged,
    pub(crate) mode: Mode,
    pub(crate) unit: Unit,
    pub(crate) window: Window,
    pub(crate) selected: Option<u32>,
    pub(crate) path: PathBuf,
    pub(crate) title: String,
    pub(crate) note: String,
    pub(crate) view: PinState,
}

/// Draws the picture.
pub(super) fn answer(generation: u64, sight: Sight) -> Answer {
    let shown = &sight.shown;
    let layout = match sight.mode {
        Mode::LeftHeavy => &shown.left_heavy,
        _ => &shown.layout,
    };
    let tree = &shown.tree;
    let (window, selected) = (sight.window, sight.selected);
    let (picture, selected) = pin::picture(&shown.profile, tree, layout, window, selected);
    let header = &shown.profile.header;
    let shown = PinnedView {
        title: sight.title,
        note: sight.note,
        scope: sight.view.scope(),
        total: pin::total_words(sight.unit, layout.total),
        capture: PinnedCapture {
            target: header.name.clone(),
            started_at: header.started_at,
            commit: header.commit.clone(),
            ..PinnedCapture::default()
        },
        selected,
        picture,
        ..PinnedView::default()
    };
    let pin = Box::new(Pin {
        version: PIN_FORMAT_VERSION,
        view: sight.view,
        shown,
    });
    Answer::Pinned {
        generation,
        path: sight.path,
        pin,
    }
}
