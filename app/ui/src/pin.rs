//! A view that was pinned as evidence: what was seen, its picture, and how to see it again.

use std::collections::BTreeSet;

use scrutineer_checklists::document::{FlameBox, FlameChange, FlamePicture, PinnedView};
use scrutineer_profiler::{
    capture::model::WaitClass,
    profile::{
        CallTree, Category, FlameLayout, Profile, Unit, Weight,
        diff::Difference,
        diff_tree::DiffTree,
        transform::{Pick, Transform},
    },
};
use serde::{Deserialize, Serialize};

use crate::{
    event::OtherCaptures,
    format,
    state::{
        profile::{CompareColumn, Mode, ProfileState},
        timeline::{ThreadKey, ThreadOrder},
    },
    views::{
        Arrangement,
        comparison::{Against, Captures, points, step},
    },
    widgets::flame::{Window, function_of, node_name, short_name},
};

/// Newest version of the file's format that is understood.
pub const PIN_FORMAT_VERSION: u32 = 2;

/// Narrower boxes are left out of the picture and counted: they could not be seen on paper.
const LEAST_SHARE: f64 = 0.001;

/// Everything that is needed to see a view again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "View", deny_unknown_fields)]
pub struct PinState {
    mode: Mode,
    /// [`Weight::id`].
    weight: String,
    inverted: bool,
    range_s: Option<(f64, f64)>,
    threads: Option<BTreeSet<u32>>,
    wait_classes: Option<BTreeSet<WaitClass>>,
    transforms: Vec<Transform>,
    search: String,
    /// Names from below the root to the selected frame; empty where none is selected.
    selected: Vec<String>,
    /// Left and right edge of what is seen, 0..1.
    zoom: (f64, f64),
    scroll: f32,
    by_total: bool,
    unfolded: BTreeSet<u32>,
    seen_s: Option<(f64, f64)>,
    thread_filter: String,
    thread_order: ThreadOrder,
    hidden_threads: BTreeSet<ThreadKey>,
    first_threads: BTreeSet<ThreadKey>,
    /// Whether frames below 0.1 % are left out.
    #[serde(default)]
    hides_small: bool,
    /// What it is compared with.
    #[serde(default)]
    against: Option<PinnedBase>,
    /// Whether widths are those of the base.
    #[serde(default)]
    by_base: bool,
    /// What the table of a comparison is sorted by.
    #[serde(default)]
    compared_by: CompareColumn,
    /// What of a file that measures several things is seen.
    #[serde(default)]
    measure: Option<String>,
}

/// The base of a comparison.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum PinnedBase {
    /// Another range of the same capture, seconds.
    Range((f64, f64)),
    /// The same capture by another weight, [`Weight::id`].
    Weight(String),
    /// Other captures, which [`PinnedView`] names.
    Captures,
}

impl PinnedBase {
    fn of(against: &Against) -> Self {
        match against {
            Against::Range(range) => Self::Range(*range),
            Against::Weight(weight) => Self::Weight(weight.id().to_owned()),
            Against::Captures(_) => Self::Captures,
        }
    }

    /// What it is with these captures; `None` where it is of a newer product.
    fn against(&self, others: OtherCaptures) -> Option<Against> {
        Some(match self {
            Self::Range(range) => Against::Range(*range),
            Self::Weight(id) => Against::Weight(weight_of(id)?),
            Self::Captures => Against::Captures(Captures::of(others)),
        })
    }
}

/// The weight of an id; `None` for one of a newer product.
fn weight_of(id: &str) -> Option<Weight> {
    Weight::ALL.into_iter().find(|weight| weight.id() == id)
}

/// A pin, as its file holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename = "ScrutineerPin", deny_unknown_fields)]
pub struct Pin {
    /// [`PIN_FORMAT_VERSION`] of the writer.
    pub version: u32,
    /// How to see it again.
    pub view: PinState,
    /// What documents show of it.
    pub shown: PinnedView,
}

