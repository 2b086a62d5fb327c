//! What the thread of views does with what it is asked for.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError},
};

use regex::Regex;
use scrutineer_profiler::profile::{
    CallTree, CallTreeOptions, Detail, FlameLayout, FlameOrder, LayoutOptions, Profile, Weight,
    heat_map::HeatMap,
    samples_with_any, top_functions,
    tracks::ThreadIndex,
    transform::{self, Transform},
    weight_of,
};

use super::{
    Answer, Arrangement, Found, FunctionSet, Inspection, SourceFolders, Task, chart, comparison,
    comparison::Comparison, digest, inspect, listing, picture, readings, sandwich, source, tracks,
    waits,
};
use crate::state::profile::Arranged;

/// What serves several tasks on the same profile.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) index: Option<(u64, Arc<ThreadIndex>)>,
    pub(super) transformed: Option<(u64, Vec<Transform>, Arc<Profile>)>,
    pub(super) source_folders: SourceFolders,
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
pub(super) fn answer(task: Task, kept: &mut Kept) -> Answer {
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
            arrangement,
            tree,
            compared,
            pattern,
        } => {
            let base = compared.as_ref().map(|compared| &*compared.tree.base_total);
            let mut found = search(&profile, (&tree, base), &pattern);
            if tree.left_out > 0 {
                // Matches lie in what the tree leaves out, too.
                let selection = arrangement.selection();
                found.samples = samples_with_any(&profile, &selection, found.functions.iter());
            }
            let found = Arc::new(found);
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
            compared,
            function,
        } => {
            let compared = compared.as_deref();
            let sandwich = sandwich::sandwich(&profile, &arrangement, function, compared);
            Answer::Sandwich {
                generation,
                sandwich: Arc::new(sandwich),
            }
        }
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
    if tree.left_out > 0 {
        // The function lies in what the tree leaves out, too; its neighbours there are not listed.
        let whole = weight_of(profile, &selection, function);
        inspection.self_samples = whole.self_samples;
        inspection.total_samples = whole.total_samples;
    }
    inspection.source = source::source(profile, &selection, function, source_folders);
    inspection
}

fn arrange(profile: &Arc<Profile>, arrangement: &Arrangement, have: Option<Arranged>) -> Arranged {
    let selection = arrangement.selection();
    let lists = || {
        let top = Arc::new(top_functions(profile, &selection, false));
        (Some(top), Arc::new(waits::classes(profile, &selection)))
    };
    if let Some(have) = have {
        let (top, classes) = lists();
        return Arranged {
            top,
            classes,
            ..have
        };
    }
    // The tree on this thread, the lists beside it on another.
    std::thread::scope(|scope| {
        let lists = std::thread::Builder::new()
            .name("scrutineer-lists".to_owned())
            .spawn_scoped(scope, lists)
            .expect("a process that opened a window can start a thread");
        let arranged = arrange_tree(profile, arrangement);
        let lists = lists.join();
        let (top, classes) = lists.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Arranged {
            top,
            classes,
            ..arranged
        }
    })
}

/// Without the lists.
fn arrange_tree(profile: &Arc<Profile>, arrangement: &Arrangement) -> Arranged {
    let compared = arrangement.against.as_ref();
    let compared = compared.map(|against| comparison::compare(profile, arrangement, against));
    if let Some(compared) = compared.map(Arc::new) {
        let profile = compared.tree.profile.clone();
        let tree = Arc::new(compared.tree.tree.clone());
        return laid_out((profile, tree), arrangement, Some(compared));
    }
    let options = CallTreeOptions {
        inverted: arrangement.inverted,
        detail: Detail::Bounded,
        ..CallTreeOptions::default()
    };
    let tree = Arc::new(CallTree::build(profile, &arrangement.selection(), options));
    laid_out((profile.clone(), tree), arrangement, None)
}

fn laid_out(
    (profile, tree): (Arc<Profile>, Arc<CallTree>),
    arrangement: &Arrangement,
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
        top: None,
        classes: Arc::default(),
        profile,
        compared,
    }
}

/// Searches a tree; `base` has the weights of a comparison's base by node.
fn search(profile: &Profile, (tree, base): (&CallTree, Option<&[u64]>), pattern: &Regex) -> Found {
    let functions = profile.functions.iter();
    let functions: FunctionSet = functions
        .map(|function| pattern.is_match(&function.name))
        .collect();
    let (mut nodes, mut samples, mut base_samples) = (Vec::new(), 0, 0);
    let mut inside = vec![false; tree.len()];
    for node in 0..tree.len() {
        let outer = inside[tree.parent[node] as usize];
        let matches = functions.contains(tree.function[node]);
        if matches && !outer {
            nodes.push(node as u32);
            samples += tree.total_samples[node];
            base_samples += base.map_or(0, |base| base[node]);
        }
        inside[node] = outer || matches;
    }
    Found {
        functions: Arc::new(functions),
        nodes,
        samples,
        base_samples: base.map(|_| base_samples),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixtures, views::Neighbour};

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
            (&loaded.tree, None),
            &Regex::new("Engine|validate").unwrap(),
        );
        let outer = search(
            &loaded.profile,
            (&loaded.tree, None),
            &Regex::new("Engine").unwrap(),
        );
        assert!(all.functions.iter().count() > outer.functions.iter().count());
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
