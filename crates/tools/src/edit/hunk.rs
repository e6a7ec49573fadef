//! One change of lines: what stands there, and what shall stand there instead.

use std::collections::BTreeMap;

use super::document::{Document, Line};
use super::place::{Ground, Manner, Missed, Place};
use crate::ToolError;
use crate::disk::Watch;

/// A line of a hunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Keep(String),
    /// An empty line that is kept.
    Blank,
    Remove(String),
    Add(String),
}

/// Lines to change, with lines around them to find the place by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hunk {
    /// Lines that stand somewhere above the place, in this order.
    pub(super) anchors: Vec<String>,
    pub(super) steps: Vec<Step>,
    /// The first line, counted from 1, as a unified diff has it. For a hunk that only adds, the
    /// line after which it does.
    pub(super) line: Option<usize>,
    /// The place is the end of the file.
    pub(super) at_end: bool,
    /// Whether the last line shall end in a line feed, where the hunk says so.
    pub(super) final_ending: Option<bool>,
}

impl Hunk {
    /// Lines to be replaced by others.
    pub(super) fn replacing(old: &str, new: &str) -> Self {
        let removed = old.lines().map(|line| Step::Remove(line.to_owned()));
        let added = new.lines().map(|line| Step::Add(line.to_owned()));
        Self {
            steps: removed.chain(added).collect(),
            ..Self::default()
        }
    }

    /// The lines that stand there now.
    fn old(&self) -> Vec<&str> {
        self.steps
            .iter()
            .filter_map(|step| match step {
                Step::Keep(line) | Step::Remove(line) => Some(line.as_str()),
                Step::Blank => Some(""),
                Step::Add(_) => None,
            })
            .collect()
    }

    /// Where it belongs, at line `from` or below.
    fn place(&self, ground: &Ground<'_>, from: usize) -> Result<Place, Missed> {
        let (old, end) = (self.old(), ground.lines.len());
        let exact = |line| Place {
            line,
            manner: Manner::Exact,
        };
        let mut from = from;
        for anchor in &self.anchors {
            from = ground.first(&[anchor.as_str()], from..end)?.line + 1;
        }
        if old.is_empty() {
            // It only adds: where it is told to, behind its anchor, or at the end.
            return Ok(exact(match self.line {
                _ if self.at_end => end,
                Some(line) => line.clamp(from, end.max(from)),
                None if self.anchors.is_empty() => end,
                None => from,
            }));
        }
        if let Some(line) = self.line.and_then(|line| line.checked_sub(1))
            && line >= from
            && ground.stands_at(&old, line)
        {
            return Ok(exact(line));
        }
        if self.at_end {
            return ground.only(&old, end.saturating_sub(old.len()).max(from)..end);
        }
        match self.anchors.is_empty() {
            true => ground.only(&old, from..end),
            // An anchor says which of several is meant: the one that comes first behind it.
            false => ground.first(&old, from..end),
        }
    }
}

/// A document with hunks carried out, and the loosest manner in which a place was found.
pub(super) fn carry_out(
    document: &Document,
    hunks: &[Hunk],
    watch: &Watch,
) -> Result<(Document, Manner), Missing> {
    let lines = document.lines();
    let texts: Vec<&str> = lines.iter().map(|line| line.text).collect();
    let ground = Ground {
        lines: &texts,
        watch,
    };
    let mut result = Assembly::new(document.ending());
    let (mut next, mut loosest) = (0, Manner::Exact);
    for hunk in hunks {
        let place = hunk.place(&ground, next).map_err(|missed| Missing {
            missed,
            first: hunk.old().first().copied().unwrap_or_default().to_owned(),
        })?;
        loosest = loosest.max(place.manner);
        result.keep(&lines[next..place.line]);
        next = place.line;
        let indents = Indents::of(&hunk.old(), &texts[place.line..]);
        for step in &hunk.steps {
            match step {
                Step::Keep(_) | Step::Blank => result.keep(&lines[next..=next]),
                Step::Add(line) if place.manner >= Manner::Indentation => {
                    result.add(&indents.moved(line));
                }
                Step::Add(line) => result.add(line),
                Step::Remove(_) => {}
            }
            next += usize::from(!matches!(step, Step::Add(_)));
        }
    }
    result.keep(&lines[next..]);
    let was_ended = lines.last().is_none_or(|line| !line.end.is_empty());
    let said = hunks.iter().rev().find_map(|hunk| hunk.final_ending);
    let body = result.finish(said.unwrap_or(was_ended));
    Ok((document.with_body(body), loosest))
}

