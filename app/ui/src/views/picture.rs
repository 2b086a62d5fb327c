//! A view that is to be pinned becomes a pin, its picture drawn off the frame's thread.

use std::path::PathBuf;

use scrutineer_checklists::document::{PinnedCapture, PinnedView};
use scrutineer_profiler::profile::{Profile, Unit};

use super::{
    Answer,
    comparison::{Against, Comparison},
};
use crate::{
    event::OtherCapture,
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
    /// Whether widths are those of the base.
    pub(crate) by_base: bool,
    /// What is compared with.
    pub(crate) against: Option<Against>,
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
    let compared = shown.compared.as_deref();
    let heavy = sight.mode == Mode::LeftHeavy;
    let layout = match compared {
        Some(compared) if sight.by_base => &compared.base_layouts[usize::from(heavy)],
        _ if heavy => &shown.left_heavy,
        _ => &shown.layout,
    };
    let tree = (&*shown.tree, compared.map(|compared| &compared.tree));
    let (window, selected) = (sight.window, sight.selected);
    let (picture, selected) = pin::picture(&shown.profile, tree, layout, window, selected);
    let mut scope = sight.view.scope();
    let against = sight.against.as_ref();
    scope.extend(against.map(|against| format!("against {}", against.words())));
    let (bases, candidates) = match against {
        Some(Against::Captures(captures)) => (
            captures.bases.iter().map(of_other).collect(),
            captures.candidates.iter().map(of_other).collect(),
        ),
        _ => Default::default(),
    };
    let shown = PinnedView {
        title: sight.title,
        note: sight.note,
        scope,
        total: total_words(sight.unit, layout.total, compared),
        capture: of_capture(&shown.profile),
        bases,
        candidates,
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

/// What a profile tells of its capture; its file and digest are filled in where it is kept.
fn of_capture(profile: &Profile) -> PinnedCapture {
    let header = &profile.header;
    PinnedCapture {
        target: header.name.clone(),
        started_at: header.started_at,
        commit: header.commit.clone(),
        ..PinnedCapture::default()
    }
}

/// The same with the file, which only the comparison knows.
fn of_other(other: &OtherCapture) -> PinnedCapture {
    PinnedCapture {
        file: other.path.to_string_lossy().into_owned(),
        ..of_capture(&other.profile)
    }
}

/// What the picture is of, of a comparison both sides.
fn total_words(unit: Unit, total: u64, compared: Option<&Comparison>) -> String {
    let Some(compared) = compared else {
        return pin::total_words(unit, total);
    };
    let [base, candidate] = compared.tree.wholes();
    let base = pin::total_words(compared.sums.unit, base);
    format!("{} against {base}", pin::total_words(unit, candidate))
}
