//! Names cut to their box: from the left by whole segments, then from the right by characters.

/// The name cut to `characters`, or nothing where less than three would remain.
pub(crate) fn shortened(name: &str, characters: usize) -> Option<String> {
    if characters < 3 {
        return None;
    }
    let mut rest = name;
    loop {
        if rest.chars().count() <= characters {
            return Some(rest.to_owned());
        }
        match after_first_segment(rest) {
            Some(shorter) => rest = shorter,
            None => break,
        }
    }
    let mut cut: String = rest.chars().take(characters - 1).collect();
    cut.push('…');
    Some(cut)
}

/// The last segment of a path: `apply_batch` of `ledgerd::posting::Engine::apply_batch`.
pub(crate) fn short_name(name: &str) -> &str {
    let mut rest = name;
    while let Some(shorter) = after_first_segment(rest) {
        rest = shorter;
    }
    rest
}

/// What follows the first `::` that stands outside of any bracket.
fn after_first_segment(name: &str) -> Option<&str> {
    let bytes = name.as_bytes();
    let mut depth = 0_i32;
    for (place, byte) in bytes.iter().enumerate() {
        match byte {
            b'<' | b'(' | b'[' | b'{' => depth += 1,
            b'>' if place > 0 && bytes[place - 1] == b'-' => {}
            b'>' | b')' | b']' | b'}' => depth -= 1,
            b':' if depth == 0 && bytes.get(place + 1) == Some(&b':') => {
                return Some(&name[place + 2..]).filter(|rest| !rest.is_empty());
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "ledgerd::posting::Engine::apply_batch";

    #[test]
    fn segments_fall_from_the_left_first() {
        assert_eq!(shortened(NAME, 40).as_deref(), Some(NAME));
        assert_eq!(
            shortened(NAME, 28).as_deref(),
            Some("posting::Engine::apply_batch")
        );
        assert_eq!(shortened(NAME, 20).as_deref(), Some("Engine::apply_batch"));
        assert_eq!(shortened(NAME, 7).as_deref(), Some("apply_…"));
        assert_eq!(shortened(NAME, 2), None);
    }

    #[test]
    fn colons_in_brackets_part_nothing() {
        let name = "<alloc::vec::Vec<u8> as core::clone::Clone>::clone";
        assert_eq!(short_name(name), "clone");
        assert_eq!(
            short_name("core::ops::FnOnce<fn() -> a::B>::call_once"),
            "call_once"
        );
        assert_eq!(short_name("main"), "main");
    }

    #[test]
    fn letters_beyond_ascii_are_cut_whole() {
        assert_eq!(shortened("größenordnung", 5).as_deref(), Some("größ…"));
    }
}
