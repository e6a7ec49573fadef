//! Finds the one place in a file that some lines mean.
//!
//! A model copies text nearly exactly: trailing space, indentation and typographic quotes get lost
//! on the way. So each manner of comparing is tried in turn, the strictest first, and the first that
//! finds anything decides: one place is taken, several are refused, because to guess between them
//! would change what nobody asked for.

use std::ops::Range;

use crate::ToolError;
use crate::disk::Watch;

/// Most places that a complaint names.
const NAMED: usize = 5;

/// How a place was compared with the lines that were looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Manner {
    Exact,
    /// But for space at the end of lines.
    TrailingSpace,
    /// But for space at both ends of lines.
    Indentation,
    /// But for that, and for quotes, dashes and spaces of other kinds.
    Typography,
}

impl Manner {
    const ALL: [Self; 4] = [
        Self::Exact,
        Self::TrailingSpace,
        Self::Indentation,
        Self::Typography,
    ];

    fn same(self, found: &str, sought: &str) -> bool {
        match self {
            Self::Exact => found == sought,
            Self::TrailingSpace => found.trim_end() == sought.trim_end(),
            Self::Indentation => found.trim() == sought.trim(),
            Self::Typography => found
                .trim()
                .chars()
                .map(plain)
                .eq(sought.trim().chars().map(plain)),
        }
    }

    /// What was passed over, for the answer.
    pub(super) fn passed_over(self) -> Option<&'static str> {
        match self {
            Self::Exact => None,
            Self::TrailingSpace => Some("space at the end of lines"),
            Self::Indentation => Some("indentation"),
            Self::Typography => Some("indentation, quotes and dashes"),
        }
    }
}

/// The plain character that a typographic one stands for.
fn plain(character: char) -> char {
    match character {
        '\u{2018}'..='\u{201b}' => '\'',
        '\u{201c}'..='\u{201f}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{a0}' | '\u{2002}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        other => other,
    }
}

/// A place: the first line, counted from 0, and how it was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) manner: Manner,
}

/// Why there is no place.
#[derive(Debug)]
pub(super) enum Missed {
    Nowhere,
    /// Lines, counted from 1, at which it stands, and whether there are more of them.
    Several(Vec<usize>, bool),
    Stopped(ToolError),
}

impl Missed {
    /// What to tell the model about lines that begin with `first`.
    pub(super) fn told(self, first: &str) -> Result<String, ToolError> {
        let shown = crate::text::one_line(first.trim(), 60);
        match self {
            Self::Nowhere => Ok(format!(
                "the text that begins with `{shown}` does not stand there; read the file again and copy it exactly"
            )),
            Self::Several(lines, more) => {
                let lines: Vec<String> = lines.iter().map(usize::to_string).collect();
                let more = if more { " and more" } else { "" };
                Ok(format!(
                    "the text that begins with `{shown}` stands at lines {}{more}; give more lines around it",
                    lines.join(", ")
                ))
            }
            Self::Stopped(error) => Err(error),
        }
    }
}

/// The lines of a file, to look in.
pub(super) struct Ground<'g> {
    pub(super) lines: &'g [&'g str],
    pub(super) watch: &'g Watch,
}

impl Ground<'_> {
    /// The only place within `range` of the file's lines where the sought lines stand.
    pub(super) fn only(&self, sought: &[&str], range: Range<usize>) -> Result<Place, Missed> {
        for manner in Manner::ALL {
            let places = self.places(sought, range.clone(), manner, NAMED + 1)?;
            match places.as_slice() {
                [] => {}
                [line] => {
                    return Ok(Place {
                        line: *line,
                        manner,
                    });
                }
                several => {
                    let named = several.iter().take(NAMED).map(|line| line + 1).collect();
                    return Err(Missed::Several(named, several.len() > NAMED));
                }
            }
        }
        Err(Missed::Nowhere)
    }

    /// The first place within the range.
    pub(super) fn first(&self, sought: &[&str], range: Range<usize>) -> Result<Place, Missed> {
        for manner in Manner::ALL {
            if let [line, ..] = self.places(sought, range.clone(), manner, 1)?[..] {
                return Ok(Place { line, manner });
            }
        }
        Err(Missed::Nowhere)
    }

    /// Whether exactly these lines stand at a place.
    pub(super) fn stands_at(&self, sought: &[&str], line: usize) -> bool {
        let found = self.lines.get(line..line.saturating_add(sought.len()));
        found == Some(sought)
    }

    fn places(
        &self,
        sought: &[&str],
        range: Range<usize>,
        manner: Manner,
        most: usize,
    ) -> Result<Vec<usize>, Missed> {
        let within = self.lines.get(range.clone()).unwrap_or_default();
        let mut places = Vec::new();
        // Lines without a word stand everywhere, once space counts for nothing.
        let says_nothing = sought.iter().all(|line| line.trim().is_empty());
        if sought.is_empty() || says_nothing && manner > Manner::Exact {
            return Ok(places);
        }
        for (offset, window) in within.windows(sought.len()).enumerate() {
            self.watch.check().map_err(Missed::Stopped)?;
            let mut pairs = window.iter().zip(sought);
            if pairs.all(|(found, sought)| manner.same(found, sought)) {
                places.push(range.start + offset);
                if places.len() == most {
                    break;
                }
            }
        }
        Ok(places)
    }
}
