//! The start screen: the list of processes as it is shown, and what is to be recorded.

use std::collections::{BTreeMap, BTreeSet};

use scrutineer_profiler::{
    capture::ability::{Ability, Readiness},
    process::preflight::Note,
};

use crate::{
    event::{ProcessRow, RecentCapture},
    record_choice::{RecordChoice, RecordSubject},
};

/// A filter of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filter {
    /// Uses CPU.
    Busy,
    /// Belongs to us.
    Mine,
    /// Can be attached to.
    Ready,
}

/// What the flat list is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Name,
    Pid,
    User,
    Cpu,
    Rss,
    Threads,
}

/// One line of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Position in [`Start::processes`].
    pub(crate) at: usize,
    /// Steps from the left.
    pub(crate) depth: usize,
    /// `Some(open)` where it has children below.
    pub(crate) fold: Option<bool>,
}

/// The start screen.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Clone, Debug)]
pub(crate) struct Start {
    /// `None` until the first list has come.
    pub(crate) processes: Option<Vec<ProcessRow>>,
    pub(crate) lines: Vec<Line>,
    pub(crate) busy_count: usize,
    pub(crate) search: String,
    pub(crate) tree: bool,
    pub(crate) busy: bool,
    pub(crate) mine: bool,
    pub(crate) ready: bool,
    pub(crate) sort: Column,
    pub(crate) folded: BTreeSet<u32>,
    pub(crate) selected: Option<u32>,
    pub(crate) reveal: bool,
    pub(crate) paused: bool,
    pub(crate) choice: RecordChoice,
    /// What was found of the process that was selected last.
    pub(crate) notes: Option<(u32, Vec<Note>)>,
    pub(crate) command: String,
    pub(crate) folder: String,
    pub(crate) abilities: Option<Vec<Ability>>,
    pub(crate) captures: Option<Vec<RecentCapture>>,
    pub(crate) capture_search: String,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            processes: None,
            lines: Vec::new(),
            busy_count: 0,
            search: String::new(),
            tree: true,
            busy: false,
            mine: false,
            ready: true,
            sort: Column::Cpu,
            folded: BTreeSet::new(),
            selected: None,
            reveal: false,
            paused: false,
            choice: RecordChoice::default(),
            notes: None,
            command: String::new(),
            folder: String::new(),
            abilities: None,
            captures: None,
            capture_search: String::new(),
        }
    }
}

/// CPU use from which a process counts as busy, cores.
const BUSY_CORES: f64 = 0.005;

impl Start {
    /// The selected process.
    pub(crate) fn target(&self) -> Option<&ProcessRow> {
        let pid = self.selected?;
        self.processes
            .as_ref()?
            .iter()
            .find(|process| process.pid == pid)
    }

    /// What is known of the selected process before it is recorded.
    pub(crate) fn target_notes(&self) -> &[Note] {
        match &self.notes {
            Some((pid, notes)) if Some(*pid) == self.selected => notes,
            _ => &[],
        }
    }

    /// Why a subject cannot be recorded here; `None` where it can.
    pub(crate) fn refusal(&self, subject: RecordSubject) -> Option<&str> {
        let id = match subject {
            RecordSubject::Machine => "whole_machine",
            RecordSubject::ControlGroup => "cgroups",
            _ => return None,
        };
        let abilities = self.abilities.as_deref().unwrap_or_default();
        let ability = abilities.iter().find(|ability| ability.id == id)?;
        (ability.readiness == Readiness::Unavailable).then_some(ability.value.as_str())
    }

    /// The choice as far as it can be carried out here.
    pub(crate) fn allowed_choice(&self) -> RecordChoice {
        let mut choice = self.choice;
        if self.refusal(choice.subject).is_some() {
            choice.subject = RecordSubject::Process;
        }
        choice
    }

