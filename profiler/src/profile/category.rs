//! Where code comes from: the target itself, a dependency, a standard library, the kernel.

use scrutineer_evidence::process::Runtime;

use crate::{
    capture::model::{CaptureHeader, Module, ModuleKind},
    profile::Category,
};

/// Shared libraries that belong to the language and the system, by the start of the file name.
const STANDARD_LIBRARIES: &[&str] = &[
    "ld-linux",
    "ld-musl",
    "ld.so",
    "ld-2",
    "libc.so",
    "libc-2",
    "libc++",
    "libc.musl",
    "libdl.",
    "libdl-2",
    "libgcc_s",
    "libgo.so",
    "libm.so",
    "libm-2",
    "libmvec",
    "libpthread",
    "libresolv",
    "librt.",
    "librt-2",
    "libstd-",
    "libstdc++",
    "libutil.",
    "linux-vdso",
];

/// Parts of source paths that tell a dependency.
const DEPENDENCY_SOURCES: &[&str] = &[
    "/registry/src/",
    "/.cargo/git/",
    "/cargo/git/checkouts/",
    "/pkg/mod/",
    "/node_modules/",
];

/// Parts of source paths that tell a standard library.
const STANDARD_SOURCES: &[&str] = &[
    "/rustlib/src/rust/library/",
    "/usr/include/c++/",
    "/usr/lib/gcc/",
    "/libstdc++-v3/",
    "/glibc",
    "/usr/local/go/src/",
    "/usr/lib/go",
    "/sysdeps/",
    "/csu/",
    "/libgcc/",
];

/// First path components of Rust's standard library, and of what its build brings along.
const STANDARD_CRATES: &[&str] = &[
    "std",
    "core",
    "alloc",
    "proc_macro",
    "test",
    "panic_unwind",
    "panic_abort",
    "std_detect",
    "rustc_demangle",
    "compiler_builtins",
    "hashbrown",
    "gimli",
    "addr2line",
];

/// Functions of the C library and the compilers, as they occur in static programs.
const STANDARD_FUNCTIONS: &[&str] = &["_start", "__libc_", "__rust_", "rust_begin_unwind", "_init"];

/// What a function's category is told from, besides its name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'a> {
    pub(super) module: Option<&'a Module>,
    /// Source file, empty where unknown.
    pub(super) file: &'a str,
}

/// Tells categories for the functions of one capture.
#[derive(Debug)]
pub(super) struct Classifier {
    executable: String,
    name: String,
    runtime: Runtime,
}

impl Classifier {
    pub(super) fn new(header: &CaptureHeader) -> Self {
        Self {
            executable: undeleted(&header.executable).to_owned(),
            name: header.name.clone(),
            runtime: header.runtime,
        }
    }

    /// Category of code in a module of which nothing else is known.
    pub(super) fn module(&self, module: &Module) -> Category {
        match module.kind {
            ModuleKind::Kernel => Category::Kernel,
            ModuleKind::Jit | ModuleKind::Interpreted => Category::Jit,
            ModuleKind::Vdso => Category::Std,
            ModuleKind::File if self.is_executable(module) => self.executable_category(),
            ModuleKind::File => library_category(&module.path),
        }
    }

    /// Category of a named function.
    pub(super) fn function(&self, name: &str, origin: Origin<'_>) -> Category {
        let Some(module) = origin.module else {
            return Category::Root;
        };
        let category = self.module(module);
        if !matches!(category, Category::Own | Category::Dependency) {
            return category;
        }
        source_category(origin.file)
            .or_else(|| name_category(name, origin.file))
            .unwrap_or(category)
    }

    fn is_executable(&self, module: &Module) -> bool {
        let path = undeleted(&module.path);
        if self.executable.is_empty() {
            // `comm` holds at most 15 bytes of the file's name.
            let file = super::builder::file_name(path);
            return !self.name.is_empty() && (file == self.name || is_cut(file, &self.name));
        }
        path == self.executable
    }

    /// The executable of an interpreted program is the language's runtime, not the user's code.
    fn executable_category(&self) -> Category {
        match self.runtime {
            Runtime::Rust | Runtime::Native | Runtime::Go => Category::Own,
            Runtime::Python | Runtime::Node | Runtime::Jvm | Runtime::DotNet | Runtime::Ruby => {
                Category::Std
            }
        }
    }
}

fn is_cut(file: &str, name: &str) -> bool {
    name.len() == 15 && file.starts_with(name)
}

fn undeleted(path: &str) -> &str {
    path.strip_suffix(" (deleted)").unwrap_or(path)
}

