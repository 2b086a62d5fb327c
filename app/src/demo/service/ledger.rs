//! The ledger. KNOWN FAULT: one lock for all of it, held while balances are worked out.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, PoisonError},
    time::Duration,
};

use serde::Serialize;

use super::{order::Order, shop::Shop};

/// Time between two settlements.
const SETTLEMENT_INTERVAL: Duration = Duration::from_millis(40);

/// A posting to an account.
#[derive(Clone, Debug)]
struct Posting {
    account: u32,
    amount_cents: i64,
}

/// What a statement says.
#[derive(Debug, Serialize)]
pub(super) struct Statement {
    postings: usize,
    accounts: usize,
    balance_cents: i64,
    largest_cents: i64,
}

/// Postings in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    postings: Vec<Posting>,
}

impl Ledger {
    /// Books an order: the customer owes, the shop earns.
    pub(super) fn post(&mut self, order: &Order) {
        let amount_cents = order.total_cents() as i64;
        let account = order.customer.bytes().fold(7_u32, |hash, byte| {
            hash.wrapping_mul(31).wrapping_add(u32::from(byte))
        });
        self.postings.push(Posting {
            account: account % 512,
            amount_cents,
        });
        self.postings.push(Posting {
            account: 0,
            amount_cents: -amount_cents,
        });
    }

    /// Works all balances out again, from the first posting on.
    #[inline(never)]
    pub(super) fn statement(&self) -> Statement {
        let mut balances = BTreeMap::<u32, i64>::new();
        for posting in &self.postings {
            *balances.entry(posting.account).or_default() += posting.amount_cents;
        }
        Statement {
            postings: self.postings.len(),
            accounts: balances.len(),
            balance_cents: balances.values().sum(),
            largest_cents: balances.values().copied().max().unwrap_or(0),
        }
    }
}

/// Settles the ledger again and again on a thread of its own, until the process ends.
pub(super) fn start_settlement(shop: Arc<Shop>) -> io::Result<()> {
    std::thread::Builder::new()
        .name("settlement".into())
        .spawn(move || {
            loop {
                {
                    let ledger = shop.ledger.lock().unwrap_or_else(PoisonError::into_inner);
                    for _ in 0..8 {
                        std::hint::black_box(ledger.statement());
                    }
                }
                std::thread::sleep(SETTLEMENT_INTERVAL);
            }
        })?;
    Ok(())
}
