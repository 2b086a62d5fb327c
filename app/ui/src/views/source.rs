//! The source of a function around the lines that cost most, with what each line costs.

use std::{
    collections::BTreeMap,
    fs,
    path::{Component, Path, PathBuf},
};

use scrutineer_profiler::profile::{
    Profile, Selection,
    lines::{LineCost, lines_of},
};

/// Files beyond this are no source.
const LARGEST_FILE_BYTES: u64 = 8 << 20;
/// Lines that are shown before and after those with a cost.
const AROUND: u32 = 2;
/// Lines that are shown at most.
const MOST_LINES: usize = 60;

/// A line of source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SourceLine {
    pub(crate) number: u32,
    /// Empty where the file is not at hand.
    pub(crate) text: String,
    pub(crate) self_weight: u64,
    pub(crate) total_weight: u64,
}

/// The source of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Source {
    /// Path of the file that holds most of its cost.
    pub(crate) file: String,
    /// Whether the file could be read here.
    pub(crate) has_text: bool,
    pub(crate) lines: Vec<SourceLine>,
}

/// Finds the source of a function; `None` where no line of it is known.
pub(super) fn source(
    profile: &Profile,
    selection: &Selection,
    function: u32,
    folders: &[PathBuf],
) -> Option<Source> {
    let costs = lines_of(profile, selection, function);
    let mut by_file: BTreeMap<u32, u64> = BTreeMap::new();
    for cost in &costs {
        *by_file.entry(cost.file).or_default() += cost.total_weight;
    }
    let (file, _) = by_file
        .into_iter()
        .max_by_key(|(file, weight)| (*weight, u32::MAX - file))?;
    let costs: BTreeMap<u32, &LineCost> = costs
        .iter()
        .filter(|cost| cost.file == file)
        .map(|cost| (cost.line, cost))
        .collect();
    let path = profile.files.get(file as usize)?;
    let text = read(Path::new(path)).or_else(|| find(Path::new(path), folders));
    let numbers = chosen(&costs, text.is_some());
    let lines = numbers.into_iter().map(|number| {
        let cost = costs.get(&number);
        let line = text.as_ref().and_then(|text| text.get(number as usize - 1));
        SourceLine {
            number,
            text: line.map_or_else(String::new, |line| line.replace('\t', "    ")),
            self_weight: cost.map_or(0, |cost| cost.self_weight),
            total_weight: cost.map_or(0, |cost| cost.total_weight),
        }
    });
    Some(Source {
        file: path.clone(),
        has_text: text.is_some(),
        lines: lines.collect(),
    })
}

/// The lines of the file in one of the folders that has most of the path's end.
pub(super) fn find(path: &Path, folders: &[PathBuf]) -> Option<Vec<String>> {
    let parts: Vec<Component<'_>> = path.components().collect();
    // A capture may name anything: never out of the folder that was chosen.
    if parts.contains(&Component::ParentDir) {
        return None;
    }
    (1..parts.len()).find_map(|first| {
        let end: PathBuf = parts[first..].iter().collect();
        folders.iter().find_map(|folder| read(&folder.join(&end)))
    })
}

/// The lines of a file; `None` where it is not here, is no plain file, or is none of text.
pub(super) fn read(path: &Path) -> Option<Vec<String>> {
    // Looked at before it is opened: a capture may name anything.
    let metadata = fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > LARGEST_FILE_BYTES {
        return None;
    }
    let text = fs::read_to_string(path).ok()?;
    Some(text.lines().map(str::to_owned).collect())
}

/// Numbers of the lines to show: those with a cost, with some around them where there is text;
/// around the most expensive where they are too many.
fn chosen(costs: &BTreeMap<u32, &LineCost>, has_text: bool) -> Vec<u32> {
    let around = if has_text { AROUND } else { 0 };
    let mut numbers: Vec<u32> = costs
        .keys()
        .flat_map(|line| line.saturating_sub(around).max(1)..=line + around)
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.len() <= MOST_LINES {
        return numbers;
    }
    let hottest = costs.values().max_by_key(|cost| cost.total_weight);
    let hottest = hottest.map_or(1, |cost| cost.line);
    let middle = numbers.partition_point(|number| *number < hottest);
    let first = middle
        .saturating_sub(MOST_LINES / 2)
        .min(numbers.len() - MOST_LINES);
    numbers[first..first + MOST_LINES].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(line: u32, total_weight: u64) -> LineCost {
        LineCost {
            file: 0,
            line,
            self_weight: 0,
            total_weight,
        }
    }

    fn chosen_of(costs: &[LineCost], has_text: bool) -> Vec<u32> {
        let costs = costs.iter().map(|cost| (cost.line, cost)).collect();
        chosen(&costs, has_text)
    }

    #[test]
    fn lines_with_a_cost_come_with_some_around_them_where_there_is_text() {
        let costs = [cost(1, 5), cost(4, 7), cost(20, 1)];
        assert_eq!(chosen_of(&costs, false), [1, 4, 20]);
        let expected = [1, 2, 3, 4, 5, 6, 18, 19, 20, 21, 22];
        assert_eq!(chosen_of(&costs, true), expected);
    }

    #[test]
    fn a_long_function_is_shown_around_its_hottest_line() {
        let costs: Vec<LineCost> = (1..500).map(|n| cost(n, u64::from(n == 300))).collect();
        let lines = chosen_of(&costs, true);
        assert_eq!(lines.len(), MOST_LINES);
        assert!(lines.contains(&300));
    }

    #[test]
    fn a_file_that_moved_is_found_in_a_source_folder_by_the_end_of_its_path() {
        let folders = [PathBuf::from(env!("CARGO_MANIFEST_DIR"))];
        let built = Path::new("/build/ab12/ledger/app/ui/src/views/source.rs");
        let found = find(built, &folders).expect("it lies below the crate");
        assert!(found[0].starts_with("//! The source of a function"));
        assert_eq!(find(Path::new("/x/../ui/src/lib.rs"), &folders), None);
        assert_eq!(find(Path::new("/x/src/nothing_here.rs"), &folders), None);
    }

    #[test]
    fn what_is_no_plain_file_is_not_read() {
        assert_eq!(read(Path::new("/dev/zero")), None);
        assert_eq!(read(Path::new("/rustc/none/library/core.rs")), None);
        assert!(read(Path::new(file!())).is_none() || Path::new(file!()).exists());
    }
}
