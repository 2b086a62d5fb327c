//! From an instruction to its line, in each of the formats that CPython has used.

use super::layout::LineFormat;

/// The line of the instruction at `offset` bytes into the bytecode; the function's first line
/// where the table states none for it.
pub(super) fn line_at(format: LineFormat, table: &[u8], first_line: u32, offset: u32) -> u32 {
    let line = match format {
        LineFormat::Increments => Some(by_increments(table, first_line, offset)),
        LineFormat::Ranges => by_ranges(table, first_line, offset),
        LineFormat::Locations => by_locations(table, first_line, offset),
    };
    line.unwrap_or(first_line)
}

fn by_increments(table: &[u8], first_line: u32, offset: u32) -> u32 {
    let (mut at, mut line) = (0_u32, first_line);
    for pair in table.chunks_exact(2) {
        at += u32::from(pair[0]);
        if at > offset {
            break;
        }
        line = line.wrapping_add_signed((pair[1] as i8).into());
    }
    line
}

/// An increment that says that the range has no line.
const NO_LINE: i8 = -128;

fn by_ranges(table: &[u8], first_line: u32, offset: u32) -> Option<u32> {
    let (mut end, mut line) = (0_u32, first_line);
    for pair in table.chunks_exact(2) {
        let increment = pair[1] as i8;
        end += u32::from(pair[0]);
        if increment != NO_LINE {
            line = line.wrapping_add_signed(increment.into());
        }
        if offset < end {
            return (increment != NO_LINE).then_some(line);
        }
    }
    None
}

fn by_locations(table: &[u8], first_line: u32, offset: u32) -> Option<u32> {
    let mut entries = Entries(table);
    let (mut end, mut line) = (0_u32, first_line);
    while let Some((units, increment)) = entries.next_entry() {
        end += units * 2;
        line = line.wrapping_add_signed(increment.unwrap_or(0));
        if offset < end {
            return increment.map(|_| line);
        }
    }
    None
}

/// Reads a table of locations.
struct Entries<'a>(&'a [u8]);

impl Entries<'_> {
    /// How many code units the next entry is for, and by how much its line differs; `None` inside
    /// for one without a line.
    fn next_entry(&mut self) -> Option<(u32, Option<i32>)> {
        let head = self.byte()?;
        let units = u32::from(head & 7) + 1;
        let increment = match (head >> 3) & 15 {
            0..=9 => {
                self.byte()?;
                Some(0)
            }
            kind @ 10..=12 => {
                self.byte()?;
                self.byte()?;
                Some(i32::from(kind) - 10)
            }
            13 => Some(self.signed()?),
            14 => {
                let increment = self.signed()?;
                for _ in 0..3 {
                    self.number()?;
                }
                Some(increment)
            }
            _ => None,
        };
        Some((units, increment))
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// Six bits a byte, the lowest first; the seventh says that more follow.
    fn number(&mut self) -> Option<u32> {
        let (mut number, mut shift) = (0_u32, 0);
        loop {
            let byte = self.byte()?;
            number |= u32::from(byte & 0x3f).checked_shl(shift)?;
            if byte & 0x40 == 0 {
                return Some(number);
            }
            shift += 6;
        }
    }

    /// The lowest bit is the sign.
    fn signed(&mut self) -> Option<i32> {
        let number = self.number()?;
        let size = (number >> 1) as i32;
        Some(if number & 1 == 1 { -size } else { size })
    }
}