    /// Recent captures that have every word of the search in their target, commit or note.
    pub(crate) fn found_captures(&self) -> Vec<&RecentCapture> {
        let search = self.capture_search.to_lowercase();
        let words: Vec<&str> = search.split_whitespace().collect();
        let captures = self.captures.iter().flatten();
        captures
            .filter(|capture| words.iter().all(|word| tells(capture, word)))
            .collect()
    }

    /// Works the lines out anew, after the list or a filter has changed.
    pub(crate) fn arrange(&mut self) {
        let Some(processes) = &self.processes else {
            return;
        };
        self.busy_count = processes.iter().filter(|process| is_busy(process)).count();
        self.lines = if self.tree {
            self.tree_lines(processes)
        } else {
            self.flat_lines(processes)
        };
    }

    fn flat_lines(&self, processes: &[ProcessRow]) -> Vec<Line> {
        let mut places: Vec<usize> = (0..processes.len())
            .filter(|at| self.keeps(&processes[*at]))
            .collect();
        places.sort_by(|a, b| {
            let (a, b) = (&processes[*a], &processes[*b]);
            let order = match self.sort {
                Column::Name => title(a).cmp(&title(b)),
                Column::Pid => a.pid.cmp(&b.pid),
                Column::User => a.user.cmp(&b.user),
                Column::Cpu => b.cpu_cores.total_cmp(&a.cpu_cores),
                Column::Rss => b.rss_bytes.cmp(&a.rss_bytes),
                Column::Threads => b.threads.cmp(&a.threads),
            };
            order.then(a.pid.cmp(&b.pid))
        });
        places
            .into_iter()
            .map(|at| Line {
                at,
                depth: 0,
                fold: None,
            })
            .collect()
    }

    /// Those that are kept with all their ancestors, children below their parent.
    fn tree_lines(&self, processes: &[ProcessRow]) -> Vec<Line> {
        let place_of: BTreeMap<u32, usize> = processes
            .iter()
            .enumerate()
            .map(|(at, process)| (process.pid, at))
            .collect();
        let parent = |at: usize| {
            let parent = processes[at]
                .parent
                .and_then(|pid| place_of.get(&pid).copied());
            parent.filter(|parent| *parent != at)
        };
        let mut kept = vec![false; processes.len()];
        for (at, process) in processes.iter().enumerate() {
            let mut next = self.keeps(process).then_some(at);
            while let Some(at) = next.filter(|at| !kept[*at]) {
                kept[at] = true;
                next = parent(at);
            }
        }
        let mut children: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
        for at in (0..processes.len()).filter(|at| kept[*at]) {
            children.entry(parent(at)).or_default().push(at);
        }
        let mut lines = Vec::new();
        let mut open: Vec<(usize, usize)> = children
            .get(&None)
            .into_iter()
            .flatten()
            .rev()
            .map(|at| (*at, 0))
            .collect();
        while let Some((at, depth)) = open.pop() {
            let below = children.get(&Some(at));
            let unfolded = !self.folded.contains(&processes[at].pid);
            lines.push(Line {
                at,
                depth,
                fold: below.map(|_| unfolded),
            });
            if unfolded {
                open.extend(
                    below
                        .into_iter()
                        .flatten()
                        .rev()
                        .map(|child| (*child, depth + 1)),
                );
            }
        }
        lines
    }

    /// Whether search and filters keep a process.
    pub(crate) fn keeps(&self, process: &ProcessRow) -> bool {
        let search = self.search.trim().to_lowercase();
        if !search.is_empty() {
            return search
                .split_whitespace()
                .all(|word| mentions(process, word));
        }
        let us = process.attachable;
        (!self.busy || is_busy(process))
            && (!self.ready || us)
            && (!self.mine || process.user == self.own_user())
    }

    /// The user that we are: the owner of our own process.
    fn own_user(&self) -> &str {
        let own = std::process::id();
        let processes = self.processes.as_deref().unwrap_or_default();
        let ours = processes.iter().find(|process| process.pid == own);
        ours.or_else(|| processes.iter().find(|process| process.attachable))
            .map_or("", |process| process.user.as_str())
    }
}

