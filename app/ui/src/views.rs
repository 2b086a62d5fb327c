//! What is worked out of a profile off the frame's thread: other arrangements of the tree, top
//! functions, search, callers and callees, and the lines over time.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, mpsc},
};

use egui::Context;
use regex::Regex;
use scrutineer_evidence::residency::{Growth, ResidencySample};
use scrutineer_profiler::{
    capture::model::NONE,
    memory::growth,
    profile::{
        CallTree, CallTreeOptions, FlameLayout, FlameOrder, Profile, Selection, top_functions,
    },
};

use crate::state::profile::{Arranged, children};

/// How the tree is arranged.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Arrangement {
    /// Callees first.
    pub(crate) inverted: bool,
    /// Only samples of this range, seconds since the start.
    pub(crate) range_s: Option<(f64, f64)>,
}

/// Everything about a profile that does not depend on how it is looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Digest {
    /// Length.
    pub(crate) duration_s: f64,
    /// CPU use in cores over time.
    pub(crate) cpu: Vec<(f64, f64)>,
    /// CPU time that the target used, seconds.
    pub(crate) cpu_s: f64,
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
}

/// Work for the thread.
#[derive(Debug)]
pub(crate) enum Task {
    /// [`Digest`] of a profile.
    Digest {
        generation: u64,
        profile: Arc<Profile>,
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
    /// A function over a tree.
    Inspect {
        generation: u64,
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
    /// See [`Task::Inspect`].
    Inspected {
        generation: u64,
        inspection: Arc<Inspection>,
    },
}

/// The thread and its channels.
#[derive(Debug)]
pub(crate) struct Views {
    tasks: mpsc::Sender<Task>,
    answers: mpsc::Receiver<Answer>,
    pending: usize,
}

impl Views {
    /// Starts the thread; it ends with this value.
    pub(crate) fn start(context: &Context) -> Self {
        let (tasks, inbox) = mpsc::channel();
        let (outbox, answers) = mpsc::channel();
        let context = context.clone();
        let run = move || work(&inbox, &outbox, &context);
        std::thread::Builder::new()
            .name("scrutineer-views".to_owned())
            .spawn(run)
            .expect("a process that opened a window can start a thread");
        Self {
            tasks,
            answers,
            pending: 0,
        }
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

fn work(inbox: &mpsc::Receiver<Task>, outbox: &mpsc::Sender<Answer>, context: &Context) {
    while let Ok(task) = inbox.recv() {
        if outbox.send(answer(task)).is_err() {
            return;
        }
        context.request_repaint();
    }
}

fn answer(task: Task) -> Answer {
    match task {
        Task::Digest {
            generation,
            profile,
        } => Answer::Digest {
            generation,
            digest: Arc::new(digest(&profile)),
        },
        Task::Arrange {
            generation,
            profile,
            arrangement,
            have,
        } => {
            let arranged = Box::new(arrange(&profile, &arrangement, have.map(|have| *have)));
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
        Task::Inspect {
            generation,
            tree,
            function,
        } => Answer::Inspected {
            generation,
            inspection: Arc::new(inspect(&tree, function)),
        },
    }
}

fn arrange(profile: &Profile, arrangement: &Arrangement, have: Option<Arranged>) -> Arranged {
    let time_ns = arrangement
        .range_s
        .map(|(from, to)| (from * 1e9) as u64..(to * 1e9) as u64);
    let selection = Selection {
        time_ns,
        threads: None,
    };
    let top = Some(Arc::new(top_functions(profile, &selection, false)));
    if let Some(have) = have {
        return Arranged { top, ..have };
    }
    let options = CallTreeOptions {
        inverted: arrangement.inverted,
        ..CallTreeOptions::default()
    };
    let tree = CallTree::build(profile, &selection, options);
    Arranged {
        layout: Arc::new(FlameLayout::build(&tree, FlameOrder::Alphabetical)),
        left_heavy: Arc::new(FlameLayout::build(&tree, FlameOrder::LeftHeavy)),
        tree: Arc::new(tree),
        top,
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

fn inspect(tree: &CallTree, function: u32) -> Inspection {
    let mut inspection = Inspection {
        function,
        ..Inspection::default()
    };
    let mut callers: BTreeMap<u32, Neighbour> = BTreeMap::new();
    let mut callees: BTreeMap<u32, Neighbour> = BTreeMap::new();
    let key = |node: u32| match tree.function[node as usize] {
        // Thread groups have no function: each stands for itself, above all functions.
        NONE => (u32::MAX / 2).saturating_add(node),
        function => function,
    };
    for node in (0..tree.len() as u32).filter(|node| tree.function[*node as usize] == function) {
        inspection.self_samples += tree.self_samples[node as usize];
        if above(tree, node).any(|outer| tree.function[outer as usize] == function) {
            continue;
        }
        let total = tree.total_samples[node as usize];
        inspection.total_samples += total;
        let caller = tree.parent[node as usize];
        if node != 0 {
            let entry = callers.entry(key(caller)).or_insert(Neighbour {
                node: caller,
                samples: 0,
            });
            entry.samples += total;
        }
    }
    for node in (0..tree.len() as u32).filter(|node| tree.function[*node as usize] == function) {
        for callee in
            children(tree, node).filter(|callee| tree.function[*callee as usize] != function)
        {
            let again = above(tree, node).any(|outer| {
                tree.function[outer as usize] == tree.function[callee as usize]
                    && tree.function[tree.parent[outer as usize] as usize] == function
            });
            let samples = if again {
                0
            } else {
                tree.total_samples[callee as usize]
            };
            let entry = callees.entry(key(callee)).or_insert(Neighbour {
                node: callee,
                samples: 0,
            });
            entry.samples += samples;
        }
    }
    (inspection.callers, inspection.callees) = (heaviest(callers), heaviest(callees));
    inspection
}

/// Ancestors of a node below the root, innermost first.
fn above(tree: &CallTree, node: u32) -> impl Iterator<Item = u32> {
    std::iter::successors(Some(node), |node| {
        Some(tree.parent[*node as usize]).filter(|up| up != node)
    })
    .skip(1)
    .take_while(|node| *node != 0)
}

fn heaviest(neighbours: BTreeMap<u32, Neighbour>) -> Vec<Neighbour> {
    let mut neighbours: Vec<Neighbour> = neighbours.into_values().collect();
    neighbours.sort_by_key(|neighbour| (std::cmp::Reverse(neighbour.samples), neighbour.node));
    neighbours
}

/// Points that a line is painted with at most.
const POINTS: usize = 1_200;

fn digest(profile: &Profile) -> Digest {
    let seconds = |ns: u64| ns as f64 / 1e9;
    let last = [
        profile.end.as_ref().map(|end| end.duration_ns),
        profile.residency.last().map(|reading| reading.time_ns),
        profile.activity.last().map(|reading| reading.time_ns),
        profile.samples.time_ns.last().copied(),
    ];
    let series = |value: fn(&ResidencySample) -> Option<u64>| {
        let points = profile.residency.iter().filter_map(|reading| {
            let mebibytes = value(reading)? as f64 / crate::format::MEBIBYTE;
            Some((seconds(reading.time_ns), mebibytes))
        });
        decimated(points.collect())
    };
    let rss = |reading: &ResidencySample| reading.rss_bytes;
    let peak = profile
        .residency
        .iter()
        .max_by_key(|reading| reading.rss_bytes);
    Digest {
        duration_s: seconds(last.into_iter().flatten().max().unwrap_or_default()),
        cpu: decimated(cpu_use(profile)),
        cpu_s: cpu_time(profile),
        rss: series(|reading| Some(reading.rss_bytes)),
        pss: series(|reading| reading.pss_bytes),
        anonymous: series(|reading| reading.anonymous_bytes),
        peak: peak.map(|reading| (reading.rss_bytes, seconds(reading.time_ns))),
        ends: profile
            .residency
            .first()
            .map(rss)
            .zip(profile.residency.last().map(rss)),
        readings: profile.residency.len(),
        growth: growth::estimate(&profile.residency),
        last_counts: profile
            .activity
            .last()
            .map(|reading| (reading.threads, reading.descriptors)),
        places: places(profile),
    }
}

/// CPU use between readings, cores.
fn cpu_use(profile: &Profile) -> Vec<(f64, f64)> {
    let used = |pair: &[scrutineer_profiler::capture::model::Activity]| {
        let busy = (pair[1].user_ns + pair[1].kernel_ns)
            .saturating_sub(pair[0].user_ns + pair[0].kernel_ns);
        let time = pair[1].time_ns.saturating_sub(pair[0].time_ns);
        (
            pair[1].time_ns as f64 / 1e9,
            crate::format::share(busy, time),
        )
    };
    profile.activity.windows(2).map(used).collect()
}

fn cpu_time(profile: &Profile) -> f64 {
    let (Some(first), Some(last)) = (profile.activity.first(), profile.activity.last()) else {
        return 0.0;
    };
    let busy = (last.user_ns + last.kernel_ns).saturating_sub(first.user_ns + first.kernel_ns);
    busy as f64 / 1e9
}

/// Lowest and highest point of each of equal parts, so that no peak is lost.
fn decimated(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    if points.len() <= POINTS {
        return points;
    }
    let part = points.len().div_ceil(POINTS / 2);
    let extremes = |part: &[(f64, f64)]| {
        let by_value = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let low = part.iter().min_by(by_value).copied();
        let high = part.iter().max_by(by_value).copied();
        let mut ends: Vec<(f64, f64)> = low.into_iter().chain(high).collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        ends.dedup();
        ends
    };
    points.chunks(part).flat_map(extremes).collect()
}

fn places(profile: &Profile) -> Vec<String> {
    let mut places = vec![String::new(); profile.functions.len()];
    for frame in &profile.logical {
        let Some(place) = places.get_mut(frame.function as usize) else {
            continue;
        };
        if let Some(file) = profile
            .files
            .get(frame.file as usize)
            .filter(|_| place.is_empty())
        {
            *place = if frame.line > 0 {
                format!("{file}:{}", frame.line)
            } else {
                file.clone()
            };
        }
    }
    places
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
        let inspection = inspect(&loaded.tree, function);
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

    #[test]
    fn decimating_keeps_the_peak() {
        let mut points: Vec<(f64, f64)> = (0..10_000).map(|at| (f64::from(at), 1.0)).collect();
        points[4_321].1 = 9.0;
        let kept = decimated(points);
        assert!(kept.len() <= POINTS);
        assert!(kept.contains(&(4_321.0, 9.0)));
        assert!(kept.is_sorted_by(|a, b| a.0 <= b.0));
    }
}
