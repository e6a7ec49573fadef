//! A span of time as a bar, to scale.

/// The parts of a cell, from one eighth to seven.
const PARTS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// The bar of a span on an axis that is `total` long and `cells` wide. It begins in the cell in which
/// the span begins, ends within an eighth of a cell, and is never empty.
pub(super) fn bar(begun: u64, took: u64, (total, cells): (u64, usize)) -> String {
    let eighths = |at: u64| {
        let at = u128::from(at.min(total));
        let all = cells as u128 * 8;
        usize::try_from(at * all / u128::from(total.max(1))).unwrap_or(0)
    };
    let first = (eighths(begun) / 8).min(cells.saturating_sub(1));
    let end = eighths(begun.saturating_add(took)).max(first * 8 + 1);
    let length = end - first * 8;
    let mut bar = " ".repeat(first);
    bar.extend(std::iter::repeat_n('█', length / 8));
    bar.extend(PARTS.get((length % 8).wrapping_sub(1)));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_to_scale() {
        let axis = (1_000, 10);
        for (begun, took, drawn) in [
            (0, 1_000, "██████████"),
            (0, 500, "█████"),
            (500, 500, "     █████"),
            (200, 150, "  █▌"),
            (0, 0, "▏"),
            (1_000, 0, "         █"),
            (900, 5_000, "         █"),
        ] {
            assert_eq!(bar(begun, took, axis), drawn, "{begun} {took}");
        }
    }

    #[test]
    fn no_numbers_make_a_bar_leave_its_axis() {
        for total in [0, 1, 7, u64::MAX] {
            for begun in [0, 1, u64::MAX / 2, u64::MAX] {
                for took in [0, 1, u64::MAX] {
                    let cells = bar(begun, took, (total, 10)).chars().count();
                    assert!((1..=10).contains(&cells), "{total} {begun} {took}: {cells}");
                }
            }
        }
    }
}
