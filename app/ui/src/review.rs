//! The review that is open: what lies beside its document, and the capture that it rests on.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
};

use scrutineer_checklists::{
    document::ReviewDocument,
    gauge::Gauge,
    review::{Action, MilestoneComparison},
};
use scrutineer_profiler::profile::{
    CallTree, CallTreeOptions, Detail, FlameLayout, FlameOrder, Profile, Selection, Weight,
};

/// What is known of the open review beside its document.
#[derive(Clone, Debug, Default)]
pub struct ReviewFacts {
    /// Name, which is its folder's.
    pub name: String,
    /// What is reviewed, in words; empty where nobody said.
    pub title: String,
    /// Its folder, below the workspace's root.
    pub folder: PathBuf,
    /// Name of the workspace.
    pub workspace: String,
    /// When one of its files was written last; `None` where nothing was yet.
    pub saved_at: Option<jiff::Timestamp>,
    /// Who is in the room.
    pub room: BTreeSet<String>,
    /// Who decides: the lead, else whoever's machine it is.
    pub lead: String,
    /// Names of the workspace's reviews, sorted.
    pub reviews: Vec<String>,
    /// Its milestones, in the order in which they were frozen.
    pub milestones: Vec<MilestoneFacts>,
    /// The milestone that it is compared with; `None` where there is none.
    pub against: Option<Against>,
    /// Actions that are open and were so before: at that milestone, or in other reviews. What is
    /// due first comes first.
    pub carried: Vec<KeptAction>,
    /// Numbers against limits, by item.
    pub gauges: BTreeMap<String, Gauge>,
    /// The SSH key that would sign; `None` where there is none.
    pub key: Option<PathBuf>,
}

/// A milestone of the review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MilestoneFacts {
    /// Name.
    pub name: String,
    /// When it was frozen.
    pub frozen_at: jiff::Timestamp,
    /// Approvals, and how many of them bear a signature.
    pub approvals: (usize, usize),
}

/// What the review is compared with.
#[derive(Clone, Debug)]
pub struct Against {
    /// The milestone.
    pub milestone: MilestoneFacts,
    /// What it said.
    pub document: Arc<ReviewDocument>,
    /// From it to the review as it stands.
    pub comparison: Arc<MilestoneComparison>,
    /// Its numbers against today's limits, by item.
    pub gauges: BTreeMap<String, Gauge>,
}

/// An action of a review of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAction {
    /// The review.
    pub review: String,
    /// Its id there.
    pub id: String,
    /// The action.
    pub action: Action,
}

/// The capture that a review's evidence rests on, with its pictures built off the frame's thread.
#[derive(Clone, Debug)]
pub struct BoundCapture {
    /// File.
    pub path: PathBuf,
    /// SHA-256 of the file, hexadecimal, as the evidence states it.
    pub digest: String,
    /// Profile.
    pub profile: Arc<Profile>,
    /// Flame graphs of what was recorded: time on CPUs, and waits where they were.
    pub pictures: Vec<WeighedPicture>,
}

/// A flame graph of a capture.
#[derive(Clone, Debug)]
pub struct WeighedPicture {
    /// What it is weighed by.
    pub weight: Weight,
    /// Call tree.
    pub tree: Arc<CallTree>,
    /// Alphabetical layout.
    pub layout: Arc<FlameLayout>,
}

impl BoundCapture {
    /// Builds the pictures: takes as long as samples are many, so never on the frame's thread.
    pub fn of(path: PathBuf, digest: String, profile: Arc<Profile>) -> Self {
        let options = CallTreeOptions {
            detail: Detail::Bounded,
            ..CallTreeOptions::default()
        };
        let picture = |weight: Weight| {
            let tree = CallTree::build(&profile, &Selection::weighed_by(weight), options);
            let layout = Arc::new(FlameLayout::build(&tree, FlameOrder::Alphabetical));
            WeighedPicture {
                weight,
                tree: Arc::new(tree),
                layout,
            }
        };
        let weights = [Weight::Cpu, Weight::Wait];
        let pictures = weights
            .into_iter()
            .map(picture)
            .filter(|picture| picture.layout.total > 0)
            .collect();
        Self {
            path,
            digest,
            profile,
            pictures,
        }
    }

    /// The picture of a weight.
    pub(crate) fn picture(&self, weight: Weight) -> Option<&WeighedPicture> {
        self.pictures
            .iter()
            .find(|picture| picture.weight == weight)
    }
}
