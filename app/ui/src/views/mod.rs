//! What is worked out of a profile off the frame's thread: other arrangements of the tree, top
//! functions, search, callers and callees, and the lines over time.

pub(crate) mod chart;
pub(crate) mod comparison;
mod digest;
mod inspect;
pub(crate) mod listing;
pub(crate) mod picture;
pub(crate) mod readings;
pub(crate) mod sandwich;
pub(crate) mod source;
pub(crate) mod tracks;
pub(crate) mod waits;

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock, mpsc},
};

use egui::Context;
use regex::Regex;
use scrutineer_evidence::residency::Growth;
use scrutineer_profiler::{
    capture::model::WaitClass,
    profile::{
        CallTree, CallTreeOptions, FlameLayout, FlameOrder, LayoutOptions, Profile, Selection,
        TopFunction, Weight,
        heat_map::HeatMap,
        top_functions,
        tracks::ThreadIndex,
        transform::{self, Transform},
    },
};

use crate::{pin::Pin, state::profile::Arranged};
use comparison::{Against, Comparison};

/// How the tree is arranged.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Arrangement {
    /// Callees first.
    pub(crate) inverted: bool,
    /// Only samples of this range, seconds since the start.
    pub(crate) range_s: Option<(f64, f64)>,
    /// Only these threads (positions in the profile's); `None` for all.
    pub(crate) threads: Option<BTreeSet<u32>>,
    /// Changes of the stacks, one after the other.
    pub(crate) transforms: Vec<Transform>,
    /// What is weighed.
    pub(crate) weight: Weight,
    /// Classes of waits that count; `None` for all.
    pub(crate) classes: Option<BTreeSet<WaitClass>>,
    /// What it is compared with; `None` where nothing is compared.
    pub(crate) against: Option<Against>,
    /// Whether frames below [`SMALL`] are left out of the flame graph.
    pub(crate) hides_small: bool,
}

/// Share below which frames are small.
pub(crate) const SMALL: f64 = 0.001;

impl Arrangement {
    /// The part of the profile that it looks at.
    pub(crate) fn selection(&self) -> Selection {
        Selection {
            time_ns: self
                .range_s
                .map(|(from, to)| (from * 1e9) as u64..(to * 1e9) as u64),
            weight: self.weight,
            wait_classes: self.classes.clone(),
            threads: self.threads.clone(),
        }
    }

    /// The least width that a flame graph of `total` shows.
    pub(crate) fn least_of(&self, total: u64) -> u64 {
        if self.hides_small {
            (total as f64 * SMALL).ceil() as u64
        } else {
            0
        }
    }

    /// Whether a class of waits counts.
    pub(crate) fn counts(&self, class: WaitClass) -> bool {
        let classes = self.classes.as_ref();
        classes.is_none_or(|classes| classes.contains(&class))
    }
}

/// Everything about a profile that does not depend on how it is looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Digest {
    /// Length.
    pub(crate) duration_s: f64,
    /// CPU use in cores over time.
    pub(crate) cpu: Vec<(f64, f64)>,
    /// Resident set over time, MiB.
    pub(crate) rss: Vec<(f64, f64)>,
    /// Proportional set over time, MiB.
    pub(crate) pss: Vec<(f64, f64)>,
    /// Anonymous memory over time, MiB.
    pub(crate) anonymous: Vec<(f64, f64)>,
    /// Highest resident set, bytes, and when.
    pub(crate) peak: Option<(u64, f64)>,
    /// First and last resident set, bytes.
    pub(crate) ends: Option<(u64, u64)>,
    /// Readings.
    pub(crate) readings: usize,
    /// Growth of the resident set.
    pub(crate) growth: Option<Growth>,
    /// Threads and descriptors at the last reading.
    pub(crate) last_counts: Option<(u32, Option<u32>)>,
    /// `file:line` by function, empty where unknown.
    pub(crate) places: Vec<String>,
    /// What happened, in order of time.
    pub(crate) markers: Vec<Marker>,
}

/// Something that happened at a moment of the capture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Marker {
    /// When, seconds since the start.
    pub(crate) time_s: f64,
    /// What.
    pub(crate) words: String,
    /// Whether it is something to mend or to read.
    pub(crate) is_trouble: bool,
}

