//! The summary of a profile that rules and baselines read.

use scrutineer_evidence::capture::{CaptureFacts, FunctionShare};

use crate::{
    capture::model::NONE,
    profile::{
        Profile, Selection, counts::StackCounts, garbage_collectors::collects_garbage,
        top_functions,
    },
};

/// How many functions a summary holds.
const TOP_FUNCTIONS: usize = 50;

/// Summarises a profile; `file` is the capture's file name without folders, `digest` its SHA-256.
pub fn facts(profile: &Profile, file: &str, digest: &str) -> CaptureFacts {
    let header = &profile.header;
    CaptureFacts {
        file: file.to_owned(),
        digest: digest.to_owned(),
        started_at: header.started_at,
        duration_s: profile.duration_ns() as f64 / 1e9,
        frequency_hz: header.frequency_hz,
        sampler: header.sampler,
        quality: profile.quality.clone(),
        top_functions: function_shares(profile),
        garbage_collection_share: garbage_collection_share(profile),
    }
}

fn function_shares(profile: &Profile) -> Vec<FunctionShare> {
    let top = top_functions(profile, &Selection::default(), false);
    let share = |top: &crate::profile::TopFunction| FunctionShare {
        name: profile.functions[top.function as usize].name.clone(),
        self_samples: top.self_samples,
        total_samples: top.total_samples,
    };
    top.iter().take(TOP_FUNCTIONS).map(share).collect()
}

fn garbage_collection_share(profile: &Profile) -> f64 {
    let runtime = profile.header.runtime;
    let collecting: Vec<bool> = profile
        .functions
        .iter()
        .map(|f| collects_garbage(runtime, &f.name))
        .collect();
    let counts = StackCounts::of(profile, &Selection::default());
    let mut below = vec![false; counts.by_stack.len()];
    let mut samples = 0;
    for node in 0..below.len() {
        let parent = profile.stacks.parent[node];
        let frames = profile.logical_of(profile.stacks.frame[node]);
        below[node] = (parent != NONE && below[parent as usize])
            || frames
                .iter()
                .any(|frame| collecting[frame.function as usize]);
        samples += if below[node] {
            counts.by_stack[node]
        } else {
            0
        };
    }
    profile.quality.share(samples)
}

#[cfg(test)]
mod tests {
    use scrutineer_evidence::process::Runtime;

    use super::*;
    use crate::profile::testing;

    #[test]
    fn samples_below_a_collectors_frame_are_garbage_collection() {
        let mut profile = testing::profile(&[
            vec!["runtime.gcBgMarkWorker", "runtime.gcDrain", "memmove"],
            vec!["main.main"],
            vec!["main.main", "runtime.mallocgc"],
            vec!["main.main", "runtime.mallocgc", "runtime.gcAssistAlloc"],
        ]);
        assert!(facts(&profile, "a", "").garbage_collection_share.abs() < 1e-12);
        profile.header.runtime = Runtime::Go;
        assert!((facts(&profile, "a", "").garbage_collection_share - 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_summary_holds_the_fifty_heaviest_functions() {
        let stacks: Vec<Vec<String>> = (0..60)
            .flat_map(|n| vec![vec![format!("f{n:02}")]; 100 - n])
            .collect();
        let profile = testing::profile(&stacks);
        let facts = facts(&profile, "a.scrutineer", "00");
        assert_eq!(facts.top_functions.len(), 50);
        assert_eq!(
            (
                facts.top_functions[0].name.as_str(),
                facts.top_functions[0].self_samples
            ),
            ("f00", 100)
        );
        assert_eq!(facts.quality.samples, stacks.len() as u64);
    }
}