fn library_category(path: &str) -> Category {
    let name = super::builder::file_name(path);
    let standard = STANDARD_LIBRARIES
        .iter()
        .any(|start| name.starts_with(start));
    if standard {
        Category::Std
    } else {
        Category::Dependency
    }
}

fn source_category(file: &str) -> Option<Category> {
    let contains = |parts: &[&str]| parts.iter().any(|part| file.contains(part));
    if file.starts_with("/rustc/") {
        // `/rustc/<hash>/library/…`; crates that the standard library vendors count as its own.
        return Some(Category::Std);
    }
    if contains(DEPENDENCY_SOURCES) {
        return Some(Category::Dependency);
    }
    contains(STANDARD_SOURCES).then_some(Category::Std)
}

/// Names decide only where no source file does.
fn name_category(name: &str, file: &str) -> Option<Category> {
    if !file.is_empty() {
        return None;
    }
    let krate = first_crate(name);
    let standard = STANDARD_CRATES.contains(&krate) && name.contains("::")
        || STANDARD_FUNCTIONS
            .iter()
            .any(|start| name.starts_with(start))
        || name.starts_with("runtime.");
    standard.then_some(Category::Std)
}

/// The crate in which a Rust path begins: `core` of `<core::iter::Map<I, F> as Iterator>::next`.
/// Of `<&T as core::fmt::Debug>::fmt`, an implementation for a bare parameter, the trait's crate.
fn first_crate(name: &str) -> &str {
    let path = name.trim_start_matches(['<', '&', '*', '(', '[']);
    let path = ["dyn ", "mut ", "const "]
        .iter()
        .fold(path, |path, word| path.strip_prefix(word).unwrap_or(path));
    let end = path
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(path.len());
    if path[end..].starts_with("::") {
        return &path[..end];
    }
    path.split_once(" as ")
        .map_or("", |(_, rest)| rest.split("::").next().unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::testing::header;

    fn module(kind: ModuleKind, path: &str) -> Module {
        Module {
            kind,
            path: path.into(),
            build_id: Vec::new(),
            deleted: false,
        }
    }

    fn category(name: &str, path: &str, file: &str) -> Category {
        let module = module(ModuleKind::File, path);
        let classifier = Classifier::new(&header());
        classifier.function(
            name,
            Origin {
                module: Some(&module),
                file,
            },
        )
    }

    #[test]
    fn source_files_tell_dependencies_from_own_code() {
        let registry = "/root/.cargo/registry/src/index-1/serde-1.0.1/src/lib.rs";
        assert_eq!(
            category("serde::de", "/opt/ledgerd", registry),
            Category::Dependency
        );
        assert_eq!(
            category("ledgerd::run", "/opt/ledgerd", "src/main.rs"),
            Category::Own
        );
        let std = "/rustc/0a1b/library/core/src/iter/mod.rs";
        assert_eq!(
            category("core::iter::next", "/opt/ledgerd", std),
            Category::Std
        );
    }

    #[test]
    fn names_tell_where_source_files_are_missing() {
        let of = |name| category(name, "/opt/ledgerd", "");
        assert_eq!(
            of("<alloc::vec::Vec<T> as core::ops::Drop>::drop"),
            Category::Std
        );
        assert_eq!(of("<&T as core::fmt::Debug>::fmt"), Category::Std);
        assert_eq!(
            of("<ledgerd::Entry as core::fmt::Debug>::fmt"),
            Category::Own
        );
        assert_eq!(of("standard_deviation"), Category::Own);
        assert_eq!(of("test_of_time"), Category::Own);
    }

    #[test]
    fn libraries_of_the_system_are_std_and_others_dependencies() {
        let of = |path| category("f", path, "");
        assert_eq!(of("/usr/lib/x86_64-linux-gnu/libc.so.6"), Category::Std);
        assert_eq!(of("/usr/lib/libstdc++.so.6.0.30"), Category::Std);
        assert_eq!(of("/usr/lib/libcrypto.so.3"), Category::Dependency);
        assert_eq!(of("/usr/lib/libmagic.so.1"), Category::Dependency);
    }

    #[test]
    fn an_interpreter_is_the_languages_own_code_not_the_users() {
        let mut header = header();
        header.runtime = Runtime::Python;
        let module = module(ModuleKind::File, "/opt/ledgerd");
        assert_eq!(Classifier::new(&header).module(&module), Category::Std);
    }

    #[test]
    fn a_deleted_executable_is_still_the_targets_own() {
        assert_eq!(category("f", "/opt/ledgerd (deleted)", ""), Category::Own);
    }
}
