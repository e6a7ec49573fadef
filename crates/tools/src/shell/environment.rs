//! The environment that commands get: the person's own, less secrets and hijackers.
//!
//! A name or a value that looks like a credential is left out, because a command's output goes to
//! a model; and a value that holds a secret this process has read, whatever its name. So is whatever
//! makes programs load or start something else, or wait for a person.
//!
//! `SSH_AUTH_SOCK` is left out too: it is no secret itself, but it lends the person's unlocked keys
//! to whatever runs. A `git push` over ssh that needs the agent is for the person to run.

use std::ffi::{OsStr, OsString};

use alipes_base::{Environment, Redactor};

/// A name with one of these between its underscores holds a secret.
const SECRET_WORDS: [&str; 11] = [
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
const SECRET_PARTS: [&str; 8] = [
    "AUTH",
    "CONNECTIONSTRING",
    "CONNECTION_STRING",
    "CREDENTIAL",
    "PASSWD",
    "PASSWORD",
    "PGPASS",
    "SECRET",
];

/// A name that ends so holds a secret: `GHTOKEN`, `OPENAIKEY`, `SENTRY_DSN`, `MYSQL_PWD` (but `PWD`
/// is the working folder).
const SECRET_ENDS: [&str; 4] = ["DSN", "KEY", "TOKEN", "_PWD"];

/// Words that hold `AUTH` and no secret: `GIT_AUTHOR_NAME`.
const AUTHORS: [&str; 2] = ["AUTHOR", "AUTHORS"];

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
pub(crate) fn for_commands(
    environment: &Environment,
    redactor: &Redactor,
) -> Vec<(OsString, OsString)> {
    let inherited = environment
        .variables()
        .filter(|(name, value)| is_harmless(name) && !is_secret_value(value, redactor))
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let fixed = FIXED
        .iter()
        .map(|(name, value)| (name.into(), value.into()));
    inherited.chain(fixed).collect()
}

fn is_harmless(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_uppercase();
    !is_secret(&name) && !is_hijacking(&name)
}

fn is_secret(name: &str) -> bool {
    let words: Vec<&str> = name
        .split('_')
        .filter(|word| !AUTHORS.contains(word))
        .collect();
    let telling = words.join("_");
    words.iter().any(|word| SECRET_WORDS.contains(word))
        || SECRET_PARTS.iter().any(|part| telling.contains(part))
        || SECRET_ENDS.iter().any(|end| telling.ends_with(end))
}

fn is_secret_value(value: &OsStr, redactor: &Redactor) -> bool {
    let value = value.to_string_lossy();
    redactor.redact(&value) != value || holds_a_password(&value)
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

    use alipes_base::Secret;

    use super::*;

    fn names(variables: &[(&str, &str)]) -> Vec<String> {
        let environment = Environment::new(variables.iter().copied(), PathBuf::new());
        let redactor = Redactor::new();
        redactor.learn(&Secret::new("a known secret".to_owned()));
        for_commands(&environment, &redactor)
            .into_iter()
            .map(|(name, _)| name.to_string_lossy().into_owned())
            .filter(|name| FIXED.iter().all(|(fixed, _)| fixed != name))
            .collect()
    }

    #[test]
    fn what_commands_need_is_kept() {
        let kept = [
            "CARGO_HOME",
            "GIT_AUTHOR_NAME",
            "HOME",
            "KEYBOARD",
            "LANG",
            "OLDPWD",
            "PATH",
            "PWD",
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
            "OPENAIKEY",
            "OPENAIAPIKEY",
            "NPM_CONFIG__AUTH",
            "DOCKER_AUTH_CONFIG",
            "AUTHORIZATION",
            "SSH_AUTH_SOCK",
            "PGPASSFILE",
            "AZURE_STORAGE_CONNECTION_STRING",
            "ConnectionStrings__Default",
            "SENTRY_DSN",
            "MYSQL_PWD",
        ];
        for name in secrets {
            assert!(names(&[(name, "x")]).is_empty(), "{name}");
        }
        assert!(names(&[("DATABASE_URL", "postgres://me:hunter2@db/x")]).is_empty());
        assert!(names(&[("HTTPS_PROXY", "http://me:hunter2@proxy:3128")]).is_empty());
    }

    #[test]
    fn a_known_secret_is_left_out_under_any_name() {
        for value in ["a known secret", "--header=a known secret;"] {
            assert!(names(&[("HARMLESS", value)]).is_empty(), "{value}");
        }
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
            for_commands(&environment, &Redactor::new())
                .into_iter()
                .collect();
        for (name, value) in FIXED {
            assert_eq!(
                variables.get(OsStr::new(name)).map(OsString::as_os_str),
                Some(OsStr::new(value))
            );
        }
    }
}
