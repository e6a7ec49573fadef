//! Changing one value in a text without touching another byte.
//!
//! An edit is one splice: the new value in the place of the old one, or a new entry beside its
//! siblings, or a new table at the end. The tree only tells where; the text stays what it is.

use std::ops::Range;

use toml_edit::{InlineTable, Item, Key, Table, TableLike, Value};

use crate::Literal;
use crate::document::Tree;
use crate::place::BYTE_ORDER_MARK;

/// Why a key cannot be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Obstacle {
    /// The key is not a dotted key.
    #[error("not a key; write names joined by dots, and quote a name with other characters")]
    NotAKey,
    /// The key names a table.
    #[error("it is a table; set one of its keys")]
    IsATable,
    /// A part of the key names something that has no keys.
    #[error("{0} is not a table")]
    NotATable(String),
    /// The result would not be TOML.
    #[error("the file is written in a way that has no place for it; edit it by hand")]
    NoPlace,
}

/// One run of the text and what shall stand there instead.
struct Splice {
    range: Range<usize>,
    text: String,
}

/// The text of `tree` with the value of `key` set.
pub(crate) fn set(tree: &Tree, key: &str, value: Literal) -> Result<String, Obstacle> {
    let path = Key::parse(key).map_err(|_syntax| Obstacle::NotAKey)?;
    let value = value.into_toml().to_string();
    let text = tree.raw();
    let splice = match find(tree.as_table(), &path)? {
        Found::Value(range) => Splice { range, text: value },
        Found::Gap(gap) => gap.fill(text, &path, &value),
    };
    let mut edited = text.to_owned();
    edited.replace_range(splice.range, &splice.text);
    // TOML has many ways to say the same; one that was not foreseen must not break the file.
    match toml_edit::Document::parse(edited.as_str()) {
        Ok(_) => Ok(edited),
        Err(_) => Err(Obstacle::NoPlace),
    }
}

/// What stands where the key leads.
enum Found<'a> {
    Value(Range<usize>),
    Gap(Gap<'a>),
}

/// Where a new entry goes.
struct Gap<'a> {
    /// The innermost table that has a place of its own in the text: a header or braces.
    body: Body<'a>,
    /// How many names of the path lead to `body`.
    depth: usize,
    /// Whether the innermost table is spelt as dotted keys inside `body`.
    dotted: bool,
    /// Whether the innermost table has neither header nor braces nor keys of its own.
    implicit: bool,
}

#[derive(Clone, Copy)]
enum Body<'a> {
    Section(&'a Table),
    Inline(&'a InlineTable),
}

fn find<'a>(root: &'a Table, path: &[Key]) -> Result<Found<'a>, Obstacle> {
    let mut here: &dyn TableLike = root;
    let mut gap = Gap {
        body: Body::Section(root),
        depth: 0,
        dotted: false,
        implicit: false,
    };
    for (index, key) in path.iter().enumerate() {
        let last = index + 1 == path.len();
        match here.get(key.get()) {
            None | Some(Item::None) => break,
            Some(Item::Table(_)) if last => return Err(Obstacle::IsATable),
            Some(Item::Value(Value::InlineTable(table))) if last && table.is_dotted() => {
                return Err(Obstacle::IsATable);
            }
            Some(Item::Value(value)) if last => {
                return value.span().map(Found::Value).ok_or(Obstacle::NoPlace);
            }
            Some(Item::Table(table)) => {
                here = table;
                gap.dotted = table.is_dotted();
                gap.implicit = table.is_implicit() && !table.is_dotted();
                if !table.is_implicit() {
                    (gap.body, gap.depth) = (Body::Section(table), index + 1);
                }
            }
            Some(Item::Value(Value::InlineTable(table))) => {
                here = table;
                (gap.dotted, gap.implicit) = (table.is_dotted(), false);
                if !table.is_dotted() {
                    (gap.body, gap.depth) = (Body::Inline(table), index + 1);
                }
            }
            Some(Item::Value(_) | Item::ArrayOfTables(_)) => {
                return Err(Obstacle::NotATable(spelt(&path[..=index])));
            }
        }
    }
    Ok(Found::Gap(gap))
}

impl Gap<'_> {
    fn fill(&self, text: &str, path: &[Key], value: &str) -> Splice {
        let below = &path[self.depth..];
        match self.body {
            Body::Inline(table) => into_braces(table, text, &spelt(below), value),
            Body::Section(table) if self.dotted || (below.len() == 1 && !self.implicit) => {
                below_siblings(table, text, &format!("{} = {value}", spelt(below)))
            }
            Body::Section(_) => at_the_end(text, path, value),
        }
    }
}

/// `, key = value` behind the last entry.
fn into_braces(table: &InlineTable, text: &str, key: &str, value: &str) -> Splice {
    if let Some(end) = last_value_end(table) {
        return insert(end, format!(", {key} = {value}"));
    }
    let inside = table.span().map_or(text.len(), |span| span.start + 1);
    let space = if text[inside..].starts_with(char::is_whitespace) {
        ""
    } else {
        " "
    };
    insert(inside, format!(" {key} = {value}{space}"))
}

/// A line below the last entry of the table, or below its header.
fn below_siblings(table: &Table, text: &str, entry: &str) -> Splice {
    let line_end = line_end(text);
    let header_end = table.span().map_or(0, |span| span.end);
    let above = last_value_end(table).unwrap_or(header_end);
    if above == 0 {
        // The file's own table has no header, and here no entries: its place is the top.
        let top = text.len() - text.trim_start_matches(BYTE_ORDER_MARK).len();
        return insert(top, format!("{entry}{line_end}"));
    }
    match text[above..].find('\n') {
        Some(newline) => insert(above + newline + 1, format!("{entry}{line_end}")),
        None => insert(text.len(), format!("{line_end}{entry}{line_end}")),
    }
}

/// A table of its own behind everything else, set off by an empty line.
fn at_the_end(text: &str, path: &[Key], value: &str) -> Splice {
    let line_end = line_end(text);
    let above = text.trim_start_matches(BYTE_ORDER_MARK);
    let gap = if above.is_empty() || above.ends_with("\n\n") || above.ends_with("\n\r\n") {
        String::new()
    } else if above.ends_with('\n') {
        line_end.to_owned()
    } else {
        line_end.repeat(2)
    };
    let (key, table) = match path.split_last() {
        Some((key, table)) => (spelt(std::slice::from_ref(key)), spelt(table)),
        None => (String::new(), String::new()),
    };
    insert(
        text.len(),
        format!("{gap}[{table}]{line_end}{key} = {value}{line_end}"),
    )
}

fn insert(at: usize, text: String) -> Splice {
    Splice {
        range: at..at,
        text,
    }
}

/// Where the last entry that stands in this table's own body ends.
fn last_value_end(table: &dyn TableLike) -> Option<usize> {
    let values = table.get_values();
    values
        .iter()
        .filter_map(|(_, value)| value.span())
        .map(|span| span.end)
        .max()
}

/// How the text ends its lines, judged by its first.
fn line_end(text: &str) -> &'static str {
    match text.find('\n') {
        Some(newline) if text[..newline].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// Names joined by dots, quoted where they must be.
fn spelt(path: &[Key]) -> String {
    let names: Vec<String> = path
        .iter()
        .map(|key| Key::new(key.get()).to_string())
        .collect();
    names.join(".")
}
