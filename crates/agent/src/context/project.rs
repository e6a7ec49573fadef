//! What a project says about how to work in it: `AGENTS.md` (<https://agents.md>) and the names that
//! other agents gave the same thing.
//!
//! Every folder from the project's own (the one with `.git`) down to the working folder may have one;
//! the nearest counts most. They are read beneath the project, so no link leads out of it, and they
//! are told as the project's words in the user's role: whoever wrote a repository ranks below the
//! person who works in it.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use alipes_tools::Root;
use alipes_wire::Item;

/// The names, of which a folder's first counts.
const NAMES: [&str; 5] = [
    "AGENTS.md",
    "CLAUDE.md",
    ".hermes.md",
    "GEMINI.md",
    ".cursorrules",
];

/// The most that all of them together may take, in bytes: as much as the Codex CLI reads
/// (`project_doc_max_bytes`).
const MOST: u64 = 32 * 1024;

/// Less than this of a file is not worth its heading, in bytes.
const LEAST: u64 = 256;

/// The longest file that is read to its end, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// How far up a project's folder is looked for.
const DEEPEST: usize = 32;

const HEADING: &str = "\
The project's own notes for whoever works in it. They were read from its files, which the user \
has not repeated here: keep to them where they say how to work, and to what the user says first.";

/// What a project says, and where.
#[derive(Clone, Debug, Default)]
pub struct ProjectText {
    files: Vec<ProjectFile>,
    item: Option<Item>,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// How many of them were left out.
    pub left_out: u64,
}

impl ProjectText {
    /// Reads what there is for somebody who works in `folder`, an absolute path without links, but
    /// nothing of what is our `own` or lies where credentials do in somebody's `home`, and nothing that
    /// `is_hidden`. What cannot be read is not there.
    #[must_use]
    pub fn read(
        folder: &Path,
        own: impl IntoIterator<Item = PathBuf>,
        home: Option<&Path>,
        is_hidden: impl Fn(&Path) -> bool + Send + Sync + 'static,
    ) -> Self {
        let project = project(folder);
        let Ok(root) = Root::open(project) else {
            return Self::default();
        };
        let root = root.protecting(own).sparing_credentials(home);
        let root = root.hiding(is_hidden);
        let beneath = folder.strip_prefix(project).unwrap_or(Path::new(""));
        let (mut left, mut read) = (MOST, Vec::new());
        // From the nearest up: it has the first claim on the space.
        for below in beneath.ancestors() {
            if let Some((path, text, bytes)) = first_of(&root, below, left) {
                left -= text.kept.min(left);
                let file = ProjectFile {
                    path: project.join(&path),
                    bytes,
                    left_out: text.left_out,
                };
                read.push((path, text.shown, file));
            }
        }
        read.reverse();
        Self {
            item: told(&read),
            files: read.into_iter().map(|(_, _, file)| file).collect(),
        }
    }

    /// The files, the project's own folder first.
    #[must_use]
    pub fn files(&self) -> &[ProjectFile] {
        &self.files
    }

    pub(crate) fn item(&self) -> Option<&Item> {
        self.item.as_ref()
    }
}

/// As much of a file as there is room for.
struct Excerpt {
    shown: String,
    /// Bytes of the file that are in it.
    kept: u64,
    left_out: u64,
}

fn told(read: &[(PathBuf, String, ProjectFile)]) -> Option<Item> {
    if read.is_empty() {
        return None;
    }
    let mut text = HEADING.to_owned();
    for (path, content, _) in read {
        let _ = write!(
            text,
            "\n\n<file path=\"{}\">\n{}\n</file>",
            path.display(),
            content.trim()
        );
    }
    Some(Item::user(&text))
}

/// The folder of the project that `folder` belongs to: the nearest one up with `.git`, as far as all
/// of them have the same owner, or else `folder` itself. What somebody else has put further up, in
/// `/tmp` say, is not the user's project.
fn project(folder: &Path) -> &Path {
    let owner = owner(folder);
    folder
        .ancestors()
        .take(DEEPEST)
        .take_while(|above| self::owner(above) == owner)
        .find(|above| self::owner(&above.join(".git")).is_some_and(|of| Some(of) == owner))
        .unwrap_or(folder)
}

/// Who owns what lies there, if something does.
fn owner(path: &Path) -> Option<u32> {
    let metadata = std::fs::symlink_metadata(path).ok()?;
    #[cfg(unix)]
    let owner = std::os::unix::fs::MetadataExt::uid(&metadata);
    #[cfg(not(unix))]
    let owner = u32::from(metadata.is_symlink());
    Some(owner)
}

/// The first of the names that has something to say, and its size.
fn first_of(root: &Root, folder: &Path, most: u64) -> Option<(PathBuf, Excerpt, u64)> {
    NAMES.iter().find_map(|name| {
        let path = folder.join(name);
        let (mut file, bytes) = root.open_file(&path).ok()?;
        let mut content = Vec::new();
        file.by_ref().take(LONGEST).read_to_end(&mut content).ok()?;
        let text = String::from_utf8_lossy(&content);
        let excerpt = excerpt(text.trim(), most);
        (!excerpt.shown.is_empty()).then_some((path, excerpt, bytes))
    })
}

