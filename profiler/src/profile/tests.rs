//! The builder and the call tree, against a naive reference.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{testing::*, *};
use crate::capture::model::*;

/// Samples by path of names from the root, as a call tree states them.
type Paths = BTreeMap<Vec<String>, (u64, u64)>;

fn paths(profile: &Profile, tree: &CallTree) -> Paths {
    let mut paths = Paths::new();
    for node in 0..tree.len() as u32 {
        let mut path = Vec::new();
        let mut at = node;
        while at != 0 {
            path.push(tree.name(profile, at).to_owned());
            at = tree.parent[at as usize];
        }
        path.reverse();
        let samples = (
            tree.self_samples[node as usize],
            tree.total_samples[node as usize],
        );
        assert!(
            paths.insert(path.clone(), samples).is_none(),
            "{path:?} is there twice"
        );
    }
    paths
}

/// The same, sample by sample.
fn expected(profile: &Profile, selection: &Selection, options: CallTreeOptions) -> Paths {
    let mut threads: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for sample in profile.selected(selection) {
        let thread = profile.samples.thread[sample];
        threads
            .entry(&profile.threads[thread as usize].name)
            .or_default()
            .insert(thread);
    }
    let mut paths = Paths::new();
    paths.insert(Vec::new(), (0, 0));
    for sample in profile.selected(selection) {
        let thread = &profile.threads[profile.samples.thread[sample] as usize].name;
        let mut stack = Vec::new();
        let mut node = profile.samples.stack[sample];
        while node != NONE {
            let frames = profile.logical_of(profile.stacks.frame[node as usize]);
            let last = frames.len() - 1;
            let shown = if options.hide_inlined {
                &frames[last..]
            } else {
                frames
            };
            stack.extend(
                shown
                    .iter()
                    .map(|f| profile.functions[f.function as usize].name.clone()),
            );
            node = profile.stacks.parent[node as usize];
        }
        let inverted_leaf = stack.len().min(1);
        if !options.inverted {
            stack.reverse();
        }
        if !options.merge_threads && !options.inverted {
            let count = threads[thread.as_str()].len();
            let label = if count == 1 {
                thread.clone()
            } else {
                format!("{thread} ×{count}")
            };
            stack.insert(0, label);
        }
        for depth in 0..=stack.len() {
            paths.entry(stack[..depth].to_vec()).or_default().1 += 1;
        }
        let innermost = if options.inverted {
            inverted_leaf
        } else {
            stack.len()
        };
        paths.entry(stack[..innermost].to_vec()).or_default().0 += 1;
    }
    paths
}

#[derive(Clone, Debug)]
struct Shape {
    /// Functions of each frame, innermost first; empty where the lookup was in vain.
    frames: Vec<Vec<u8>>,
    /// Parent (modulo the nodes so far, 0 for a root) and frame of each stack node.
    nodes: Vec<(usize, usize)>,
    /// Stack (modulo, 0 for none) and thread of each sample.
    samples: Vec<(usize, u32)>,
}

fn shapes() -> impl Strategy<Value = Shape> {
    let frames = prop::collection::vec(prop::collection::vec(0_u8..5, 0..3), 1..6);
    let nodes = prop::collection::vec((0_usize..100, 0_usize..100), 0..30);
    let samples = prop::collection::vec((0_usize..100, 0_u32..4), 0..60);
    (frames, nodes, samples).prop_map(|(frames, nodes, samples)| Shape {
        frames,
        nodes,
        samples,
    })
}

impl Shape {
    fn profile(&self) -> Profile {
        let frames: Vec<Frame> = (0..self.frames.len() as u64)
            .map(|address| Frame { module: 0, address })
            .collect();
        let mut nodes = StackNodes::default();
        for (position, (parent, frame)) in self.nodes.iter().enumerate() {
            nodes.parent.push(match parent % (position + 1) {
                0 => NONE,
                parent => parent as u32 - 1,
            });
            nodes.frame.push((frame % frames.len()) as u32);
        }
        let mut samples = Samples::default();
        for (position, (stack, thread)) in self.samples.iter().enumerate() {
            samples.time_ns.push(position as u64);
            samples.thread.push(*thread);
            samples.stack.push(match stack % (self.nodes.len() + 1) {
                0 => NONE,
                stack => stack as u32 - 1,
            });
            samples.flags.push(0);
        }
        let threads = (0..4).map(|tid| Thread {
            pid: 1,
            tid,
            name: format!("t{}", tid % 3),
        });
        let symbols = self
            .frames
            .iter()
            .enumerate()
            .map(|(frame, functions)| FrameSymbols {
                frame: frame as u32,
                symbols: functions
                    .iter()
                    .map(|f| symbol(&format!("f{f}"), true))
                    .collect(),
            });
        build(vec![
            Chunk::Header(header()),
            Chunk::Modules(vec![module("/opt/ledgerd")]),
            Chunk::Frames(frames),
            Chunk::Stacks(nodes),
            Chunk::Threads(threads.collect()),
            Chunk::Samples(samples),
            Chunk::Symbols(symbols.collect()),
        ])
    }
}

