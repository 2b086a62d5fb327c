//! The formats of a review as a document, and how files name them.

use std::path::Path;

use anyhow::Result;
use scrutineer_checklists::document::ReviewDocument;

/// A format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum DocumentFormat {
    /// One page, whole without scripts, that prints as A4
    #[default]
    Html,
    /// Pages of A4, tagged, the same bytes for the same review
    Pdf,
    /// For a wiki or a pull request
    Markdown,
    /// The whole document, for scripts; its JSON Schema is published with the source
    Json,
    /// For CI: an item is a test case
    Junit,
    /// For code scanning: a finding is a result
    Sarif,
}

impl DocumentFormat {
    /// The format that the end of a file's name tells.
    pub(crate) fn named_by(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match extension.as_str() {
            "html" | "htm" => Self::Html,
            "pdf" => Self::Pdf,
            "md" => Self::Markdown,
            "json" => Self::Json,
            "xml" => Self::Junit,
            "sarif" => Self::Sarif,
            _ => return None,
        })
    }

    /// Renders a review.
    pub(crate) fn render(self, document: &ReviewDocument) -> Result<Vec<u8>> {
        let text = match self {
            Self::Html => scrutineer_report::html::render(document),
            Self::Pdf => return Ok(scrutineer_pdf::render(document)?),
            Self::Markdown => scrutineer_report::markdown::render(document),
            Self::Json => scrutineer_report::document::render(document),
            Self::Junit => scrutineer_report::junit::render(document),
            Self::Sarif => scrutineer_report::sarif::render(document),
        };
        Ok(text.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_name_tells_the_format() {
        let named = |name: &str| DocumentFormat::named_by(Path::new(name));
        assert_eq!(named("a/review.pdf"), Some(DocumentFormat::Pdf));
        assert_eq!(named("review.PDF"), Some(DocumentFormat::Pdf));
        assert_eq!(named("review.xml"), Some(DocumentFormat::Junit));
        assert_eq!(named("review"), None);
        assert_eq!(named("review.txt"), None);
    }
}
