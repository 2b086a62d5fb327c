//! The open capture and how it is looked at.

use std::{collections::BTreeSet, sync::Arc};

use scrutineer_profiler::profile::{
    CallTree, FlameLayout, Profile, TopFunction, Unit, Weight, heat_map::HeatMap, series::Topic,
};

use serde::{Deserialize, Serialize};

use crate::{
    event::{LoadedProfile, OtherCaptures},
    open_tabs::OpenTab,
    pin::PinState,
    state::timeline::TimelineState,
    views::{
        Arrangement, Digest, Found, Inspection,
        chart::ThreadChart,
        comparison::{ComparedFunction, Comparison},
        listing::Listing,
        readings::Pictures,
        sandwich::Sandwich,
        waits::ClassTime,
    },
    widgets::flame::{self, Window},
};

/// The views of a profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mode {
    /// Siblings by name.
    #[default]
    Flame,
    /// Heaviest first.
    LeftHeavy,
    /// A function between its callers and callees.
    Sandwich,
    /// A table that unfolds.
    CallTree,
    /// Functions by self time.
    Functions,
    /// Seconds and what happens when in them.
    HeatMap,
    /// The stacks of one thread over time.
    TimeOrder,
    /// Source and machine code of a function.
    Source,
}

impl Mode {
    /// All, in the order of the toolbar.
    pub(crate) const ALL: [Self; 8] = [
        Self::Flame,
        Self::LeftHeavy,
        Self::Sandwich,
        Self::CallTree,
        Self::Functions,
        Self::HeatMap,
        Self::TimeOrder,
        Self::Source,
    ];

    /// Words of the palette.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::TimeOrder => "Chart: stacks of a thread in time order",
            Self::Source => "Source and assembly",
            other => other.label(),
        }
    }

    /// Words of the toolbar.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Flame => "Flame",
            Self::LeftHeavy => "Left-heavy",
            Self::Sandwich => "Sandwich",
            Self::CallTree => "Call tree",
            Self::Functions => "Top functions",
            Self::HeatMap => "Heat map",
            Self::TimeOrder => "Chart",
            Self::Source => "Source",
        }
    }
}

/// The panes of the screen that plain letters can go to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pane {
    /// Flame graph, call tree and tables.
    #[default]
    Stacks,
    /// Threads over time.
    Timeline,
}

/// Columns that the table of a comparison can be sorted by, most first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) enum CompareColumn {
    /// Self share of the base.
    Base,
    /// Self share of the candidate.
    Candidate,
    /// Size of the change of the self share.
    #[default]
    SelfChange,
    /// Total share of the candidate.
    Total,
    /// Size of the change of the total share.
    TotalChange,
}

/// A tree with its layouts: what the views show.
#[derive(Clone, Debug)]
pub(crate) struct Arranged {
    /// The profile whose stacks these are: the capture's, or a transformed one.
    pub(crate) profile: Arc<Profile>,
    pub(crate) tree: Arc<CallTree>,
    pub(crate) layout: Arc<FlameLayout>,
    pub(crate) left_heavy: Arc<FlameLayout>,
    /// Functions by self samples; `None` until they are counted.
    pub(crate) top: Option<Arc<Vec<TopFunction>>>,
    /// Classes of waits with their time in the range.
    pub(crate) classes: Arc<Vec<ClassTime>>,
    /// The comparison, where there is one; the tree is that of both sides.
    pub(crate) compared: Option<Arc<Comparison>>,
}

/// The open capture.
#[derive(Clone, Debug)]
pub(crate) struct Open {
    pub(crate) loaded: LoadedProfile,
    /// Whether it still grows.
    pub(crate) live: bool,
    /// Counts what was opened, so that answers about earlier ones are dropped.
    pub(crate) generation: u64,
    pub(crate) digest: Option<Arc<Digest>>,
    /// What was read alongside, with tables over the range.
    pub(crate) pictures: Option<Arc<Pictures>>,
    pub(crate) shown: Arranged,
    /// The arrangement that `shown` has.
    pub(crate) arrangement: Arrangement,
    /// Whether widths are those of the base of a comparison, so that vanished stacks are seen.
    pub(crate) by_base: bool,
    /// The stacks of one thread over time, once they were asked for.
    pub(crate) chart: Option<Arc<ThreadChart>>,
}

impl Open {
    /// The capture's profile, whatever its stacks were transformed to.
    pub(crate) fn profile(&self) -> &Arc<Profile> {
        &self.loaded.profile
    }

    /// What the shown numbers count.
    pub(crate) fn unit(&self) -> Unit {
        self.profile().unit(self.arrangement.weight)
    }

    /// The weights that the capture holds, in the order of the toolbar; CPU time always.
    pub(crate) fn weights(&self) -> Vec<Weight> {
        let has = |weight: &Weight| *weight == Weight::Cpu || self.profile().has(*weight);
        Weight::ALL.into_iter().filter(has).collect()
    }

