//! What lies beside the open review's document: milestones, people, limits, what is carried over.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Result;
use scrutineer_checklists::{
    checklist::Checklist,
    document::ReviewDocument,
    gauge::Gauge,
    review::{MilestoneComparison, MilestoneHead, Review, Side},
};
use scrutineer_profiler::workspace::Workspace;
use scrutineer_ui::review::{Against, KeptAction, MilestoneFacts, ReviewFacts};

use super::{Session, reviewing};
use crate::review::{self, ReviewFolder, StoredMilestone};

impl Session {
    /// What lies beside the document of the open review.
    pub(in crate::window) fn facts(&self) -> Result<ReviewFacts> {
        let judged = self.judged()?;
        let workspace = self.workspace()?;
        let folder = self.folder(&workspace)?;
        let checklist = review::checklist(&workspace)?;
        let kept = self.state().kept.clone();
        let milestones = milestones(&folder)?;
        let stored = self.milestone(&folder, &milestones)?;
        let against = stored.as_ref().and_then(|stored| {
            let facts = milestones
                .iter()
                .find(|known| known.name == stored.milestone.name)?;
            let sides = (&*judged.document, kept.review.as_ref());
            Some(against(stored, facts.clone(), sides, &checklist))
        });
        let mut reviews: Vec<String> = ReviewFolder::list(&workspace)?
            .iter()
            .map(|folder| folder.name().to_owned())
            .collect();
        if !reviews.iter().any(|name| name == folder.name()) {
            reviews.push(folder.name().to_owned());
            reviews.sort();
        }
        let written = kept.review.as_ref();
        let root = &workspace.root;
        let below = folder.path().strip_prefix(root);
        Ok(ReviewFacts {
            name: folder.name().to_owned(),
            title: written.map_or_else(String::new, |it| it.title.clone()),
            folder: below.unwrap_or(folder.path()).to_owned(),
            workspace: root
                .file_name()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            saved_at: kept.saved_at(),
            room: written.map_or_else(Default::default, |it| it.room.clone()),
            lead: self.decider(&workspace),
            carried: carried(&workspace, folder.name(), stored.as_deref())?,
            gauges: gauges(&judged.document, &checklist),
            key: review::usual_key(&workspace),
            reviews,
            milestones,
            against,
        })
    }

    /// The milestone to compare with: the chosen one, else the latest. It never changes, so that
    /// one that was read is not read again.
    fn milestone(
        &self,
        folder: &ReviewFolder,
        milestones: &[MilestoneFacts],
    ) -> Result<Option<Arc<StoredMilestone>>> {
        let chosen = self.state().against.clone();
        let latest = milestones.last().map(|latest| latest.name.clone());
        let Some(name) = chosen.or(latest) else {
            return Ok(None);
        };
        let key = (folder.name().to_owned(), name);
        if let Some((known, stored)) = &self.state().milestone
            && *known == key
        {
            return Ok(Some(Arc::clone(stored)));
        }
        let stored = Arc::new(folder.milestone(&key.1)?);
        self.state().milestone = Some((key, Arc::clone(&stored)));
        Ok(Some(stored))
    }
}

fn milestones(folder: &ReviewFolder) -> Result<Vec<MilestoneFacts>> {
    let of = |head: MilestoneHead| {
        let sign_offs = folder.sign_offs(&head.name)?.sign_offs;
        let signed = sign_offs.iter().filter(|one| one.signature.is_some());
        Ok(MilestoneFacts {
            approvals: (sign_offs.len(), signed.count()),
            name: head.name,
            frozen_at: head.frozen_at,
        })
    };
    folder.heads()?.into_iter().map(of).collect()
}

fn against(
    stored: &StoredMilestone,
    facts: MilestoneFacts,
    (document, review): (&ReviewDocument, Option<&Review>),
    checklist: &Checklist,
) -> Against {
    let milestone = &stored.milestone;
    let now = Side {
        name: "now",
        document,
        review,
    };
    Against {
        milestone: facts,
        document: Arc::new(milestone.document.clone()),
        comparison: Arc::new(MilestoneComparison::between(milestone.into(), now)),
        gauges: gauges(&milestone.document, checklist),
    }
}

fn gauges(document: &ReviewDocument, checklist: &Checklist) -> BTreeMap<String, Gauge> {
    let of = |judged: &scrutineer_checklists::document::LedgerItem| {
        let gauge = Gauge::of(checklist.item(&judged.id)?, judged)?;
        Some((judged.id.clone(), gauge))
    };
    document.items().filter_map(of).collect()
}

/// Actions that were open before: at the milestone, or in other reviews. What is due first comes
/// first.
fn carried(
    workspace: &Workspace,
    name: &str,
    stored: Option<&StoredMilestone>,
) -> Result<Vec<KeptAction>> {
    let was_there = |id: &String| {
        let actions = stored.map(|stored| &stored.milestone.review.actions);
        actions.is_some_and(|actions| actions.contains_key(id))
    };
    let mut carried: Vec<KeptAction> = reviewing::kept_actions(workspace)?
        .into_iter()
        .filter(|kept| kept.review != name || was_there(&kept.id))
        .collect();
    carried.sort_by(|a, b| a.action.due.cmp(&b.action.due).then(a.id.cmp(&b.id)));
    Ok(carried)
}