/// The whole, or three parts of the beginning and one of the end, or no more than that it is there: whoever
/// works here can read it.
fn excerpt(text: &str, most: u64) -> Excerpt {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    if most < usize::try_from(LEAST).unwrap_or(usize::MAX).min(text.len()) {
        return Excerpt {
            shown: format!(
                "[… all {} bytes of this file are left out here …]",
                text.len()
            ),
            kept: 0,
            left_out: text.len() as u64,
        };
    }
    if text.len() <= most {
        return Excerpt {
            shown: text.to_owned(),
            kept: text.len() as u64,
            left_out: 0,
        };
    }
    let head = &text[..text.floor_char_boundary(most / 4 * 3)];
    let tail = &text[text.ceil_char_boundary(text.len() - most / 4)..];
    let kept = head.len() + tail.len();
    let left_out = text.len() - kept;
    Excerpt {
        shown: format!("{head}\n[… {left_out} bytes of this file are left out here …]\n{tail}"),
        kept: kept as u64,
        left_out: left_out as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alipes_wire::ItemView;

    struct Project(tempfile::TempDir);

    impl Project {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            std::fs::create_dir_all(folder.path().join(".git")).unwrap();
            std::fs::create_dir_all(folder.path().join("a/b")).unwrap();
            Self(folder)
        }

        fn file(self, name: &str, text: &str) -> Self {
            std::fs::write(self.0.path().join(name), text).unwrap();
            self
        }

        fn read(&self, folder: &str) -> (Vec<String>, String) {
            let root = std::fs::canonicalize(self.0.path()).unwrap();
            let (own, hidden) = ([root.join("a/own")], root.join("a/b/GEMINI.md"));
            let text = ProjectText::read(&root.join(folder), own, None, move |path| path == hidden);
            let names = text.files().iter().map(|file| {
                let path = file.path.strip_prefix(&root).unwrap();
                path.display().to_string()
            });
            let said = text.item().map(|item| match item.view() {
                ItemView::Message { role, text, .. } => format!("{role}: {text}"),
                other => panic!("{other:?}"),
            });
            (names.collect(), said.unwrap_or_default())
        }
    }

    #[test]
    fn notes_are_read_from_the_project_down_to_the_working_folder() {
        let project = Project::new()
            .file("AGENTS.md", "top")
            .file("CLAUDE.md", "not this")
            .file("a/b/GEMINI.md", "hidden")
            .file("a/b/.cursorrules", "near");
        let (names, text) = project.read("a/b");
        assert_eq!(names, ["AGENTS.md", "a/b/.cursorrules"]);
        assert!(text.starts_with("user: The project's own notes"), "{text}");
        let order = [
            "path=\"AGENTS.md\"",
            "top",
            "path=\"a/b/.cursorrules\"",
            "near",
        ];
        assert!(order.map(|part| text.find(part)).is_sorted(), "{text}");
        assert!(order.iter().all(|part| text.contains(part)), "{text}");
        assert!(!text.contains("not this") && !text.contains("hidden"));
        assert_eq!(project.read("a").0, ["AGENTS.md"]);
    }

    #[test]
    fn without_notes_nothing_is_told_and_empty_ones_are_none() {
        let project = Project::new()
            .file("AGENTS.md", " \n")
            .file("CLAUDE.md", "x");
        assert_eq!(project.read("").0, ["CLAUDE.md"]);
        assert_eq!(Project::new().read("a/b"), (Vec::new(), String::new()));
    }

    #[test]
    fn all_of_them_together_are_bounded_and_the_nearest_has_the_first_claim() {
        let project = Project::new()
            .file("AGENTS.md", &format!("begin {} end", "é".repeat(40_000)))
            .file("a/AGENTS.md", &"n".repeat(20_000));
        let (names, text) = project.read("a");
        assert_eq!(names, ["AGENTS.md", "a/AGENTS.md"]);
        assert!(text.len() < 34 * 1024, "{}", text.len());
        assert!(text.contains(&"n".repeat(20_000)));
        assert!(text.contains("begin") && text.contains(" end"));
        assert!(text.contains("bytes of this file are left out here"));
    }

    #[test]
    fn notes_that_find_no_room_are_named_as_left_out() {
        let project = Project::new()
            .file("AGENTS.md", "short")
            .file("a/AGENTS.md", &"m".repeat(300))
            .file("a/b/CLAUDE.md", &"n".repeat(60_000));
        let root = std::fs::canonicalize(project.0.path()).unwrap();
        let text = ProjectText::read(&root.join("a/b"), [], None, |_| false);
        let left_out = text.files().iter().map(|file| file.left_out);
        let left_out: Vec<u64> = left_out.collect();
        assert_eq!(left_out, [5, 300, 60_000 - MOST]);
        let (_, told) = project.read("a/b");
        assert!(
            told.contains("all 300 bytes of this file are left out"),
            "{told}"
        );
        assert!(!told.contains("short") && !told.contains("mmm"));
    }

    #[cfg(unix)]
    #[test]
    fn no_link_leads_out_of_the_project_and_no_fifo_hangs_it() {
        let elsewhere = tempfile::tempdir().unwrap();
        std::fs::write(elsewhere.path().join("secret"), "secret").unwrap();
        let project = Project::new().file("CLAUDE.md", "inside");
        let link = |from: &str, to: &Path| {
            std::os::unix::fs::symlink(to, project.0.path().join(from)).unwrap();
        };
        link("a/AGENTS.md", &elsewhere.path().join("secret"));
        link("AGENTS.md", Path::new("CLAUDE.md"));
        let (names, text) = project.read("a");
        assert_eq!(names, ["AGENTS.md"]);
        assert!(
            text.contains("inside") && !text.contains("secret"),
            "{text}"
        );
    }
}
