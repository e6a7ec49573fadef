//! The environment that commands get: the person's own, less secrets and hijackers.
//!
//! A name or a value that looks like a credential is left out, because a command's output goes to
//! a model. So is whatever makes programs load or start something else, or wait for a person.

use std::ffi::{OsStr, OsString};

use alipes_base::Environment;

/// A name with one of these between its underscores holds a secret.
const SECRET_WORDS: [&str; 12] = [
    "APIKEY",
    "COOKIE",
    "CREDENTIAL",
    "CREDENTIALS",
    "KEY",
    "KEYS",
    "PASS",
    "PASSPHRASE",
    "PAT",
    "SECRETS",
    "TOKEN",
    "TOKENS",
];

/// A name that holds one of these anywhere holds a secret.
const SECRET_PARTS: [&str; 4] = ["PASSWORD", "PASSWD", "SECRET", "CREDENTIAL"];

/// A name that ends so holds a secret: `GHTOKEN`, `OPENAIKEY`.
const SECRET_ENDS: [&str; 2] = ["TOKEN", "APIKEY"];

/// Names that begin so make programs load or run something.
const HIJACKING_PREFIXES: [&str; 4] = ["LD_", "DYLD_", "GIT_CONFIG", "BASH_FUNC_"];

/// Names that make programs load or run something, or ask a person.
const HIJACKING: [&str; 33] = [
    "BASHOPTS",
    "BASH_ENV",
    "BROWSER",
    "CDPATH",
    "EDITOR",
    "ENV",
    "GIT_ASKPASS",
    "GIT_DIR",
    "GIT_EDITOR",
    "GIT_EXEC_PATH",
    "GIT_EXTERNAL_DIFF",
    "GIT_PROXY_COMMAND",
    "GIT_SEQUENCE_EDITOR",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_TEMPLATE_DIR",
    "GIT_WORK_TREE",
    "IFS",
    "JAVA_TOOL_OPTIONS",
    "LESSCLOSE",
    "LESSOPEN",
    "MANPAGER",
    "NODE_OPTIONS",
    "PERL5DB",
    "PERL5OPT",
    "PROMPT_COMMAND",
    "PS4",
    "PYTHONSTARTUP",
    "RUBYOPT",
    "SHELLOPTS",
    "SSH_ASKPASS",
    "SUDO_ASKPASS",
    "VISUAL",
];

/// What every command gets: no pagers, no questions, no colours.
const FIXED: [(&str, &str); 5] = [
    ("GIT_PAGER", "cat"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("NO_COLOR", "1"),
    ("PAGER", "cat"),
    ("TERM", "dumb"),
];

/// The variables for a command.
pub(super) fn for_commands(environment: &Environment) -> Vec<(OsString, OsString)> {
    let inherited = environment
        .variables()
        .filter(|(name, value)| is_harmless(name, value))
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let fixed = FIXED
        .iter()
        .map(|(name, value)| (name.into(), value.into()));
    inherited.chain(fixed).collect()
}

fn is_harmless(name: &OsStr, value: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_uppercase();
    !is_secret(&name) && !is_hijacking(&name) && !holds_a_password(&value.to_string_lossy())
}

fn is_secret(name: &str) -> bool {
    name.split('_').any(|word| SECRET_WORDS.contains(&word))
        || SECRET_PARTS.iter().any(|part| name.contains(part))
        || SECRET_ENDS.iter().any(|end| name.ends_with(end))
}

fn is_hijacking(name: &str) -> bool {
    HIJACKING.contains(&name)
        || HIJACKING_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

/// Whether a value is a URL with a password: `postgres://user:password@host`.
fn holds_a_password(value: &str) -> bool {
    value.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
        authority
            .rsplit_once('@')
            .is_some_and(|(user, _)| user.contains(':'))
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn names(variables: &[(&str, &str)]) -> Vec<String> {
        let environment = Environment::new(variables.iter().copied(), PathBuf::new());
        for_commands(&environment)
            .into_iter()
            .map(|(name, _)| name.to_string_lossy().into_owned())
            .filter(|name| FIXED.iter().all(|(fixed, _)| fixed != name))
            .collect()
    }

    #[test]
    fn what_commands_need_is_kept() {
        let kept = [
            "CARGO_HOME",
            "HOME",
            "KEYBOARD",
            "LANG",
            "PATH",
            "SSH_AUTH_SOCK",
        ];
        let variables: Vec<_> = kept.iter().map(|name| (*name, "a://b@c/d")).collect();
        assert_eq!(names(&variables), kept);
    }

    #[test]
    fn secrets_are_left_out() {
        let secrets = [
            "OPENAI_API_KEY",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "GITHUB_TOKEN",
            "GHTOKEN",
            "github_token",
            "CLIENT_SECRET",
            "PGPASSWORD",
            "MYSQL_PASSWORD_FILE",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "TOKEN",
        ];
        for name in secrets {
            assert!(names(&[(name, "x")]).is_empty(), "{name}");
        }
        assert!(names(&[("DATABASE_URL", "postgres://me:hunter2@db/x")]).is_empty());
        assert!(names(&[("HTTPS_PROXY", "http://me:hunter2@proxy:3128")]).is_empty());
    }

    #[test]
    fn hijackers_are_left_out() {
        let hijackers = ["LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES"];
        for name in HIJACKING.iter().chain(&hijackers) {
            assert!(names(&[(name, "x")]).is_empty(), "{name}");
        }
    }

    #[test]
    fn nothing_can_page_ask_or_colour() {
        let environment = Environment::new([("PAGER", "evil"), ("TERM", "xterm")], PathBuf::new());
        let variables: std::collections::BTreeMap<_, _> =
            for_commands(&environment).into_iter().collect();
        for (name, value) in FIXED {
            assert_eq!(
                variables.get(OsStr::new(name)).map(OsString::as_os_str),
                Some(OsStr::new(value))
            );
        }
    }
}
