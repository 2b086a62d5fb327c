//! What can be done in a review session.

use crate::{
    state::review::{Group, View},
    widgets::flame::FlameAction,
};

/// What can be done in a review session, beside what the checklist can do as well.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ReviewAction {
    /// Go so many items further, in the order of the list.
    Step(i32),
    /// Go to an item.
    Select(String),
    /// Store what was decided and go to the next item that is not decided.
    RecordAndNext,
    /// Confirm the verdict: the choice that stands where no other is made.
    ChooseConfirm,
    /// Fold or unfold a group of items.
    Fold(Group),
    /// Accept all strong passes together.
    AcceptStrongPasses,
    /// Show the evidence in another way.
    Show(View),
    /// The next way to show the evidence.
    ShowNext,
    /// Something was done to the flame graph.
    Flame(FlameAction),
    /// Show the picture over the whole window, or no longer.
    ToggleFull,
    /// Show the item alone, in large type, or no longer.
    TogglePresenter,
    /// Show what changed since the milestone, or no longer.
    ToggleChanges,
    /// Offer the workspace's reviews.
    OfferReviews,
    /// Offer the milestones to compare with.
    OfferMilestones,
    /// Open a review, at an item where one is named.
    Open(String, Option<String>),
    /// Compare with a milestone.
    Against(String),
    /// Ask what a new review is to be called.
    BeginNew,
    /// Type what is reviewed.
    TypeTitle(String),
    /// Open the new review.
    New,
    /// Ask who is in the room.
    BeginRoom,
    /// Type the names, the lead's first.
    TypeRoom(String),
    /// Keep the names.
    KeepRoom,
    /// Ask who signs the latest milestone.
    BeginSignOff,
    /// Type the name of who signs.
    TypeSigner(String),
    /// Type the role in which.
    TypeRole(String),
    /// Sign with the SSH key, or approve without a signature.
    SignOff {
        /// Whether the key signs.
        with_key: bool,
    },
}
