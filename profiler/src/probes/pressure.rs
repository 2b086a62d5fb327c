//! Pressure stall information: share of time in which something waited for a resource.

/// `avg60` of the line `some`, percent; see the kernel's `Documentation/accounting/psi.rst`.
pub(super) fn some_avg60(text: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix("some "))?;
    line.split_ascii_whitespace()
        .find_map(|field| field.strip_prefix("avg60="))?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::some_avg60;

    #[test]
    fn the_average_of_a_minute_is_read_and_its_absence_is_said() {
        let text = "some avg10=0.00 avg60=2.65 avg300=1.10 total=5\nfull avg10=9.0 avg60=9.0\n";
        assert_eq!(some_avg60(text), Some(2.65));
        assert_eq!(some_avg60("full avg10=9.0 avg60=9.0\n"), None);
        assert_eq!(some_avg60(""), None);
    }
}
