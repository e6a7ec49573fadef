//! Images that a prompt names by path: `@pic.png`, or a path as a terminal pastes it for a file that
//! was dropped on it. What a file is, its first bytes say; its name only makes it worth a look.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use alipes_tools::Root;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The largest image, in bytes: encoded, it is what providers take (Anthropic's Vision page: 5 MB).
const LARGEST: u64 = 3_750_000;

/// The most images of one prompt.
const MOST: usize = 8;

/// A longer prompt, in bytes, is a paste: the names in it are not meant.
const LONGEST: usize = 16 * 1024;

/// Names that are worth a look.
const ENDINGS: [&str; 5] = ["png", "jpg", "jpeg", "gif", "webp"];

/// How the kinds begin that every provider takes (PNG 5.2, JFIF, GIF89a, WebP container).
const KINDS: [(&[u8], &str); 4] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
];

/// What a prompt shows.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    /// As `data:` addresses (RFC 2397).
    pub(super) images: Vec<String>,
    /// What they are called.
    pub(super) names: Vec<String>,
    /// Why others are not shown, a line each.
    pub(super) remarks: Vec<String>,
}

/// The images that a prompt names, read from the root or from where their paths lead, but not what the
/// root hides. To be called where waiting for a disk does no harm.
pub(super) fn read(prompt: &str, root: &Root, home: Option<&Path>) -> Pictures {
    let mut pictures = Pictures::default();
    for Named { path, is_there } in named(prompt, root.path(), home) {
        let name = path.file_name().unwrap_or_default().display().to_string();
        if pictures.images.len() == MOST {
            let remark = format!("{name} is not shown: a prompt shows at most {MOST} images");
            pictures.remarks.push(remark);
            continue;
        }
        let image = match is_there {
            true => image(&path, root),
            false => Err("there is no such file".to_owned()),
        };
        match image {
            Ok(image) => {
                pictures.images.push(image);
                pictures.names.push(name);
            }
            Err(reason) => pictures
                .remarks
                .push(format!("{name} is not shown: {reason}")),
        }
    }
    pictures
}

/// Whether a prompt may name an image. No disk is asked.
pub(super) fn may_be_named(prompt: &str) -> bool {
    prompt.len() <= LONGEST && words(prompt).iter().any(|word| is_worth_a_look(word))
}

/// What the files are called that a prompt may name, each once. No disk is asked.
pub(crate) fn names(prompt: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in words(prompt).iter().filter(|word| is_worth_a_look(word)) {
        let name = Path::new(word).file_name().unwrap_or_default();
        let name = name.display().to_string();
        let name = name.strip_prefix('@').map_or(name.clone(), str::to_owned);
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// A file that a prompt names.
#[derive(PartialEq, Eq)]
struct Named {
    path: PathBuf,
    is_there: bool,
}

/// The files that are named, each once. One that is not there counts if a sign says that it was meant.
fn named(prompt: &str, folder: &Path, home: Option<&Path>) -> Vec<Named> {
    let mut found: Vec<Named> = Vec::new();
    let words = if prompt.len() <= LONGEST {
        words(prompt)
    } else {
        Vec::new()
    };
    for word in words.iter().filter(|word| is_worth_a_look(word)) {
        let (marked, word) = match word.strip_prefix('@') {
            Some(rest) => (true, rest),
            None => (false, word.as_str()),
        };
        let address = file_address(word);
        let path = match (&address, word.strip_prefix("~/"), home) {
            (Some(path), ..) => path.clone(),
            (None, Some(rest), Some(home)) => home.join(rest),
            _ => folder.join(word),
        };
        let is_meant = marked || address.is_some();
        // Asked before opening: opening a FIFO would wait for its writer.
        let is_there = path.is_file();
        let named = Named { path, is_there };
        if (is_there || is_meant) && !found.contains(&named) {
            found.push(named);
        }
    }
    found
}

/// The path of a `file:` address that names this machine (RFC 8089, section 2).
fn file_address(word: &str) -> Option<PathBuf> {
    let rest = word.strip_prefix("file://")?;
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    Some(PathBuf::from(percent_decoded(path)))
}

/// A text with its escapes undone (RFC 3986, section 2.1); what is no escape stays as it is.
fn percent_decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        let digits = digits.filter(|digits| !digits.starts_with('+'));
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).unwrap_or_else(|_not_text| text.to_owned())
}

fn is_worth_a_look(word: &str) -> bool {
    let ending = Path::new(word)
        .extension()
        .and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| {
        ENDINGS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(ending))
    })
}

/// The words of a text as a shell takes them: quotes and backslashes keep what is a name together.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', None) => word.extend(chars.next()),
            ('\'' | '"' | '`', None) if word.is_empty() || word == "@" => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (c, None) if c.is_whitespace() => words.push(std::mem::take(&mut word)),
            // A quote that is never closed is an apostrophe; a name has no line end.
            ('\n', Some(_)) => {
                quote = None;
                words.push(std::mem::take(&mut word));
            }
            (c, _) => word.push(c),
        }
    }
    words.push(word);
    let words = words.iter().map(|word| bare(word));
    words.filter(|word| !word.is_empty()).collect()
}

