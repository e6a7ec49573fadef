//! What no rule, no flag and no approval opens: calls that end a machine, or what protects the person
//! from this program.
//!
//! A net for accidents, read tolerantly: what is meant to slip through it can. The wall is the sandbox.

use std::path::{Path, PathBuf};

use alipes_tools::{Effect, Subject};

use super::subjects::{Facet, facets, runs_others};

/// Devices that are no more than a stream.
const STREAMS: [&str; 11] = [
    "fd", "full", "null", "ptmx", "pts", "random", "stderr", "stdin", "stdout", "tty", "urandom",
];

/// Folders without which nothing starts or nobody has anything.
const VITAL: [&str; 16] = [
    "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/lib64", "/opt", "/proc", "/root",
    "/sbin", "/sys", "/usr", "/var", "~",
];

/// Programs that make a disk empty.
const FORMATTERS: [&str; 6] = ["blkdiscard", "mke2fs", "mkfs", "mkswap", "sgdisk", "wipefs"];

/// Programs that write to what they are told.
const WRITERS: [&str; 8] = [
    "cp", "dd", "install", "mv", "sed", "shred", "tee", "truncate",
];

/// How deep command lines within command lines are read.
const DEPTH: usize = 4;

/// What a call would do that nothing allows; `own` is where the program's own settings and keys are.
pub(super) fn why(
    effect: Effect,
    subject: &Subject,
    root: &alipes_tools::Root,
    own: &[PathBuf],
) -> Option<&'static str> {
    let is_own = |path: &Path| own.iter().any(|own| path.starts_with(own));
    if effect != Effect::Reads {
        for facet in facets(subject.clone(), root) {
            if let Facet::Path(place) = facet {
                if is_own(&place.real) {
                    return Some("it would write to alipes' own settings or keys");
                }
                if is_device(&place.real.to_string_lossy()) {
                    return Some("it would write to a device");
                }
            }
        }
    }
    let mut lines = [&subject.command, &subject.input].into_iter().flatten();
    lines.find_map(
        |line| match own.iter().any(|own| names(line, &own.to_string_lossy())) {
            true => Some("it names alipes' own settings or keys"),
            false => of_line(line, DEPTH),
        },
    )
}

/// Whether a line holds a path, and not only one that begins like it.
fn names(line: &str, path: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let mut ends = line
        .match_indices(path)
        .map(|(at, _)| &line[at + path.len()..]);
    ends.any(|rest| !rest.starts_with(goes_on))
}

fn of_line(line: &str, depth: usize) -> Option<&'static str> {
    if is_fork_bomb(line) {
        return Some("it would start processes without end");
    }
    commands(line).iter().find_map(|words| {
        let inner = || {
            let lines = words
                .iter()
                .filter(|word| word.contains(char::is_whitespace));
            let mut lines = lines.filter(|_| depth > 0 && runs_others(words));
            lines.find_map(|line| of_line(line, depth - 1))
        };
        // What a command that runs others runs may begin at any word.
        let starts = match runs_others(words) {
            true => words.len(),
            false => 1,
        };
        (0..starts)
            .find_map(|start| of_command(&words[start..]))
            .or_else(inner)
    })
}

fn of_command(words: &[String]) -> Option<&'static str> {
    let (program, arguments) = words.split_first()?;
    let program = program.rsplit('/').next().unwrap_or(program);
    let family = program.split('.').next().unwrap_or(program);
    let has = |short: char, long: &str| {
        arguments.iter().any(|word| {
            word == long
                || (word.starts_with('-') && !word.starts_with("--") && word.contains(short))
        })
    };
    let is_deep = has('r', "--recursive") || has('R', "--recursive");
    let changes_deep = ["chgrp", "chmod", "chown", "rm"].contains(&program) && is_deep;
    if changes_deep && arguments.iter().any(|word| is_vital(word)) {
        return Some("it would take a whole system or home apart");
    }
    if changes_deep && arguments.iter().any(|word| word == "--no-preserve-root") {
        return Some("it would take a whole system apart");
    }
    if FORMATTERS.contains(&family) {
        return Some("it would make a disk empty");
    }
    let target = |word: &String| is_device(word.strip_prefix("of=").unwrap_or(word));
    let redirected = words
        .windows(2)
        .any(|pair| pair[0] == ">" && target(&pair[1]));
    if redirected || (WRITERS.contains(&program) && arguments.iter().any(target)) {
        return Some("it would write to a device");
    }
    None
}

fn is_vital(word: &str) -> bool {
    let word = word.replace("${HOME}", "~").replace("$HOME", "~");
    if !word.starts_with(['/', '~']) {
        return false;
    }
    let word = word.trim_end_matches(['/', '*', '.']);
    let squeezed: Vec<&str> = word.split('/').filter(|part| !part.is_empty()).collect();
    let place = match word.starts_with('~') {
        true => squeezed.join("/"),
        false => format!("/{}", squeezed.join("/")),
    };
    VITAL.contains(&place.as_str())
}

