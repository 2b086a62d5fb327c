//! The way that was walked: screens and selections, back and forward.

use crate::{command::Screen, views::Arrangement, widgets::flame::Window};

/// A place to come back to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) screen: Screen,
    /// Selected node of the call tree, with the arrangement that it belongs to.
    pub(crate) selected: Option<u32>,
    pub(crate) arrangement: Arrangement,
    pub(crate) window: Window,
    pub(crate) item: Option<String>,
}

/// Where one was, and where one came back from.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    past: Vec<Place>,
    future: Vec<Place>,
}

/// Places kept.
const DEPTH: usize = 200;

impl History {
    /// Leaves a place for a new one.
    pub(crate) fn leave(&mut self, place: Place) {
        if self.past.last() == Some(&place) {
            return;
        }
        self.past.push(place);
        self.future.clear();
        let surplus = self.past.len().saturating_sub(DEPTH);
        self.past.drain(..surplus);
    }

    /// Goes back from `here`.
    pub(crate) fn back(&mut self, here: Place) -> Option<Place> {
        let place = self.past.pop()?;
        self.future.push(here);
        Some(place)
    }

    /// Goes forward again from `here`.
    pub(crate) fn forward(&mut self, here: Place) -> Option<Place> {
        let place = self.future.pop()?;
        self.past.push(here);
        Some(place)
    }

    /// Whether there is a way back, and one forward.
    pub(crate) fn ways(&self) -> (bool, bool) {
        (!self.past.is_empty(), !self.future.is_empty())
    }

    /// Forgets selections in a profile that is no longer open.
    pub(crate) fn forget_selections(&mut self) {
        for place in self.past.iter_mut().chain(&mut self.future) {
            (place.selected, place.window) = (None, Window::ALL);
            place.arrangement = Arrangement::default();
        }
    }
}
