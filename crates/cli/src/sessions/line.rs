//! A conversation in a line: its short name, and its title without the keys that are known.

use alipes_base::Redactor;
use alipes_store::Summary;

use super::short;
use crate::style::one_line;

/// The longest title in a line, in characters.
const LONGEST: usize = 60;

/// A title, or another first line of what was said.
pub(crate) fn title(text: &str, redactor: &Redactor) -> String {
    one_line(&redactor.redact(text), LONGEST)
}

/// A conversation where people read on.
pub(crate) fn named(summary: &Summary, redactor: &Redactor) -> String {
    let title = title(&summary.title, redactor);
    format!("{} “{title}”", short(&summary.id))
}
