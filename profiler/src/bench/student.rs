//! Quantiles of Student's t that cover 99.73 %, as three standard deviations do.

/// JCGM 100:2008 (GUM), table G.2, column 99.73 %: degrees of freedom and t.
const TABLE: &[(usize, f64)] = &[
    (1, 235.80),
    (2, 19.21),
    (3, 9.22),
    (4, 6.62),
    (5, 5.51),
    (6, 4.90),
    (7, 4.53),
    (8, 4.28),
    (9, 4.09),
    (10, 3.96),
    (12, 3.76),
    (15, 3.59),
    (20, 3.42),
    (30, 3.27),
    (50, 3.16),
    (100, 3.077),
];

/// Half-width of the 99.73 % interval in standard deviations; the next smaller degrees of freedom
/// stand for those that the table lacks, which widens it.
pub(crate) fn three_sigma(degrees_of_freedom: usize) -> f64 {
    let row = TABLE
        .iter()
        .rev()
        .find(|(degrees, _)| *degrees <= degrees_of_freedom);
    row.map_or(f64::INFINITY, |(_, t)| *t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantile_shrinks_towards_three() {
        let quantiles: Vec<f64> = (0..200).map(three_sigma).collect();
        assert!(quantiles.windows(2).all(|pair| pair[0] >= pair[1]));
        assert!(quantiles.iter().all(|t| *t > 3.0));
        assert!((three_sigma(11) - 3.96).abs() < 1e-9);
    }
}
