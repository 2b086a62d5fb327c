//! All that the typesetter may see: the template, the values of one document, its pictures.

use std::{collections::HashMap, path::PathBuf, sync::LazyLock};

use typst::{
    Library, LibraryExt, World,
    diag::{FileError, FileResult},
    foundations::{Bytes, Datetime, Duration},
    syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot},
    text::{Font, FontBook},
    utils::LazyHash,
};

use crate::{fonts::FONTS, view::View};

/// The template, the only markup there is.
const TEMPLATES: [(&str, &str); 3] = [
    ("/review.typ", include_str!("../template/review.typ")),
    ("/look.typ", include_str!("../template/look.typ")),
    ("/parts.typ", include_str!("../template/parts.typ")),
];

static LIBRARY: LazyLock<LazyHash<Library>> =
    LazyLock::new(|| LazyHash::new(Library::builder().build()));
static SOURCES: LazyLock<HashMap<FileId, Source>> = LazyLock::new(|| {
    let sources = TEMPLATES.into_iter();
    sources
        .map(|(path, text)| (id(path), Source::new(id(path), text.into())))
        .collect()
});

/// One document's files.
pub(crate) struct ReviewWorld {
    files: HashMap<FileId, Bytes>,
}

impl ReviewWorld {
    /// The world of a document.
    pub(crate) fn new(view: View) -> Self {
        let values = Bytes::new(view.values.to_string().into_bytes());
        let pictures = view.pictures.into_iter();
        let pictures = pictures.map(|(path, svg)| (id(&path), Bytes::new(svg.into_bytes())));
        let files = pictures.chain([(id("/values.json"), values)]).collect();
        Self { files }
    }
}

/// Paths are few and the same for every document: the typesetter never forgets one.
fn id(path: &str) -> FileId {
    let path = VirtualPath::new(path).expect("paths of this crate are plain");
    RootedPath::new(VirtualRoot::Project, path).intern()
}

fn not_found(id: FileId) -> FileError {
    FileError::NotFound(PathBuf::from(id.vpath().get_with_slash()))
}

impl World for ReviewWorld {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &FONTS.book
    }

    fn main(&self) -> FileId {
        id(TEMPLATES[0].0)
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        SOURCES.get(&id).cloned().ok_or_else(|| not_found(id))
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.get(&id).cloned().ok_or_else(|| not_found(id))
    }

    fn font(&self, index: usize) -> Option<Font> {
        FONTS.all.get(index).cloned()
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}
