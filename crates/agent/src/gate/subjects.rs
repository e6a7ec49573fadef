//! What a call is about, made comparable with rules: where its paths really lead, what its command
//! really runs.

use std::path::{Component, Path, PathBuf};

use alipes_tools::{Root, Subject};

use super::Because;
use super::rule::{Line, Rule, Verdict, What};
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
            (What::Command(named), Self::Command(line) | Self::Input(line)) => {
                return match line {
                    Ok(line) => of_command(named, line, rule.verdict),
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

/// A rule allows what is written as it is; it forbids by the program's name too, wherever that lies.
/// Behind another program, with options in between and within a word it may be meant, or only look so.
fn of_command(named: &Line, line: &[String], verdict: Verdict) -> Says {
    if named.is(line) {
        return Says::This(verdict);
    }
    if verdict == Verdict::Allow {
        return Says::Nothing;
    }
    let program = |words: &[String]| words.first().map(|word| base_name(word).to_owned());
    if program(line) == program(&named.words) && named.ends_like(&line[1..]) {
        return Says::This(verdict);
    }
    let is_doubtful =
        |word: &String| word.contains(|c: char| c.is_whitespace() || SYNTAX.contains(c));
    match named.may_be_in(line)
        || line.iter().any(|word| named.may_be_in(&words_in(word)))
        || runs_others(line) && line.iter().any(is_doubtful)
    {
        true => Says::Perhaps,
        false => Says::Nothing,
    }
}

impl Line {
    /// Whether a command is this one, as it is written.
    fn is(&self, line: &[String]) -> bool {
        match self.is_exact {
            true => line == self.words,
            false => line.starts_with(&self.words),
        }
    }

    /// Whether what follows the program is what follows it here.
    fn ends_like(&self, arguments: &[String]) -> bool {
        match self.is_exact {
            true => *arguments == self.words[1..],
            false => arguments.starts_with(&self.words[1..]),
        }
    }

    /// Whether these words stand anywhere in the order that they have here, with nothing but options and
    /// their values between them.
    fn may_be_in(&self, line: &[String]) -> bool {
        let program = base_name(&self.words[0]);
        // `RUN=git` may be read as the program, too.
        let is_program = |word: &str| word.rsplit(['/', '=']).next() == Some(program);
        let mut starts = 0..line.len();
        starts.any(|start| is_program(&line[start]) && self.may_follow(&line[start + 1..]))
    }

    fn may_follow(&self, arguments: &[String]) -> bool {
        let mut sought = self.words[1..].iter();
        let mut next = sought.next();
        let mut is_value = false;
        for word in arguments {
            let Some(wanted) = next else {
                return !self.is_exact;
            };
            let is_option = word.starts_with(['-', '+']);
            if word == wanted {
                next = sought.next();
            } else if !is_option && !is_value {
                return false;
            }
            is_value = is_option;
        }
        next.is_none()
    }
}

/// What another program may take for words of a command line in one word of ours.
fn words_in(word: &str) -> Vec<String> {
    let is_of_a_word = |c: char| c.is_alphanumeric() || "-_./+:=@,%~".contains(c);
    let words = word.split(|c| !is_of_a_word(c));
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// What a shell reads as more than a letter, in a word that it is given.
const SYNTAX: &str = "$`;|&(){}<>";

/// Programs whose arguments are programs: what they run cannot be told from their name.
const RUNNERS: [&str; 33] = [
    "ash", "awk", "bash", "busybox", "chroot", "command", "dash", "doas", "env", "eval", "exec",
    "find", "fish", "ionice", "ksh", "nice", "node", "nohup", "parallel", "perl", "php", "python",
    "ruby", "script", "setsid", "sh", "ssh", "stdbuf", "su", "sudo", "timeout", "xargs", "zsh",
];

/// Whether a command's program runs whatever its arguments say, in any version (`python3.11`).
pub(super) fn runs_others(line: &[String]) -> bool {
    let is_version = |c: char| c.is_ascii_digit() || c == '.';
    let program = line
        .first()
        .map(|program| base_name(program).trim_end_matches(is_version));
    program.is_some_and(|program| RUNNERS.contains(&program))
}

fn base_name(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

impl Place {
    fn of(named: &str, root: &Path) -> Self {
        let written = root.join(named);
        let named = without_dots(&written);
        // What lies behind a link is known only where it leads, so no dot goes before that.
        let real = real(&written).unwrap_or_else(|| named.clone());
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
    if let Ok(real) = std::fs::canonicalize(path) {
        return Some(real);
    }
    let mut parts = path.components();
    let last = parts.next_back()?;
    let folder = real(parts.as_path())?;
    match last {
        Component::ParentDir => Some(folder.parent()?.to_owned()),
        last => Some(folder.join(last)),
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