proptest! {
    #[test]
    fn a_call_tree_says_what_counting_sample_by_sample_says(
        shape in shapes(),
        merge_threads in any::<bool>(),
        hide_inlined in any::<bool>(),
        inverted in any::<bool>(),
        time in prop::option::of(0_u64..60),
        threads in prop::option::of(prop::collection::btree_set(0_u32..5, 0..3)),
    ) {
        let profile = shape.profile();
        let options = CallTreeOptions { merge_threads, hide_inlined, inverted, ..CallTreeOptions::default() };
        let time_ns = time.map(|start| start..start + 30);
        let selection = Selection { time_ns, threads, ..Selection::default() };
        let tree = CallTree::build(&profile, &selection, options);
        prop_assert_eq!(paths(&profile, &tree), expected(&profile, &selection, options));
        for node in 0..tree.len() as u32 {
            for child in tree.children(node) {
                prop_assert_eq!(tree.parent[child as usize], node);
                prop_assert!(child > node);
            }
            let names: Vec<&str> = tree.children(node).map(|c| tree.name(&profile, c)).collect();
            let sorted = names.windows(2).all(|pair| pair[0] < pair[1]);
            prop_assert!(sorted || names.iter().any(|name| name.starts_with('t')), "{:?}", names);
        }
    }

    #[test]
    fn a_bounded_tree_is_the_heavy_part_of_the_whole_one(
        shape in shapes(),
        merge_threads in any::<bool>(),
        hide_inlined in any::<bool>(),
        inverted in any::<bool>(),
        least in 1_u64..12,
    ) {
        let profile = shape.profile();
        let options = CallTreeOptions { merge_threads, hide_inlined, inverted, ..CallTreeOptions::default() };
        let all = Selection::default();
        let bounded = CallTree::down_to(&profile, &all, options, least);
        let mut heavy = expected(&profile, &all, options);
        // Groups of threads are there however light.
        let is_group = |path: &[String]| !merge_threads && !inverted && path.len() == 1;
        let whole_below = |path: &[String]| -> u64 {
            let below = heavy.iter().filter(|(other, _)| other.starts_with(path));
            below.map(|(_, (own, _))| own).sum()
        };
        let left_out: u64 = heavy
            .iter()
            .filter(|(path, (_, total))| *total < least && !path.is_empty() && !is_group(path))
            .filter(|(path, _)| {
                let above = &path[..path.len() - 1];
                above.is_empty() || is_group(above) || heavy[above].1 >= least
            })
            .map(|(path, (_, total))| if inverted { *total } else { whole_below(path) })
            .sum();
        heavy.retain(|path, (_, total)| *total >= least || path.is_empty() || is_group(path));
        prop_assert_eq!(paths(&profile, &bounded), heavy);
        prop_assert_eq!(bounded.left_out, left_out);
    }

    #[test]
    fn top_functions_say_what_counting_sample_by_sample_says(
        shape in shapes(),
        hide_inlined in any::<bool>(),
    ) {
        let profile = shape.profile();
        let options = CallTreeOptions { hide_inlined, merge_threads: true, ..CallTreeOptions::default() };
        let mut counted: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for (path, (own, _)) in expected(&profile, &Selection::default(), options) {
            if let Some(leaf) = path.last() {
                counted.entry(leaf.clone()).or_default().0 += own;
            }
            for name in path.into_iter().collect::<BTreeSet<_>>() {
                counted.entry(name).or_default().1 += own;
            }
        }
        counted.retain(|_, (_, total)| *total > 0);
        let top = top_functions(&profile, &Selection::default(), hide_inlined);
        if !hide_inlined {
            for function in &top {
                let alone = weight_of(&profile, &Selection::default(), function.function);
                prop_assert_eq!(&alone, function);
            }
        }
        let top: BTreeMap<String, (u64, u64)> = top
            .into_iter()
            .map(|t| {
                let name = profile.functions[t.function as usize].name.clone();
                (name, (t.self_samples, t.total_samples))
            })
            .collect();
        prop_assert_eq!(top, counted);
    }

    #[test]
    fn samples_with_one_of_several_functions_are_counted_once(
        shape in shapes(),
        wanted in prop::collection::btree_set(0_u8..5, 0..4),
    ) {
        let profile = shape.profile();
        let names: BTreeSet<String> = wanted.iter().map(|f| format!("f{f}")).collect();
        let functions = profile.functions.iter().zip(0_u32..);
        let functions = functions.filter(|(f, _)| names.contains(&f.name)).map(|(_, id)| id);
        let options = CallTreeOptions { merge_threads: true, ..CallTreeOptions::default() };
        let all = Selection::default();
        let counted: u64 = expected(&profile, &all, options)
            .into_iter()
            .filter(|(path, _)| path.iter().any(|name| names.contains(name)))
            .map(|(_, (own, _))| own)
            .sum();
        prop_assert_eq!(samples_with_any(&profile, &all, functions), counted);
    }

    #[test]
    fn the_order_in_which_symbols_arrive_does_not_matter_to_the_tree(shape in shapes()) {
        let whole = shape.profile();
        let mut late = ProfileBuilder::default();
        late.push(Chunk::Header(header()));
        late.push(Chunk::Modules(whole.modules.clone()));
        late.push(Chunk::Frames(whole.frames.clone()));
        late.push(Chunk::Stacks(whole.stacks.clone()));
        late.push(Chunk::Threads(whole.threads.clone()));
        let half = whole.samples.time_ns.len() / 2;
        let part = |range: std::ops::Range<usize>| Chunk::Samples(Samples {
            time_ns: whole.samples.time_ns[range.clone()].to_vec(),
            thread: whole.samples.thread[range.clone()].to_vec(),
            stack: whole.samples.stack[range.clone()].to_vec(),
            flags: whole.samples.flags[range].to_vec(),
        });
        late.push(part(0..half));
        for (frame, functions) in shape.frames.iter().enumerate().rev() {
            let guess = vec![symbol("a guess", false), symbol("another", false)];
            late.push(Chunk::Symbols(vec![FrameSymbols { frame: frame as u32, symbols: guess }]));
            let symbols = functions.iter().map(|f| symbol(&format!("f{f}"), true)).collect();
            late.push(Chunk::Symbols(vec![FrameSymbols { frame: frame as u32, symbols }]));
        }
        late.push(part(half..whole.samples.time_ns.len()));
        let late = late.finish().expect("it has a header");
        if shape.frames.iter().any(Vec::is_empty) {
            // A frame that was named once keeps its name when a later lookup is in vain.
            prop_assert!(late.quality.unresolved <= whole.quality.unresolved);
            return Ok(());
        }
        prop_assert_eq!(late.quality.unresolved, whole.quality.unresolved);
        let tree = |p: &Profile| {
            let tree = CallTree::build(p, &Selection::default(), CallTreeOptions::default());
            paths(p, &tree)
        };
        prop_assert_eq!(tree(&late), tree(&whole));
    }
}

