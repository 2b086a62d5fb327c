//! Exports the review document as PDF: tagged, A4, the same bytes for the same document.

mod fonts;
#[cfg(test)]
mod tests;
mod text;
mod view;
mod world;

use scrutineer_checklists::document::ReviewDocument;
use typst::{comemo, diag::SourceDiagnostic, foundations::Smart};
use typst_layout::PagedDocument;
use typst_pdf::PdfOptions;

use world::ReviewWorld;

/// Why no PDF was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PdfError {
    /// The document cannot be laid out on pages.
    #[error("the review cannot be laid out as PDF ({what}); export it as HTML, which prints as A4")]
    Layout {
        /// What the typesetter says.
        what: String,
    },
}

/// Renders the review. What came from a target, a workspace or a person reaches the template as
/// values, never as markup; nothing is read from disk or network, and no clock is asked.
///
/// What the typesetter remembers between documents is dropped afterwards.
pub fn render(document: &ReviewDocument) -> Result<Vec<u8>, PdfError> {
    let pdf = pages(document).and_then(|pages| {
        let pdf = typst_pdf::pdf(&pages, &options(document));
        pdf.map_err(|diagnostics| refused(&diagnostics))
    });
    comemo::evict(0);
    pdf
}

fn pages(document: &ReviewDocument) -> Result<PagedDocument, PdfError> {
    let world = ReviewWorld::new(view::of(document));
    let pages = typst::compile::<PagedDocument>(&world).output;
    pages.map_err(|diagnostics| refused(&diagnostics))
}

fn options(document: &ReviewDocument) -> PdfOptions {
    PdfOptions {
        ident: Smart::Custom(format!("{} {}", document.evidence_digest, document.title)),
        creator: Smart::Custom(Some(format!("Scrutineer {}", document.product_version))),
        ..PdfOptions::default()
    }
}

fn refused(diagnostics: &[SourceDiagnostic]) -> PdfError {
    let what = diagnostics
        .first()
        .map_or_else(String::new, |first| first.message.to_string());
    PdfError::Layout { what }
}