    /// The things that a file of another tool measures; empty where it is one.
    pub(crate) fn measures(&self) -> &[String] {
        let foreign = self.profile().foreign.as_ref();
        let several = foreign.filter(|foreign| foreign.measures.len() > 1);
        several.map_or(&[], |foreign| &foreign.measures)
    }

    /// The place of the one that is shown.
    pub(crate) fn measure_at(&self) -> usize {
        let foreign = self.profile().foreign.as_ref();
        foreign.map_or(0, |foreign| foreign.measure)
    }

    /// Its name, where there are several.
    pub(crate) fn measure(&self) -> Option<&str> {
        let foreign = self.profile().foreign.as_ref();
        foreign.and_then(|foreign| foreign.measure_name())
    }

    /// The layout of a mode.
    pub(crate) fn layout(&self, mode: Mode) -> &FlameLayout {
        let heavy = mode == Mode::LeftHeavy;
        if let Some(chart) = self.chart.as_ref().filter(|_| mode == Mode::TimeOrder) {
            return &chart.chart.layout;
        }
        match &self.shown.compared {
            Some(compared) if self.by_base => &compared.base_layouts[usize::from(heavy)],
            _ if heavy => &self.shown.left_heavy,
            _ => &self.shown.layout,
        }
    }

    /// Name of a node.
    pub(crate) fn name(&self, node: u32) -> &str {
        flame::node_name(&self.shown.profile, &self.shown.tree, node)
    }

    /// Whether a shown function is one of the capture: not a frame that a transform made, nor one
    /// of the base of a comparison alone.
    pub(crate) fn is_captured(&self, function: u32) -> bool {
        let name = |profile: &Profile| {
            let function = profile.functions.get(function as usize);
            function.map(|function| function.name.clone())
        };
        let shown = name(&self.shown.profile);
        shown.is_some() && shown == name(self.profile())
    }

    /// `file:line` of a function, where known.
    pub(crate) fn place_of(&self, function: u32) -> Option<&str> {
        let places = &self.digest.as_ref()?.places;
        places
            .get(function as usize)
            .map(String::as_str)
            .filter(|place| !place.is_empty())
    }
}

/// The range, seconds, that was looked at before one was dragged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct BeforeDrag(pub(crate) Option<(f64, f64)>);

/// A view that is to be seen again.
#[derive(Clone, Debug)]
pub(crate) struct Resumed {
    pub(crate) view: Box<PinState>,
    /// What else it is compared with.
    pub(crate) others: OtherCaptures,
}

/// The profile screen.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Clone, Debug)]
pub(crate) struct ProfileState {
    pub(crate) open: Option<Open>,
    /// What is waited for: `Attaching to ledgerd`.
    pub(crate) awaited: Option<String>,
    pub(crate) mode: Mode,
    /// The tab of the memory screen.
    pub(crate) topic: Topic,
    /// How the tree is wanted; [`Open::arrangement`] follows.
    pub(crate) wanted: Arrangement,
    pub(crate) window: Window,
    pub(crate) moves: bool,
    pub(crate) scroll: f32,
    pub(crate) selected: Option<u32>,
    pub(crate) search: String,
    pub(crate) search_wrong: bool,
    pub(crate) found: Option<Arc<Found>>,
    pub(crate) found_at: usize,
    pub(crate) inspection: Option<Arc<Inspection>>,
    pub(crate) frozen: bool,
    pub(crate) unfolded: BTreeSet<u32>,
    /// Nodes of the call tree's table, in order.
    pub(crate) rows: Vec<u32>,
    /// Functions of the table, in order.
    pub(crate) functions: Vec<TopFunction>,
    /// The node whose box fills the window, where one does.
    pub(crate) zoomed: Option<u32>,
    /// Whether functions are sorted by total instead of self.
    pub(crate) by_total: bool,
    /// Functions of both sides of a comparison, in the order of their table.
    pub(crate) compared: Vec<ComparedFunction>,
    /// The column that they are sorted by.
    pub(crate) compared_by: CompareColumn,
    /// Source and code of a function, once they were asked for.
    pub(crate) listing: Option<Arc<Listing>>,
    /// The line of the source that is picked there.
    pub(crate) picked_line: Option<u32>,
    /// The thread whose stacks are shown over time (a position in the profile's), where one was
    /// chosen.
    pub(crate) charted: Option<u32>,
    /// A range that is held to be compared with, seconds.
    pub(crate) held_s: Option<(f64, f64)>,
    pub(crate) reveal: bool,
    pub(crate) generation: u64,
    /// The threads over time.
    pub(crate) timeline: TimelineState,
    /// Where plain letters go.
    pub(crate) pane: Pane,
    /// The last sandwich that was built.
    pub(crate) sandwich: Option<Arc<Sandwich>>,
    /// The heat map of the shown arrangement, once it was asked for.
    pub(crate) heat_map: Option<Arc<HeatMap>>,
    /// A pinned view that is to be seen again, until its tree has come.
    pub(crate) resumed: Option<Box<PinState>>,
    /// Windows and scrolls of its callers and callees.
    pub(crate) slices: [(Window, f32); 2],
    /// The range before the one that is being dragged.
    pub(crate) dragged_from: Option<BeforeDrag>,
    /// The tab of last time that it will be, once its file is there.
    pub(crate) to_reopen: Option<OpenTab>,
    /// The view that is to be seen once the capture is open.
    pub(crate) to_resume: Option<Resumed>,
}

