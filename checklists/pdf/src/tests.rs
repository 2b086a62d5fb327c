//! What the pages hold, whatever the document says.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use scrutineer_checklists::document::ReviewDocument;
use typst::layout::{Frame, FrameItem};

use crate::{pages, render};

// The same documents as in the tests of the other formats.
#[path = "../../report/src/testing.rs"]
#[expect(dead_code, reason = "a part of it is about HTML")]
mod testing;

/// What looks like markup of the typesetter.
const MARKUP: &str =
    "#import \"x\": *; $x^2$ \\ *bold* _it_ = head `raw` <label> @ref // gone /* */";

/// All text of the pages, in the order in which it is drawn, breaks of long words left out.
fn text(document: &ReviewDocument) -> String {
    let pages = pages(document).unwrap();
    let mut text = String::new();
    for page in pages.pages() {
        collect(&page.frame, &mut text);
    }
    squeeze(&text)
}

fn collect(frame: &Frame, text: &mut String) {
    for (_, item) in frame.items() {
        match item {
            FrameItem::Group(group) => collect(&group.frame, text),
            FrameItem::Text(run) => text.push_str(&run.text),
            _ => {}
        }
    }
}

/// Lines break at spaces, which are not drawn then: no space is compared.
fn squeeze(text: &str) -> String {
    let kept = text.chars();
    let kept = kept.filter(|letter| !letter.is_whitespace() && *letter != '\u{200b}');
    kept.collect()
}

#[track_caller]
fn assert_holds(text: &str, part: &str) {
    assert!(
        text.contains(&squeeze(part)),
        "{part:?} is not on the pages"
    );
}

#[test]
fn every_item_finding_action_decision_and_digest_is_on_the_pages() {
    let document = testing::reviewed();
    let text = text(&document);
    assert_eq!(document.items().count(), 56);
    for item in document.items() {
        for part in [
            &item.title,
            &item.id,
            &item.verdict.summary,
            &item.limits_digest,
        ] {
            assert_holds(&text, part);
        }
        for line in &item.verdict.evidence {
            assert_holds(&text, &line.text);
        }
    }
    for item in document.findings() {
        assert_holds(&text, &item.remedy);
        assert_holds(&text, &item.risk);
    }
    for part in [
        "Page the orders",
        "overdue",
        "Orders are never paged",
        "the handler reads the whole table",
        "waived until 2026-04-01",
        "the client is moved in March",
        "The queue is the cause",
        "approved without a signature",
        "The baseline was saved on another kernel",
        "hashbrown",
        &document.evidence_digest,
        &"ab".repeat(32),
        &"cd".repeat(32),
    ] {
        assert_holds(&text, part);
    }
}

#[test]
fn the_same_document_gives_the_same_bytes() {
    let document = testing::reviewed();
    let once = render(&document).unwrap();
    assert!(once.starts_with(b"%PDF-") && once.len() > 50_000);
    assert_eq!(once, render(&document).unwrap());
    let mut other = document;
    other.people.title += "!";
    assert_ne!(once, render(&other).unwrap());
}

#[test]
fn a_review_of_nothing_has_pages_too() {
    let text = text(&testing::bare_document());
    assert_holds(&text, "Nothing could be judged");
}

#[test]
fn markup_and_hostile_letters_are_text() {
    let mut document = testing::reviewed();
    document.title = format!("{MARKUP} \u{0}\u{1b}[31m\u{202e}\u{1f980} \u{5d0}\u{5d1}");
    document.people.findings[0].1.claim = MARKUP.into();
    document.people.notes[0].1.text = "x".repeat(5_000);
    document.sections[0].items[0].title = MARKUP.into();
    document.sections[0].items[0].id = "#panic()".into();
    document.sections[0].items[0].links = vec!["javascript:alert(1)".into(), MARKUP.into()];
    let frame = &mut document.flame.as_mut().unwrap().boxes[3];
    frame.name = MARKUP.into();
    let function = &mut document.top_functions[0];
    function.name = format!("{MARKUP}{}", "::a".repeat(400));
    document.comparison.as_mut().unwrap().rows[0].metric = MARKUP.into();
    let text = text(&document);
    assert!(text.matches(&squeeze(MARKUP)).count() > 4);
    assert_holds(&text, "[U+1F980]");
    assert_holds(&text, "[U+05D0][U+05D1]");
    assert_holds(&text, &"x".repeat(5_000));
    assert!(!text.contains(char::is_control));
    assert!(render(&document).is_ok());
}

