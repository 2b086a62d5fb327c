//! Commands of the review screen.

use std::collections::BTreeSet;

use scrutineer_checklists::verdict::Outcome;

use super::checklist;
use crate::{
    command::{Request, ReviewAction, ReviewRequest, Screen},
    screens::{checklist::REASON, review::ROOM},
    sign_off,
    state::{
        Layer, State,
        checklist::Draft,
        review::{Sight, View, is_decided, is_open_strong_pass, walk},
    },
    widgets::flame::FlameAction,
};

/// Carries out what was done in a review session.
pub(super) fn apply(state: &mut State, action: ReviewAction) {
    match action {
        ReviewAction::Step(by) => step(state, by),
        ReviewAction::Select(id) => select(state, &id),
        ReviewAction::RecordAndNext => record_and_next(state),
        ReviewAction::ChooseConfirm => choose_confirm(state),
        ReviewAction::Fold(group) => {
            let turned = &mut state.review.turned;
            if !turned.remove(&group) {
                turned.insert(group);
            }
        }
        ReviewAction::AcceptStrongPasses => accept(state),
        ReviewAction::Show(view) => show(state, view),
        ReviewAction::ShowNext => show_next(state),
        ReviewAction::Flame(action) => flame(state, action),
        ReviewAction::ToggleFull => state.review.full = !state.review.full,
        ReviewAction::TogglePresenter => state.review.presents = !state.review.presents,
        ReviewAction::ToggleChanges => {
            let is_compared = state.review.facts.as_ref();
            let is_compared = is_compared.is_some_and(|facts| facts.against.is_some());
            state.review.changes = is_compared && !state.review.changes;
        }
        ReviewAction::Open(name, item) => open(state, name, item),
        ReviewAction::Against(name) => ask(state, ReviewRequest::Against(name)),
        action => boxes(state, action),
    }
}

/// What boxes over the screen ask.
fn boxes(state: &mut State, action: ReviewAction) {
    match action {
        ReviewAction::OfferReviews => offer(state, "review: "),
        ReviewAction::OfferMilestones => offer(state, "against "),
        ReviewAction::BeginNew => {
            let title = String::new();
            state.layer = Some(Layer::NewReview { title });
            state.focus = Some(crate::screens::review::TITLE);
        }
        ReviewAction::TypeTitle(title) => state.layer = Some(Layer::NewReview { title }),
        ReviewAction::New => begin(state),
        ReviewAction::BeginRoom => begin_room(state),
        ReviewAction::TypeRoom(names) => state.layer = Some(Layer::Room { names }),
        ReviewAction::KeepRoom => keep_room(state),
        ReviewAction::BeginSignOff => begin_sign_off(state),
        ReviewAction::TypeSigner(typed) => {
            if let Some(Layer::SignOff { name, .. }) = &mut state.layer {
                *name = typed;
            }
        }
        ReviewAction::TypeRole(typed) => {
            if let Some(Layer::SignOff { role, .. }) = &mut state.layer {
                *role = typed;
            }
        }
        ReviewAction::SignOff { with_key } => sign_off(state, with_key),
        _ => {}
    }
}

/// Esc on the review: the draft, the picture, what changed, the presenter, the zoom, the selection.
pub(super) fn unwind(state: &mut State) {
    state.unfocus = true;
    let review = &mut state.review;
    if state.checklist.draft != Draft::None {
        checklist::drop_draft(state);
    } else if review.full {
        review.full = false;
    } else if review.changes {
        review.changes = false;
    } else if review.presents {
        review.presents = false;
    } else {
        review.sight = Sight::default();
    }
}

/// Begins the session where none is, and asks for the capture that the evidence rests on.
pub(super) fn shown(state: &mut State) {
    let now = state.now;
    let Some(document) = &state.checklist.review else {
        return;
    };
    let review = &mut state.review;
    review.began.get_or_insert(now);
    let digest = document.capture.as_ref().map(|facts| facts.digest.clone());
    if digest == review.asked {
        return;
    }
    (review.capture, review.loads) = (None, digest.is_some());
    review.sight = Sight::default();
    review.asked.clone_from(&digest);
    if digest.is_some() {
        ask(state, ReviewRequest::LoadCapture);
    }
}

