//! Where a long text is cut so that no secret is cut in two: what is left of one would not be known again
//! by the net that every output passes ([`crate::redacted`]).

use alipes_base::Redactor;

/// How far around a place a secret is looked for, in bytes: the longest private keys have less.
pub(crate) const AROUND: usize = 4 * 1024;

/// The place itself, or where the secret begins that it lies within. The bytes should go on behind it.
pub(crate) fn before(redactor: &Redactor, bytes: &[u8], at: usize) -> usize {
    let (text, first) = window(bytes, at);
    first + redactor.around(&text, at - first).start
}

/// The same for a text that begins there: where that secret ends.
pub(crate) fn after(redactor: &Redactor, bytes: &[u8], at: usize) -> usize {
    let (text, first) = window(bytes, at);
    first + redactor.around(&text, at - first).end
}

/// The text around a place, in which everything stands where it does in the bytes, and where it begins.
fn window(bytes: &[u8], at: usize) -> (String, usize) {
    let first = at.saturating_sub(AROUND);
    let last = bytes.len().min(at + AROUND);
    let mut text = String::with_capacity(last - first);
    for chunk in bytes[first..last].utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    (text, first)
}

#[cfg(test)]
mod tests {
    use alipes_base::Secret;

    use super::*;

    #[test]
    fn a_secret_is_kept_whole_or_left_out_whole_also_beside_what_is_no_text() {
        let redactor = Redactor::new();
        redactor.learn(&Secret::new("unshaped canary".to_owned()));
        let bytes = [
            b"\xff\xe2\x82 ".repeat(5_000).as_slice(),
            b"unshaped canary \xff",
        ]
        .concat();
        let start = bytes.len() - 17;
        for within in 1..15 {
            assert_eq!(before(&redactor, &bytes, start + within), start);
            assert_eq!(after(&redactor, &bytes, start + within), start + 15);
        }
        for at in [0, 1, start, start + 15, bytes.len()] {
            assert_eq!(before(&redactor, &bytes, at), at);
            assert_eq!(after(&redactor, &bytes, at), at);
        }
    }
}
