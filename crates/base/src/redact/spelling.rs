//! How else a text may be spelt: a server that echoes a key writes it as JSON, as part of a URL or as
//! HTML, and some write all of that into one another.
//!
//! There are too many spellings of one key to look for each (every letter may be escaped or not), so
//! the escapes are taken off the text, one layer after the other, and each byte that is left knows
//! where it stood: what is found can be blanked out where it was.

use std::borrow::Cow;
use std::ops::Range;

/// How many layers are taken off: JSON within JSON within a URL within HTML, and some to spare.
pub(super) const DEEPEST: usize = 6;

/// The longest name of a character that is known, in bytes.
const LONGEST_NAME: usize = 8;

/// The names that HTML has for what may stand in a key (WHATWG HTML §13.5).
const NAMES: [(&str, char); 42] = [
    ("quot", '"'),
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("apos", '\''),
    ("sol", '/'),
    ("bsol", '\\'),
    ("plus", '+'),
    ("equals", '='),
    ("num", '#'),
    ("percnt", '%'),
    ("dollar", '$'),
    ("colon", ':'),
    ("semi", ';'),
    ("comma", ','),
    ("period", '.'),
    ("excl", '!'),
    ("quest", '?'),
    ("commat", '@'),
    ("lowbar", '_'),
    ("UnderBar", '_'),
    ("Hat", '^'),
    ("grave", '`'),
    ("ast", '*'),
    ("midast", '*'),
    ("lpar", '('),
    ("rpar", ')'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("lcub", '{'),
    ("lbrace", '{'),
    ("rcub", '}'),
    ("rbrace", '}'),
    ("verbar", '|'),
    ("vert", '|'),
    ("QUOT", '"'),
    ("AMP", '&'),
    ("LT", '<'),
    ("GT", '>'),
    ("Tab", '\t'),
];

/// The names of U+00A0 to U+00FF, in that order (HTML 4.01 §24.2.1).
const LATIN: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg \
    macr deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 \
    iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave \
    Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc \
    Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc \
    euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave \
    uacute ucirc uuml yacute thorn yuml";

/// A text with some layers of escapes taken off.
pub(super) struct Layer<'text> {
    pub(super) text: Cow<'text, str>,
    /// Where each byte stood, and where the whole ended; nothing while no escape was taken off.
    stood: Vec<usize>,
}

impl<'text> Layer<'text> {
    /// Where a part of this layer stands in the text as it came.
    pub(super) fn origin(&self, part: Range<usize>) -> Range<usize> {
        match self.stood.is_empty() {
            true => part,
            false => self.stood[part.start]..self.stood[part.end],
        }
    }

    /// The same with one more layer taken off, if there is one.
    fn below(&self) -> Option<Self> {
        let (mut text, mut stood) = (String::new(), Vec::new());
        let mut done = 0;
        while let Some((escape, meant)) = next_escape(&self.text, done) {
            text.push_str(&self.text[done..escape.start]);
            stood.extend((done..escape.start).map(|at| self.origin(at..at).start));
            text.push(meant);
            let start = self.origin(escape.start..escape.start).start;
            stood.resize(text.len(), start);
            done = escape.end;
        }
        if done == 0 {
            return None;
        }
        text.push_str(&self.text[done..]);
        stood.extend((done..=self.text.len()).map(|at| self.origin(at..at).start));
        let text = Cow::Owned(text);
        Some(Self { text, stood })
    }
}

/// The text as it came, and below it what it means with one layer of escapes after the other taken off.
pub(super) fn layers(text: &str) -> impl Iterator<Item = Layer<'_>> {
    let whole = Layer {
        text: Cow::Borrowed(text),
        stood: Vec::new(),
    };
    let mut next = Some(whole);
    std::iter::from_fn(move || {
        let layer = next.take()?;
        next = layer.below();
        Some(layer)
    })
    .take(DEEPEST + 1)
}