impl PinState {
    /// What is seen now.
    pub(crate) fn of(profile: &ProfileState) -> Self {
        let wanted = &profile.wanted;
        let timeline = &profile.timeline;
        Self {
            mode: profile.mode,
            weight: wanted.weight.id().to_owned(),
            inverted: wanted.inverted,
            range_s: wanted.range_s,
            threads: wanted.threads.clone(),
            wait_classes: wanted.classes.clone(),
            transforms: wanted.transforms.clone(),
            search: profile.search.clone(),
            selected: path_of_selected(profile),
            zoom: (profile.window.left, profile.window.right),
            scroll: profile.scroll,
            by_total: profile.by_total,
            unfolded: profile.unfolded.clone(),
            seen_s: timeline.view_s,
            thread_filter: timeline.filter.clone(),
            thread_order: timeline.order,
            hidden_threads: timeline.hidden.clone(),
            first_threads: timeline.pinned.clone(),
            hides_small: wanted.hides_small,
            against: wanted.against.as_ref().map(PinnedBase::of),
            by_base: wanted.against.is_some()
                && profile.open.as_ref().is_some_and(|open| open.by_base),
            compared_by: profile.compared_by,
            measure: profile
                .open
                .as_ref()
                .and_then(|open| open.measure().map(str::to_owned)),
        }
    }

    /// What of a file that measures several things is seen; `None` for its usual measure.
    pub fn measure(&self) -> Option<&str> {
        self.measure.as_deref()
    }

    /// Shows it in a profile again; the tree follows, and with it what [`Self::finish`] sets.
    pub(crate) fn begin(&self, profile: &mut ProfileState, others: OtherCaptures) {
        profile.mode = self.mode;
        profile.wanted = Arrangement::default();
        let wanted = &mut profile.wanted;
        wanted.inverted = self.inverted;
        wanted.hides_small = self.hides_small;
        wanted.range_s = self.range_s;
        wanted.threads.clone_from(&self.threads);
        wanted.transforms.clone_from(&self.transforms);
        wanted.weight = weight_of(&self.weight).unwrap_or_default();
        let against = self.against.as_ref();
        wanted.against = against.and_then(|base| base.against(others));
        profile.compared_by = self.compared_by;
        wanted.classes.clone_from(&self.wait_classes);
        profile.search.clone_from(&self.search);
        profile.by_total = self.by_total;
        profile.timeline.view_s = self.seen_s;
        profile.timeline.filter.clone_from(&self.thread_filter);
        profile.timeline.order = self.thread_order;
        profile.timeline.hidden.clone_from(&self.hidden_threads);
        profile.timeline.pinned.clone_from(&self.first_threads);
        profile.timeline.first_row = 0;
    }

    /// Sets what belongs to the tree, once it is there; gives the selected node.
    pub(crate) fn finish(&self, profile: &mut ProfileState) -> Option<u32> {
        if let Some(open) = &mut profile.open {
            open.by_base = self.by_base;
        }
        profile.unfolded.clone_from(&self.unfolded);
        profile.arrange_rows();
        profile.window = Window {
            left: self.zoom.0,
            right: self.zoom.1,
        }
        .clamped();
        (profile.moves, profile.scroll) = (false, self.scroll);
        let shown = &profile.open.as_ref()?.shown;
        node_at(&shown.profile, &shown.tree, &self.selected)
    }

    /// What narrows the view, in words.
    pub(crate) fn scope(&self) -> Vec<String> {
        let mut words = vec![self.mode.label().to_owned()];
        words.extend(self.inverted.then(|| "inverted".to_owned()));
        words.extend(self.by_base.then(|| "widths of the base".to_owned()));
        if let Some((from, to)) = self.range_s {
            words.push(format!("{from:.3} – {to:.3} s"));
        }
        if let Some(threads) = &self.threads {
            let one = threads.len() == 1;
            let unit = if one { "thread" } else { "threads" };
            words.push(format!("{} {unit}", threads.len()));
        }
        let classes = self.wait_classes.iter().flatten();
        words.extend(classes.map(|class| format!("waits: {}", class.label())));
        words.extend(self.transforms.iter().map(|step| {
            let name = step.pick().map_or("", Pick::name);
            let words = format!("{} {name}", step.verb());
            words.trim_end().to_owned()
        }));
        if !self.search.is_empty() {
            words.push(format!("search {}", self.search));
        }
        words
    }
}

