//! Fraud scoring. KNOWN FAULT: it compares the order with every other order, byte by byte, where
//! an index of normalised addresses would find the few that are alike.

use super::order::Order;

/// Longest address that is compared.
const ADDRESS_BYTES: usize = 64;

/// How much an order looks like others that went to nearly the same address, 0..=100.
pub(super) fn score(order: &Order, others: &[Order]) -> u32 {
    let mut alike = 0;
    for other in others {
        if other.id == order.id || other.customer == order.customer {
            continue;
        }
        if address_distance(order.ship_to.as_bytes(), other.ship_to.as_bytes()) <= 4 {
            alike += 1;
        }
    }
    (alike * 5).min(100)
}

/// Levenshtein distance of two addresses: the hot function.
#[inline(never)]
fn address_distance(left: &[u8], right: &[u8]) -> u32 {
    let columns = right.len().min(ADDRESS_BYTES);
    let rows = left.len().min(ADDRESS_BYTES);
    let mut row = [0_u32; ADDRESS_BYTES + 1];
    let mut column = 0;
    while column <= columns {
        row[column] = column as u32;
        column += 1;
    }
    let mut line = 1;
    while line <= rows {
        let mut diagonal = row[0];
        row[0] = line as u32;
        column = 1;
        while column <= columns {
            let changed = if left[line - 1] == right[column - 1] {
                diagonal
            } else {
                diagonal + 1
            };
            let added = row[column - 1] + 1;
            let removed = row[column] + 1;
            diagonal = row[column];
            let mut least = changed;
            if added < least {
                least = added;
            }
            if removed < least {
                least = removed;
            }
            row[column] = least;
            column += 1;
        }
        line += 1;
    }
    row[columns]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_is_levenshteins() {
        assert_eq!(address_distance(b"kitten", b"sitting"), 3);
        assert_eq!(address_distance(b"", b"abc"), 3);
        assert_eq!(address_distance(b"12 Mill Street", b"12 Mill Street"), 0);
    }

    #[test]
    fn an_order_is_not_like_itself() {
        let orders: Vec<_> = (1..3).map(Order::from_history).collect();
        assert_eq!(score(&orders[0], &orders[..1]), 0);
    }
}