#[test]
fn chunks_that_point_nowhere_are_ignored() {
    let mut builder = ProfileBuilder::default();
    builder.push(Chunk::End(CaptureEnd {
        duration_ns: 1,
        reason: EndReason::Stopped,
    }));
    assert!(builder.profile().is_none());
    builder.push(Chunk::Header(header()));
    builder.push(Chunk::Frames(vec![Frame {
        module: 7,
        address: 1,
    }]));
    builder.push(Chunk::Stacks(StackNodes {
        parent: vec![0],
        frame: vec![0],
    }));
    builder.push(Chunk::Stacks(StackNodes {
        parent: vec![NONE],
        frame: vec![9],
    }));
    let stray = Samples {
        time_ns: vec![1],
        thread: vec![0],
        stack: vec![3],
        flags: vec![0],
    };
    builder.push(Chunk::Samples(stray));
    let symbols = vec![symbol("f", false)];
    builder.push(Chunk::Symbols(vec![FrameSymbols { frame: 5, symbols }]));
    let profile = builder.finish().expect("it has a header");
    assert_eq!(
        profile.frames,
        [Frame {
            module: NONE,
            address: 1
        }]
    );
    assert!(profile.stacks.parent.is_empty() && profile.samples.time_ns.is_empty());
}

#[test]
fn an_address_without_a_name_shows_its_module_and_counts_as_unresolved() {
    let mut chunks = chunks(&[vec!["a"], vec!["b"]]);
    chunks.pop();
    let profile = build(chunks);
    assert_eq!(profile.functions[0].name, "0x1000 (ledgerd)");
    assert_eq!(
        (profile.quality.samples, profile.quality.unresolved),
        (2, 2)
    );
    assert_eq!(profile.frames_without_lookup(), [0, 1]);
}

