//! What the shown selection is compared with, and what the comparison found.

use std::{collections::BTreeMap, sync::Arc};

use scrutineer_profiler::profile::{
    CallTreeOptions, FlameLayout, FlameOrder, LayoutOptions, Profile, Selection, Weight,
    diff::{Diff, Difference, FunctionDifference, FunctionKey, Part, diff},
    diff_tree::{DiffTree, OneSided},
    transform,
};

use super::Arrangement;
use crate::{
    event::{OtherCapture, OtherCaptures},
    format,
    theme::SAME,
};

/// The base that the shown selection is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Against {
    /// Another range of the same capture, seconds.
    Range((f64, f64)),
    /// The same capture weighed by something else: CPU time against waits.
    Weight(Weight),
    /// Other captures.
    Captures(Captures),
}

/// Other captures on both sides; the open one is the first of the candidate's.
#[derive(Clone, Debug)]
pub(crate) struct Captures {
    pub(crate) bases: Arc<Vec<OtherCapture>>,
    pub(crate) candidates: Arc<Vec<OtherCapture>>,
}

impl Captures {
    /// Of what the application loaded.
    pub(crate) fn of(others: OtherCaptures) -> Self {
        Self {
            bases: Arc::new(others.bases),
            candidates: Arc::new(others.candidates),
        }
    }
}

impl Against {
    /// The base in words: `12.4 – 31.8 s`, `waits`, `before`.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Range((from, to)) => format!("{from:.1} – {to:.1} s"),
            Self::Weight(weight) => weight.label().to_owned(),
            Self::Captures(captures) => match captures.bases.as_slice() {
                [one] => {
                    let name = one.path.file_stem().unwrap_or_default();
                    name.to_string_lossy().into_owned()
                }
                more => format!("{} captures", more.len()),
            },
        }
    }
}

impl PartialEq for Captures {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.bases, &other.bases) && Arc::ptr_eq(&self.candidates, &other.candidates)
    }
}

/// A function on both sides.
#[derive(Clone, Debug)]
pub(crate) struct ComparedFunction {
    /// Position in the functions of [`DiffTree::profile`].
    pub(crate) function: u32,
    pub(crate) own: Difference,
    pub(crate) total: Difference,
}

/// The step of the ramp for a difference, 0 (much more) to 6 (much less). What sampling alone may
/// have done is a step from the same at most.
pub(crate) fn step(difference: &Difference) -> usize {
    let larger = difference.base.max(difference.candidate);
    let relative = difference.change() / larger.max(f64::MIN_POSITIVE);
    let size = match relative.abs() {
        size if size < 0.05 => 0,
        size if size < 0.25 || !difference.is_clear() => 1,
        size if size < 0.6 => 2,
        _ => 3,
    };
    if relative > 0.0 {
        SAME - size
    } else {
        SAME + size
    }
}

/// What a frame is marked with: `+6.8`, `−0.3`, `new`, `gone`; nothing where it is the same.
pub(crate) fn mark(difference: &Difference) -> String {
    let (is_new, is_gone) = (difference.base <= 0.0, difference.candidate <= 0.0);
    match step(difference) {
        SAME => String::new(),
        _ if is_new => "new".to_owned(),
        _ if is_gone => "gone".to_owned(),
        _ => points(difference.change()),
    }
}

/// A change of shares in points: `+6.8`.
pub(crate) fn points(change: f64) -> String {
    let size = 100.0 * change.abs();
    let sign = if change < 0.0 { '\u{2212}' } else { '+' };
    if (0.0..0.05).contains(&size) && size > 0.0 {
        format!("{sign}{size:.2}")
    } else {
        format!("{sign}{size:.1}")
    }
}

/// What a share came to, as it is spoken: `12.9 % total, was 3.1 %, +9.8 points`.
pub(crate) fn spoken(total: &Difference) -> String {
    let percent = |share| format::percent(share).replace('\u{a0}', " ");
    let change = match (total.base <= 0.0, total.candidate <= 0.0) {
        (true, _) => "new".to_owned(),
        (_, true) => "vanished".to_owned(),
        _ => format!("{} points", points(total.change())),
    };
    format!(
        "{} total, was {}, {change}",
        percent(total.candidate),
        percent(total.base),
    )
}

