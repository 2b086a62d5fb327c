//! What the largest rank sum of a scan exceeds in one of a hundred series in which nothing changes.

/// Points of a series, and the 99 % quantile over permutations of them; `the_table_is_made` has made
/// it.
const TABLE: &[(usize, f64)] = &[
    (10, 2.558),
    (12, 2.717),
    (14, 2.828),
    (16, 2.910),
    (20, 3.064),
    (25, 3.204),
    (30, 3.298),
    (40, 3.421),
    (60, 3.591),
    (100, 3.761),
    (200, 4.000),
    (400, 4.176),
    (1_000, 4.432),
    (3_000, 4.609),
    (10_000, 4.941),
];

/// For a series of so many points: between two lengths of the table linear in the logarithm, behind
/// the last one its value. Infinite below the first, where no permutation is rare enough.
pub(super) fn value(points: usize) -> f64 {
    let behind = TABLE.partition_point(|(length, _)| *length <= points);
    let Some(before) = behind.checked_sub(1) else {
        return f64::INFINITY;
    };
    let (shorter, low) = TABLE[before];
    let Some((longer, high)) = TABLE.get(behind) else {
        return low;
    };
    let part = (points as f64 / shorter as f64).ln() / (*longer as f64 / shorter as f64).ln();
    low + part * (high - low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::statistics::{draws::Draws, steps::splits};

    fn quantile(points: usize, permutations: usize) -> f64 {
        let mut draws = Draws::seeded(points as u64);
        let mut series: Vec<f64> = (0..points).map(|value| value as f64).collect();
        let mut largest: Vec<f64> = (0..permutations)
            .map(|_| {
                draws.shuffle(&mut series);
                let splits = splits(&series);
                splits.iter().map(|split| split.z.abs()).fold(0.0, f64::max)
            })
            .collect();
        largest.sort_by(f64::total_cmp);
        largest[permutations - permutations / 100 - 1]
    }

    #[test]
    #[ignore = "takes minutes; prints the table"]
    fn the_table_is_made() {
        for points in [
            10, 12, 14, 16, 20, 25, 30, 40, 60, 100, 200, 400, 1_000, 3_000, 10_000,
        ] {
            let permutations = (4_000_000 / points).clamp(2_000, 50_000);
            println!("({points}, {:.3}),", quantile(points, permutations));
        }
    }

    #[test]
    fn the_table_is_what_permutations_give() {
        for points in [12, 30, 100] {
            let (found, kept) = (quantile(points, 5_000), value(points));
            assert!(
                (found - kept).abs() < 0.12,
                "{points}: {found} is not {kept}"
            );
        }
    }

    #[test]
    fn too_short_a_series_has_no_step() {
        assert!(value(5).is_infinite());
        assert!(value(1_000_000).is_finite());
    }
}
