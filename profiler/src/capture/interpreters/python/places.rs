//! Where compiled code keeps a variable of the interpreter's loop: learned by looking, because
//! every build keeps it elsewhere.

use std::collections::BTreeMap;

use crate::capture::unwind::{LoopCall, Registers};

/// Registers that a function preserves for its caller, in DWARF's numbers.
const PRESERVED: [u16; 6] = [3, 6, 12, 13, 14, 15];
/// Words below the canonical frame address that hold the return address and the caller's
/// registers, not the loop's variables.
const SAVED_WORDS: u32 = 7;
/// Words of a call's part of the stack that are looked at.
const MOST_WORDS: u32 = 160;
/// Calls that are looked at before the places are settled.
const LEARNED_FROM: u32 = 48;
/// Calls that must have been looked at before a place is relied on.
const CERTAIN_FROM: u32 = 4;
/// Places that are tried in turn once settled.
const MOST_CHOSEN: usize = 4;
/// Settled places are given up where more than half of so many calls had nothing there.
const TRIES: u32 = 512;

/// A place, the same in every call of one build of the interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// A register, in DWARF's numbers.
    Register(u16),
    /// So many words below the canonical frame address.
    Slot(u32),
}

impl Place {
    /// What a call has there.
    pub(super) fn value(
        self,
        call: &LoopCall,
        read_stack: &mut impl FnMut(u64) -> Result<u64, ()>,
    ) -> Option<u64> {
        match self {
            Self::Register(number) => call.registers.value(number),
            Self::Slot(_) => read_stack(self.address(call)?).ok(),
        }
    }

    /// The address of a slot in a call's part of the stack.
    pub(super) fn address(self, call: &LoopCall) -> Option<u64> {
        match self {
            Self::Register(_) => None,
            Self::Slot(words) => call
                .cfa
                .checked_sub(u64::from(words) * 8)
                .filter(|address| *address >= call.sp),
        }
    }

    /// Every place in which a call can keep a variable.
    pub(super) fn all(call: &LoopCall) -> impl Iterator<Item = Self> + use<> {
        PRESERVED
            .into_iter()
            .map(Self::Register)
            .chain(Self::slots(call))
    }

    /// Every slot of a call's part of the stack.
    pub(super) fn slots(call: &LoopCall) -> impl Iterator<Item = Self> + use<> {
        let words = (call.cfa.saturating_sub(call.sp) / 8).min(MOST_WORDS.into()) as u32;
        (SAVED_WORDS + 1..=words).map(Self::Slot)
    }
}

/// Numbers of all registers but the stack pointer and the instruction pointer.
pub(super) fn register_numbers() -> impl Iterator<Item = u16> {
    (0..Registers::COUNT as u16)
        .filter(|number| !matches!(usize::from(*number), Registers::RSP | Registers::RIP))
}

/// What has been learned of one variable.
#[derive(Debug, Default)]
pub(super) struct Places {
    votes: BTreeMap<Place, u32>,
    looked_at: u32,
    chosen: Vec<Place>,
    tried: u32,
    missed: u32,
}

impl Places {
    /// Whether more calls are to be looked at.
    pub(super) fn is_learning(&self) -> bool {
        self.looked_at < LEARNED_FROM
    }

    /// The place that had the variable in nearly every call that was looked at.
    pub(super) fn certain(&self) -> Option<Place> {
        let best = *self.chosen.first()?;
        let votes = self.votes[&best];
        (self.looked_at >= CERTAIN_FROM && votes * 8 >= self.looked_at * 7).then_some(best)
    }

    /// The places to try, the best first.
    pub(super) fn chosen(&self) -> &[Place] {
        &self.chosen
    }

    /// A call was looked at and had the variable in `places`, each with its weight.
    pub(super) fn learn(&mut self, places: impl IntoIterator<Item = (Place, u32)>) {
        let mut any = false;
        for (place, weight) in places {
            any = true;
            *self.votes.entry(place).or_default() += weight;
        }
        if !any {
            return;
        }
        self.looked_at += 1;
        let mut best: Vec<(u32, Place)> = self
            .votes
            .iter()
            .map(|(place, votes)| (*votes, *place))
            .collect();
        best.sort_by_key(|(votes, place)| (u32::MAX - votes, *place));
        // One that had it nearly as often as the best does where the best has something else.
        let enough = best.first().map_or(0, |(votes, _)| votes / 4);
        self.chosen = best
            .into_iter()
            .filter(|(votes, _)| *votes >= enough)
            .map(|(_, place)| place)
            .take(MOST_CHOSEN)
            .collect();
    }

    /// The places were tried; where they fail too often, learning begins anew.
    pub(super) fn tried(&mut self, has_found: bool) {
        self.tried += 1;
        self.missed += u32::from(!has_found);
        if self.tried >= TRIES {
            if self.missed * 2 > self.tried {
                *self = Self::default();
            }
            (self.tried, self.missed) = (0, 0);
        }
    }
}
