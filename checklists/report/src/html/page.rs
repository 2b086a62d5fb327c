//! Markup under construction: what is not written in this source is escaped, by type.

/// HTML or SVG that grows. Markup can only be a literal of this crate; everything else goes
/// through [`Page::text`].
#[derive(Debug, Default)]
pub(super) struct Page(String);

impl Page {
    /// Appends markup of this source.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Appends text, escaped for elements and for quoted attributes. Control characters, which
    /// HTML cannot hold, become U+FFFD.
    pub(super) fn text(&mut self, text: impl AsRef<str>) -> &mut Self {
        for letter in text.as_ref().chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                '\n' | '\t' => self.0.push(' '),
                // Overrides of direction could make a text read as another one.
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => self.0.push('\u{fffd}'),
                control if control.is_control() => self.0.push('\u{fffd}'),
                letter => self.0.push(letter),
            }
        }
        self
    }

    /// Appends a coordinate with at most two decimals; what is no number becomes 0.
    pub(super) fn coordinate(&mut self, value: f64) -> &mut Self {
        let value = if value.is_finite() { value } else { 0.0 };
        let text = format!("{value:.2}");
        self.0
            .push_str(text.trim_end_matches('0').trim_end_matches('.'));
        self
    }

    /// Appends an element that holds only text.
    pub(super) fn element(
        &mut self,
        open: &'static str,
        text: impl AsRef<str>,
        close: &'static str,
    ) -> &mut Self {
        self.raw(open).text(text).raw(close)
    }

    /// The markup.
    pub(super) fn finish(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(text: &str) -> String {
        let mut page = Page::default();
        page.text(text);
        page.finish()
    }

    #[test]
    fn nothing_in_a_text_is_markup() {
        assert_eq!(
            escaped("<a b='c' d=\"e\">&"),
            "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;"
        );
        assert_eq!(
            escaped("a\u{0}b\u{1b}c\nd\u{202e}e"),
            "a\u{fffd}b\u{fffd}c d\u{fffd}e"
        );
    }

    #[test]
    fn coordinates_are_short_and_finite() {
        let mut page = Page::default();
        page.coordinate(1.0)
            .raw(" ")
            .coordinate(f64::NAN)
            .raw(" ")
            .coordinate(-0.126);
        assert_eq!(page.finish(), "1 0 -0.13");
    }
}