/// The facts of the open review have come; with another one a new session begins.
pub(super) fn told(state: &mut State, facts: std::sync::Arc<crate::review::ReviewFacts>) {
    let review = &mut state.review;
    let before = review.facts.as_ref().map(|facts| facts.name.clone());
    if before.is_some_and(|name| name != facts.name) {
        (review.began, review.view, review.changes) = (None, None, false);
    }
    review.changes &= facts.against.is_some();
    let awaited = review.awaited.take_if(|(name, _)| *name == facts.name);
    review.facts = Some(facts);
    if let Some((_, item)) = awaited {
        select(state, &item);
    }
    if state.screen == Screen::Review {
        shown(state);
    }
}

fn ask(state: &mut State, request: ReviewRequest) {
    state.requests.push(Request::Review(request));
}

fn select(state: &mut State, id: &str) {
    let known = state.checklist.review.as_ref();
    if !known.is_some_and(|review| review.items().any(|item| item.id == id)) {
        return;
    }
    if state.checklist.selected.as_deref() != Some(id) {
        super::leave(state);
        checklist::drop_draft(state);
        state.checklist.selected = Some(id.to_owned());
        (state.review.view, state.review.sight) = (None, Sight::default());
    }
    state.checklist.reveal = true;
    state.review.changes = false;
}

fn step(state: &mut State, by: i32) {
    let Some(review) = state.checklist.review.clone() else {
        return;
    };
    let order = walk(&review);
    let selected = state.checklist.selected.as_deref();
    let at = order.iter().position(|item| Some(&*item.id) == selected);
    let last = order.len().saturating_sub(1) as i32;
    let to = at.map_or(0, |at| (at as i32 + by).clamp(0, last) as usize);
    if let Some(item) = order.get(to) {
        select(state, &item.id);
    }
}

/// Stores the decision, where there is anything to store, and goes on to what is not decided.
fn record_and_next(state: &mut State) {
    let Some(item) = state.checklist.item() else {
        return;
    };
    let (id, has_decision) = (item.id.clone(), is_decided(item));
    let written = &state.checklist;
    let says_nothing = written.draft == Draft::None && written.why.trim().is_empty();
    if matches!(
        written.draft,
        Draft::Finding(_) | Draft::Action | Draft::Note
    ) {
        checklist::decide(state);
        return;
    }
    // A decision that stands is not replaced by a confirmation that nobody made.
    let stays = has_decision && says_nothing;
    if stays || checklist::decide(state) {
        next_open(state, &id);
    }
}

/// Selects the next item that nobody decided, after the one that was just decided.
fn next_open(state: &mut State, decided: &str) {
    let Some(review) = state.checklist.review.clone() else {
        return;
    };
    let order = walk(&review);
    let at = order.iter().position(|item| item.id == decided);
    let (before, after) = order.split_at(at.unwrap_or_default());
    let mut rest = after.iter().chain(before);
    let next = rest.find(|item| item.id != decided && !is_decided(item));
    if let Some(item) = next {
        select(state, &item.id);
    } else {
        let words = "Every item is decided. Freeze a milestone, then sign it off.".to_owned();
        state.notify(Outcome::Pass, words, None);
    }
}

/// Leaves another choice, and keeps what was written.
fn choose_confirm(state: &mut State) {
    state.checklist.draft = Draft::None;
    state.checklist.complaint = None;
    state.focus = Some(REASON);
}

fn accept(state: &mut State) {
    let review = state.checklist.review.as_ref();
    if review.is_some_and(|review| review.items().any(is_open_strong_pass)) {
        ask(state, ReviewRequest::AcceptStrongPasses);
    }
}

