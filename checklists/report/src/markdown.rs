//! Markdown, for wikis and pull requests.

use std::fmt::Write as _;

use scrutineer_checklists::{
    document::{LedgerItem, ReviewDocument},
    review::Standing,
    verdict::Outcome,
};
use scrutineer_evidence::trust::{self, Conditions};

/// Renders the review as GitHub's dialect of Markdown. Whatever came from the target is escaped:
/// it makes neither markup nor links.
pub fn render(document: &ReviewDocument) -> String {
    let mut text = String::new();
    head(&mut text, document);
    findings(&mut text, document);
    pins(&mut text, document);
    people(&mut text, document);
    comparison(&mut text, document);
    functions(&mut text, document);
    ledger(&mut text, document);
    sign_off(&mut text, document);
    text
}

fn line(text: &mut String, words: &str) {
    writeln!(text, "{words}").expect("a string takes every line");
}

fn heading(text: &mut String, words: &str) {
    line(text, &format!("\n## {words}\n"));
}

fn head(text: &mut String, document: &ReviewDocument) {
    line(text, &format!("# {}\n", escape(&document.title)));
    if !document.people.title.is_empty() {
        line(text, &format!("{}\n", escape(&document.people.title)));
    }
    line(text, &format!("**{}**\n", crate::text::counts(document)));
    let coverage = document.coverage();
    line(
        text,
        &format!(
            "{} of {} applicable items were judged by machine; {} lack data, {} lack access, {} \
             need a person. {} of {} facts were had. Judged {}, evidence `{}`.",
            coverage.judged,
            coverage.applicable,
            coverage.lack_data,
            coverage.lack_access,
            coverage.need_person,
            document.facts.0,
            document.facts.1,
            document.judged_at.strftime("%Y-%m-%d %H:%M UTC"),
            &document.evidence_digest.get(..12).unwrap_or("unknown"),
        ),
    );
    let capture = document.capture.as_ref();
    let trust = capture.map(|capture| trust::judge(&capture.quality, &Conditions::of(capture)));
    if let Some(warning) = trust.and_then(|trust| trust.warning()) {
        line(text, &format!("\n> ⚠ {}", escape(&warning)));
    }
}

fn findings(text: &mut String, document: &ReviewDocument) {
    let found = document.findings();
    if found.is_empty() {
        return;
    }
    heading(text, "Findings");
    for item in found {
        let verdict = &item.verdict;
        let number = if verdict.number.is_empty() {
            String::new()
        } else {
            format!(": {}", escape(&verdict.number))
        };
        line(
            text,
            &format!(
                "- {} **{}** `{}`{number}",
                sign(item.effective),
                escape(&item.title),
                item.id
            ),
        );
        line(text, &format!("  {}", escape(&verdict.summary)));
        line(
            text,
            &format!(
                "  Threshold ({}): {}.",
                escape(&item.source),
                escape(&verdict.threshold)
            ),
        );
        line(text, &format!("  **Remedy:** {}", escape(&item.remedy)));
        if let Some(words) = decision(item) {
            line(text, &format!("  *{}*", escape(&words)));
        }
    }
}

fn pins(text: &mut String, document: &ReviewDocument) {
    if document.pins.is_empty() {
        return;
    }
    heading(text, "Pinned evidence");
    for pin in &document.pins {
        let title = escape(&pin.title);
        let scope = escape(&pin.scope.join(" · "));
        let (by, digest) = (escape(&pin.by), escape(&pin.capture.digest));
        line(text, &format!("- **{title}** {}", escape(&pin.note)));
        let bases = pin.bases.iter().map(|base| escape(&base.digest));
        let bases = bases.map(|digest| format!(", against `{digest}`"));
        let bases: String = bases.collect();
        line(
            text,
            &format!("  {scope} ({by}, capture `{digest}`{bases})"),
        );
    }
}

