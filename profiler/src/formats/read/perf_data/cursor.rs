//! Little-endian numbers, one after the other, from bytes that may end anywhere.

/// What is left to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// Bytes of `count` words of eight.
    pub(super) fn words(&mut self, count: u64) -> Option<&'a [u8]> {
        self.take(usize::try_from(count.checked_mul(8)?).ok()?)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    /// Text up to its zero byte, or to the end.
    pub(super) fn text(&mut self) -> String {
        text(self.0)
    }

    /// Text with its length before it, as features have it.
    pub(super) fn counted_text(&mut self) -> Option<String> {
        let length = self.u32()?;
        Some(text(self.take(length as usize)?))
    }
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0);
    String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())]).into_owned()
}

/// Words of eight bytes.
pub(super) fn words(bytes: &[u8]) -> impl DoubleEndedIterator<Item = u64> + '_ {
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().map(|word| u64::from_le_bytes(*word))
}
