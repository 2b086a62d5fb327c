//! What people wrote down: findings, actions, decisions and notes, then who approved it.

use scrutineer_checklists::{
    document::{PeoplePart, ReviewDocument},
    review::{ActionStanding, Standing},
};

use super::page::Page;
use crate::wording::{self, day};

/// Draws findings, actions, decisions and notes; nothing where there are none.
pub(super) fn draw(page: &mut Page, document: &ReviewDocument) {
    let people = &document.people;
    findings(page, people);
    actions(page, people);
    decisions(page, document);
    notes(page, people);
}

fn findings(page: &mut Page, people: &PeoplePart) {
    if people.findings.is_empty() {
        return;
    }
    page.raw("<section><h2>What people found</h2><table class=\"people\"><thead><tr>");
    page.raw("<th>Severity</th><th>Claim and cause</th><th class=\"right\">By</th></tr></thead>");
    page.raw("<tbody>");
    for (_, finding) in &people.findings {
        page.element("<tr><td>", finding.severity.label(), "</td>");
        page.element("<td><b>", &finding.claim, "</b>");
        if !finding.cause.is_empty() {
            page.element("<small>", &finding.cause, "</small>");
        }
        about(page, finding.item.as_deref());
        page.element("</td><td class=\"right\">", &finding.by, "<small>");
        page.text(day(finding.at)).raw("</small></td></tr>");
    }
    page.raw("</tbody></table></section>\n");
}

fn actions(page: &mut Page, people: &PeoplePart) {
    if people.actions.is_empty() {
        return;
    }
    page.raw("<section><h2>Actions</h2><table class=\"people\"><thead><tr><th>Action</th>");
    page.raw("<th>Owner</th><th>Due</th><th class=\"right\">Stands</th></tr></thead><tbody>");
    for line in &people.actions {
        let action = &line.action;
        page.element("<tr><td><b>", &action.what, "</b>");
        about(page, action.item.as_deref());
        page.element("</td><td>", &action.owner, "</td>");
        page.element("<td>", action.due.to_string(), "</td><td class=\"right\">");
        let needs_look = matches!(
            line.standing,
            ActionStanding::Overdue | ActionStanding::Contradicted
        );
        page.raw(if needs_look { "<b>" } else { "<span>" });
        page.text(line.standing.label());
        page.raw(if needs_look { "</b>" } else { "</span>" });
        page.raw("</td></tr>");
    }
    page.raw("</tbody></table></section>\n");
}

/// Waivers, overruled verdicts and what does not apply, with their reasons; lapsed ones too.
fn decisions(page: &mut Page, document: &ReviewDocument) {
    let decided: Vec<_> = document
        .items()
        .filter_map(|item| Some((item, item.decision.as_ref()?)))
        .collect();
    if decided.is_empty() {
        return;
    }
    page.raw("<section><h2>Decisions</h2><table class=\"people\"><thead><tr><th>Item</th>");
    page.raw("<th>Decision and reason</th><th class=\"right\">By</th></tr></thead><tbody>");
    for (item, (decision, standing)) in decided {
        page.element("<tr><td><a href=\"#", &item.id, "\">");
        page.text(&item.title).raw("</a></td><td><b>");
        page.text(decision.choice.words()).raw("</b>");
        if !decision.why.is_empty() {
            page.element("<small>", &decision.why, "</small>");
        }
        if let Standing::Lapsed(why) = standing {
            page.element("<small>lapsed: ", why, "</small>");
        }
        page.element("</td><td class=\"right\">", &decision.by, "<small>");
        page.text(day(decision.at)).raw("</small></td></tr>");
    }
    page.raw("</tbody></table></section>\n");
}

fn notes(page: &mut Page, people: &PeoplePart) {
    if people.notes.is_empty() {
        return;
    }
    page.raw("<section><h2>Notes</h2><ul class=\"notes\">");
    for (_, note) in &people.notes {
        page.raw("<li>");
        for line in note.text.lines() {
            page.element("<p>", line, "</p>");
        }
        about(page, note.item.as_deref());
        page.element("<small>", &note.by, " · ");
        page.text(day(note.at)).raw("</small></li>");
    }
    page.raw("</ul></section>\n");
}

/// Draws the milestone and who approved it; nothing where the document is no milestone's.
pub(super) fn sign_off(page: &mut Page, document: &ReviewDocument) {
    let people = &document.people;
    let Some(milestone) = &people.milestone else {
        return;
    };
    page.raw("<section><h2>Sign-off</h2><p>Milestone <b>");
    page.text(&milestone.name).raw("</b>, frozen ");
    page.text(wording::moment(milestone.frozen_at)).raw(" by ");
    page.text(&milestone.frozen_by)
        .raw("</p><p class=\"note\">SHA-256 <code>");
    page.text(&milestone.digest).raw("</code></p>");
    if people.sign_offs.is_empty() {
        page.raw("<p class=\"note\">Nobody has approved it.</p></section>\n");
        return;
    }
    page.raw("<table class=\"people\"><thead><tr><th>Name</th><th>Role</th><th>Date</th>");
    page.raw("<th class=\"right\">Approval</th></tr></thead><tbody>");
    for line in &people.sign_offs {
        let sign_off = &line.sign_off;
        page.element("<tr><td><b>", &sign_off.name, "</b></td>");
        page.element("<td>", &sign_off.role, "</td>");
        page.element("<td>", day(sign_off.at), "</td>");
        page.element("<td class=\"right\">", line.standing.words(), "</td></tr>");
    }
    page.raw("</tbody></table></section>\n");
}

fn about(page: &mut Page, item: Option<&str>) {
    if let Some(item) = item {
        page.element("<small><a href=\"#", item, "\"><code>");
        page.text(item).raw("</code></a></small>");
    }
}

#[cfg(test)]
mod tests {
    use super::super::render;
    use crate::testing;

    #[test]
    fn actions_decisions_and_approvals_stand_in_the_documents_order() {
        let html = render(&testing::reviewed());
        let order = [
            ">Findings<",
            ">Where the time goes<",
            ">Compared with 2.13.2<",
            ">More findings<",
            ">What people found<",
            ">Actions<",
            ">Decisions<",
            ">Notes<",
            ">Sign-off<",
        ];
        let places: Vec<_> = order.iter().map(|words| html.find(words)).collect();
        assert!(
            places.iter().all(Option::is_some) && places.is_sorted(),
            "{places:?}"
        );
        assert!(html.contains("<b>overdue</b>") && html.contains("approved without a signature"));
        testing::assert_balanced(&html);
    }

    #[test]
    fn a_review_in_which_nobody_wrote_anything_has_no_empty_tables() {
        let html = render(&testing::bare_document());
        for heading in [
            ">What people found<",
            ">Actions<",
            ">Decisions<",
            ">Sign-off<",
        ] {
            assert!(!html.contains(heading), "{heading}");
        }
    }
}
