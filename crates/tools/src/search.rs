//! `search`: lines that match a pattern, with ripgrep's own crates.
//!
//! The pattern comes from a model, so its compiled size is bounded; matching takes time linear in
//! the text whatever the pattern, and linear in the pattern, too. So a search looks at the time within
//! a file as well ([`Bounded`]). Files are opened beneath the root, never by their path.

use std::io::{self, Read as _};
use std::path::Path;

use alipes_base::Redactor;
use grep_matcher::Matcher as _;
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder, Sink, SinkMatch};
use ignore::overrides::{Override, OverrideBuilder};
use serde_json::{Value, json};

use crate::bounded::{Bounded, LINE_BYTES};
use crate::disk::{Watch, on_disk};
use crate::frame::Work;
use crate::input::{Input, peek};
use crate::page::Page;
use crate::walk::Walk;
use crate::{Context, Effect, Output, Root, ToolError, ToolSpec, cut, text};

/// Most matching lines shown.
const MATCHES: u64 = 200;

/// Most characters shown of a line.
const LINE_CHARS: usize = 300;

/// A match that begins further in than this is shown without what stands before it.
const LEAD_BYTES: usize = 100;

/// Larger files are passed over.
const FILE_BYTES: u64 = 16 * 1024 * 1024;

/// Levels below the folder that is searched.
const DEPTH: usize = 100;

/// Longest pattern, and largest compiled one, in bytes.
const PATTERN_BYTES: usize = 4 * 1024;
const COMPILED_BYTES: usize = 1024 * 1024;

/// Longest reason why a pattern is no good, in characters.
const REASON_CHARS: usize = 400;

/// The tool.
pub(crate) struct Search;

impl Work for Search {
    const EFFECT: Effect = Effect::Reads;

    fn spec() -> ToolSpec {
        ToolSpec {
            name: "search",
            description: "Search file contents by line; gives `path:line: text`, at most 200 lines. \
                Skips hidden, .gitignore'd and binary files and those over 16 MiB.",
            parameters: json!({
                "type": "object",
                "properties": {
                    "pattern": {"type": "string", "description": "Rust regex, no look-around"},
                    "path": {"type": "string", "description": "folder or file; default: the working folder"},
                    "glob": {"type": "string", "description": "only such files: *.rs, src/**/*.md; !x leaves x out"},
                    "literal": {"type": "boolean", "description": "pattern is plain text"},
                    "ignore_case": {"type": "boolean"}
                },
                "required": ["pattern"],
                "additionalProperties": false
            }),
        }
    }

    fn summary(input: &Value) -> String {
        let pattern = peek(input, "pattern").unwrap_or("?");
        let path = peek(input, "path").unwrap_or(".");
        format!("search \"{pattern}\" in {path}")
    }

    async fn run(mut input: Input, context: &Context) -> Result<Output, ToolError> {
        let matcher = matcher(&mut input)?;
        let globs = globs(&mut input)?;
        let path = input.optional_text("path")?.unwrap_or_default();
        let context = &*context.reading(&path);
        let redactor = context.redactor.clone();
        on_disk(
            context,
            "narrow the path, glob or pattern",
            move |root, watch| {
                let path = root.relative(&path)?;
                search(root, (watch, &redactor), &path, globs, matcher)
            },
        )
        .await
    }
}

/// The compiled pattern.
fn matcher(input: &mut Input) -> Result<RegexMatcher, ToolError> {
    let pattern = input.text("pattern")?;
    if pattern.is_empty() || pattern.len() > PATTERN_BYTES {
        return Err(input.bad(format!("`pattern` must have 1 to {PATTERN_BYTES} bytes")));
    }
    RegexMatcherBuilder::new()
        .fixed_strings(input.flag("literal")?)
        .case_insensitive(input.flag("ignore_case")?)
        .line_terminator(Some(b'\n'))
        .size_limit(COMPILED_BYTES)
        .dfa_size_limit(COMPILED_BYTES)
        .build(&pattern)
        .map_err(|error| input.bad(format!("`pattern` is no good: {}", reason(&error))))
}