fn people(text: &mut String, document: &ReviewDocument) {
    let people = &document.people;
    if !people.findings.is_empty() {
        heading(text, "What people found");
        for (_, finding) in &people.findings {
            let about = about(finding.item.as_deref());
            line(
                text,
                &format!(
                    "- **{}** {}{about} ({}, {})",
                    finding.severity.label(),
                    escape(&finding.claim),
                    escape(&finding.by),
                    finding.at.strftime("%Y-%m-%d"),
                ),
            );
            if !finding.cause.is_empty() {
                line(text, &format!("  Cause: {}", escape(&finding.cause)));
            }
        }
    }
    if !people.actions.is_empty() {
        heading(text, "Actions");
        line(text, "| Action | Owner | Due | Stands | Verified by |");
        line(text, "|---|---|---|---|---|");
        for row in &people.actions {
            let action = &row.action;
            line(
                text,
                &format!(
                    "| {} | {} | {} | {} | {} |",
                    cell(&action.what),
                    cell(&action.owner),
                    action.due,
                    row.standing.label(),
                    action.item.as_deref().unwrap_or("a person"),
                ),
            );
        }
    }
    if !people.notes.is_empty() {
        heading(text, "Notes");
        for (_, note) in &people.notes {
            let about = about(note.item.as_deref());
            let words = escape(&note.text).replace('\n', "\n  ");
            line(text, &format!("- {words}{about} ({})", escape(&note.by)));
        }
    }
}

fn about(item: Option<&str>) -> String {
    item.map_or_else(String::new, |item| format!(" `{item}`"))
}

fn comparison(text: &mut String, document: &ReviewDocument) {
    let Some(comparison) = &document.comparison else {
        return;
    };
    let name = escape(&comparison.baseline);
    heading(text, &format!("Compared with the baseline {name}"));
    for mismatch in &comparison.mismatches {
        line(text, &format!("> ⚠ {}\n", escape(mismatch)));
    }
    line(text, "| Metric | Base | Now | Change | Judgement |");
    line(text, "|---|--:|--:|--:|---|");
    for row in &comparison.rows {
        line(
            text,
            &format!(
                "| {} | {} | {} | {} | {} |",
                cell(&row.metric),
                cell(&row.base),
                cell(&row.now),
                cell(&row.change),
                cell(&row.judgement)
            ),
        );
    }
}

fn functions(text: &mut String, document: &ReviewDocument) {
    let Some(capture) = document.capture.as_ref() else {
        return;
    };
    let samples = capture.quality.samples.max(1) as f64;
    let share = |part: u64| format!("{:.1} %", 100.0 * part as f64 / samples);
    heading(text, "Where the CPU time went");
    line(text, "| Self | Total | Function |");
    line(text, "|--:|--:|---|");
    for function in document.top_functions.iter().take(5) {
        line(
            text,
            &format!(
                "| {} | {} | {} |",
                share(function.self_samples),
                share(function.total_samples),
                cell(&function.name)
            ),
        );
    }
}

fn ledger(text: &mut String, document: &ReviewDocument) {
    heading(text, "Ledger");
    for section in &document.sections {
        line(text, &format!("\n### {}\n", escape(&section.title)));
        line(text, "| | Item | Number | Confidence | What was seen |");
        line(text, "|---|---|---|---|---|");
        for item in &section.items {
            let verdict = &item.verdict;
            let decided = decision(item).map_or_else(String::new, |words| format!("; {words}"));
            line(
                text,
                &format!(
                    "| {} {} | {} | {} | {} | {} |",
                    sign(item.effective),
                    item.effective.label(),
                    cell(&item.title),
                    cell(&verdict.number),
                    verdict.confidence.letter(),
                    cell(&format!("{}{decided}", verdict.summary)),
                ),
            );
        }
    }
}

