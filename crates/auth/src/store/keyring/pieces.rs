//! One text in a keyring whose secrets may be too short for it.
//!
//! Windows keeps at most 2,560 bytes in a secret (`CRED_MAX_CREDENTIAL_BLOB_SIZE`), and one sign-in is
//! twice that. So a long text is cut into pieces, and the secret that is read first only names them.
//! Because that one is replaced in one step, and only when all pieces are there, the text is too.

use super::Entries;
use crate::store::vault::Hold;
use crate::store::{KeyringError, Place, StoreError};

/// The secret that is read first: the text, or what its pieces are called and how many there are.
const HEAD: &str = "";

/// What the head begins with if it is not the text, which is JSON.
const OPENING: &str = "alipes-pieces:";

/// The most pieces that are believed.
const MOST: usize = 1_000;

/// A text that is in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pieces {
    /// Grows with every text.
    revision: u64,
    count: usize,
}

/// The text that the keyring holds.
pub(super) fn read(entries: &dyn Entries) -> Result<Option<String>, StoreError> {
    let head = entries.get(HEAD).map_err(failed("read"))?;
    let Some(pieces) = head.as_deref().and_then(Pieces::parse) else {
        return Ok(head);
    };
    let mut text = String::new();
    for name in pieces.names() {
        let piece = entries.get(&name).map_err(failed("read"))?;
        text += &piece.ok_or_else(|| StoreError::Damaged {
            place: Place::Keyring,
            problem: "a piece of it is missing".to_owned(),
        })?;
    }
    Ok(Some(text))
}

/// Replaces it.
pub(super) fn write(entries: &dyn Entries, text: &str, hold: &Hold) -> Result<(), StoreError> {
    let former = entries.get(HEAD).map_err(failed("read"))?;
    let former = former.as_deref().and_then(Pieces::parse);
    let set = |name: &str, text: &str| entries.set(name, text, hold).map_err(failed("written"));
    if text.len() <= entries.largest() {
        set(HEAD, text)?;
    } else {
        let parts = cut(text, entries.largest());
        let pieces = Pieces {
            revision: former.map_or(0, |former| former.revision) + 1,
            count: parts.len(),
        };
        for (name, part) in pieces.names().zip(parts) {
            set(&name, part)?;
        }
        set(HEAD, &pieces.head())?;
    }
    forget(entries, former, hold);
    Ok(())
}

/// Takes it away.
pub(super) fn remove(entries: &dyn Entries, hold: &Hold) -> Result<(), StoreError> {
    let head = entries.get(HEAD).map_err(failed("read"))?;
    entries.delete(HEAD, hold).map_err(failed("deleted"))?;
    forget(entries, head.as_deref().and_then(Pieces::parse), hold);
    Ok(())
}

/// Whether the keyring answers.
pub(super) fn check(entries: &dyn Entries) -> Result<(), StoreError> {
    entries.get(HEAD).map(drop).map_err(failed("written"))
}

impl Pieces {
    fn parse(head: &str) -> Option<Self> {
        let (revision, count) = head.strip_prefix(OPENING)?.split_once(':')?;
        let (revision, count) = (revision.parse().ok()?, count.parse().ok()?);
        (count <= MOST).then_some(Self { revision, count })
    }

    fn head(self) -> String {
        format!("{OPENING}{}:{}", self.revision, self.count)
    }

    fn names(self) -> impl Iterator<Item = String> {
        (0..self.count).map(move |number| format!("{}.{number}", self.revision))
    }
}

/// Pieces that nothing names any more. Any that stays does no harm but to lie there.
fn forget(entries: &dyn Entries, pieces: Option<Pieces>, hold: &Hold) {
    for name in pieces.into_iter().flat_map(Pieces::names) {
        let _stays = entries.delete(&name, hold);
    }
}

/// Parts of at most so many bytes, whole letters each.
fn cut(mut text: &str, most: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    while text.len() > most {
        let (part, rest) = text.split_at(text.floor_char_boundary(most));
        parts.push(part);
        text = rest;
    }
    parts.push(text);
    parts
}

fn failed(doing: &'static str) -> impl Fn(KeyringError) -> StoreError {
    move |problem| StoreError::Keyring { doing, problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    /// A keyring of small secrets that fails at a step.
    #[derive(Default)]
    struct Small {
        secrets: Mutex<BTreeMap<String, String>>,
        steps_left: Mutex<Option<usize>>,
    }

    impl Small {
        fn step(&self) -> Result<(), KeyringError> {
            match &mut *self.steps_left.lock().unwrap() {
                Some(0) => Err(KeyringError::Refused("full".to_owned())),
                Some(left) => {
                    *left -= 1;
                    Ok(())
                }
                None => Ok(()),
            }
        }
    }

    impl Entries for Small {
        fn largest(&self) -> usize {
            20
        }

        fn get(&self, name: &str) -> Result<Option<String>, KeyringError> {
            Ok(self.secrets.lock().unwrap().get(name).cloned())
        }

        fn set(&self, name: &str, text: &str, _hold: &Hold) -> Result<(), KeyringError> {
            self.step()?;
            assert!(text.len() <= self.largest());
            let mut secrets = self.secrets.lock().unwrap();
            secrets.insert(name.to_owned(), text.to_owned());
            Ok(())
        }

        fn delete(&self, name: &str, _hold: &Hold) -> Result<(), KeyringError> {
            self.step()?;
            self.secrets.lock().unwrap().remove(name);
            Ok(())
        }
    }

    const TEXTS: [&str; 4] = [
        "{\"short\":1}",
        "{\"a long one\": \"äöü äöü äöü äöü äöü äöü\"}",
        "{\"another\": \"0123456789012345678901234567890123456789\"}",
        "{}",
    ];

    #[test]
    fn a_text_of_any_length_comes_back_and_leaves_nothing_behind() {
        let (small, hold) = (Small::default(), Hold::new(None));
        assert_eq!(read(&small).unwrap(), None);
        for text in TEXTS {
            write(&small, text, &hold).unwrap();
            assert_eq!(read(&small).unwrap().as_deref(), Some(text));
        }
        assert_eq!(small.secrets.lock().unwrap().len(), 1);
        write(&small, TEXTS[1], &hold).unwrap();
        remove(&small, &hold).unwrap();
        assert_eq!(small.secrets.lock().unwrap().len(), 0);
    }

    #[test]
    fn a_writing_that_ends_anywhere_leaves_the_old_text_or_the_new_one() {
        let hold = Hold::new(None);
        for (old, new) in [(1, 2), (0, 1), (1, 0), (2, 3)] {
            for steps in 0..12 {
                let small = Small::default();
                write(&small, TEXTS[old], &hold).unwrap();
                *small.steps_left.lock().unwrap() = Some(steps);
                let written = write(&small, TEXTS[new], &hold);
                let found = read(&small).unwrap().unwrap();
                let expected = if written.is_ok() { new } else { old };
                assert_eq!(found, TEXTS[expected], "{old} to {new}, {steps} steps");
            }
        }
    }

    #[test]
    fn a_piece_that_is_missing_is_damage() {
        let (small, hold) = (Small::default(), Hold::new(None));
        write(&small, TEXTS[1], &hold).unwrap();
        small.secrets.lock().unwrap().remove("1.0").unwrap();
        let error = read(&small).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
    }
}
