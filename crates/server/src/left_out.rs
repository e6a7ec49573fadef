//! What a provider was not sent, on one line of a header: a client may have named it, so the line has a bound, and
//! what there is no room for is counted.

use alipes_wire::CannotCarry;

/// The longest line, in bytes.
const LONGEST: usize = 1_024;

/// The line; `None` if nothing was left out.
pub(crate) fn told(left_out: &[CannotCarry]) -> Option<String> {
    let mut names: Vec<String> = left_out.iter().map(|left| harmless(&left.what)).collect();
    names.retain(|name| !name.is_empty());
    names.dedup();
    let mut lines = (0..=names.len()).rev().map(|named| line(&names, named));
    let longest = lines.find(|line| line.len() <= LONGEST)?;
    Some(longest).filter(|line| !line.is_empty())
}

/// The line that names the first so many of them.
fn line(names: &[String], named: usize) -> String {
    let told = names[..named].join(", ");
    match (named, names.len() - named) {
        (_, 0) => told,
        (0, all) => format!("{all} of long names"),
        (_, more) => format!("{told}, and {more} more"),
    }
}

/// What a header may hold.
fn harmless(name: &str) -> String {
    name.chars().filter(|c| matches!(c, ' '..='~')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_of(names: &[&str]) -> Option<String> {
        let left_out = names.iter().map(|name| CannotCarry {
            what: (*name).to_owned().into(),
            why: "no other dialect has it".into(),
            place: alipes_wire::Place::Unknown,
        });
        told(&left_out.collect::<Vec<_>>())
    }

    #[test]
    fn what_there_is_no_room_for_is_counted() {
        assert_eq!(line_of(&[]), None);
        assert_eq!(line_of(&["\u{1b}\r\n"]), None);
        assert_eq!(line_of(&["a", "a", "b\n"]).as_deref(), Some("a, b"));
        let names: Vec<String> = (0..32).map(|number| format!("{number:0>80}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let line = line_of(&names).unwrap();
        assert!(line.len() <= LONGEST, "{}", line.len());
        assert_eq!(line.matches(", 0").count(), 11, "{line}");
        assert!(line.ends_with("0011, and 20 more"), "{line}");
        assert_eq!(line_of(&names[..12]), Some(names[..12].join(", ")));
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(line_of(&[&long, "y"]).as_deref(), Some("2 of long names"));
    }
}