/// Which files are searched, in gitignore's own syntax.
fn globs(input: &mut Input) -> Result<Override, ToolError> {
    let Some(glob) = input.optional_text("glob")? else {
        return Ok(Override::empty());
    };
    let mut builder = OverrideBuilder::new("");
    builder
        .add(&glob)
        .and_then(|builder| builder.build())
        .map_err(|error| input.bad(format!("`glob` is no good: {}", reason(&error))))
}

/// An error of several lines as one.
fn reason(error: &dyn std::error::Error) -> String {
    let words: Vec<_> = error
        .to_string()
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    text::one_line(&words.join(" "), REASON_CHARS)
}

fn search(
    root: &Root,
    (watch, redactor): (&Watch, &Redactor),
    path: &Path,
    globs: Override,
    matcher: RegexMatcher,
) -> Result<Output, ToolError> {
    let mut hunt = Hunt::new(root, watch, redactor, matcher);
    if root.metadata(path)?.is_dir() {
        let base = root.resolve(path)?;
        let mut walk = Walk::new(root, watch, &base, DEPTH, globs)?;
        for entry in walk.by_ref().filter(|entry| entry.file_type.is_file()) {
            // One file that cannot be read must not end the search of the others.
            if hunt.look_into(&entry.path).is_err() {
                hunt.unread += 1;
            }
            if hunt.is_full || hunt.is_stopped {
                break;
            }
        }
        let why = hunt.is_stopped.then(|| watch.why());
        let notes = walk.notes().into_iter();
        let notes = notes.filter(|note| why.as_ref() != Some(note));
        notes.for_each(|note| hunt.page.note(note));
    } else {
        hunt.look_into(path)?;
    }
    if hunt.is_stopped {
        hunt.page.note(watch.why());
    }
    Ok(hunt.finish())
}

/// A search under way.
struct Hunt<'a> {
    root: &'a Root,
    watch: &'a Watch,
    redactor: &'a Redactor,
    matcher: RegexMatcher,
    searcher: Searcher,
    page: Page,
    found: u64,
    is_full: bool,
    /// In the middle of a file.
    is_stopped: bool,
    searched: u64,
    cut_lines: u64,
    too_large: u64,
    unread: u64,
}

impl<'a> Hunt<'a> {
    fn new(
        root: &'a Root,
        watch: &'a Watch,
        redactor: &'a Redactor,
        matcher: RegexMatcher,
    ) -> Self {
        Self {
            root,
            watch,
            redactor,
            matcher,
            searcher: SearcherBuilder::new()
                .line_number(true)
                .binary_detection(BinaryDetection::quit(0))
                .build(),
            page: Page::default(),
            found: 0,
            is_full: false,
            is_stopped: false,
            searched: 0,
            cut_lines: 0,
            too_large: 0,
            unread: 0,
        }
    }

    fn look_into(&mut self, path: &Path) -> Result<(), ToolError> {
        let (file, size) = self.root.open_file(path)?;
        if size > FILE_BYTES {
            self.too_large += 1;
            return Ok(());
        }
        self.searched += 1;
        let mut matches = Matches {
            matcher: &self.matcher,
            redactor: self.redactor,
            path: text::path(path),
            page: &mut self.page,
            found: &mut self.found,
            is_full: &mut self.is_full,
        };
        // The size may be a lie (`/proc`) or grow meanwhile.
        let mut text = Bounded::new(file.take(FILE_BYTES), self.watch);
        let done = self
            .searcher
            .search_reader(&self.matcher, &mut text, &mut matches);
        self.cut_lines += text.cut_lines();
        self.is_stopped = done.is_err() && self.watch.is_over();
        match done {
            Err(_) if self.is_stopped => Ok(()),
            done => done.map_err(|source| ToolError::from_io("search", path, source)),
        }
    }

    fn finish(mut self) -> Output {
        if self.is_full {
            let lines = text::counted(self.found, "matching line");
            self.page.note(format!(
                "stopped after {lines}; narrow the pattern, path or glob"
            ));
        }
        if self.too_large > 0 {
            let mib = FILE_BYTES / 1024 / 1024;
            let files = text::counted(self.too_large, "file");
            self.page.note(format!("{files} over {mib} MiB skipped"));
        }
        if self.cut_lines > 0 {
            let (kib, lines) = (LINE_BYTES / 1024, text::counted(self.cut_lines, "line"));
            self.page
                .note(format!("only the first {kib} KiB of {lines} searched"));
        }
        if self.unread > 0 {
            let files = text::counted(self.unread, "file");
            self.page.note(format!("{files} could not be read"));
        }
        let lines = text::counted(self.found, "matching line");
        let files = text::counted(self.searched, "file");
        self.page.finish(&format!("{lines} in {files} searched"))
    }
}

