//! What is said on the terminal before a recording: parts of the stacks or names that will be missing.

use std::collections::BTreeSet;

use scrutineer_profiler::process::{
    self,
    preflight::{self, Facts, Weight},
};

/// Processes that are looked at; more of a group or tree are mostly more of the same.
const MOST_PROCESSES: usize = 16;

/// A sentence per note that loses something, each once.
pub(crate) fn sentences(pids: &[u32]) -> Vec<String> {
    let mut told = BTreeSet::new();
    let mut sentences = Vec::new();
    for pid in pids.iter().copied().take(MOST_PROCESSES) {
        let name = process::stat(pid).map_or_else(|_| "pid".to_owned(), |stat| stat.name);
        for note in preflight::preflight(pid, &Facts::gather(pid)) {
            if note.weight == Weight::Loses && told.insert(note.words.clone()) {
                let remedy = note
                    .remedy
                    .map(|remedy| format!(" To mend it: {remedy}"))
                    .unwrap_or_default();
                sentences.push(format!("{name} {pid}: {}{remedy}", note.words));
            }
        }
    }
    sentences
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_lacks_nothing_is_not_spoken_of() {
        assert!(sentences(&[std::process::id()]).is_empty());
    }

    #[test]
    fn what_is_gone_is_passed_over() {
        assert!(sentences(&[0x7fff_fff0]).is_empty());
    }
}
