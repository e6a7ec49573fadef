//! What a number should be, and whether it is: said in the table itself, so that who reads it sees what the bench saw.

const MISSED: &str = "MISSED";

/// The cell beside a number, such as `met: 99 % within 50.0 ms`.
pub(super) fn verdict(is_met: bool, target: &str) -> String {
    format!("{}: {target}", if is_met { "met" } else { MISSED })
}

/// Whether no row of the table misses its target.
pub(super) fn all_met(table: &str) -> bool {
    !table.contains(MISSED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_row_that_misses_its_target_is_seen_in_the_table() {
        let table = |is_met| format!("| a | {} |\n| b | met: all |", verdict(is_met, "most"));
        assert!(all_met(&table(true)));
        assert!(!all_met(&table(false)));
    }
}