fn show(state: &mut State, view: View) {
    let before = state.review.view.replace(view);
    if before != Some(view) {
        state.review.sight = Sight::default();
    }
}

fn show_next(state: &mut State) {
    let (Some(review), Some(item)) = (state.checklist.review.clone(), state.checklist.item())
    else {
        return;
    };
    let views = state.review.views(&review);
    let now = state.review.view_of(&review, item);
    let at = views.iter().position(|view| *view == now);
    show(state, views[(at.unwrap_or_default() + 1) % views.len()]);
}

fn flame(state: &mut State, action: FlameAction) {
    let sight = &mut state.review.sight;
    match action {
        FlameAction::Select(node) => sight.selected = node,
        FlameAction::Show { window, moves } => (sight.window, sight.moves) = (window, moves),
        FlameAction::Scroll(by) => sight.scroll = by,
        FlameAction::Menu(_) => {}
    }
}

fn offer(state: &mut State, query: &str) {
    super::apply(state, crate::command::Command::OpenPalette);
    super::apply(
        state,
        crate::command::Command::TypePalette(query.to_owned()),
    );
}

fn open(state: &mut State, name: String, item: Option<String>) {
    super::go(state, Screen::Review);
    let is_open = state.review.facts.as_ref();
    let is_open = is_open.is_some_and(|facts| facts.name == name);
    if is_open {
        if let Some(item) = item {
            select(state, &item);
        }
        return;
    }
    state.review.awaited = item.map(|item| (name.clone(), item));
    ask(state, ReviewRequest::Open(name));
}

fn begin(state: &mut State) {
    let Some(Layer::NewReview { title }) = &state.layer else {
        return;
    };
    let title = title.trim().to_owned();
    if title.is_empty() {
        return;
    }
    state.layer = None;
    state.unfocus = true;
    ask(state, ReviewRequest::New { title });
    super::go(state, Screen::Review);
}

fn begin_room(state: &mut State) {
    let Some(facts) = &state.review.facts else {
        return;
    };
    let others = facts.room.iter().filter(|name| **name != facts.lead);
    let names: Vec<&str> = std::iter::once(&facts.lead)
        .chain(others)
        .map(String::as_str)
        .collect();
    let names = names.join(", ");
    state.layer = Some(Layer::Room { names });
    state.focus = Some(ROOM);
}

fn keep_room(state: &mut State) {
    let Some(Layer::Room { names }) = &state.layer else {
        return;
    };
    let names = names.split(',').map(str::trim);
    let names: Vec<String> = names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let Some(lead) = names.first().cloned() else {
        return;
    };
    state.layer = None;
    state.unfocus = true;
    let room: BTreeSet<String> = names.into_iter().collect();
    ask(state, ReviewRequest::SetRoom { lead, room });
}

/// Asks who signs the latest milestone. Without any there is nothing yet that never changes.
fn begin_sign_off(state: &mut State) {
    let Some(facts) = &state.review.facts else {
        return;
    };
    let Some(latest) = facts.milestones.last() else {
        let words = "What is signed must not change: freeze a milestone, then sign it off.";
        state.notify(Outcome::Attention, words.to_owned(), None);
        super::open_freeze(state);
        return;
    };
    state.layer = Some(Layer::SignOff {
        milestone: latest.name.clone(),
        name: facts.lead.clone(),
        role: String::new(),
    });
    state.focus = Some(sign_off::ROLE);
}

fn sign_off(state: &mut State, with_key: bool) {
    let Some(Layer::SignOff {
        milestone,
        name,
        role,
    }) = &state.layer
    else {
        return;
    };
    let request = ReviewRequest::SignOff {
        milestone: milestone.clone(),
        name: name.trim().to_owned(),
        role: role.trim().to_owned(),
        with_key,
    };
    if name.trim().is_empty() || role.trim().is_empty() {
        return;
    }
    state.layer = None;
    state.unfocus = true;
    ask(state, request);
}
