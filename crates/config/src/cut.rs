//! Taking one table out of a text without touching another byte.
//!
//! A table is its header and the lines below it, up to the next header or to the comment that stands
//! right above that: the comment is the next table's. Tables beneath it go with it, wherever they are.

use std::ops::Range;

use toml_edit::{Item, Key, Table};

use crate::Obstacle;
use crate::document::Tree;

/// The text of `tree` without the table `key`.
pub(crate) fn remove(tree: &Tree, key: &str) -> Result<String, Obstacle> {
    let path = Key::parse(key).map_err(|_syntax| Obstacle::NotAKey)?;
    let text = tree.raw();
    let mut headers = Vec::new();
    collect(tree.as_table(), &path, &mut Vec::new(), &mut headers);
    headers.sort_by_key(|header| header.start);
    let mut remaining = text.to_owned();
    for (start, next) in runs(&headers).into_iter().rev() {
        remaining.replace_range(lines(text, start, next), "");
    }
    // A table can also be spelt as dotted keys or in braces: then there is no line of its own to take.
    match toml_edit::Document::parse(remaining.as_str()) {
        Ok(tree) if !holds(tree.as_table(), &path) => Ok(remaining),
        _ => Err(Obstacle::NoPlace),
    }
}

/// A header in the text.
struct Header {
    start: usize,
    /// It is that of the table to be removed, or of one beneath it.
    goes: bool,
}

/// Where headers that go stand together: the first of them, and the one behind them that stays.
fn runs(headers: &[Header]) -> Vec<(usize, Option<usize>)> {
    let mut runs = Vec::new();
    let mut begun = None;
    for header in headers {
        match header.goes {
            true => begun = begun.or(Some(header.start)),
            false => runs.extend(begun.take().map(|start| (start, Some(header.start)))),
        }
    }
    runs.extend(begun.map(|start| (start, None)));
    runs
}

/// Every header beneath `table`, to which the names of `trail` lead.
fn collect<'t>(
    table: &'t Table,
    path: &[Key],
    trail: &mut Vec<&'t str>,
    headers: &mut Vec<Header>,
) {
    for (name, item) in table {
        trail.push(name);
        let tables: Vec<&Table> = match item {
            Item::Table(table) => vec![table],
            Item::ArrayOfTables(tables) => tables.iter().collect(),
            Item::None | Item::Value(_) => Vec::new(),
        };
        for table in tables {
            let has_header = !table.is_implicit() && !table.is_dotted();
            if let Some(span) = table.span().filter(|_| has_header) {
                headers.push(Header {
                    start: span.start,
                    goes: leads_to(trail, path),
                });
            }
            collect(table, path, trail, headers);
        }
        trail.pop();
    }
}

/// Whether the names of `trail` begin with those of `path`.
fn leads_to(trail: &[&str], path: &[Key]) -> bool {
    trail.len() >= path.len() && path.iter().zip(trail).all(|(key, name)| key.get() == *name)
}

/// The lines from the header at `start` to the next one, or to the end of the text together with the
/// empty lines that set the table off.
fn lines(text: &str, start: usize, next: Option<usize>) -> Range<usize> {
    match next {
        Some(next) => start..comment_above(text, next).max(start),
        None => {
            let above = text[..start].trim_end_matches(['\n', '\r']);
            let kept = text[above.len()..start]
                .find('\n')
                .map_or(0, |newline| newline + 1);
            above.len() + kept..text.len()
        }
    }
}

/// Where the comment begins that stands right above `at`; `at` if there is none.
fn comment_above(text: &str, at: usize) -> usize {
    let mut start = at;
    while let Some(line) = text[..start].strip_suffix('\n') {
        let line_start = line.rfind('\n').map_or(0, |newline| newline + 1);
        if !line[line_start..].trim_start().starts_with('#') {
            break;
        }
        start = line_start;
    }
    start
}

/// Whether `path` leads anywhere.
pub(crate) fn holds(root: &Table, path: &[Key]) -> bool {
    let mut here: Option<&Item> = None;
    for key in path {
        let table = match here {
            None => root as &dyn toml_edit::TableLike,
            Some(item) => match item.as_table_like() {
                Some(table) => table,
                None => return false,
            },
        };
        here = table.get(key.get());
        if here.is_none() {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use crate::Document;

    #[test]
    fn tables_beneath_the_last_one_go_with_it() {
        for (text, left) in [
            (
                "[m]\na = 1\n\n[p.x]\nb = 1\n\n[p.x.y]\nc = 1\n",
                "[m]\na = 1\n",
            ),
            (
                "[p.x]\nb = 1\n\n# of y\n[p.x.y]\nc = 1\n# of m\n[m]\na = 1\n",
                "# of m\n[m]\na = 1\n",
            ),
        ] {
            let mut document = Document::parse("config.toml", text).unwrap();
            document.remove("p.x").unwrap();
            assert_eq!(document.text(), left);
        }
    }
}
