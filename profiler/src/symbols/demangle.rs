//! Names as programmers wrote them, from names as compilers mangle them.

use std::fmt;

use cpp_demangle::{BorrowedSymbol, DemangleOptions};

/// Largest demangled name, bytes. Mangled names refer to their own parts: a short one can stand
/// for gigabytes.
const LARGEST_NAME_BYTES: usize = 64 << 10;
/// Mangled names longer than this are left as they are, bytes.
const LARGEST_MANGLED_BYTES: usize = 64 << 10;
/// How deep parts of a mangled name may nest.
const DEEPEST: u32 = 96;

/// A name of Rust or C++, demangled; other names as they are.
pub(crate) fn demangle(name: &str) -> String {
    if name.len() > LARGEST_MANGLED_BYTES {
        return name.to_owned();
    }
    rust(name)
        .or_else(|| cpp(name))
        .unwrap_or_else(|| name.to_owned())
}

fn rust(name: &str) -> Option<String> {
    if !name.starts_with("_R") && !name.starts_with("_ZN") {
        return None;
    }
    let demangled = rustc_demangle::try_demangle(name).ok()?;
    let mut text = Limited::default();
    // Without the hash of legacy names.
    fmt::Write::write_fmt(&mut text, format_args!("{demangled:#}")).ok()?;
    Some(text.0)
}

fn cpp(name: &str) -> Option<String> {
    if !name.starts_with("_Z") && !name.starts_with("__Z") {
        return None;
    }
    let options = cpp_demangle::ParseOptions::default().recursion_limit(DEEPEST);
    let (symbol, rest) = BorrowedSymbol::with_tail_and_options(name.as_bytes(), &options).ok()?;
    let mut text = Limited::default();
    let options = DemangleOptions::new().recursion_limit(DEEPEST);
    symbol.structured_demangle(&mut text, &options).ok()?;
    // What follows is not part of the name: a version, or the mark of a part of the function.
    let is_mark = rest.is_empty() || rest.starts_with(b".") || rest.starts_with(b"@");
    is_mark.then(|| text.0 + std::str::from_utf8(rest).unwrap_or_default())
}

/// Text up to the largest size; more is an error.
#[derive(Default)]
struct Limited(String);

impl fmt::Write for Limited {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > LARGEST_NAME_BYTES {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rust_and_cpp_are_as_they_were_written() {
        let cases = [
            // Rust, v0: a closure, a generic function and a trait's method.
            ("_RNvC6_123foo3bar", "123foo::bar"),
            ("_RNCNvC4main4main0", "main::main::{closure#0}"),
            (
                "_RNvXs_NtC4shop4cartNtB4_4CartNtNtC4core3fmt5Debug3fmt",
                "<shop::cart::Cart as core::fmt::Debug>::fmt",
            ),
            // Rust, legacy: the hash goes.
            (
                "_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE",
                "core::fmt::Write::write_fmt",
            ),
            (
                "_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$3bar17h930b740aa94f1d3aE",
                "<Test + 'static as foo::Bar<Test>>::bar",
            ),
            // C++: a template, a lambda, a constructor, an operator, a part of a function.
            ("_ZSt4sortIPiEvT_S1_", "void std::sort<int*>(int*, int*)"),
            (
                "_ZZ4mainENKUliE_clEi",
                "main::{lambda(int)#1}::operator()(int) const",
            ),
            ("_ZN3FooC1Ev", "Foo::Foo()"),
            ("_ZNK3FooplERKS_", "Foo::operator+(Foo const&) const"),
            // Others.
            ("main", "main"),
            ("_start", "_start"),
            ("_Zebra", "_Zebra"),
        ];
        for (mangled, expected) in cases {
            assert_eq!(demangle(mangled), expected, "{mangled}");
        }
        let cold = demangle("_Z3fooi.cold");
        assert!(
            cold.starts_with("foo(int)") && cold.contains("cold"),
            "{cold}"
        );
    }

    #[test]
    fn a_name_that_would_grow_without_end_stays_mangled() {
        let mut name = "_Z1fI1AE1BIS_S_E".to_owned();
        for _ in 0..40 {
            name.push_str("S_");
        }
        let long = format!("_ZN{}E", "1a".repeat(LARGEST_MANGLED_BYTES));
        for name in [name, long, format!("_Z{}", "P".repeat(10_000))] {
            assert!(demangle(&name).len() <= LARGEST_NAME_BYTES.max(name.len()));
        }
    }
}