/// What a search found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// Functions whose name matches.
    pub(crate) functions: Arc<BTreeSet<u32>>,
    /// Outermost nodes that match, in the order of the tree.
    pub(crate) nodes: Vec<u32>,
    /// Samples with a match on their stack.
    pub(crate) samples: u64,
}

/// A function next to the inspected one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Neighbour {
    /// A node that stands for it in the tree.
    pub(crate) node: u32,
    /// Samples.
    pub(crate) samples: u64,
}

/// A function over the whole tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inspection {
    /// Which.
    pub(crate) function: u32,
    /// Samples in which it was innermost.
    pub(crate) self_samples: u64,
    /// Samples in which it was anywhere on the stack.
    pub(crate) total_samples: u64,
    /// Who called it, most first.
    pub(crate) callers: Vec<Neighbour>,
    /// Whom it called, most first.
    pub(crate) callees: Vec<Neighbour>,
    /// What its waits were, where waits are weighed.
    pub(crate) waits: Option<waits::Waited>,
    /// Its source by cost, where lines are known.
    pub(crate) source: Option<source::Source>,
}

/// Work for the thread.
#[derive(Debug)]
pub(crate) enum Task {
    /// [`Digest`] of a profile.
    Digest {
        generation: u64,
        profile: Arc<Profile>,
    },
    /// [`readings::Pictures`] over a range, seconds.
    Readings {
        generation: u64,
        profile: Arc<Profile>,
        range_s: Option<(f64, f64)>,
    },
    /// [`tracks::Tracks`] over a window of time, with shares over a range, seconds.
    Tracks {
        generation: u64,
        profile: Arc<Profile>,
        view_s: Option<(f64, f64)>,
        range_s: Option<(f64, f64)>,
        wanted: Vec<u32>,
    },
    /// A tree; the one that is there already is only counted.
    Arrange {
        generation: u64,
        profile: Arc<Profile>,
        arrangement: Arrangement,
        have: Option<Box<Arranged>>,
    },
    /// A search over a tree.
    Search {
        generation: u64,
        profile: Arc<Profile>,
        tree: Arc<CallTree>,
        pattern: Regex,
    },
    /// [`sandwich::Sandwich`] of a function.
    Sandwich {
        generation: u64,
        profile: Arc<Profile>,
        arrangement: Arrangement,
        function: u32,
    },
    /// [`chart::ThreadChart`] of a thread, of the one with most where `None`.
    Chart {
        generation: u64,
        profile: Arc<Profile>,
        arrangement: Arrangement,
        tree: Arc<CallTree>,
        thread: Option<u32>,
    },
    /// [`listing::Listing`] of a function.
    Listing {
        generation: u64,
        profile: Arc<Profile>,
        arrangement: Arrangement,
        function: u32,
    },
    /// [`HeatMap`] of a selection.
    HeatMap {
        generation: u64,
        profile: Arc<Profile>,
        arrangement: Arrangement,
    },
    /// A pin with the picture of what is seen.
    Picture {
        generation: u64,
        sight: Box<picture::Sight>,
    },
    /// A function over a tree.
    Inspect {
        generation: u64,
        profile: Arc<Profile>,
        arrangement: Arrangement,
        tree: Arc<CallTree>,
        function: u32,
    },
}

/// What the thread found out.
#[derive(Debug)]
pub(crate) enum Answer {
    /// See [`Task::Digest`].
    Digest {
        generation: u64,
        digest: Arc<Digest>,
    },
    /// See [`Task::Readings`].
    Readings {
        generation: u64,
        range_s: Option<(f64, f64)>,
        pictures: Arc<readings::Pictures>,
    },
    /// See [`Task::Tracks`].
    Tracks {
        generation: u64,
        view_s: Option<(f64, f64)>,
        range_s: Option<(f64, f64)>,
        tracks: Arc<tracks::Tracks>,
    },
    /// See [`Task::Arrange`].
    Arranged {
        generation: u64,
        arrangement: Arrangement,
        arranged: Box<Arranged>,
    },
    /// See [`Task::Search`].
    Found {
        generation: u64,
        pattern: String,
        found: Arc<Found>,
    },
    /// See [`Task::Sandwich`].
    Sandwich {
        generation: u64,
        sandwich: Arc<sandwich::Sandwich>,
    },
    /// See [`Task::Chart`].
    Chart {
        generation: u64,
        arrangement: Arrangement,
        chart: Arc<chart::ThreadChart>,
    },
    /// See [`Task::Listing`].
    Listed {
        generation: u64,
        arrangement: Arrangement,
        listing: Arc<listing::Listing>,
    },
    /// See [`Task::HeatMap`].
    HeatMap {
        generation: u64,
        arrangement: Arrangement,
        map: Arc<HeatMap>,
    },
    /// See [`Task::Picture`].
    Pinned {
        generation: u64,
        path: PathBuf,
        pin: Box<Pin>,
    },
    /// See [`Task::Inspect`].
    Inspected {
        generation: u64,
        inspection: Arc<Inspection>,
    },
}

