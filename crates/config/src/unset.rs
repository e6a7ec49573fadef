//! Taking one value out of a text without touching another line.
//!
//! What goes is the entry's own lines, with a comment behind it. A comment above stays: it may be about
//! more than this entry.

use toml_edit::{Item, Key, TableLike, Value};

use crate::Obstacle;
use crate::cut::holds;
use crate::document::Tree;

/// The text of `tree` without the entry `key`.
pub(crate) fn unset(tree: &Tree, key: &str) -> Result<String, Obstacle> {
    let path = Key::parse(key).map_err(|_syntax| Obstacle::NotAKey)?;
    let text = tree.raw();
    let Some((start, end)) = entry(tree.as_table(), &path)? else {
        return Ok(text.to_owned());
    };
    let first = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let last = text[end..].find('\n');
    let last = last.map_or(text.len(), |newline| end + newline + 1);
    let mut remaining = text.to_owned();
    remaining.replace_range(first..last, "");
    match toml_edit::Document::parse(remaining.as_str()) {
        Ok(tree) if !holds(tree.as_table(), &path) => Ok(remaining),
        _ => Err(Obstacle::NoPlace),
    }
}

/// Where the entry's key begins and its value ends; `None` if there is none.
fn entry(root: &dyn TableLike, path: &[Key]) -> Result<Option<(usize, usize)>, Obstacle> {
    let Some((last, above)) = path.split_last() else {
        return Err(Obstacle::NotAKey);
    };
    let mut here = root;
    for key in above {
        here = match here.get(key.get()) {
            None | Some(Item::None) => return Ok(None),
            Some(Item::Table(table)) => table,
            Some(Item::Value(Value::InlineTable(table))) if table.is_dotted() => table,
            // In braces there is no line of its own to take.
            Some(_) => return Err(Obstacle::NoPlace),
        };
    }
    let Some((key, item)) = here.get_key_value(last.get()) else {
        return Ok(None);
    };
    let value = match item {
        Item::Value(Value::InlineTable(table)) if table.is_dotted() => {
            return Err(Obstacle::IsATable);
        }
        Item::Value(value) => value,
        _ => return Err(Obstacle::IsATable),
    };
    match (key.span(), value.span()) {
        (Some(key), Some(value)) => Ok(Some((key.start, value.end))),
        _ => Err(Obstacle::NoPlace),
    }
}

#[cfg(test)]
mod tests {
    use crate::Document;

    fn without(text: &str, key: &str) -> Result<String, String> {
        let mut document = Document::parse("config.toml", text).unwrap();
        let unset = document.unset(key).map_err(|error| error.to_string());
        unset.map(|()| document.text().to_owned())
    }

    #[test]
    fn only_the_lines_of_the_entry_go() {
        for (text, key, left) in [
            (
                "[a]\n# one\nb = 1 # two\nc = 2\n",
                "a.b",
                "[a]\n# one\nc = 2\n",
            ),
            ("[a]\nb = [\n  1,\n]\nc = 2", "a.b", "[a]\nc = 2"),
            ("[a]\nc = 2\nb = 1", "a.b", "[a]\nc = 2\n"),
            ("[a]\nx.b = 1\nx.c = 2\n", "a.x.b", "[a]\nx.c = 2\n"),
            (
                "[a.\"x.y\"]\nb = { c = 1 }\n",
                "a.\"x.y\".b",
                "[a.\"x.y\"]\n",
            ),
            ("[a]\nc = 2\n", "a.b", "[a]\nc = 2\n"),
            ("[a]\nc = 2\n", "d.b", "[a]\nc = 2\n"),
        ] {
            assert_eq!(without(text, key).unwrap(), left, "{text}");
        }
    }

    #[test]
    fn what_has_no_line_of_its_own_is_left_and_said_so() {
        for (text, key) in [
            ("a = { b = 1, c = 2 }\n", "a.b"),
            ("[a.b]\nc = 1\n", "a.b"),
            ("[a]\nb.c = 1\n", "a.b"),
        ] {
            assert!(without(text, key).is_err(), "{text}");
        }
    }
}