fn path_of_selected(profile: &ProfileState) -> Vec<String> {
    let (Some(open), Some(node)) = (&profile.open, profile.selected) else {
        return Vec::new();
    };
    let tree = &open.shown.tree;
    let mut path = Vec::new();
    let mut at = node;
    while at != 0 {
        let Some(parent) = tree.parent.get(at as usize) else {
            return Vec::new();
        };
        path.push(open.name(at).to_owned());
        at = *parent;
    }
    path.reverse();
    path
}

fn node_at(profile: &Profile, tree: &CallTree, path: &[String]) -> Option<u32> {
    let mut node = (!path.is_empty()).then_some(0);
    for name in path {
        let mut children = crate::state::profile::children(tree, node?);
        node = children.find(|child| node_name(profile, tree, *child) == name);
    }
    node
}

/// What a view shows, in words: the selected frame with its share, else what all of it is.
pub(crate) fn title_of(profile: &ProfileState) -> String {
    let Some(open) = &profile.open else {
        return String::new();
    };
    let weight = open.profile().label(open.arrangement.weight);
    let tree = &open.shown.tree;
    let compared = open.shown.compared.as_ref();
    if let Some((compared, against)) = compared.zip(open.arrangement.against.as_ref()) {
        let words = match profile.selected.filter(|node| *node != 0) {
            Some(node) => {
                let change = points(compared.tree.total(node).change());
                format!("{}, {change} points", short_name(open.name(node)))
            }
            None => open.profile().header.name.clone(),
        };
        return format!("{words} of {weight} against {}", against.words());
    }
    let node = profile.selected.filter(|node| *node != 0);
    let total = node.and_then(|node| tree.total_samples.get(node as usize));
    match (node, total) {
        (Some(node), Some(total)) => {
            let share = format::share(*total, open.shown.layout.total);
            let name = short_name(open.name(node));
            format!("{name}, {} of {weight}", format::percent(share))
        }
        _ => format!("{}, {weight}", open.profile().header.name),
    }
}

/// All that a picture is of, in words.
pub(crate) fn total_words(unit: Unit, total: u64) -> String {
    format::quantity_words(unit, total)
}

/// Draws the part of a flame graph that is seen, with the changes of a comparison; the place of the selected node's box with it.
pub(crate) fn picture(
    profile: &Profile,
    (tree, compared): (&CallTree, Option<&DiffTree>),
    layout: &FlameLayout,
    window: Window,
    selected: Option<u32>,
) -> (FlamePicture, Option<usize>) {
    let total = layout.total.max(1) as f64;
    let (mut boxes, mut marked, mut hidden) = (Vec::new(), None, 0);
    for (at, &node) in layout.node.iter().enumerate() {
        let left = layout.x[at] as f64 / total;
        let right = left + layout.width[at] as f64 / total;
        let (left, right) = (left.max(window.left), right.min(window.right));
        if right <= left {
            continue;
        }
        let width = (right - left) / window.width();
        if width < LEAST_SHARE {
            hidden += 1;
            continue;
        }
        if selected == Some(node) {
            marked = Some(boxes.len());
        }
        let function = function_of(tree, node).unwrap_or(u32::MAX);
        let known = profile.functions.get(function as usize);
        boxes.push(FlameBox {
            depth: tree.depth[node as usize],
            x: rounded((left - window.left) / window.width()),
            width: rounded(width),
            name: node_name(profile, tree, node).to_owned(),
            category: known
                .map_or(Category::Root, |known| known.category)
                .id()
                .to_owned(),
            change: compared.map(|tree| change_of(&tree.total(node))),
        });
    }
    let picture = FlamePicture {
        boxes,
        samples: layout.total,
        hidden,
    };
    (picture, marked)
}

fn change_of(share: &Difference) -> FlameChange {
    FlameChange {
        step: step(share) as u8,
        base: rounded(share.base),
        candidate: rounded(share.candidate),
    }
}

/// A share to six digits: finer than a picture's pixels, and short in its file.
fn rounded(share: f64) -> f64 {
    (share * 1e6).round() / 1e6
}
