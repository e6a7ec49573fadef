//! The confusion matrix of diagnosis: what each scenario's cause is, against what the program called it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use alipes_transport::Cause;

use crate::play::Played;
use crate::row::Row;

/// How often a cause was called which; no cause is a step in which nobody noticed anything.
type Counts = BTreeMap<(usize, usize), usize>;

/// The place of a cause among all, after "nothing".
fn place(cause: Option<Cause>) -> usize {
    let cause = cause.and_then(|cause| Cause::ALL.iter().position(|other| *other == cause));
    cause.map_or(0, |place| place + 1)
}

fn name(place: usize) -> &'static str {
    match place.checked_sub(1) {
        Some(place) => Cause::ALL[place].as_str(),
        None => "nothing",
    }
}

fn counts<'p>(played: impl IntoIterator<Item = &'p (Row, Vec<Played>)>) -> Counts {
    let mut counts = Counts::new();
    for (row, played) in played {
        let expected = place(row.expected.first.map(|(_, diagnosis)| diagnosis.cause));
        for played in played {
            let called = place(played.observed.first(row).map(|fault| fault.cause));
            *counts.entry((expected, called)).or_default() += 1;
        }
    }
    counts
}

/// What was called by a wrong name, and is not known to be.
pub(crate) fn confused(played: &[(Row, Vec<Played>)]) -> Vec<String> {
    let unknown = played.iter().filter(|(row, _)| row.known.is_none());
    let counts = counts(unknown);
    let confused = counts
        .keys()
        .filter(|(expected, called)| expected != called);
    confused
        .map(|(expected, called)| format!("{} was called {}", name(*expected), name(*called)))
        .collect()
}

/// The section of the page.
pub(crate) fn matrix(played: &[(Row, Vec<Played>)]) -> String {
    let counts = counts(played);
    let mut places: Vec<usize> = counts.keys().flat_map(|(e, c)| [*e, *c]).collect();
    places.sort_unstable();
    places.dedup();
    let total: usize = counts.values().sum();
    let right: usize = counts
        .iter()
        .filter(|((e, c), _)| e == c)
        .map(|(_, n)| n)
        .sum();

    let mut text = format!(
        "\n## Diagnosis\n\nWhat a scenario's cause is (lines), against what the program called it (columns, numbered as the \
         lines): {right} of {total} runs are on the diagonal.\n\n| | cause |"
    );
    for column in 1..=places.len() {
        let _ = write!(text, " {column} |");
    }
    let _ = write!(text, "\n|---|---|{}\n", "---|".repeat(places.len()));
    for (index, expected) in places.iter().enumerate() {
        let _ = write!(text, "| {} | {} |", index + 1, name(*expected));
        for called in &places {
            match counts.get(&(*expected, *called)) {
                Some(count) => {
                    let _ = write!(text, " {count} |");
                }
                None => text.push_str("  |"),
            }
        }
        text.push('\n');
    }
    text
}
