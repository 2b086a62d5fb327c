//! Chains of addresses that frame pointers gave, looked up from where they differ from the last.

use super::{MAX_FRAMES, UnwindEnd, space::AddressSpace};
use crate::capture::{
    model::{Frame, NONE},
    tables::{IdMap, Tables},
};

/// Slots of the cache from addresses to frames; a power of two.
const CACHE_SLOTS: usize = 1 << 14;
/// Threads whose last chain is remembered; more are forgotten all at once.
const MOST_THREADS: usize = 1 << 14;

/// The last chain of a thread, the outermost address first, with the stack node of each.
#[derive(Debug, Default)]
struct Last {
    epoch: Option<u32>,
    addresses: Vec<u64>,
    nodes: Vec<u32>,
}

/// Last chains by thread, and frames by address.
#[derive(Debug, Default)]
pub(super) struct Chains {
    threads: IdMap<(u32, u32), Last>,
    cache: Vec<(Option<u32>, u64, u32)>,
    /// The chain that is followed, innermost first.
    chain: Vec<u64>,
}

impl Chains {
    /// The stack node of a chain's innermost address, and how the chain ended.
    pub(super) fn follow(
        &mut self,
        space: Option<&AddressSpace>,
        thread: (u32, u32),
        addresses: impl Iterator<Item = u64>,
        tables: &mut Tables,
    ) -> Option<(u32, UnwindEnd)> {
        let mut chain = std::mem::take(&mut self.chain);
        chain.clear();
        chain.extend(addresses.take(MAX_FRAMES));
        // Within the call instruction, as everywhere.
        for address in chain.iter_mut().skip(1) {
            *address = address.wrapping_sub(1);
        }
        let found = self.follow_whole(space, thread, &chain, tables);
        self.chain = chain;
        found
    }

    fn follow_whole(
        &mut self,
        space: Option<&AddressSpace>,
        thread: (u32, u32),
        chain: &[u64],
        tables: &mut Tables,
    ) -> Option<(u32, UnwindEnd)> {
        let outermost = *chain.last()?;
        if self.threads.len() >= MOST_THREADS && !self.threads.contains_key(&thread) {
            self.threads.clear();
        }
        let mut last = std::mem::take(self.threads.entry(thread).or_default());
        let epoch = space.map(|space| space.epoch);
        if last.epoch != epoch {
            last.addresses.clear();
        }
        last.epoch = epoch;
        let outer = chain.iter().rev().zip(&last.addresses);
        let common = outer.take_while(|(now, before)| now == before).count();
        last.addresses.truncate(common);
        last.nodes.truncate(common);
        let mut node = last.nodes.last().copied().unwrap_or(NONE);
        for address in chain.iter().rev().skip(common) {
            let frame = self.frame(space, *address, tables);
            node = tables.node(node, frame);
            last.addresses.push(*address);
            last.nodes.push(node);
        }
        self.threads.insert(thread, last);
        let is_whole = space.is_some_and(|space| space.ends_chain(outermost));
        let end = if is_whole {
            UnwindEnd::Root
        } else {
            UnwindEnd::Truncated
        };
        Some((node, end))
    }

    fn frame(&mut self, space: Option<&AddressSpace>, address: u64, tables: &mut Tables) -> u32 {
        let Some(space) = space else {
            return tables.frame(Frame {
                module: NONE,
                address,
            });
        };
        if self.cache.is_empty() {
            self.cache = vec![(None, 0, 0); CACHE_SLOTS];
        }
        let hash =
            (address ^ u64::from(space.epoch).rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let slot = &mut self.cache[(hash >> (64 - CACHE_SLOTS.trailing_zeros())) as usize];
        if (slot.0, slot.1) == (Some(space.epoch), address) {
            return slot.2;
        }
        let frame = tables.frame(space.frame(address));
        *slot = (Some(space.epoch), address, frame);
        frame
    }
}
