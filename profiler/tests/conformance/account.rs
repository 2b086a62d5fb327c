//! What a program says of itself, and what the capture says of it, function by function.

use std::{collections::BTreeMap, path::Path};

use scrutineer_profiler::{
    capture::{
        model::NONE,
        recorder::{RecordOptions, Recording},
        target::Target,
    },
    profile::{Profile, Selection},
};

use crate::{named, programs::turn};

/// Amounts by the names of functions.
pub(crate) type Account = BTreeMap<String, f64>;

/// The account that a program has written: a name and a number a line.
pub(crate) fn of_the_program(path: &Path) -> Account {
    let text = std::fs::read_to_string(path).expect("the program has written its account");
    let account: Account = text
        .lines()
        .map(|line| {
            let (name, amount) = line.split_once(' ').expect("a name and a number");
            (name.to_owned(), amount.parse().expect("a number"))
        })
        .collect();
    assert!(account.len() > 1, "{text}");
    account
}

/// Records a command from its start to its end, and names what was found.
pub(crate) fn record(target: &Target, options: RecordOptions) -> Profile {
    let path = options.output.clone();
    let measuring = turn();
    let recording = Recording::start(target, options).expect("the recording starts");
    recording.join().expect("the recording is saved");
    drop(measuring);
    named::profile(&path)
}

/// What the capture has of each of `names`: a stack belongs to the innermost of its functions whose
/// name holds one of them. Also the number of records that were counted.
pub(crate) fn of_the_capture(
    profile: &Profile,
    selection: &Selection,
    names: &[&String],
) -> (Account, usize) {
    let mut account: Account = names.iter().map(|name| ((*name).clone(), 0.0)).collect();
    let mut count = 0;
    for weighed in profile.weighed(selection) {
        if let Some(name) = owner(profile, weighed.stack, names) {
            *account.get_mut(name).expect("all names are there") += weighed.weight as f64;
            count += 1;
        }
    }
    (account, count)
}

fn owner<'a>(profile: &Profile, stack: u32, names: &[&'a String]) -> Option<&'a String> {
    let first = (stack != NONE).then_some(stack);
    let nodes = std::iter::successors(first, |node| {
        Some(profile.stacks.parent[*node as usize]).filter(|parent| *parent != NONE)
    });
    nodes
        .flat_map(|node| {
            let frame = profile.stacks.frame[node as usize] as usize;
            let logical = profile.frame_logical[frame].clone();
            &profile.logical[logical.start as usize..logical.end as usize]
        })
        .find_map(|logical| {
            let function = &profile.functions[logical.function as usize].name;
            names
                .iter()
                .copied()
                .find(|name| function.contains(name.as_str()))
        })
}

/// Each part as a share of all.
pub(crate) fn shares(account: &Account) -> Account {
    let total: f64 = account.values().sum();
    assert!(total > 0.0, "nothing was found: {account:?}");
    account
        .iter()
        .map(|(name, amount)| (name.clone(), amount / total))
        .collect()
}