#[test]
fn a_made_up_name_is_shown_but_not_counted_as_resolved() {
    let mut chunks = chunks(&[vec!["a"], vec!["b"]]);
    let symbols = vec![symbol("fun_10a0", false)];
    chunks.push(Chunk::Symbols(vec![FrameSymbols { frame: 0, symbols }]));
    let profile = build(chunks);
    assert_eq!(profile.quality.unresolved, 1);
    let top = top_functions(&profile, &Selection::default(), false);
    let names = top
        .iter()
        .map(|t| profile.functions[t.function as usize].name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["b", "fun_10a0"]);
}

#[test]
fn a_thread_that_is_renamed_keeps_its_earlier_samples() {
    let mut chunks = chunks(&[vec!["a"], vec!["b"]]);
    for chunk in &mut chunks {
        match chunk {
            Chunk::Threads(threads) => {
                let renamed = Thread {
                    name: "renamed".into(),
                    ..threads[0].clone()
                };
                threads.push(renamed);
            }
            Chunk::Samples(samples) => samples.thread[1] = 1,
            _ => {}
        }
    }
    let profile = build(chunks);
    let tree = CallTree::build(&profile, &Selection::default(), CallTreeOptions::default());
    assert_eq!(
        tree.labels,
        [(0, "ledgerd".to_owned()), (1, "renamed".to_owned())]
    );
    assert_eq!(tree.total_samples[1], 2);
    let either = |thread| Selection {
        threads: Some([thread].into()),
        ..Selection::default()
    };
    assert_eq!(
        (profile.count(&either(0)), profile.count(&either(1))),
        (2, 2)
    );
}

#[test]
fn a_thread_that_is_told_again_without_its_name_keeps_it() {
    let mut chunks = testing::chunks(&[vec!["main"]]);
    let mut nameless = build(chunks.clone()).threads[0].clone();
    let name = std::mem::take(&mut nameless.name);
    chunks.push(Chunk::Threads(vec![nameless]));
    let profile = build(chunks);
    assert!(!name.is_empty());
    assert_eq!(profile.threads[0].name, name);
}

#[test]
fn a_source_file_that_comes_later_settles_the_category() {
    let mut chunks = chunks(&[vec!["serde::de"]]);
    assert_eq!(build(chunks.clone()).functions[0].category, Category::Own);
    let file = "/root/.cargo/registry/src/index/serde-1.0.0/src/de.rs".into();
    let symbols = vec![Symbol {
        name: "serde::de".into(),
        file,
        line: 7,
        inlined: false,
    }];
    chunks.push(Chunk::Symbols(vec![FrameSymbols { frame: 0, symbols }]));
    let profile = build(chunks);
    assert_eq!(profile.functions[0].category, Category::Dependency);
    assert_eq!(profile.logical_of(0)[0].line, 7);
}

#[test]
fn samples_of_another_tool_weigh_what_it_says_and_own_ones_one_each() {
    let mut profile = testing::profile(&[vec!["main", "a"], vec!["main", "b"], vec!["main", "a"]]);
    assert_eq!(profile.total(&Selection::default()), 3);
    assert_eq!(profile.unit(Weight::Cpu), Unit::Samples);
    profile.sample_weights = vec![100, 7, 50];
    profile.foreign = Some(Foreign {
        format: "heaptrack",
        unit: Unit::Bytes,
        label: "allocated".into(),
        measures: Vec::new(),
        measure: 0,
        has_times: false,
        notes: Vec::new(),
    });
    assert_eq!(profile.total(&Selection::default()), 157);
    assert_eq!(
        (profile.unit(Weight::Cpu), profile.period_ns()),
        (Unit::Bytes, None)
    );
    assert_eq!(profile.label(Weight::Cpu), "allocated");
    let top = top_functions(&profile, &Selection::default(), false);
    assert_eq!((top[0].self_samples, top[1].self_samples), (150, 7));
    let dropped = transform::apply(
        &profile,
        &[transform::Transform::Drop(transform::Pick::Function {
            name: "b".into(),
            module: "ledgerd".into(),
        })],
    );
    assert_eq!(dropped.sample_weights, [100, 50]);
}
