//! What the service holds in memory.

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Mutex, PoisonError, RwLock},
};

use hyper::body::Bytes;

use super::{
    ledger::Ledger,
    metrics::Metrics,
    order::{NewOrder, Order},
};

/// Orders that the shop opens with.
const HISTORY: u64 = 2_400;

/// Articles in the catalogue.
const ARTICLES: u64 = 400;

/// The shop.
#[derive(Debug)]
pub(super) struct Shop {
    pub(super) orders: RwLock<Vec<Order>>,
    pub(super) ledger: Mutex<Ledger>,
    pub(super) metrics: Metrics,
    /// The catalogue as JSON, rendered once.
    pub(super) catalog: Bytes,
    /// Answers by idempotency key. KNOWN FAULT: they never expire.
    answers: Mutex<HashMap<String, Bytes>>,
}

impl Shop {
    /// A shop with the same history on every start.
    pub(super) fn open() -> Self {
        let orders: Vec<_> = (1..=HISTORY).map(Order::from_history).collect();
        let mut ledger = Ledger::default();
        for order in &orders {
            ledger.post(order);
        }
        Self {
            orders: RwLock::new(orders),
            ledger: Mutex::new(ledger),
            metrics: Metrics::default(),
            catalog: catalog().into(),
            answers: Mutex::default(),
        }
    }

    /// Places an order once per idempotency key and gives the receipt.
    pub(super) fn place(&self, key: &str, new: NewOrder) -> Bytes {
        if let Some(answer) = self.answered(key) {
            return answer;
        }
        let receipt = {
            let mut orders = self.orders.write().unwrap_or_else(PoisonError::into_inner);
            let order = Order::place(orders.len() as u64 + 1, new);
            self.ledger
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .post(&order);
            let receipt = Bytes::from(receipt(&order));
            orders.push(order);
            receipt
        };
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(key.to_owned(), receipt.clone());
        receipt
    }

    fn answered(&self, key: &str) -> Option<Bytes> {
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .cloned()
    }
}

fn catalog() -> String {
    let articles: Vec<_> = (0..ARTICLES)
        .map(|n| {
            serde_json::json!({
                "sku": format!("SKU-{:05}", n * 37 % 20_000),
                "title": format!("Article {n}"),
                "price_cents": 499 + n * 131 % 20_000,
            })
        })
        .collect();
    serde_json::Value::from(articles).to_string()
}

/// The receipt with its terms: what a client gets, and what is kept under the key.
fn receipt(order: &Order) -> String {
    let mut text = format!("Receipt for order {}\n{}\n\n", order.id, order.ship_to);
    for line in &order.lines {
        let cents = u64::from(line.quantity) * line.price_cents;
        let _ = writeln!(
            text,
            "{:>4} × {}  {}.{:02}",
            line.quantity,
            line.sku,
            cents / 100,
            cents % 100
        );
    }
    for paragraph in 1..=80 {
        let _ = writeln!(
            text,
            "§ {paragraph}  Goods stay ours until order {} is paid in full; returns within 30 days, \
             unused, with this receipt and in the box that they came in.",
            order.id
        );
    }
    text
}
