//! `JUnit`'s XML, for CI: a section is a suite, an item a test case.

use std::fmt::Write as _;

use scrutineer_checklists::{
    document::{LedgerItem, ReviewDocument},
    review::Standing,
    verdict::Outcome,
};

/// Renders the document as the XML that Jenkins and GitLab read. A fail is a failure; attention is
/// a passed case with its words in `system-out`; what could not be judged is skipped, and why.
pub fn render(document: &ReviewDocument) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let items: Vec<_> = document.items().collect();
    let _ = writeln!(
        text,
        "<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">",
        escape(&document.title),
        items.len(),
        count(&items, is_failure),
        count(&items, is_skipped),
    );
    for section in &document.sections {
        let items: Vec<_> = section.items.iter().collect();
        let _ = writeln!(
            text,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" \
             timestamp=\"{}\">",
            escape(&section.title),
            items.len(),
            count(&items, is_failure),
            count(&items, is_skipped),
            document.judged_at.strftime("%Y-%m-%dT%H:%M:%S"),
        );
        for item in items {
            case(&mut text, item);
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

fn count(items: &[&LedgerItem], is_meant: fn(Outcome) -> bool) -> usize {
    items.iter().filter(|item| is_meant(item.effective)).count()
}

fn is_failure(outcome: Outcome) -> bool {
    outcome == Outcome::Fail
}

fn is_skipped(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Inconclusive | Outcome::Unknown | Outcome::NeedsPerson | Outcome::NotApplicable
    )
}

fn case(text: &mut String, item: &LedgerItem) {
    let (class, name) = item.id.split_once('.').unwrap_or(("item", &item.id));
    let _ = writeln!(
        text,
        "    <testcase classname=\"{}\" name=\"{}\" time=\"0\">",
        escape(class),
        escape(&format!("{name}: {}", item.title))
    );
    let verdict = &item.verdict;
    let summary = escape(&verdict.summary);
    if is_failure(item.effective) {
        let _ = writeln!(
            text,
            "      <failure type=\"{}\" message=\"{summary}\">{}</failure>",
            escape(&item.id),
            escape(&details(item))
        );
    } else if is_skipped(item.effective) {
        let _ = writeln!(
            text,
            "      <skipped message=\"{}: {summary}\"/>",
            item.effective.label().to_lowercase()
        );
    } else {
        let _ = writeln!(
            text,
            "      <system-out>{}: {}</system-out>",
            item.effective.label(),
            escape(&details(item))
        );
    }
    text.push_str("    </testcase>\n");
}

fn details(item: &LedgerItem) -> String {
    let verdict = &item.verdict;
    let mut words = verdict.summary.clone();
    let _ = write!(
        words,
        "\nthreshold ({}): {}",
        item.source, verdict.threshold
    );
    for line in &verdict.evidence {
        let _ = write!(words, "\n{}: {}", line.kind.name(), line.text);
    }
    if matches!(item.effective, Outcome::Fail | Outcome::Attention) {
        let _ = write!(words, "\nremedy: {}", item.remedy);
    }
    if let Some((decision, Standing::Holds)) = &item.decision {
        let _ = write!(
            words,
            "\n{} by {}: {}",
            decision.choice.words(),
            decision.by,
            decision.why
        );
    }
    words
}

/// Escapes text for content and attributes; characters that XML 1.0 does not have are replaced.
fn escape(words: &str) -> String {
    let mut escaped = String::with_capacity(words.len());
    for letter in words.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(letter),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {
                escaped.push('\u{fffd}');
            }
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
    fn every_item_is_a_case_and_the_counts_are_those_of_the_cases() {
        let document = testing::reviewed();
        let text = render(&document);
        assert_eq!(text.matches("<testcase ").count(), 56);
        assert_eq!(text.matches("<testsuite ").count(), 8);
        let counts = document.counts();
        assert_eq!(text.matches("<failure ").count(), counts[&Outcome::Fail]);
        let skipped = counts[&Outcome::Unknown]
            + counts[&Outcome::Inconclusive]
            + counts[&Outcome::NeedsPerson]
            + counts[&Outcome::NotApplicable];
        assert_eq!(text.matches("<skipped ").count(), skipped);
        let head = format!(
            "failures=\"{}\" skipped=\"{skipped}\"",
            counts[&Outcome::Fail]
        );
        assert!(text.lines().nth(1).unwrap().contains(&head), "{head}");
    }

    #[test]
    fn elements_are_closed_in_order_whatever_a_target_is_called() {
        let mut document = testing::document();
        document.title = "</testsuites><x a=\"\u{0}\u{1b}&".into();
        let text = render(&document);
        let mut open: Vec<&str> = Vec::new();
        for tag in text.split('<').skip(2) {
            let tag = tag.split_once('>').expect("a tag ends").0;
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name));
            } else if !tag.ends_with('/') {
                open.push(tag.split(' ').next().unwrap());
            }
        }
        assert!(open.is_empty() && !text.contains('\u{1b}') && !text.contains('\u{0}'));
    }
}
