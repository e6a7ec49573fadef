//! Finding words in the journal: an FTS5 index that follows it.
//!
//! The index is not filled by the append, which must be quick, but in lulls, and at the latest by
//! whoever searches. How far it has come is stored with it; so a kill loses nothing, several
//! processes may fill it, and building it anew is the same as filling it from the start.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::effort::Effort;
use super::failure::Failure;
use super::{runs, unsigned};
use crate::{Entry, Found, Hit};

/// How many entries a search adds to the index in one transaction.
pub(super) const STEP: i64 = 500;

/// So many bytes of an entry are found by their words; a longer one is a file that a tool has read.
const INDEXED: usize = 64 << 10;

/// How many entries in which the words occur are looked at for their conversations, a microsecond or two each.
const LOOKED_AT: usize = 10_000;

/// How much is done to find them: the index is read by pages of 4 KiB, some five steps and 20 µs each. Words
/// that are frequent and seldom stand together would ask for all pages of each.
const STEPS: i64 = 6_000;

/// Characters of text around what was found.
const AROUND: usize = 60;

/// The number of the last entry that is in the index.
const INDEXED_THROUGH: &str = "indexed";

/// Adds the next entries to the index, at most `most`; whether there may be more.
pub(super) fn index(db: &Connection, most: i64) -> Result<bool, Failure> {
    let through = indexed(db)?;
    let mut query = db.prepare(
        "SELECT number, kind, body FROM entry WHERE number > ?1 ORDER BY number LIMIT ?2",
    )?;
    let mut insert = db.prepare("INSERT INTO entry_text (rowid, text) VALUES (?1, ?2)")?;
    let mut rows = query.query(params![through, most])?;
    let (mut last, mut count) = (through, 0);
    while let Some(row) = rows.next()? {
        last = row.get(0)?;
        count += 1;
        let (kind, body) = (row.get_ref(1)?.as_str(), row.get_ref(2)?.as_str());
        // What cannot be read cannot be found; `store check` tells.
        if let (Ok(kind), Ok(body)) = (kind, body)
            && let Some(text) = Entry::parse(kind, body).ok().and_then(|entry| entry.text())
        {
            let end = text.floor_char_boundary(INDEXED);
            insert.execute(params![last, runs::indexed(&text[..end])])?;
        }
    }
    if count > 0 {
        set_fact(db, INDEXED_THROUGH, last)?;
    }
    Ok(count == most)
}

/// Whether entries are missing in the index.
pub(super) fn is_behind(db: &Connection) -> Result<bool, Failure> {
    let last: Option<i64> = db.query_row("SELECT max(number) FROM entry", [], |row| row.get(0))?;
    Ok(last.unwrap_or(0) > indexed(db)?)
}

/// Empties the index: it is filled again by whoever needs it.
pub(super) fn forget(db: &Connection) -> Result<(), Failure> {
    db.execute(
        "INSERT INTO entry_text (entry_text) VALUES ('delete-all')",
        [],
    )?;
    set_fact(db, INDEXED_THROUGH, 0)
}

fn indexed(db: &Connection) -> Result<i64, Failure> {
    Ok(fact(db, INDEXED_THROUGH)?.unwrap_or(0))
}

/// A number that the store remembers.
pub(super) fn fact(db: &Connection, name: &str) -> Result<Option<i64>, Failure> {
    let sql = "SELECT value FROM fact WHERE name = ?1";
    Ok(db.query_row(sql, [name], |row| row.get(0)).optional()?)
}

pub(super) fn set_fact(db: &Connection, name: &str, value: i64) -> Result<(), Failure> {
    db.execute(
        "INSERT INTO fact (name, value) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        params![name, value],
    )?;
    Ok(())
}