/// A word without what a sentence puts around it.
fn bare(word: &str) -> String {
    let mut word = word.trim_end_matches(|c| ".,;:?!)]}>`".contains(c));
    for (open, close) in [('(', ')'), ('[', ']'), ('{', '}'), ('<', '>'), ('`', '`')] {
        // Where its partner follows, it is part of the name.
        if let Some(rest) = word.strip_prefix(open).filter(|rest| !rest.contains(close)) {
            word = rest;
        }
    }
    word.to_owned()
}

fn image(path: &Path, root: &Root) -> Result<String, String> {
    let real = path.canonicalize().map_err(|error| error.to_string())?;
    if !root.shows(&real) {
        return Err("your rules keep it from the model".to_owned());
    }
    let bytes = bytes(&real).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LARGEST {
        let most = LARGEST / 1_000;
        return Err(format!("it is larger than {most} kB; make it smaller"));
    }
    match kind(&bytes) {
        Some(kind) => Ok(format!("data:{kind};base64,{}", STANDARD.encode(bytes))),
        None => Err("it is no PNG, JPEG, GIF or WebP".to_owned()),
    }
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn kind(bytes: &[u8]) -> Option<&'static str> {
    let found = KINDS.iter().find(|(begins, _)| bytes.starts_with(begins));
    let (_, kind) = found?;
    let is_webp = bytes.get(8..12) == Some(b"WEBP".as_slice());
    (*kind != "image/webp" || is_webp).then_some(*kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

    #[test]
    fn an_image_is_found_however_its_path_was_put_in() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.png", "two words.png", "it's.png"] {
            std::fs::write(folder.path().join(name), PNG).unwrap();
        }
        let whole = folder.path().join("a.png");
        let whole = whole.to_str().unwrap();
        let folded = folder.path().join("(new)");
        std::fs::create_dir(&folded).unwrap();
        std::fs::write(folded.join("a.png"), PNG).unwrap();
        let beside = whole.replace("a.png", "two%20words.png");
        let address = format!("file://{whole} file://localhost{beside}");
        let home = Some(folder.path());
        let root = Root::open(folder.path()).unwrap();
        for (prompt, count) in [
            ("what is @a.png?", 1),
            ("look at a.png, please", 1),
            ("@a.png and a.png and ~/a.png", 1),
            (r"two\ words.png", 1),
            ("'two words.png' \"a.png\"", 2),
            (r"it\'s.png", 1),
            ("what's it? don't look at no.png", 0),
            (whole, 1),
            (&address, 2),
            ("Describe a.png.", 1),
            ("compare [a.png], `two words.png` and (<it's.png>).", 3),
            ("(new)/a.png", 1),
            ("a.txt", 0),
        ] {
            let pictures = read(prompt, &root, home);
            assert_eq!(pictures.images.len(), count, "{prompt}: {pictures:?}");
            assert!(pictures.remarks.is_empty(), "{prompt}: {pictures:?}");
        }
    }

    #[test]
    fn what_is_no_image_or_too_large_is_said_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file =
            |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
        file("text.png", b"hello");
        file("sound.webp", b"RIFF1234WAVE");
        file(
            "large.gif",
            &[b"GIF89a".as_slice(), &vec![0; 4_000_000]].concat(),
        );
        file("right.jpg", b"\xff\xd8\xff\xe0");
        file("secret.png", PNG);
        let root = Root::open(folder.path()).unwrap();
        let root = root.hiding(|path| path.ends_with("secret.png"));
        let names = "text.png sound.webp large.gif right.jpg secret.png";
        let pictures = read(names, &root, None);
        assert_eq!(pictures.images.len(), 1);
        let remarks = pictures.remarks.join("\n");
        for (name, reason) in [
            ("text.png", "no PNG"),
            ("sound.webp", "no PNG"),
            ("large.gif", "larger"),
            ("secret.png", "your rules"),
        ] {
            let line = remarks.lines().find(|line| line.starts_with(name)).unwrap();
            assert!(line.contains(reason), "{line}");
        }
    }

    #[test]
    fn an_image_that_was_meant_and_is_not_there_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::open(folder.path()).unwrap();
        for prompt in ["@gone.png", "file:///nowhere/gone.png."] {
            let pictures = read(prompt, &root, None);
            let expected = "gone.png is not shown: there is no such file";
            assert_eq!(pictures.remarks, [expected], "{prompt}");
        }
        assert_eq!(percent_decoded("100% %zz %+1 %41"), "100% %zz %+1 A");
    }

    #[test]
    fn no_prompt_shows_more_images_than_a_request_can_carry() {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<String> = (0..9).map(|n| format!("{n}.png")).collect();
        for name in &names {
            std::fs::write(folder.path().join(name), PNG).unwrap();
        }
        let pictures = read(&names.join(" "), &Root::open(folder.path()).unwrap(), None);
        assert_eq!((pictures.images.len(), pictures.remarks.len()), (8, 1));
    }
}