impl Answer {
    /// The picture of a capture that it is of.
    pub(crate) fn generation(&self) -> u64 {
        match self {
            Self::Digest { generation, .. }
            | Self::Readings { generation, .. }
            | Self::Tracks { generation, .. }
            | Self::Arranged { generation, .. }
            | Self::Found { generation, .. }
            | Self::Sandwich { generation, .. }
            | Self::HeatMap { generation, .. }
            | Self::Chart { generation, .. }
            | Self::Listed { generation, .. }
            | Self::Pinned { generation, .. }
            | Self::Inspected { generation, .. } => *generation,
        }
    }
}

/// The thread and its channels.
#[derive(Debug)]
pub(crate) struct Views {
    tasks: mpsc::Sender<Task>,
    answers: mpsc::Receiver<Answer>,
    pending: usize,
    source_folders: SourceFolders,
}

/// Folders in which sources are looked for, shared with the thread.
type SourceFolders = Arc<RwLock<Vec<PathBuf>>>;

impl Views {
    /// Starts the thread; it ends with this value.
    pub(crate) fn start(context: &Context) -> Self {
        let (tasks, inbox) = mpsc::channel();
        let (outbox, answers) = mpsc::channel();
        let context = context.clone();
        let source_folders = SourceFolders::default();
        let mut kept = Kept {
            source_folders: source_folders.clone(),
            ..Kept::default()
        };
        let run = move || work(&inbox, &outbox, &context, &mut kept);
        std::thread::Builder::new()
            .name("scrutineer-views".to_owned())
            .spawn(run)
            .expect("a process that opened a window can start a thread");
        Self {
            tasks,
            answers,
            pending: 0,
            source_folders,
        }
    }

    /// Sets the folders in which sources are looked for.
    pub(crate) fn look_for_sources_in(&self, folders: &[PathBuf]) {
        let known = self.source_folders.write();
        // Each change is one assignment: a panic elsewhere spoils nothing.
        *known.unwrap_or_else(PoisonError::into_inner) = folders.to_vec();
    }

    /// Asks for something.
    pub(crate) fn ask(&mut self, task: Task) {
        // The thread outlives this sender; should it have died, the views stay as they are.
        if self.tasks.send(task).is_ok() {
            self.pending += 1;
        }
    }

    /// What came since the last call.
    pub(crate) fn answers(&mut self) -> Vec<Answer> {
        let answers: Vec<Answer> = self.answers.try_iter().collect();
        self.pending = self.pending.saturating_sub(answers.len());
        answers
    }

    /// Whether answers are still to come.
    #[cfg(test)]
    pub(crate) fn is_busy(&self) -> bool {
        self.pending > 0
    }
}

fn work(
    inbox: &mpsc::Receiver<Task>,
    outbox: &mpsc::Sender<Answer>,
    context: &Context,
    kept: &mut Kept,
) {
    while let Ok(task) = inbox.recv() {
        if outbox.send(answer(task, kept)).is_err() {
            return;
        }
        context.request_repaint();
    }
}

/// What serves several tasks on the same profile.
#[derive(Debug, Default)]
struct Kept {
    index: Option<(u64, Arc<ThreadIndex>)>,
    transformed: Option<(u64, Vec<Transform>, Arc<Profile>)>,
    source_folders: SourceFolders,
}

