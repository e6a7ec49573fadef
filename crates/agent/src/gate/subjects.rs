//! What a call is about, made comparable with rules: where its paths really lead, what its command
//! really runs.

use std::path::{Component, Path, PathBuf};

use alipes_tools::{Root, Subject};

use super::Because;
use super::rule::{Rule, Verdict, What};
use super::words::{self, ShellSyntax};

/// One thing that a call is about. Each must be allowed.
pub(super) enum Facet {
    Nothing,
    Path(Place),
    Command(Result<Vec<String>, ShellSyntax>),
    /// A line for a program that runs already.
    Input(Result<Vec<String>, ShellSyntax>),
    Host(String),
    /// Whatever host a program likes.
    AnyHost,
}

/// A path as it was named, and where it leads. A link may be swapped between this look and the tool's
/// own, so what really must not be reached is seen to by the tool and by the sandbox.
pub(super) struct Place {
    named: PathBuf,
    pub(super) real: PathBuf,
    root: PathBuf,
}

/// What a rule has to say about a facet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    Nothing,
    /// The verdict.
    This(Verdict),
    /// It forbids or asks, and whether the call is about that cannot be told.
    Perhaps,
}

/// The facets of a call, at least one.
pub(super) fn facets(subject: Subject, root: &Root) -> Vec<Facet> {
    let paths = subject
        .paths
        .iter()
        .map(|path| Place::of(path, root.path()));
    let command = subject.command.map(|line| words::plain(&line));
    let input = subject.input.as_deref().map(written);
    let hosts = subject
        .hosts
        .into_iter()
        .map(|host| host.to_ascii_lowercase());
    let mut facets: Vec<Facet> = paths.map(Facet::Path).collect();
    facets.extend(command.map(Facet::Command));
    facets.extend(input.into_iter().flatten().map(Facet::Input));
    facets.extend(hosts.map(Facet::Host));
    if facets.is_empty() {
        facets.push(Facet::Nothing);
    }
    facets
}

/// The lines that a program will read. One that is not ended may become any other by what is written next.
fn written(text: &str) -> impl Iterator<Item = Result<Vec<String>, ShellSyntax>> + '_ {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let is_open = !text.ends_with('\n');
    lines
        .map(words::plain)
        .chain(is_open.then_some(Err(ShellSyntax)))
}

impl Facet {
    /// A path that is known to be where it says.
    pub(super) fn of_real_path(path: &Path, root: &Path) -> Self {
        Self::Path(Place {
            named: path.to_owned(),
            real: path.to_owned(),
            root: root.to_owned(),
        })
    }

    /// Why a rule can only ask about it.
    pub(super) fn doubt(&self, rule: &Rule) -> Because {
        match self {
            Self::AnyHost => Because::AnyHost(rule.to_string()),
            _ => Because::ShellSyntax(rule.to_string()),
        }
    }

    pub(super) fn compared_with(&self, rule: &Rule) -> Says {
        let applies = match (&rule.what, self) {
            (What::Anything, _) => true,
            (
                What::Path {
                    globs, is_absolute, ..
                },
                Self::Path(place),
            ) => {
                let is_match = |path: &Path| match is_absolute {
                    true => globs.is_match(path),
                    false => place.beneath(path).is_some_and(|path| globs.is_match(path)),
                };
                // A name that leads elsewhere allows nothing; to forbid, it is enough.
                is_match(&place.real) || (rule.verdict != Verdict::Allow && is_match(&place.named))
            }
            // Of what another program makes of its words nobody has said that it is well.
            (What::Command(_), Self::Input(_)) if rule.verdict == Verdict::Allow => false,
            (What::Command(prefix), Self::Command(line) | Self::Input(line)) => {
                return match line {
                    Ok(line) => of_command(prefix, line, rule.verdict),
                    Err(ShellSyntax) if rule.verdict == Verdict::Allow => Says::Nothing,
                    Err(ShellSyntax) => Says::Perhaps,
                };
            }
            (What::Host(pattern), Self::Host(host)) => match pattern.strip_prefix("*.") {
                Some(parent) => host
                    .strip_suffix(parent)
                    .is_some_and(|sub| sub.ends_with('.')),
                None => host == pattern,
            },
            // Which it will be cannot be told, and a rule that allows one host allows no other.
            (What::Host(_), Self::AnyHost) if rule.verdict != Verdict::Allow => {
                return Says::Perhaps;
            }
            _ => false,
        };
        match applies {
            true => Says::This(rule.verdict),
            false => Says::Nothing,
        }
    }
}

/// A prefix allows what is written as it is; it forbids by the program's name too, wherever that lies,
/// and behind a program that only runs another.
fn of_command(prefix: &[String], line: &[String], verdict: Verdict) -> Says {
    if line.starts_with(prefix) {
        return Says::This(verdict);
    }
    if verdict == Verdict::Allow {
        return Says::Nothing;
    }
    let named = |words: &[String]| {
        let program = words.first().map(|program| base_name(program));
        program == prefix.first().map(String::as_str) && words[1..].starts_with(&prefix[1..])
    };
    let starts = 0..line.len();
    match starts.into_iter().any(|start| named(&line[start..])) {
        // A later word may be the program, or only look like it.
        true if named(line) => Says::This(verdict),
        true => Says::Perhaps,
        // A word that is a command line of its own (`sh -c`).
        false
            if line.iter().any(|word| word.contains(char::is_whitespace)) && runs_others(line) =>
        {
            Says::Perhaps
        }
        false => Says::Nothing,
    }
}

/// Programs whose arguments are programs: what they run cannot be told from their name.
const RUNNERS: [&str; 34] = [
    "ash", "awk", "bash", "busybox", "chroot", "command", "dash", "doas", "env", "eval", "exec",
    "find", "fish", "ionice", "ksh", "nice", "node", "nohup", "parallel", "perl", "php", "python",
    "python3", "ruby", "script", "setsid", "sh", "ssh", "stdbuf", "su", "sudo", "timeout", "xargs",
    "zsh",
];

/// Whether a command's program runs whatever its arguments say.
pub(super) fn runs_others(line: &[String]) -> bool {
    let program = line.first().map(|program| base_name(program));
    program.is_some_and(|program| RUNNERS.contains(&program))
}

fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

impl Place {
    fn of(named: &str, root: &Path) -> Self {
        let named = without_dots(&root.join(named));
        let real = real(&named).unwrap_or_else(|| named.clone());
        Self {
            named,
            real,
            root: root.to_owned(),
        }
    }

    /// The path relative to the root; none if it is not beneath it.
    fn beneath<'p>(&self, path: &'p Path) -> Option<&'p Path> {
        path.strip_prefix(&self.root).ok()
    }
}

/// Where a path leads, links followed; what does not exist yet will stand in its folder.
fn real(path: &Path) -> Option<PathBuf> {
    match std::fs::canonicalize(path) {
        Ok(real) => Some(real),
        Err(_missing) => Some(real(path.parent()?)?.join(path.file_name()?)),
    }
}

fn without_dots(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut path, part| {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                path.pop();
            }
            part => path.push(part),
        }
        path
    })
}
