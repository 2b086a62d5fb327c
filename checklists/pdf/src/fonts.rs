//! The fonts of documents: those of the window, and no other of the machine.

use std::sync::LazyLock;

use typst::{
    foundations::Bytes,
    text::{Font, FontBook},
    utils::LazyHash,
};

macro_rules! font_files {
    ($($name:literal),*) => {
        [$(include_bytes!(concat!("../../../assets/fonts/", $name)).as_slice()),*]
    };
}

const FILES: [&[u8]; 5] = font_files!(
    "Inter-Regular.otf",
    "Inter-Medium.otf",
    "Inter-SemiBold.otf",
    "JetBrainsMono-Regular.ttf",
    "JetBrainsMono-SemiBold.ttf"
);

/// All fonts, with the book that finds them by family and weight.
pub(crate) struct Fonts {
    /// In the order of the book.
    pub(crate) all: Vec<Font>,
    /// What each is.
    pub(crate) book: LazyHash<FontBook>,
}

/// The fonts, parsed once.
pub(crate) static FONTS: LazyLock<Fonts> = LazyLock::new(|| {
    let files = FILES.into_iter();
    let all: Vec<_> = files
        .filter_map(|file| Font::new(Bytes::new(file), 0))
        .collect();
    let book = LazyHash::new(FontBook::from_fonts(&all));
    Fonts { all, book }
});

/// Whether one of the fonts has a glyph for a letter.
pub(crate) fn cover(letter: char) -> bool {
    let mut fonts = FONTS.all.iter();
    fonts.any(|font| font.info().coverage.contains(letter.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_fonts_of_the_two_families() {
        assert_eq!(FONTS.all.len(), FILES.len());
        for family in ["inter", "jetbrains mono"] {
            assert!(FONTS.book.contains_family(family), "{family}");
        }
    }

    #[test]
    fn letters_without_a_glyph_are_known() {
        assert!(cover('ä') && cover('−') && cover('…'));
        assert!(!cover('🦀') && !cover('漢'));
    }
}