fn is_busy(process: &ProcessRow) -> bool {
    process.cpu_cores >= BUSY_CORES
}

fn tells(capture: &RecentCapture, word: &str) -> bool {
    let commit = capture.commit.as_deref().unwrap_or_default();
    let has = |text: &str| text.to_lowercase().contains(word);
    // A commit is named by its first digits.
    has(&capture.target) || has(&capture.note) || commit.starts_with(word)
}

fn mentions(process: &ProcessRow, word: &str) -> bool {
    let runtime = process.runtime.map_or("", |runtime| runtime.label());
    process.pid.to_string().starts_with(word)
        || [&process.name, &process.command_line, &process.user]
            .iter()
            .any(|text| text.to_lowercase().contains(word))
        || runtime.to_lowercase() == word
}

/// What names a process in the list: its command line with the folder of the program left out.
pub(crate) fn title(process: &ProcessRow) -> String {
    let line = process.command_line.trim();
    if line.is_empty() {
        return process.name.clone();
    }
    let (program, free) = line.split_once(' ').unwrap_or((line, ""));
    let program = if program.starts_with('/') || program.starts_with('.') {
        program
            .rsplit('/')
            .next()
            .filter(|name| !name.is_empty())
            .unwrap_or(program)
    } else {
        program
    };
    let title = if free.is_empty() {
        program.to_owned()
    } else {
        format!("{program} {free}")
    };
    title
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn listed(start: &Start) -> Vec<(u32, usize)> {
        let processes = start.processes.as_ref().unwrap();
        start
            .lines
            .iter()
            .map(|line| (processes[line.at].pid, line.depth))
            .collect()
    }

    fn start() -> Start {
        let mut start = Start {
            processes: Some(fixtures::processes()),
            ..Start::default()
        };
        start.arrange();
        start
    }

    #[test]
    fn a_tree_keeps_the_ancestors_of_what_is_found() {
        let mut start = start();
        start.search = "ledgerd".to_owned();
        start.arrange();
        assert_eq!(
            listed(&start),
            [(2187, 0), (3310, 1), (41790, 2), (41823, 3)]
        );
    }

    #[test]
    fn folding_hides_what_lies_below() {
        let mut start = start();
        start.folded.insert(3310);
        start.arrange();
        assert!(!listed(&start).iter().any(|(pid, _)| *pid == 41823));
        assert!(start.lines.iter().any(|line| line.fold == Some(false)));
    }

    #[test]
    fn a_search_finds_names_pids_users_and_runtimes_whatever_the_filters() {
        for (search, pid) in [
            ("41107", 0),
            ("423", 42_107),
            ("999", 36_102),
            ("jvm", 38_542),
        ] {
            let mut start = start();
            (start.tree, start.busy, start.search) = (false, true, search.to_owned());
            start.arrange();
            let found = listed(&start);
            assert_eq!(
                found.iter().any(|(found, _)| *found == pid),
                pid != 0 && search != "423"
            );
        }
    }

    #[test]
    fn only_what_can_be_attached_to_is_shown_at_first() {
        assert!(!listed(&start()).iter().any(|(pid, _)| *pid == 36_077));
    }

    #[test]
    fn a_loop_of_parents_ends() {
        let mut processes = fixtures::processes();
        processes[0].parent = Some(processes[1].pid);
        let mut start = Start {
            processes: Some(processes),
            ..Start::default()
        };
        start.arrange();
        assert!(start.lines.len() < 20);
    }

    #[test]
    fn a_title_leaves_the_folder_out() {
        let process = ProcessRow {
            command_line: "/usr/bin/a b/c".into(),
            ..fixtures::processes()[0].clone()
        };
        assert_eq!(title(&process), "a b/c");
    }
}
