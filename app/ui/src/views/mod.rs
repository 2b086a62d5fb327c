//! What is worked out of a profile off the frame's thread: other arrangements of the tree, top
//! functions, search, callers and callees, and the lines over time.

pub(crate) mod chart;
pub(crate) mod comparison;
mod digest;
mod inspect;
pub(crate) mod listing;
pub(crate) mod picture;
mod queue;
pub(crate) mod readings;
pub(crate) mod sandwich;
pub(crate) mod source;
mod tasks;
pub(crate) mod tracks;
pub(crate) mod waits;
mod work;

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock, mpsc},
};

use egui::Context;
use scrutineer_evidence::residency::Growth;
use scrutineer_profiler::{
    capture::model::WaitClass,
    profile::{Selection, Weight, transform::Transform},
};

use comparison::Against;
use queue::Queue;
pub(crate) use tasks::{Answer, Task};
use work::{Kept, answer};

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

/// Functions of a profile, asked for each box that is painted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FunctionSet {
    holds: Vec<bool>,
}

impl FunctionSet {
    /// Whether it holds a function.
    pub(crate) fn contains(&self, function: u32) -> bool {
        self.holds.get(function as usize).copied().unwrap_or(false)
    }

    /// The functions that it holds, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        let numbered = self.holds.iter().zip(0..);
        numbered.filter(|(held, _)| **held).map(|(_, id)| id)
    }
}

impl FromIterator<bool> for FunctionSet {
    /// Of whether it holds each function in turn.
    fn from_iter<I: IntoIterator<Item = bool>>(holds: I) -> Self {
        Self {
            holds: holds.into_iter().collect(),
        }
    }
}

/// What a search found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// Functions whose name matches.
    pub(crate) functions: Arc<FunctionSet>,
    /// Outermost nodes that match, in the order of the tree.
    pub(crate) nodes: Vec<u32>,
    /// Samples with a match on their stack.
    pub(crate) samples: u64,
    /// Those of the base, where something is compared.
    pub(crate) base_samples: Option<u64>,
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

/// The thread and its channels.
#[derive(Debug)]
pub(crate) struct Views {
    tasks: Arc<Queue>,
    answers: mpsc::Receiver<Answer>,
    source_folders: SourceFolders,
}

/// Folders in which sources are looked for, shared with the thread.
type SourceFolders = Arc<RwLock<Vec<PathBuf>>>;

impl Views {
    /// Starts the thread; it ends with this value.
    pub(crate) fn start(context: &Context) -> Self {
        let tasks = Arc::new(Queue::default());
        let (outbox, answers) = mpsc::channel();
        let context = context.clone();
        let source_folders = SourceFolders::default();
        let mut kept = Kept {
            source_folders: source_folders.clone(),
            ..Kept::default()
        };
        let inbox = Arc::clone(&tasks);
        let run = move || work(&inbox, &outbox, &context, &mut kept);
        std::thread::Builder::new()
            .name("scrutineer-views".to_owned())
            .spawn(run)
            .expect("a process that opened a window can start a thread");
        Self {
            tasks,
            answers,
            source_folders,
        }
    }

    /// Sets the folders in which sources are looked for.
    pub(crate) fn look_for_sources_in(&self, folders: &[PathBuf]) {
        let known = self.source_folders.write();
        // Each change is one assignment: a panic elsewhere spoils nothing.
        *known.unwrap_or_else(PoisonError::into_inner) = folders.to_vec();
    }

    /// Asks for something; an earlier wish of its kind that still waits is dropped.
    pub(crate) fn ask(&self, task: Task) {
        self.tasks.push(task);
    }

    /// Drops what was asked for about a picture of a capture that is not shown any more.
    pub(crate) fn forget(&self, generation: u64) {
        self.tasks.forget(generation);
    }

    /// What came since the last call.
    pub(crate) fn answers(&self) -> Vec<Answer> {
        let answers: Vec<Answer> = self.answers.try_iter().collect();
        #[cfg(test)]
        self.tasks.read(answers.len());
        answers
    }

    /// Whether answers are still to come.
    #[cfg(test)]
    pub(crate) fn is_busy(&self) -> bool {
        self.tasks.is_busy()
    }

    /// Lets tasks wait, or be worked on again.
    #[cfg(test)]
    pub(crate) fn hold(&self, is_held: bool) {
        self.tasks.hold(is_held);
    }

    /// Tasks that were worked on so far.
    #[cfg(test)]
    pub(crate) fn worked(&self) -> usize {
        self.tasks.taken()
    }
}

impl Drop for Views {
    fn drop(&mut self) {
        self.tasks.close();
    }
}

fn work(inbox: &Queue, outbox: &mpsc::Sender<Answer>, context: &Context, kept: &mut Kept) {
    while let Some(task) = inbox.take() {
        if outbox.send(answer(task, kept)).is_err() {
            return;
        }
        context.request_repaint();
    }
}
