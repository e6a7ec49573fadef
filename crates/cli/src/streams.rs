//! Standard output is data, standard error is talk.
//!
//! `println!` panics when its reader has gone; here a closed pipe is an error the caller sees, and
//! talk that nobody hears is no reason to stop.

use std::io::{self, Write as _};

use crate::style::harmless_json;

/// Writes a line of data.
pub(crate) fn print(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

/// Writes JSON as data, without anything that could steer a terminal: what it says stays the same.
pub(crate) fn print_json(json: &str) -> io::Result<()> {
    print(&harmless_json(json))
}

/// Says a line.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
