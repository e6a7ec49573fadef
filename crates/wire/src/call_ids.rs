//! Ids of tool calls, where a provider does not take those of another one.
//!
//! A conversation that began elsewhere brings its ids along. The same id always becomes the same
//! new one, so calls and results keep together and a prompt stays the same from step to step.

/// Which ids a provider takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallIds {
    /// Any.
    Any,
    /// Nine letters or digits (Mistral).
    Nine,
    /// Letters, digits, `_` and `-` (Anthropic: `^[a-zA-Z0-9_-]+$`).
    Word,
}

impl CallIds {
    /// `id` as the provider takes it.
    pub(crate) fn fit(self, id: &str) -> String {
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        match self {
            Self::Nine if id.len() != 9 || !id.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                base36(digest(&[id]), 9)
            }
            Self::Word if id.is_empty() || !id.chars().all(is_word) => {
                format!("call_{}", base36(digest(&[id]), 13))
            }
            _ => id.to_owned(),
        }
    }
}

/// An id for a call that came without one: the same for the same call in the same response.
pub(crate) fn invent(response: &str, index: usize, name: &str, arguments: &str) -> String {
    let seed = digest(&[response, &index.to_string(), name, arguments]);
    format!("call_{}", base36(seed, 13))
}

/// A name of at most `longest` bytes that begins as `name` does: the same for the same key, and another
/// for another.
pub(crate) fn shortened(name: &str, key: &str, longest: usize) -> String {
    let end = base36(digest(&[key]), 13);
    let kept = name.floor_char_boundary(longest.saturating_sub(end.len() + 1));
    format!("{}_{end}", &name[..kept])
}

/// FNV-1a, 64 bits: no secret depends on it, and it never changes.
fn digest(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0xFF]));
    bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

fn base36(mut number: u64, length: usize) -> String {
    let mut digits = Vec::with_capacity(length);
    for _ in 0..length {
        let digit = u32::try_from(number % 36).unwrap_or(0);
        digits.push(char::from_digit(digit, 36).unwrap_or('0'));
        number /= 36;
    }
    digits.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_kept_where_they_fit_and_stay_apart_where_not() {
        assert_eq!(CallIds::Any.fit("a b"), "a b");
        assert_eq!(CallIds::Nine.fit("abcDEF123"), "abcDEF123");
        assert_eq!(CallIds::Word.fit("toolu_01-a"), "toolu_01-a");
        for (rule, first, second) in [
            (CallIds::Nine, "call_1", "call_2"),
            (CallIds::Word, "a b", "a.b"),
        ] {
            let fitted = [first, second].map(|id| rule.fit(id));
            assert_ne!(fitted[0], fitted[1]);
            assert_eq!(rule.fit(&fitted[0]), fitted[0], "what was fitted fits");
        }
        assert_ne!(invent("r", 0, "f", "{}"), invent("r", 1, "f", "{}"));
    }
}