impl ProfileState {
    /// The open profile, unless another one is waited for.
    pub(crate) fn shown(&self) -> Option<&Open> {
        self.open.as_ref().filter(|_| self.awaited.is_none())
    }
}

impl Default for ProfileState {
    fn default() -> Self {
        Self {
            open: None,
            awaited: None,
            mode: Mode::Flame,
            topic: Topic::Memory,
            wanted: Arrangement::default(),
            window: Window::ALL,
            moves: false,
            scroll: 0.0,
            selected: None,
            search: String::new(),
            search_wrong: false,
            found: None,
            found_at: 0,
            inspection: None,
            frozen: false,
            unfolded: BTreeSet::from([0]),
            rows: Vec::new(),
            functions: Vec::new(),
            zoomed: None,
            by_total: false,
            compared: Vec::new(),
            compared_by: CompareColumn::default(),
            held_s: None,
            charted: None,
            listing: None,
            picked_line: None,
            reveal: false,
            generation: 0,
            timeline: TimelineState::default(),
            pane: Pane::default(),
            sandwich: None,
            slices: [(Window::ALL, 0.0); 2],
            heat_map: None,
            resumed: None,
            dragged_from: None,
            to_reopen: None,
            to_resume: None,
        }
    }
}

impl ProfileState {
    /// The selected node's function.
    pub(crate) fn selected_function(&self) -> Option<u32> {
        flame::function_of(&self.open.as_ref()?.shown.tree, self.selected?)
    }

    /// Works the rows of the call tree out anew: children heaviest first.
    pub(crate) fn arrange_rows(&mut self) {
        self.rows.clear();
        let Some(open) = &self.open else { return };
        let tree = &open.shown.tree;
        let compared = open.shown.compared.as_ref();
        let base = compared.map(|compared| &*compared.tree.base_total);
        if tree.is_empty() && base.is_none_or(|base| base.first().is_none_or(|all| *all == 0)) {
            return;
        }
        let weight = |node: u32| {
            let own = tree.total_samples[node as usize];
            let other = base.map_or(0, |base| base[node as usize]);
            if open.by_base {
                (other, own)
            } else {
                (own, other)
            }
        };
        let mut next = vec![0_u32];
        while let Some(node) = next.pop() {
            self.rows.push(node);
            if self.unfolded.contains(&node) {
                let mut children: Vec<u32> = children(tree, node).collect();
                children.sort_by_key(|child| (weight(*child), u32::MAX - child));
                next.extend(children);
            }
        }
    }

    /// Sorts the table of functions anew; the thread of views sorted them by self samples.
    pub(crate) fn arrange_functions(&mut self) {
        self.arrange_compared();
        let top = self
            .open
            .as_ref()
            .and_then(|open| open.shown.top.as_deref());
        self.functions = top.cloned().unwrap_or_default();
        if self.by_total {
            let order = |row: &TopFunction| (std::cmp::Reverse(row.total_samples), row.function);
            self.functions.sort_by_key(order);
        }
    }

    /// Sorts the table of a comparison anew; it comes sorted by the change of the self share.
    fn arrange_compared(&mut self) {
        let open = self.open.as_ref();
        let compared = open.and_then(|open| open.shown.compared.as_ref());
        self.compared = compared.map_or_else(Vec::new, |compared| compared.functions.clone());
        let key: fn(&ComparedFunction) -> f64 = match self.compared_by {
            CompareColumn::SelfChange => return,
            CompareColumn::Base => |row| row.own.base,
            CompareColumn::Candidate => |row| row.own.candidate,
            CompareColumn::Total => |row| row.total.candidate,
            CompareColumn::TotalChange => |row| row.total.change().abs(),
        };
        self.compared.sort_by(|a, b| key(b).total_cmp(&key(a)));
    }

    /// The node in a new tree that has the same names up to the root.
    pub(crate) fn follow(&self, to: &Profile, tree: &CallTree, node: u32) -> Option<u32> {
        let open = self.open.as_ref()?;
        let from = &open.shown.tree;
        let mut path = Vec::new();
        let mut at = node;
        while at != 0 {
            path.push(open.name(at));
            at = *from.parent.get(at as usize)?;
        }
        let mut found = 0;
        for name in path.into_iter().rev() {
            found =
                children(tree, found).find(|child| flame::node_name(to, tree, *child) == name)?;
        }
        Some(found)
    }
}

/// Children of a node.
pub(crate) fn children(tree: &CallTree, node: u32) -> std::ops::Range<u32> {
    let at = node as usize;
    match (tree.first_child.get(at), tree.child_count.get(at)) {
        (Some(first), Some(count)) if *count > 0 => *first..first + count,
        _ => 0..0,
    }
}