/// Takes the matching lines of one file.
struct Matches<'a> {
    matcher: &'a RegexMatcher,
    redactor: &'a Redactor,
    path: String,
    page: &'a mut Page,
    found: &'a mut u64,
    is_full: &'a mut bool,
}

impl Sink for Matches<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> Result<bool, io::Error> {
        let line = found.bytes();
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let start = match self.matcher.find(line) {
            Ok(Some(place)) => place.start(),
            Ok(None) | Err(_) => 0,
        };
        let number = found.line_number().unwrap_or_default();
        let shown = excerpt(line, start, self.redactor);
        let shown = format!("{}:{number}: {shown}", self.path);
        // The match that finds no room tells that there are more than are shown.
        *self.is_full = *self.found == MATCHES || !self.page.push(&shown);
        *self.found += u64::from(!*self.is_full);
        Ok(!*self.is_full)
    }
}

/// The part of a line around its match. What is cut off takes no part of a secret.
fn excerpt(line: &[u8], start: usize, redactor: &Redactor) -> String {
    let mut from = if start > 2 * LEAD_BYTES {
        start - LEAD_BYTES
    } else {
        0
    };
    // Not from within a character (UTF-8 continuation bytes are 10xxxxxx).
    while from > 0 && from < start && line[from] & 0b1100_0000 == 0b1000_0000 {
        from += 1;
    }
    from = cut::after(redactor, line, from);
    let end = cut::before(redactor, line, line.len().min(from + 4 * LINE_CHARS)).max(from);
    let text = text::plain(&String::from_utf8_lossy(&line[from..end]));
    let mut shown = if from > 0 {
        "…".to_owned()
    } else {
        String::new()
    };
    let text = text.trim_end();
    let most = text.char_indices().nth(LINE_CHARS).map(|(at, _)| at);
    let most = most.map_or(text.len(), |at| cut::before(redactor, text.as_bytes(), at));
    shown.push_str(&text[..most].replace('\n', " "));
    if most < text.len() || end < line.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_search_stops_in_the_middle_of_a_file_when_its_call_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let line = format!("{}\n", "ab".repeat(20_000));
        std::fs::write(folder.path().join("slow"), line.repeat(200)).unwrap();
        let context = Context::bare(Root::open(folder.path()).unwrap());
        // It is at many places of the pattern at once, for each byte.
        let matcher = RegexMatcherBuilder::new()
            .build("(?:[ab]*a[ab]{1500}b){3}c")
            .unwrap();
        let (started, mut has_started) = tokio::sync::mpsc::unbounded_channel();
        let (stopped, has_stopped) = std::sync::mpsc::channel();
        let call = on_disk(&context, "ask for less", move |root, watch| {
            let _ = started.send(());
            let redactor = Redactor::new();
            let (path, globs) = (Path::new("slow"), Override::empty());
            let output = search(root, (watch, &redactor), path, globs, matcher);
            let _ = stopped.send(output);
            Ok(())
        });
        tokio::select! {
            _ = call => unreachable!("it takes minutes"),
            _ = has_started.recv() => {}
        }
        let output = has_stopped.recv().unwrap().unwrap();
        assert!(output.text.contains("stopped early: "), "{}", output.text);
    }

    #[test]
    fn a_long_line_is_shown_around_its_match() {
        let line = format!("{}needle{}", "ü".repeat(5_000), "x".repeat(5_000));
        let shown = excerpt(line.as_bytes(), 10_000, &Redactor::new());
        assert!(shown.starts_with("…ü") && shown.contains("needle") && shown.ends_with("x…"));
        assert!(shown.chars().count() <= LINE_CHARS + 2);
        assert_eq!(excerpt(b"  short\r", 2, &Redactor::new()), "  short");
        assert_eq!(
            excerpt(b"two\rhalves\x1b[31m", 0, &Redactor::new()),
            "two halves"
        );
    }
}
