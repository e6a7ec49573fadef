//! Reads a command line as the words it is made of, if it is a plain command and nothing else.
//!
//! A shell turns a line into something else: it joins commands, expands variables, opens files. A rule
//! about a command can only be compared with what will really run, so a line in which the shell would
//! have a say is no plain command, and no rule allows it. This reader refuses when in doubt.

/// Why a line is not a plain command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShellSyntax;

/// What the shell reads as more than a character when it is not quoted (POSIX.1-2024, Shell Command
/// Language, 2.2 and 2.6), and what its common relatives do.
const SPECIAL: &str = "|&;<>()$`*?[]{}\n\r";

/// The same between double quotes.
const SPECIAL_IN_QUOTES: &str = "$`!\n\r";

/// First words that are grammar and no commands.
const RESERVED: [&str; 22] = [
    "!", "[[", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function",
    "if", "in", "select", "then", "time", "until", "while", "{", "}", "]]",
];

/// The words of a plain command, at least one.
pub(crate) fn plain(line: &str) -> Result<Vec<String>, ShellSyntax> {
    let mut words = Vec::new();
    let mut rest = line.chars().peekable();
    loop {
        while rest.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        if rest.peek().is_none() {
            break;
        }
        words.push(word(&mut rest, words.is_empty())?);
    }
    match words.first() {
        Some(first) if !first.is_empty() && !RESERVED.contains(&first.as_str()) => Ok(words),
        _ => Err(ShellSyntax),
    }
}

type Rest<'l> = std::iter::Peekable<std::str::Chars<'l>>;

fn word(rest: &mut Rest<'_>, is_first: bool) -> Result<String, ShellSyntax> {
    let mut word = String::new();
    // A word begins with a home or a comment only if the character is not quoted.
    if rest.next_if(|c| matches!(c, '~' | '#')).is_some() {
        return Err(ShellSyntax);
    }
    while let Some(c) = rest.next_if(|c| !matches!(c, ' ' | '\t')) {
        match c {
            '\'' => quoted(rest, &mut word)?,
            '"' => double_quoted(rest, &mut word)?,
            '\\' => match rest.next() {
                Some(c) if c != '\n' && c != '\r' => word.push(c),
                _ => return Err(ShellSyntax),
            },
            // `NAME=value command` sets a variable for it.
            '=' if is_first => return Err(ShellSyntax),
            c if SPECIAL.contains(c) || c.is_control() => return Err(ShellSyntax),
            c => word.push(c),
        }
    }
    Ok(word)
}

fn quoted(rest: &mut Rest<'_>, word: &mut String) -> Result<(), ShellSyntax> {
    for c in rest {
        match c {
            '\'' => return Ok(()),
            c if c.is_control() => return Err(ShellSyntax),
            c => word.push(c),
        }
    }
    Err(ShellSyntax)
}

fn double_quoted(rest: &mut Rest<'_>, word: &mut String) -> Result<(), ShellSyntax> {
    while let Some(c) = rest.next() {
        match c {
            '"' => return Ok(()),
            '\\' => match rest.next() {
                Some(c @ ('"' | '\\')) => word.push(c),
                _ => return Err(ShellSyntax),
            },
            c if SPECIAL_IN_QUOTES.contains(c) || c.is_control() => return Err(ShellSyntax),
            c => word.push(c),
        }
    }
    Err(ShellSyntax)
}

/// Words as a line that [`plain`] reads as them again.
pub(crate) fn line(words: &[String]) -> String {
    let quoted = |word: &String| match plain(word) {
        Ok(read) if read == [word.clone()] => word.clone(),
        _ => format!("'{}'", word.replace('\'', r"'\''")),
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_command_is_read_as_its_words() {
        let table: [(&str, &[&str]); 8] = [
            ("cargo test", &["cargo", "test"]),
            ("  ls\t-la  ", &["ls", "-la"]),
            (
                "git commit -m 'two words; $x'",
                &["git", "commit", "-m", "two words; $x"],
            ),
            (r#"echo "a \"b\" \\ c" d"#, &["echo", r#"a "b" \ c"#, "d"]),
            (r"echo a\ b\;", &["echo", "a b;"]),
            ("cc --std=c11 a'b'\"c\"", &["cc", "--std=c11", "abc"]),
            ("echo '' a~b x#y", &["echo", "", "a~b", "x#y"]),
            ("./run", &["./run"]),
        ];
        for (line, words) in table {
            assert_eq!(plain(line).unwrap(), words, "{line}");
        }
    }

    #[test]
    fn whatever_a_shell_would_have_a_say_in_is_no_plain_command() {
        let lines = [
            "",
            " ",
            "a; b",
            "a && b",
            "a | b",
            "a & b",
            "a\nb",
            "a > b",
            "a < b",
            "a 2>&1",
            "a $(b)",
            "a `b`",
            "a $b",
            "a \"$b\"",
            "a \"`b`\"",
            "X=1 a",
            "a *",
            "a b?",
            "a [bc]",
            "a {b,c}",
            "(a)",
            "{ a; }",
            "a # b",
            "#a",
            "~/a",
            "a ~",
            "a 'b",
            "a \"b",
            "a \\",
            "a \\\nb",
            "if a",
            "! a",
            "time a",
            "'' a",
            "a \u{1b}[2J",
            "a \"b\nc\"",
            "a 'b\rc'",
            "a \"\\$b\"",
        ];
        for line in lines {
            assert_eq!(plain(line), Err(ShellSyntax), "{line:?}");
        }
    }

    #[test]
    fn words_can_be_written_down_and_read_again() {
        let words = ["a", "", "it's", "$x", "a b", "--c=d", "\\", "*"].map(str::to_owned);
        assert_eq!(plain(&line(&words)).unwrap(), words);
        assert_eq!(line(&["cargo".to_owned(), "test".to_owned()]), "cargo test");
    }
}