/// A hunk without a place.
#[derive(Debug)]
pub(super) struct Missing {
    missed: Missed,
    /// Its first line.
    first: String,
}

impl Missing {
    /// What to tell the model.
    pub(super) fn told(self) -> Result<String, ToolError> {
        self.missed.told(&self.first)
    }
}

/// The lines of a new text.
struct Assembly {
    body: String,
    ending: &'static str,
}

impl Assembly {
    fn new(ending: &'static str) -> Self {
        Self {
            body: String::new(),
            ending,
        }
    }

    fn keep(&mut self, lines: &[Line<'_>]) {
        for line in lines {
            self.close();
            self.body.push_str(line.text);
            self.body.push_str(line.end);
        }
    }

    fn add(&mut self, line: &str) {
        self.close();
        self.body.push_str(line);
        self.body.push_str(self.ending);
    }

    /// What was the last line ends like the others when something follows it.
    fn close(&mut self) {
        if !self.body.is_empty() && !self.body.ends_with('\n') {
            self.body.push_str(self.ending);
        }
    }

    fn finish(mut self, is_ended: bool) -> String {
        if is_ended {
            self.close();
        } else if self.body.ends_with('\n') {
            let end = if self.body.ends_with("\r\n") { 2 } else { 1 };
            self.body.truncate(self.body.len() - end);
        }
        self.body
    }
}

/// How far the lines in the file are indented, by how far those of the hunk are.
struct Indents<'i>(BTreeMap<&'i str, &'i str>);

impl<'i> Indents<'i> {
    fn of(sought: &[&'i str], found: &[&'i str]) -> Self {
        let pairs = sought.iter().zip(found);
        let told = pairs.filter(|(sought, _)| !sought.trim().is_empty());
        Self(told.map(|(s, f)| (indent(s), indent(f))).collect())
    }

    /// A new line, as far to the right as its neighbours in the file.
    fn moved(&self, line: &str) -> String {
        let own = indent(line);
        let text = &line[own.len()..];
        if text.is_empty() {
            return line.to_owned();
        }
        // Deeper than a line that was found: as much deeper than that.
        let above = self
            .0
            .iter()
            .rev()
            .find(|(sought, _)| own.starts_with(**sought));
        if let Some((sought, found)) = above {
            return format!("{found}{}{text}", &own[sought.len()..]);
        }
        // Less deep than all of them: moved as the least deep one is.
        let least = self.0.iter().next();
        match least.and_then(|(sought, found)| found.strip_suffix(*sought)) {
            Some(shift) => format!("{shift}{line}"),
            None => line.to_owned(),
        }
    }
}

fn indent(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_lines_are_indented_like_those_they_replace() {
        let indents = Indents::of(&["if x:", "  a", ""], &["\tif x:", "\t\ta", ""]);
        for (line, moved) in [
            ("if y:", "\tif y:"),
            ("  b", "\t\tb"),
            ("    c", "\t\t  c"),
            ("", ""),
        ] {
            assert_eq!(indents.moved(line), moved);
        }
        let indents = Indents::of(&["    a"], &["        a"]);
        assert_eq!(indents.moved("b"), "    b");
        assert_eq!(indents.moved("      c"), "          c");
    }
}