#[test]
fn documents_whose_every_text_is_hostile_are_rendered() {
    let document = testing::hostile_document();
    assert_holds(&text(&document), testing::HOSTILE);
    assert!(render(&document).is_ok());
}

#[test]
fn no_text_leaves_the_paper() {
    fn assert_within(frame: &Frame, origin: (f64, f64), paper: (f64, f64)) {
        for (at, item) in frame.items() {
            let (x, y) = (origin.0 + at.x.to_pt(), origin.1 + at.y.to_pt());
            match item {
                FrameItem::Group(group) => assert_within(&group.frame, (x, y), paper),
                FrameItem::Text(run) => assert!(
                    x >= 0.0 && x + run.width().to_pt() <= paper.0 && y <= paper.1,
                    "{} leaves the paper",
                    run.text
                ),
                _ => {}
            }
        }
    }
    let mut document = testing::reviewed();
    let long = "a_very_long_name_without_a_space".repeat(20);
    document.title.clone_from(&long);
    document.top_functions[0].name.clone_from(&long);
    document.sections[0].items[0]
        .verdict
        .number
        .clone_from(&long);
    document.sections[0].items[0]
        .verdict
        .summary
        .clone_from(&long);
    document.people.actions[0].action.owner.clone_from(&long);
    let pages = pages(&document).unwrap();
    for page in pages.pages() {
        let size = page.frame.size();
        assert_within(&page.frame, (0.0, 0.0), (size.x.to_pt(), size.y.to_pt()));
    }
}

/// What a program of poppler says of the document; `None`, said aloud, where it is not installed.
fn poppler(test: &str, program: &str, arguments: &[&str], pdf: &[u8]) -> Option<String> {
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            let line = format!("SKIPPED {test}: no {program} (poppler-utils): {error}\n");
            std::io::stderr().write_all(line.as_bytes()).unwrap();
            return None;
        }
    };
    // poppler reads the whole of its input before it writes.
    child.stdin.take().unwrap().write_all(pdf).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program}: {}", output.status);
    // Its outline of the tags is not all UTF-8.
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn another_reader_opens_it_and_finds_text_tags_and_fonts() {
    let name = "another_reader_opens_it";
    let document = testing::reviewed();
    let pdf = render(&document).unwrap();
    let Some(told) = poppler(name, "pdfinfo", &["-"], &pdf) else {
        return;
    };
    for line in [
        format!("Title: {}", document.title),
        "Tagged: yes".into(),
        "Page size: 595.276 x 841.89 pts (A4)".into(),
        "Creator: Scrutineer 0.1.0".into(),
        "JavaScript: no".into(),
    ] {
        assert_holds(&squeeze(&told), &line);
    }
    assert!(
        told.contains("Author:") && told.contains("Grace Hopper"),
        "{told}"
    );
    let fonts = poppler(name, "pdffonts", &["-"], &pdf).unwrap_or_default();
    let fonts: Vec<_> = fonts.lines().skip(2).collect();
    assert!(fonts.len() >= 3, "{fonts:?}");
    for font in fonts {
        let columns: Vec<_> = font.split_whitespace().rev().collect();
        // From the end: object number (2), unicode map, subset, embedded.
        assert_eq!(
            (columns[2], columns[3], columns[4]),
            ("yes", "yes", "yes"),
            "{font}"
        );
    }
    let read = poppler(name, "pdftotext", &["-layout", "-", "-"], &pdf).unwrap_or_default();
    let read = squeeze(&read);
    for item in document.items() {
        assert_holds(&read, &item.id);
    }
    assert_holds(&read, &document.evidence_digest);
    let tags = poppler(name, "pdfinfo", &["-struct-text", "-"], &pdf).unwrap_or_default();
    for tag in ["H1", "H2", "H3", "Table", "Figure"] {
        assert!(tags.contains(tag), "{tag}");
    }
    assert!(squeeze(&tags).contains(&squeeze(&document.sections[0].items[0].title)));
}