impl Kept {
    fn source_folders(&self) -> Vec<PathBuf> {
        let folders = self.source_folders.read();
        folders.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A profile with transformed stacks.
    fn transformed(
        &mut self,
        generation: u64,
        profile: &Arc<Profile>,
        transforms: &[Transform],
    ) -> Arc<Profile> {
        if transforms.is_empty() {
            return profile.clone();
        }
        match &self.transformed {
            Some((of, by, transformed)) if *of == generation && by == transforms => {
                transformed.clone()
            }
            _ => {
                let transformed = Arc::new(transform::apply(profile, transforms));
                self.transformed = Some((generation, transforms.to_vec(), transformed.clone()));
                transformed
            }
        }
    }

    fn index(&mut self, generation: u64, profile: &Profile) -> Arc<ThreadIndex> {
        match &self.index {
            Some((of, index)) if *of == generation => index.clone(),
            _ => {
                let index = Arc::new(ThreadIndex::of(profile));
                self.index = Some((generation, index.clone()));
                index
            }
        }
    }
}

#[expect(clippy::too_many_lines, reason = "a table: one arm a task")]
fn answer(task: Task, kept: &mut Kept) -> Answer {
    match task {
        Task::Digest {
            generation,
            profile,
        } => Answer::Digest {
            generation,
            digest: Arc::new(digest::digest(&profile)),
        },
        Task::Readings {
            generation,
            profile,
            range_s,
        } => Answer::Readings {
            generation,
            range_s,
            pictures: Arc::new(readings::pictures(&profile, range_s)),
        },
        Task::Tracks {
            generation,
            profile,
            view_s,
            range_s,
            wanted,
        } => {
            let index = kept.index(generation, &profile);
            let tracks = tracks::tracks(&profile, index, view_s, range_s, &wanted);
            Answer::Tracks {
                generation,
                view_s,
                range_s,
                tracks: Arc::new(tracks),
            }
        }
        Task::Arrange {
            generation,
            profile,
            arrangement,
            have,
        } => {
            let profile = kept.transformed(generation, &profile, &arrangement.transforms);
            let arranged = Box::new(arrange(profile, &arrangement, have.map(|have| *have)));
            Answer::Arranged {
                generation,
                arrangement,
                arranged,
            }
        }
        Task::Search {
            generation,
            profile,
            tree,
            pattern,
        } => {
            let found = Arc::new(search(&profile, &tree, &pattern));
            Answer::Found {
                generation,
                pattern: pattern.as_str().to_owned(),
                found,
            }
        }
        Task::Sandwich {
            generation,
            profile,
            arrangement,
            function,
        } => Answer::Sandwich {
            generation,
            sandwich: Arc::new(sandwich::sandwich(&profile, &arrangement, function)),
        },
        Task::Chart {
            generation,
            profile,
            arrangement,
            tree,
            thread,
        } => Answer::Chart {
            generation,
            chart: Arc::new(chart::chart(&profile, &arrangement, &tree, thread)),
            arrangement,
        },
        Task::Listing {
            generation,
            profile,
            arrangement,
            function,
        } => Answer::Listed {
            generation,
            listing: Arc::new(listing::listing(
                &profile,
                &arrangement.selection(),
                function,
                &kept.source_folders(),
            )),
            arrangement,
        },
        Task::HeatMap {
            generation,
            profile,
            arrangement,
        } => Answer::HeatMap {
            generation,
            map: Arc::new(HeatMap::of(&profile, &arrangement.selection())),
            arrangement,
        },
        Task::Picture { generation, sight } => picture::answer(generation, *sight),
        Task::Inspect {
            generation,
            profile,
            arrangement,
            tree,
            function,
        } => {
            let of = (&*profile, &arrangement, function);
            let inspection = inspected(of, &tree, &kept.source_folders());
            Answer::Inspected {
                generation,
                inspection: Arc::new(inspection),
            }
        }
    }
}

/// A function with its neighbours, waits and source.
fn inspected(
    (profile, arrangement, function): (&Profile, &Arrangement, u32),
    tree: &CallTree,
    source_folders: &[PathBuf],
) -> Inspection {
    let mut inspection = inspect::inspect(tree, function);
    let waits = arrangement.weight == Weight::Wait;
    inspection.waits = waits.then(|| waits::waited(profile, arrangement, function));
    let selection = arrangement.selection();
    inspection.source = source::source(profile, &selection, function, source_folders);
    inspection
}

fn arrange(profile: Arc<Profile>, arrangement: &Arrangement, have: Option<Arranged>) -> Arranged {
    let selection = arrangement.selection();
    let classes = Arc::new(waits::classes(&profile, &selection));
    let top = Some(Arc::new(top_functions(&profile, &selection, false)));
    if let Some(have) = have {
        return Arranged {
            top,
            classes,
            ..have
        };
    }
    let compared = arrangement.against.as_ref();
    let compared = compared.map(|against| comparison::compare(&profile, arrangement, against));
    if let Some(compared) = compared.map(Arc::new) {
        let profile = compared.tree.profile.clone();
        let tree = Arc::new(compared.tree.tree.clone());
        return laid_out((profile, tree), arrangement, top, classes, Some(compared));
    }
    let options = CallTreeOptions {
        inverted: arrangement.inverted,
        ..CallTreeOptions::default()
    };
    let tree = Arc::new(CallTree::build(&profile, &selection, options));
    laid_out((profile, tree), arrangement, top, classes, None)
}

fn laid_out(
    (profile, tree): (Arc<Profile>, Arc<CallTree>),
    arrangement: &Arrangement,
    top: Option<Arc<Vec<TopFunction>>>,
    classes: Arc<Vec<waits::ClassTime>>,
    compared: Option<Arc<Comparison>>,
) -> Arranged {
    let total = tree.total_samples.first().copied().unwrap_or(0);
    let layout = |order| {
        let options = LayoutOptions {
            order,
            least: arrangement.least_of(total),
            ..LayoutOptions::default()
        };
        Arc::new(FlameLayout::build_with(&tree, options))
    };
    Arranged {
        layout: layout(FlameOrder::Alphabetical),
        left_heavy: layout(FlameOrder::LeftHeavy),
        tree,
        top,
        classes,
        profile,
        compared,
    }
}

fn search(profile: &Profile, tree: &CallTree, pattern: &Regex) -> Found {
    let functions: BTreeSet<u32> = profile
        .functions
        .iter()
        .zip(0_u32..)
        .filter(|(function, _)| pattern.is_match(&function.name))
        .map(|(_, id)| id)
        .collect();
    let (mut nodes, mut samples) = (Vec::new(), 0);
    let mut inside = vec![false; tree.len()];
    for node in 0..tree.len() {
        let outer = inside[tree.parent[node] as usize];
        let matches = functions.contains(&tree.function[node]);
        if matches && !outer {
            nodes.push(node as u32);
            samples += tree.total_samples[node];
        }
        inside[node] = outer || matches;
    }
    Found {
        functions: Arc::new(functions),
        nodes,
        samples,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn named(loaded: &crate::event::LoadedProfile, name: &str) -> u32 {
        let functions = &loaded.profile.functions;
        functions
            .iter()
            .position(|function| function.name == name)
            .unwrap() as u32
    }

    #[test]
    fn a_search_counts_nested_matches_once() {
        let loaded = fixtures::loaded();
        let all = search(
            &loaded.profile,
            &loaded.tree,
            &Regex::new("Engine|validate").unwrap(),
        );
        let outer = search(
            &loaded.profile,
            &loaded.tree,
            &Regex::new("Engine").unwrap(),
        );
        assert!(all.functions.len() > outer.functions.len());
        assert_eq!(all.samples, outer.samples);
        assert!(outer.samples > 0);
    }

    #[test]
    fn a_function_has_the_callers_and_callees_of_the_whole_tree() {
        let loaded = fixtures::loaded();
        let function = named(&loaded, "ledgerd::posting::Engine::apply_batch");
        let inspection = inspect::inspect(&loaded.tree, function);
        let names = |neighbours: &[Neighbour]| -> Vec<String> {
            let name = |near: &Neighbour| {
                crate::widgets::flame::node_name(&loaded.profile, &loaded.tree, near.node)
                    .to_owned()
            };
            neighbours.iter().map(name).collect()
        };
        assert_eq!(
            names(&inspection.callers),
            ["ledgerd::http::routes::post_transfer"]
        );
        assert!(names(&inspection.callees).contains(&"ledgerd::posting::validate".to_owned()));
        let below: u64 = inspection.callees.iter().map(|callee| callee.samples).sum();
        assert_eq!(below + inspection.self_samples, inspection.total_samples);
    }
}
