//! A compact ledger for terminals: counts, findings with what to do, then one line an item.

use std::fmt::Write as _;

use scrutineer_checklists::{
    document::{LedgerItem, PeoplePart, ReviewDocument},
    review::Standing,
    verdict::Outcome,
};
use scrutineer_evidence::trust::{self, Conditions};

/// Narrowest width that is laid out.
const LEAST_WIDTH: usize = 60;

/// Indentation of what is said below an item.
const BELOW: &str = "      ";

/// Renders the ledger for a terminal of `width` columns. Control characters of a target's strings
/// are replaced, so that nothing reaches the terminal as a command.
pub fn render(document: &ReviewDocument, width: usize) -> String {
    let width = width.max(LEAST_WIDTH);
    let mut text = String::new();
    line(&mut text, &clean(&document.title));
    wrap(&mut text, &counts(document), width, "");
    let capture = document.capture.as_ref();
    let trust = capture.map(|capture| trust::judge(&capture.quality, &Conditions::of(capture)));
    if let Some(warning) = trust.and_then(|trust| trust.warning()) {
        wrap(&mut text, &clean(&format!("! {warning}")), width, "");
    }
    for section in &document.sections {
        text.push('\n');
        line(&mut text, &clean(&section.title));
        for item in &section.items {
            draw_item(&mut text, item, width);
        }
    }
    if !document.pins.is_empty() {
        text.push('\n');
        line(&mut text, "Pinned evidence");
    }
    for pin in &document.pins {
        let note = Some(pin.note.as_str()).filter(|note| !note.is_empty());
        let note = note.map_or_else(String::new, |note| format!(": {note}"));
        let words = format!("{}{note} ({})", pin.title, pin.by);
        wrap(&mut text, &clean(&words), width, "  ");
    }
    draw_people(&mut text, &document.people, width);
    text
}

/// Findings, actions and notes with the ids by which the command line knows them.
fn draw_people(text: &mut String, people: &PeoplePart, width: usize) {
    let mut block = |heading: &str, rows: Vec<String>| {
        if !rows.is_empty() {
            text.push('\n');
            line(text, heading);
        }
        for row in rows {
            wrap(text, &clean(&row), width, "  ");
        }
    };
    let about = |item: &Option<String>| {
        let item = item.as_ref();
        item.map_or_else(String::new, |item| format!(" [{item}]"))
    };
    let findings = people.findings.iter().map(|(id, finding)| {
        let (severity, claim) = (finding.severity.label(), &finding.claim);
        let item = about(&finding.item);
        format!("{id} {severity}: {claim}{item} ({})", finding.by)
    });
    block("Findings", findings.collect());
    let actions = people.actions.iter().map(|line| {
        let action = &line.action;
        let (what, item) = (&action.what, about(&action.item));
        let (owner, due, standing) = (&action.owner, action.due, line.standing.label());
        format!("{} {what}{item} ({owner}, due {due}): {standing}", line.id)
    });
    block("Actions", actions.collect());
    let notes = people.notes.iter().map(|(id, note)| {
        let item = about(&note.item);
        let words = note.text.replace('\n', " ");
        format!("{id} {words}{item} ({})", note.by)
    });
    block("Notes", notes.collect());
}

/// `6 fail, 13 attention, 21 pass …`, outcomes that occur.
pub fn counts(document: &ReviewDocument) -> String {
    let counts = document.counts();
    let words = counts.iter().filter(|(_, count)| **count > 0);
    let words: Vec<_> = words
        .map(|(outcome, count)| format!("{count} {}", outcome.label().to_lowercase()))
        .collect();
    words.join(", ")
}

fn draw_item(text: &mut String, item: &LedgerItem, width: usize) {
    let verdict = &item.verdict;
    let number = clean(&verdict.number);
    let number = if number.is_empty() {
        String::new()
    } else {
        format!("  {number}")
    };
    let head = format!(
        "  {} {:<30}{}{number}",
        sign(item.effective),
        clean(&item.id),
        verdict.confidence.letter(),
    );
    line(text, &cut(&head, width));
    if matches!(item.effective, Outcome::Fail | Outcome::Attention) {
        wrap(text, &clean(&verdict.summary), width, BELOW);
        wrap(text, &format!("→ {}", clean(&item.remedy)), width, BELOW);
    }
    if let Some((decision, standing)) = &item.decision {
        let words = match standing {
            Standing::Holds => format!("{} by {}", decision.choice.words(), decision.by),
            Standing::Lapsed(why) => format!("decision lapsed: {why}; decide again"),
        };
        wrap(text, &clean(&words), width, BELOW);
    }
}

/// One column each: colour is never alone, and here there is none.
const fn sign(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fail => "✗",
        Outcome::Attention => "!",
        Outcome::Pass => "✓",
        Outcome::Inconclusive => "◐",
        Outcome::Unknown => "?",
        Outcome::NeedsPerson => "◇",
        Outcome::NotApplicable => "–",
    }
}

fn line(text: &mut String, words: &str) {
    writeln!(text, "{}", words.trim_end()).expect("a string takes every line");
}

/// Breaks a text at spaces.
fn wrap(text: &mut String, words: &str, width: usize, indent: &str) {
    let mut row = String::from(indent);
    for word in words.split(' ').filter(|word| !word.is_empty()) {
        let used = row.chars().count();
        if used > indent.len() && used + 1 + word.chars().count() > width {
            line(text, &row);
            row = String::from(indent);
        }
        if row.len() > indent.len() {
            row.push(' ');
        }
        row.push_str(word);
    }
    line(text, &row);
}

fn cut(words: &str, width: usize) -> String {
    if words.chars().count() <= width {
        return words.to_owned();
    }
    words.chars().take(width - 1).chain(['…']).collect()
}

fn clean(words: &str) -> String {
    words
        .chars()
        .map(|letter| {
            if letter.is_control() {
                '\u{fffd}'
            } else {
                letter
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn every_item_has_a_line_and_findings_say_what_to_do() {
        let document = testing::document();
        let text = render(&document, 100);
        for item in document.items() {
            assert!(text.contains(&item.id), "{}", item.id);
            if item.effective == Outcome::Attention {
                let first = item.remedy.split(' ').next().unwrap();
                assert!(text.contains(&format!("→ {first}")), "{}", item.id);
            }
        }
        assert!(text.lines().nth(1).unwrap().contains("pass"));
    }

    #[test]
    fn what_people_wrote_down_is_shown_with_its_id() {
        let document = testing::reviewed();
        let text = render(&document, 200);
        let action = &document.people.actions[0];
        assert!(text.contains(&format!("  {} Index the ledger", action.id)));
        assert!(text.contains("due 2026-02-01): overdue"));
        assert!(text.contains("high: Orders are never paged [api.pagination] (Ada Lovelace)"));
        assert!(text.contains("the pool is shared with billing"));
    }

    #[test]
    fn lines_keep_to_the_width_unless_a_word_is_longer() {
        for row in render(&testing::document(), 72).lines() {
            assert!(
                row.chars().count() <= 72 || !row.trim().contains(' '),
                "{row}"
            );
        }
    }

    #[test]
    fn escape_sequences_of_a_target_do_not_reach_the_terminal() {
        let mut document = testing::document();
        document.title = "\u{1b}[2J\u{7}evil\u{9b}31m\rname".into();
        document.sections[0].items[0].verdict.number = "\u{1b}]0;x".into();
        let text = render(&document, 80);
        assert!(
            text.chars()
                .all(|letter| letter == '\n' || !letter.is_control())
        );
    }
}