/// Two sides compared.
#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    /// What the base is made of, its stacks transformed as the shown ones are.
    pub(crate) bases: Selected,
    /// Both sides' stacks.
    pub(crate) tree: DiffTree,
    /// Functions, those whose self share changed most first.
    pub(crate) functions: Vec<ComparedFunction>,
    /// The sums of both sides.
    pub(crate) sums: Diff,
    /// Stacks that one side alone has.
    pub(crate) one_sided: OneSided,
    /// Layouts whose width is the base: alphabetical and left-heavy.
    pub(crate) base_layouts: [Arc<FlameLayout>; 2],
}

/// Compares the shown part of a profile (its stacks transformed already) with the base.
pub(super) fn compare(
    profile: &Arc<Profile>,
    arrangement: &Arrangement,
    against: &Against,
) -> Comparison {
    let selection = arrangement.selection();
    let (bases, candidates) = sides(profile, arrangement, against);
    let base: Vec<Part<'_>> = bases.iter().map(part).collect();
    let candidate = Part {
        profile,
        selection: &selection,
    };
    let options = CallTreeOptions {
        inverted: arrangement.inverted,
        ..CallTreeOptions::default()
    };
    let tree = DiffTree::build(&base, (profile, candidate), options);
    let more = candidates.iter().map(part);
    let candidate: Vec<Part<'_>> = std::iter::once(candidate).chain(more).collect();
    let mut sums = diff(&base, &candidate);
    let functions = functions(&tree.profile, std::mem::take(&mut sums.functions));
    let layout = |order| {
        let options = LayoutOptions {
            order,
            widths: Some(&tree.base_total),
            least: arrangement.least_of(tree.wholes()[0]),
        };
        Arc::new(FlameLayout::build_with(&tree.tree, options))
    };
    Comparison {
        base_layouts: [
            layout(FlameOrder::Alphabetical),
            layout(FlameOrder::LeftHeavy),
        ],
        one_sided: tree.one_sided(),
        tree,
        functions,
        sums,
        bases,
    }
}

pub(super) fn part((profile, selection): &(Arc<Profile>, Selection)) -> Part<'_> {
    Part { profile, selection }
}

/// Captures with what of them is looked at.
pub(crate) type Selected = Vec<(Arc<Profile>, Selection)>;

/// The base's parts, and those of the candidate beside the shown one.
fn sides(
    profile: &Arc<Profile>,
    arrangement: &Arrangement,
    against: &Against,
) -> (Selected, Selected) {
    let selection = arrangement.selection();
    let same = |selection| (vec![(profile.clone(), selection)], Vec::new());
    match against {
        Against::Range((from, to)) => same(Selection {
            time_ns: Some((from * 1e9) as u64..(to * 1e9) as u64),
            ..selection
        }),
        Against::Weight(weight) => same(Selection {
            weight: *weight,
            wait_classes: None,
            ..selection
        }),
        Against::Captures(captures) => {
            let other = |other: &OtherCapture| of_other(profile, arrangement, &other.profile);
            (
                captures.bases.iter().map(other).collect(),
                captures.candidates.iter().map(other).collect(),
            )
        }
    }
}

/// The same look at another capture: all of its time, and the threads of the same names.
fn of_other(
    profile: &Profile,
    arrangement: &Arrangement,
    other: &Arc<Profile>,
) -> (Arc<Profile>, Selection) {
    let names = arrangement.threads.as_ref().map(|threads| {
        let chosen = threads
            .iter()
            .filter_map(|t| profile.threads.get(*t as usize));
        chosen
            .map(|thread| thread.name.as_str())
            .collect::<Vec<_>>()
    });
    let threads = names.map(|names| {
        let all = other.threads.iter().zip(0_u32..);
        all.filter(|(thread, _)| names.contains(&thread.name.as_str()))
            .map(|(_, id)| id)
            .collect()
    });
    let selection = Selection {
        time_ns: None,
        threads,
        ..arrangement.selection()
    };
    let transformed = if arrangement.transforms.is_empty() {
        other.clone()
    } else {
        Arc::new(transform::apply(other, &arrangement.transforms))
    };
    (transformed, selection)
}

fn functions(profile: &Profile, found: Vec<FunctionDifference>) -> Vec<ComparedFunction> {
    let mut ids: BTreeMap<FunctionKey, u32> = BTreeMap::new();
    for (function, id) in profile.functions.iter().zip(0..) {
        ids.entry(FunctionKey::of(profile, function)).or_insert(id);
    }
    let rows = found.into_iter().filter_map(|row| {
        Some(ComparedFunction {
            function: *ids.get(&row.function)?,
            own: row.self_share,
            total: row.total_share,
        })
    });
    rows.collect()
}
