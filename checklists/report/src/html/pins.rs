//! Pinned evidence: what somebody saw, says to it, and its picture.

use scrutineer_checklists::{
    document::{PinnedView, ReviewDocument},
    words,
};

use super::{flame, page::Page};

/// Draws the pins; nothing where there are none.
pub(super) fn draw(page: &mut Page, document: &ReviewDocument) {
    if document.pins.is_empty() {
        return;
    }
    page.raw("<section class=\"pins\"><h2>Pinned evidence</h2>");
    for pin in &document.pins {
        one(page, pin, document);
    }
    page.raw("</section>\n");
}

fn one(page: &mut Page, pin: &PinnedView, document: &ReviewDocument) {
    page.raw("<article id=\"pin-").text(&pin.id).raw("\">");
    page.raw("<div class=\"head\"><h3>")
        .text(&pin.title)
        .raw("</h3>");
    flame::legend(page, &pin.picture);
    page.raw("</div>");
    if !pin.note.is_empty() {
        page.element("<p>", &pin.note, "</p>");
    }
    flame::figure(page, &pin.picture, &pin.total, pin.selected);
    page.raw("<p><small>");
    if !pin.scope.is_empty() {
        page.text(pin.scope.join(" · ")).raw(" · ");
    }
    page.text(&pin.capture.target).raw(", captured ");
    page.text(pin.capture.started_at.strftime("%F %H:%M UTC").to_string());
    if let Some(commit) = &pin.capture.commit {
        let short: String = commit.chars().take(12).collect();
        page.raw(" at <code>").text(short).raw("</code>");
    }
    for base in &pin.bases {
        page.raw(", against ").text(&base.target);
        page.raw(", captured ");
        page.text(base.started_at.strftime("%F %H:%M UTC").to_string());
        page.raw(" (SHA-256 <code>")
            .text(&base.digest)
            .raw("</code>)");
    }
    if !pin.candidates.is_empty() {
        let more = words::counted(pin.candidates.len() as u64, "more capture", "more captures");
        page.raw(", with ").text(more);
    }
    let reviewed = document.capture.as_ref().map(|capture| &capture.digest);
    if reviewed.is_some_and(|digest| *digest != pin.capture.digest) {
        page.raw(", not the capture of this review");
    }
    page.raw(" · pinned by ").text(&pin.by).raw(", ");
    page.text(pin.pinned_at.strftime("%F").to_string());
    page.raw(" · SHA-256 <code>")
        .text(&pin.capture.digest)
        .raw("</code></small></p></article>");
}

#[cfg(test)]
mod tests {
    use scrutineer_checklists::document::PinnedCapture;

    use super::*;
    use crate::testing;

    fn drawn(document: &ReviewDocument) -> String {
        let mut page = Page::default();
        draw(&mut page, document);
        page.finish()
    }

    #[test]
    fn a_pin_shows_its_note_its_picture_and_the_capture_it_is_of() {
        let document = testing::reviewed();
        let html = drawn(&document);
        for part in [
            "The queue is the cause",
            "apply_batch, 49.6 % of CPU time",
            "12.4 – 31.8 s",
            "<svg",
            "marked",
            "not the capture of this review",
            "pinned by Ada Lovelace",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        assert!(html.contains(&document.pins[0].capture.digest));
    }

    #[test]
    fn a_pin_of_a_comparison_names_its_base() {
        let mut document = testing::reviewed();
        let base = PinnedCapture {
            digest: "ef".repeat(32),
            ..document.pins[0].capture.clone()
        };
        document.pins[0].bases = vec![base];
        let html = drawn(&document);
        assert!(html.contains(", against ledgerd, captured "), "{html}");
        assert!(html.contains(&"ef".repeat(32)));
    }

    #[test]
    fn without_pins_nothing_is_drawn() {
        assert_eq!(drawn(&testing::document()), "");
    }
}