fn sign_off(text: &mut String, document: &ReviewDocument) {
    let Some(milestone) = &document.people.milestone else {
        return;
    };
    heading(text, "Sign-off");
    line(
        text,
        &format!(
            "Milestone **{}**, frozen {} by {}; SHA-256 `{}`.\n",
            escape(&milestone.name),
            milestone.frozen_at.strftime("%Y-%m-%d %H:%M UTC"),
            escape(&milestone.frozen_by),
            milestone.digest
        ),
    );
    if document.people.sign_offs.is_empty() {
        line(text, "Nobody has approved it.");
    }
    for row in &document.people.sign_offs {
        let sign_off = &row.sign_off;
        line(
            text,
            &format!(
                "- {}, {}, {}: {}",
                escape(&sign_off.name),
                escape(&sign_off.role),
                sign_off.at.strftime("%Y-%m-%d"),
                escape(&row.standing.words())
            ),
        );
    }
}

/// The decision in words, with who and why.
fn decision(item: &LedgerItem) -> Option<String> {
    let (decision, standing) = item.decision.as_ref()?;
    Some(match standing {
        Standing::Lapsed(why) => format!("decision lapsed: {why}"),
        Standing::Holds if decision.why.is_empty() => {
            format!("{} by {}", decision.choice.words(), decision.by)
        }
        Standing::Holds => format!(
            "{} by {}: {}",
            decision.choice.words(),
            decision.by,
            decision.why
        ),
    })
}

const fn sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fail => "❌",
        Outcome::Attention => "⚠️",
        Outcome::Pass => "✅",
        Outcome::Inconclusive => "◐",
        Outcome::Unknown => "❔",
        Outcome::NeedsPerson => "👤",
        Outcome::NotApplicable => "➖",
    }
}

/// Text within a table's cell: one line.
fn cell(words: &str) -> String {
    escape(words).replace('\n', " ")
}

/// Escapes everything that Markdown or HTML reads as markup; control characters but line feeds go.
fn escape(words: &str) -> String {
    let mut escaped = String::with_capacity(words.len());
    for letter in words.chars() {
        match letter {
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '!' | '@' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // Not even a bare address becomes a link.
            ':' => escaped.push_str("&#58;"),
            '\n' => escaped.push('\n'),
            letter if letter.is_control() => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn every_item_is_in_the_ledger_and_findings_come_with_their_remedy() {
        let document = testing::reviewed();
        let text = render(&document);
        for item in document.items() {
            assert!(text.contains(&cell(&item.title)), "{}", item.id);
        }
        for item in document.findings() {
            assert!(text.contains(&escape(&item.remedy)), "{}", item.id);
        }
        let order = ["## Findings", "## Actions", "## Ledger", "## Sign-off"];
        let places: Vec<_> = order
            .iter()
            .map(|words| text.find(words).unwrap())
            .collect();
        assert!(places.is_sorted(), "{places:?}");
    }

    #[test]
    fn rows_of_tables_have_as_many_cells_as_their_heads() {
        let mut document = testing::reviewed();
        document.top_functions[0].name = "a|b\n|c| operator|".into();
        document.people.actions[0].action.what = "one | two\nthree".into();
        let mut columns = 0;
        for row in render(&document).lines() {
            let cells = row.replace("\\|", "").matches('|').count();
            if !row.starts_with('|') {
                columns = 0;
            } else if columns == 0 {
                columns = cells;
            } else {
                assert_eq!(cells, columns, "{row}");
            }
        }
    }

    #[test]
    fn what_came_from_a_target_makes_no_markup() {
        let mut document = testing::document();
        document.title = "<script>alert(1)</script> [x](javascript:y) **b** @all\u{1b}[2J".into();
        let text = render(&document).replace("\\]", "").replace("\\*", "");
        for markup in ["<script", "](", "**b**", "javascript:", " @all", "\u{1b}"] {
            let first = text.lines().next().unwrap();
            assert!(!first.contains(markup), "{markup}: {first}");
        }
    }
}