fn is_device(word: &str) -> bool {
    word.strip_prefix("/dev/").is_some_and(|name| {
        let first = name.split('/').next().unwrap_or_default();
        !STREAMS.contains(&first) && first != "shm" && first != "zero"
    })
}

/// `:(){ :|:& };:` by any name.
fn is_fork_bomb(line: &str) -> bool {
    let squeezed: String = line.chars().filter(|c| !c.is_whitespace()).collect();
    squeezed.match_indices("(){").any(|(at, found)| {
        let before = squeezed[..at]
            .strip_suffix("function")
            .unwrap_or(&squeezed[..at]);
        let name: String = before
            .chars()
            .rev()
            .take_while(|c| c.is_alphanumeric() || "_:.".contains(*c))
            .collect();
        let name: String = name.chars().rev().collect();
        let body = &squeezed[at + found.len()..];
        !name.is_empty() && body.contains(&format!("{name}|{name}"))
    })
}

/// The commands of a line, roughly: words without quotes, a redirection as a word of its own.
fn commands(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let (mut word, mut quote) = (String::new(), None);
    let end_word = |word: &mut String, commands: &mut Vec<Vec<String>>| {
        if let (false, Some(last)) = (word.is_empty(), commands.last_mut()) {
            last.push(std::mem::take(word));
        }
    };
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None | Some('"'), '\\') => word.extend(rest.next().filter(|c| *c != '\n')),
            (Some(_), c) => word.push(c),
            (None, ' ' | '\t') => end_word(&mut word, &mut commands),
            (None, '>') => {
                end_word(&mut word, &mut commands);
                word.push('>');
                end_word(&mut word, &mut commands);
            }
            (None, ';' | '|' | '&' | '\n' | ')' | '`') => {
                end_word(&mut word, &mut commands);
                commands.push(Vec::new());
            }
            (None, '{' | '}') if word.is_empty() => commands.push(Vec::new()),
            // After a dollar sign it begins a command in a command.
            (None, '(') => {
                word.truncate(word.trim_end_matches('$').len());
                end_word(&mut word, &mut commands);
                commands.push(Vec::new());
            }
            (None, c) => word.push(c),
        }
    }
    end_word(&mut word, &mut commands);
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_machine_is_known_in_many_spellings() {
        let lines = [
            "rm -rf /",
            "rm -fr //",
            "rm -r -f /*",
            "sudo rm -rf /",
            "rm --recursive --force /",
            "rm -rf ~",
            "rm -rf \"$HOME\"",
            "rm -rf ${HOME}/",
            "rm -rf /usr/",
            "cd x && rm -rf /etc",
            "rm -rf --no-preserve-root x",
            "sh -c 'rm -rf /'",
            "bash -c \"cd /; rm -rf /*\"",
            "env X=1 rm -rf /",
            "true; /bin/rm -Rf /home",
            "echo $(rm -rf /)",
            "`rm -rf /`",
            "chmod -R 777 /",
            "chown -R me /usr",
            "mkfs.ext4 /dev/sda1",
            "mkfs /dev/sda",
            "wipefs -a /dev/sda",
            "dd if=/dev/zero of=/dev/sda",
            "echo x > /dev/sda",
            "cat a >/dev/nvme0n1",
            "tee /dev/mem",
            "cp a /dev/sda",
            ":(){ :|:& };:",
            "bomb() { bomb | bomb & }; bomb",
            "find / -exec rm -rf / \\;",
        ];
        for line in lines {
            assert!(of_line(line, DEPTH).is_some(), "{line}");
        }
    }

    #[test]
    fn a_folder_that_only_begins_like_ours_is_not_ours() {
        assert!(names("cat /a/own/key", "/a/own"));
        assert!(names("ls '/a/own'", "/a/own"));
        assert!(!names("ls /a/own-notes", "/a/own"));
    }

    #[test]
    fn ordinary_work_is_not_taken_for_it() {
        let lines = [
            "rm -rf target",
            "rm -rf ./usr",
            "rm -r /tmp/x",
            "rm /etc",
            "ls /",
            "cat /dev/null",
            "cargo test > /dev/null 2>&1",
            "dd if=/dev/urandom of=file",
            "chmod -R u+w src",
            "f() { echo a | cat; }; f",
            "grep -rn mkfs src",
            "echo 'rm -rf /'",
            "rm -rf ~/x/y",
            "head -c 9 /dev/urandom",
            "tee /dev/stderr",
            "git commit -m 'rm -rf /'",
        ];
        for line in lines {
            assert_eq!(of_line(line, DEPTH), None, "{line}");
        }
    }
}