/// The conversations in which all words occur in one entry, newest first, as far as a bounded effort goes.
pub(super) fn search(
    db: &Connection,
    effort: &Effort,
    words: &str,
    most: usize,
) -> Result<Found, Failure> {
    let mut found = Found {
        hits: Vec::new(),
        is_whole: true,
    };
    let Some(expression) = expression(words) else {
        return Ok(found);
    };
    let mut query =
        db.prepare("SELECT rowid FROM entry_text WHERE entry_text MATCH ?1 ORDER BY rowid DESC")?;
    let mut owner = db.prepare("SELECT conversation FROM entry WHERE number = ?1")?;
    let mut rows = query.query([expression])?;
    let (mut seen, mut steps, mut looked_at) = (HashSet::new(), STEPS, 0);
    while found.hits.len() < most {
        let next = effort.within(&mut steps, || {
            rows.next()?.map(|row| row.get(0)).transpose()
        })?;
        let entry: i64 = match next {
            Some(Some(entry)) if looked_at < LOOKED_AT => entry,
            Some(None) => break,
            _ => {
                found.is_whole = false;
                break;
            }
        };
        looked_at += 1;
        let conversation = owner.query_row([entry], |row| row.get(0)).optional()?;
        let Some(conversation) = conversation else {
            continue;
        };
        let conversation: i64 = conversation;
        if seen.insert(conversation) {
            found.hits.push(hit(db, entry, words)?);
        }
    }
    Ok(found)
}

fn hit(db: &Connection, entry: i64, words: &str) -> Result<Hit, Failure> {
    let sql = "SELECT id, title, at_ms, kind, body FROM entry
               JOIN conversation ON conversation.number = conversation WHERE entry.number = ?1";
    let (hit, kind, body) = db.query_row(sql, [entry], |row| {
        let hit = Hit {
            id: row.get(0)?,
            title: row.get(1)?,
            at_ms: unsigned(row.get(2)?),
            excerpt: String::new(),
        };
        Ok((hit, row.get::<_, String>(3)?, row.get::<_, String>(4)?))
    })?;
    let text = Entry::parse(&kind, &body)
        .ok()
        .and_then(|entry| entry.text());
    Ok(Hit {
        excerpt: excerpt(&text.unwrap_or_default(), words),
        ..hit
    })
}

/// The words as an FTS5 expression that asks for all of them, each as it is spelt
/// (<https://www.sqlite.org/fts5.html#full_text_query_syntax>).
fn expression(words: &str) -> Option<String> {
    let quoted: Vec<String> = words
        .split_whitespace()
        .filter(|word| word.contains(char::is_alphanumeric))
        .map(|word| match word.strip_suffix('*') {
            Some(start) => runs::phrase(&start.replace('"', ""), true),
            None => runs::phrase(&word.replace('"', ""), false),
        })
        .collect();
    (!quoted.is_empty()).then(|| quoted.join(" "))
}

/// The text around the first of the words that occurs in it, in one line.
fn excerpt(text: &str, words: &str) -> String {
    let lower = text.to_lowercase();
    let plain = |word: &str| {
        word.trim_matches(|c: char| !c.is_alphanumeric())
            .to_lowercase()
    };
    let found = words
        .split_whitespace()
        .map(plain)
        .filter(|word| !word.is_empty())
        .find_map(|word| lower.find(&word));
    // Lower case may be longer than the text: a place near it will do.
    let at = lower[..found.unwrap_or(0)].chars().count();
    let from = at.saturating_sub(AROUND);
    let line: String = text
        .chars()
        .skip(from)
        .take(2 * AROUND)
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .collect();
    let before = if from > 0 { "…" } else { "" };
    let after = if text.chars().count() > from + 2 * AROUND {
        "…"
    } else {
        ""
    };
    format!("{before}{}{after}", line.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_searched_for_is_an_expression_or_nothing() {
        let table = [
            ("cat", Some("\"cat\"")),
            ("the  cat", Some("\"the\" \"cat\"")),
            ("net*", Some("\"net\"*")),
            ("a\"b AND (", Some("\"ab\" \"AND\"")),
            ("src/lib.rs", Some("\"src/lib.rs\"")),
            ("\" * (", None),
            ("", None),
        ];
        for (words, expected) in table {
            assert_eq!(expression(words).as_deref(), expected, "{words:?}");
        }
    }

    #[test]
    fn an_excerpt_shows_what_was_found() {
        let text = format!(
            "{}the\nNeedle is here {}",
            "hay ".repeat(100),
            "hay ".repeat(100)
        );
        let shown = excerpt(&text, "missing needle*");
        assert!(shown.contains("the Needle is here"), "{shown}");
        assert!(shown.starts_with('…') && shown.ends_with('…'), "{shown}");
        assert_eq!(excerpt("short", "nothing"), "short");
    }
}
