//! Taking what the thread of views has worked out.

use std::sync::Arc;

use super::{
    search::ask_search,
    selection::{ask_chart, ask_heat_map, ask_inspection, heaviest_node},
};
use crate::{
    apply::timeline,
    command::Request,
    state::{State, profile::Arranged},
    views::{Answer, Arrangement, listing::Listing},
    widgets::flame::Window,
};

/// Takes an answer of the thread; one about an earlier profile is dropped.
pub(in crate::apply) fn answered(state: &mut State, answer: Answer) {
    let current = state.profile.generation;
    match answer {
        Answer::Digest { generation, digest } if generation == current => {
            if let Some(open) = &mut state.profile.open {
                open.digest = Some(digest);
            }
        }
        Answer::Readings {
            generation,
            range_s,
            pictures,
        } if generation == current && range_s == state.profile.wanted.range_s => {
            if let Some(open) = &mut state.profile.open {
                open.pictures = Some(pictures);
            }
        }
        Answer::Tracks {
            generation,
            view_s,
            range_s,
            tracks,
        } if generation == current
            && view_s == state.profile.timeline.view_s
            && (range_s == state.profile.wanted.range_s
                || state.profile.dragged_from.is_some()) =>
        {
            timeline::take(state, tracks);
        }
        Answer::Arranged {
            generation,
            arrangement,
            arranged,
        } if generation == current && is_wanted(state, &arrangement) => {
            let is_last = arrangement == state.profile.wanted;
            arranged_anew(state, arrangement, *arranged);
            if is_last {
                crate::apply::pins::finish(state);
            }
        }
        Answer::Found {
            generation,
            pattern,
            found,
        } if generation == current && pattern == state.profile.search => {
            state.profile.found = Some(found);
        }
        Answer::Sandwich {
            generation,
            sandwich,
        } if generation == current => {
            state.profile.sandwich = Some(sandwich);
            state.profile.slices = [(Window::ALL, 0.0); 2];
        }
        Answer::Chart {
            generation,
            arrangement,
            chart,
        } if generation == current && arrangement == state.profile.wanted => {
            if let Some(open) = &mut state.profile.open {
                open.chart = Some(chart);
            }
        }
        Answer::Listed {
            generation,
            arrangement,
            listing,
        } if generation == current && arrangement == state.profile.wanted => {
            let profile = &mut state.profile;
            let is_other = |old: &Arc<Listing>| old.function != listing.function;
            if profile.listing.as_ref().is_none_or(is_other) {
                profile.picked_line = None;
                profile.reveal = true;
            }
            profile.listing = Some(listing);
        }
        Answer::HeatMap {
            generation,
            arrangement,
            map,
        } if generation == current && arrangement == state.profile.wanted => {
            state.profile.heat_map = Some(map);
        }
        Answer::Inspected {
            generation,
            inspection,
        } if generation == current => {
            state.profile.inspection = Some(inspection);
        }
        Answer::Pinned { path, pin, .. } => {
            state.requests.push(Request::KeepPin { path, pin });
        }
        _ => {}
    }
}

/// Whether an arrangement is looked at: the wanted one, or one on the way of a range that is being
/// dragged, which would not be seen before the pointer rests otherwise.
fn is_wanted(state: &State, arrangement: &Arrangement) -> bool {
    let wanted = &state.profile.wanted;
    let on_the_way = || Arrangement {
        range_s: wanted.range_s,
        ..arrangement.clone()
    };
    arrangement == wanted || (state.profile.dragged_from.is_some() && on_the_way() == *wanted)
}

pub(super) fn arranged_anew(state: &mut State, arrangement: Arrangement, arranged: Arranged) {
    let profile = &mut state.profile;
    let Some(open) = &profile.open else { return };
    let same_tree = Arc::ptr_eq(&open.shown.tree, &arranged.tree);
    let selected = if same_tree {
        profile.selected
    } else {
        let follow = |node| profile.follow(&arranged.profile, &arranged.tree, node);
        let same_way = profile.selected.and_then(follow);
        let function = profile.selected_function();
        same_way.or_else(|| heaviest_node(&arranged.tree, function?))
    };
    if let Some(open) = &mut profile.open {
        (open.shown, open.arrangement) = (arranged, arrangement);
    }
    profile.arrange_functions();
    ask_heat_map(state);
    ask_chart(state);
    let profile = &mut state.profile;
    if same_tree {
        return;
    }
    (profile.selected, profile.zoomed) = (selected, None);
    profile.unfolded = std::collections::BTreeSet::from([0]);
    profile.found_at = 0;
    profile.arrange_rows();
    ask_search(state);
    ask_inspection(state);
}
