//! What credentials look like, whoever they belong to: a prefix and a run behind it, a bot's token, a
//! private key.
//!
//! A text that was blanked by mistake is a nuisance, and a key that was not is a leak; so a shape is as
//! wide as words and code allow. One that this list lacks stays in sight unless it was learnt.

use std::ops::Range;

/// Prefixes after which a run of token characters is taken for a credential wherever it stands. The
/// length is that of the run: "Bearer token" in a sentence must stay readable. So must `task-list`,
/// though it holds `sk-`: within a word only a run that no word looks like counts.
const ANYWHERE: [(&str, usize); 5] = [
    ("Bearer ", 12),
    ("Bearer+", 12),
    ("sk-", 12),
    ("rt-", 24),
    ("eyJ", 24),
];

/// What a run may consist of.
#[derive(Clone, Copy)]
enum Alphabet {
    Alphanumeric,
    /// Also `-` and `_`.
    Name,
}

use Alphabet::{Alphanumeric, Name};

/// Prefixes at the beginning of a word, and how long a run of which characters behind one is taken for
/// a credential if there is a digit or a capital in it. Each is a little shorter than the keys are.
const AT_A_WORD: [(&str, usize, Alphabet); 27] = [
    ("AIza", 30, Name),
    ("AKIA", 16, Alphanumeric),
    ("ASIA", 16, Alphanumeric),
    ("fw_", 20, Alphanumeric),
    ("gho_", 30, Alphanumeric),
    ("ghp_", 30, Alphanumeric),
    ("ghr_", 30, Alphanumeric),
    ("ghs_", 30, Alphanumeric),
    ("ghu_", 30, Alphanumeric),
    ("github_pat_", 40, Name),
    ("glpat-", 20, Name),
    ("gsk_", 30, Alphanumeric),
    ("hf_", 30, Alphanumeric),
    ("npm_", 30, Alphanumeric),
    ("nvapi-", 40, Name),
    ("pypi-", 40, Name),
    ("rk_live_", 20, Alphanumeric),
    ("rk_test_", 20, Alphanumeric),
    ("sk_live_", 20, Alphanumeric),
    ("sk_test_", 20, Alphanumeric),
    ("tgp_v1_", 30, Name),
    ("whsec_", 30, Alphanumeric),
    ("xai-", 40, Alphanumeric),
    ("xapp-", 20, Name),
    ("xoxa-", 20, Name),
    ("xoxb-", 20, Name),
    ("xoxp-", 20, Name),
];

/// The digits of a bot's number in a token of Telegram's, and what follows its colon
/// (core.telegram.org/bots/api, "Authorizing your bot").
const BOT_DIGITS: std::ops::RangeInclusive<usize> = 6..=16;
const BOT_SECRET: usize = 35;

/// How a private key in PEM begins (RFC 7468 §2), and how a line that opens one ends.
const OPENING: &str = "-----BEGIN ";
const PRIVATE: &str = "PRIVATE KEY";
const DASHES: &str = "-----";

/// The longest label that is read, in bytes.
const LABEL: usize = 40;

/// A private key has more than so many bytes between its lines; what tells of one has less.
const SHORTEST_KEY: usize = 32;

/// Every part of a text that has such a shape, without what it is known by. They may overlap.
pub(super) fn credentials(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (prefix, shortest) in ANYWHERE {
        found.extend(tokens(text, prefix, shortest));
    }
    found.extend(at_words(text));
    found.extend(private_keys(text));
    found
}

/// Every run of at least `shortest` token characters that follows `prefix`.
fn tokens<'a>(
    text: &'a str,
    prefix: &'a str,
    shortest: usize,
) -> impl Iterator<Item = Range<usize>> + 'a {
    let mut done = 0;
    std::iter::from_fn(move || {
        loop {
            let found = done + text[done..].find(prefix)?;
            let start = found + prefix.len();
            let in_word = text[done..found].ends_with(|c: char| c.is_ascii_alphanumeric());
            let rest = text[start..].bytes();
            let run = rest.take_while(|b| b.is_ascii_alphanumeric() || b"-._~+/=".contains(b));
            done = start + run.count();
            let token = start..done;
            if token.len() >= shortest && (!in_word || is_no_word(&text[token.clone()])) {
                return Some(token);
            }
        }
    })
}

/// Whether a run mixes digits with capitals, as random tokens do.
fn is_no_word(run: &str) -> bool {
    run.contains(|c: char| c.is_ascii_digit()) && run.contains(|c: char| c.is_ascii_uppercase())
}

/// What begins where a word does.
fn at_words(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let here = at;
            at += 1;
            let goes_on = here > 0 && bytes[here - 1].is_ascii_alphanumeric();
            if goes_on || !bytes[here].is_ascii_alphanumeric() {
                continue;
            }
            if let Some(token) = prefixed(bytes, here).or_else(|| of_a_bot(bytes, here)) {
                at = token.end;
                return Some(token);
            }
        }
        None
    })
}

fn prefixed(text: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = &text[at..];
    let mut shapes = AT_A_WORD.iter();
    shapes.find_map(|(prefix, shortest, alphabet)| {
        let prefix = prefix.as_bytes();
        // Nearly all words are told apart by this.
        let run = (prefix[0] == rest[0]).then(|| rest.strip_prefix(prefix))??;
        let length = run.iter().take_while(|b| alphabet.has(**b)).count();
        let tells = |b: &u8| b.is_ascii_digit() || b.is_ascii_uppercase();
        let is_key = length >= *shortest && run[..length].iter().any(tells);
        let start = at + prefix.len();
        is_key.then_some(start..start + length)
    })
}

/// `bot` may stand before the number, as it does in addresses.
fn of_a_bot(text: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = &text[at..];
    let rest = rest.strip_prefix(b"bot").unwrap_or(rest);
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let secret = rest[digits..].strip_prefix(b":")?;
    let length = secret.iter().take_while(|b| Name.has(**b)).count();
    let start = text.len() - secret.len();
    let is_token = BOT_DIGITS.contains(&digits) && length == BOT_SECRET && secret[0] == b'A';
    is_token.then_some(start..start + length)
}

/// What stands between the lines that open and close a private key; where nothing closes it, as far as
/// it goes on.
fn private_keys(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let openings = text.match_indices(OPENING);
    openings.filter_map(|(at, opening)| {
        let label = at + opening.len();
        let end = text.as_bytes()[label..]
            .windows(DASHES.len())
            .take(LABEL)
            .position(|part| part == DASHES.as_bytes())?;
        let start = label + end + DASHES.len();
        let body = text.as_bytes()[start..].iter();
        let body = body.take_while(|b| b.is_ascii_alphanumeric() || b"+/=:,- \t\r\n".contains(b));
        let stop = start + body.count();
        let stop = text[start..stop]
            .find(DASHES)
            .map_or(stop, |closing| start + closing);
        let is_key = text[label..label + end].contains(PRIVATE) && stop - start > SHORTEST_KEY;
        is_key.then_some(start..stop)
    })
}

impl Alphabet {
    fn has(self, byte: u8) -> bool {
        match self {
            Alphanumeric => byte.is_ascii_alphanumeric(),
            Name => byte.is_ascii_alphanumeric() || b"-_".contains(&byte),
        }
    }
}