/// The first escape from `from` on, and the character that it means.
fn next_escape(text: &str, from: usize) -> Option<(Range<usize>, char)> {
    let mut at = from;
    loop {
        let introduces = |byte: &u8| matches!(byte, b'\\' | b'%' | b'&');
        at += text.as_bytes()[at..].iter().position(introduces)?;
        let rest = &text[at..];
        let found = match rest.as_bytes()[0] {
            b'\\' => backslashed(rest),
            b'%' => percent(rest),
            _ => html(rest),
        };
        if let Some((length, meant)) = found {
            return Some((at..at + length, meant));
        }
        at += 1;
    }
}

/// RFC 8259 §7, and what JavaScript and Rust write besides.
fn backslashed(text: &str) -> Option<(usize, char)> {
    let meant = match text.as_bytes().get(1)? {
        known @ (b'"' | b'\'' | b'\\' | b'/') => char::from(*known),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'x' => return Some((4, char::from_u32(hexadecimal(text, 2..4)?)?)),
        b'u' => return unicode(text),
        _ => return None,
    };
    Some((2, meant))
}

/// `\u002f`, two of them for what is beyond U+FFFF, or `\u{2f}`.
fn unicode(text: &str) -> Option<(usize, char)> {
    if let Some(braced) = text.get(2..)?.strip_prefix('{') {
        let digits = braced.bytes().take(7).position(|byte| byte == b'}')?;
        let meant = char::from_u32(hexadecimal(braced, 0..digits)?)?;
        return Some((3 + digits + 1, meant));
    }
    let first = hexadecimal(text, 2..6)?;
    if let Some(meant) = char::from_u32(first) {
        return Some((6, meant));
    }
    let second = text.get(6..8).filter(|opens| *opens == r"\u");
    let second = second.and_then(|_| hexadecimal(text, 8..12))?;
    let pair = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
    let meant = char::decode_utf16(pair).next()?.ok()?;
    Some((12, meant))
}

/// RFC 3986 §2.1: the bytes of UTF-8, or, as old programs have it, of Latin-1.
fn percent(text: &str) -> Option<(usize, char)> {
    let byte = |at: usize| {
        let opens = text.as_bytes().get(at) == Some(&b'%');
        let byte = opens.then(|| hexadecimal(text, at + 1..at + 3)).flatten()?;
        u8::try_from(byte).ok()
    };
    let first = byte(0)?;
    let length = first.leading_ones().clamp(1, 4) as usize;
    let bytes: Option<Vec<u8>> = (0..length).map(|index| byte(index * 3)).collect();
    let together = bytes
        .as_deref()
        .and_then(|bytes| str::from_utf8(bytes).ok());
    match together.and_then(|text| text.chars().next()) {
        Some(meant) => Some((length * 3, meant)),
        None => Some((3, char::from(first))),
    }
}

/// WHATWG HTML §13.2.5.72: a character by its number or its name.
fn html(text: &str) -> Option<(usize, char)> {
    let bytes = &text.as_bytes()[1..];
    let name = bytes.iter().skip(1).take(LONGEST_NAME);
    let end = 2 + name.take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let name = text.get(1..end)?;
    let meant = match name.strip_prefix('#') {
        None => named(name)?,
        Some(number) => {
            let number = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(number.ok()?)?
        }
    };
    let closed = usize::from(text.as_bytes().get(end) == Some(&b';'));
    Some((end + closed, meant))
}

fn named(name: &str) -> Option<char> {
    if let Some((_, meant)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Some(*meant);
    }
    let place = LATIN.split(' ').position(|known| known == name)?;
    char::from_u32(0xA0 + u32::try_from(place).ok()?)
}

fn hexadecimal(text: &str, digits: Range<usize>) -> Option<u32> {
    let digits = text.get(digits)?;
    let are_digits = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    are_digits
        .then(|| u32::from_str_radix(digits, 16).ok())
        .flatten()
}
