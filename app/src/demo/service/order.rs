//! Orders, as the service keeps and answers them.

use serde::{Deserialize, Serialize};

/// One line of an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Line {
    pub(super) sku: String,
    pub(super) quantity: u32,
    pub(super) price_cents: u64,
}

/// An order.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Order {
    pub(super) id: u64,
    pub(super) customer: String,
    pub(super) email: String,
    pub(super) ship_to: String,
    pub(super) lines: Vec<Line>,
    pub(super) status: &'static str,
}

/// What a client sends to place an order.
#[derive(Debug, Deserialize)]
pub(super) struct NewOrder {
    pub(super) customer: String,
    pub(super) ship_to: String,
    pub(super) lines: Vec<Line>,
}

impl Order {
    /// An order placed just now.
    pub(super) fn place(id: u64, new: NewOrder) -> Self {
        let email = format!(
            "{}@example.com",
            new.customer.to_lowercase().replace(' ', ".")
        );
        let NewOrder {
            customer,
            ship_to,
            lines,
        } = new;
        Self {
            id,
            customer,
            email,
            ship_to,
            lines,
            status: "placed",
        }
    }

    /// Order `id` of the history that the shop opens with: the same on every start.
    pub(super) fn from_history(id: u64) -> Self {
        const NAMES: [&str; 8] = [
            "Ada Lovelace",
            "Alan Turing",
            "Barbara Liskov",
            "Donald Knuth",
            "Edsger Dijkstra",
            "Grace Hopper",
            "Katherine Johnson",
            "Tony Hoare",
        ];
        let pick = |count: u64, step: u64| (id.wrapping_mul(step) >> 3) % count;
        let customer = NAMES[pick(8, 2_654_435_761) as usize].to_owned();
        let lines = (0..=pick(3, 40_503))
            .map(|line| Line {
                sku: format!("SKU-{:05}", (id * 37 + line * 911) % 20_000),
                quantity: 1 + pick(4, 97) as u32,
                price_cents: 499 + (id * 131 + line * 17) % 20_000,
            })
            .collect();
        let ship_to = format!(
            "{} {} Street, {:05} {}",
            1 + pick(180, 7_919),
            ["Mill", "Station", "Harbour", "Garden", "Church"][pick(5, 104_729) as usize],
            10_000 + pick(80_000, 15_485_863),
            ["Bremen", "Utrecht", "Graz", "Lyon", "Aarhus"][pick(5, 32_452_843) as usize],
        );
        let mut order = Self::place(
            id,
            NewOrder {
                customer,
                ship_to,
                lines,
            },
        );
        order.status = "shipped";
        order
    }

    /// Sum of the lines.
    pub(super) fn total_cents(&self) -> u64 {
        self.lines
            .iter()
            .map(|line| u64::from(line.quantity) * line.price_cents)
            .sum()
    }
}
