//! What `alipes serve --print-config` prints, used word for word: does it lead the client that it is for to our server?

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::super::report::Report;
use super::super::{Alipes, Cache, KEY};
use super::outcome::OPENING;
use super::stage::Stage;
use super::{CAP, PROMPT};
use crate::process::{self, without_proxy};

/// A client for which there are lines, by the name that it is printed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    Codex,
    Hermes,
    ClaudeCode,
    Opencode,
    OpenaiPython,
    Curl,
}

impl Reader {
    pub(super) const ALL: [Self; 6] = [
        Self::Codex,
        Self::OpenaiPython,
        Self::Curl,
        Self::Hermes,
        Self::ClaudeCode,
        Self::Opencode,
    ];

    /// Those that are there anyway.
    pub(super) const QUICK: [Self; 3] = [Self::Codex, Self::OpenaiPython, Self::Curl];

    fn name(self) -> &'static str {
        match self {
            Self::Codex => "codex",
            Self::Hermes => "hermes",
            Self::ClaudeCode => "claude-code",
            Self::Opencode => "opencode",
            Self::OpenaiPython => "openai-python",
            Self::Curl => "curl",
        }
    }

    /// Where the lines belong, below a home that is also the working folder; `None`: into a shell.
    fn file(self) -> Option<&'static str> {
        match self {
            Self::Codex => Some("config.toml"),
            Self::Hermes => Some("config.yaml"),
            Self::Opencode => Some("opencode.json"),
            Self::OpenaiPython => Some("ask.py"),
            Self::ClaudeCode | Self::Curl => None,
        }
    }

    /// What a person would type then.
    fn command(self, cache: &Cache) -> Result<String> {
        let quoted = |program: &Path| format!("'{}'", program.display());
        Ok(match self {
            Self::Codex => format!(
                "{} exec --skip-git-repo-check --json {PROMPT}",
                quoted(&cache.codex()?)
            ),
            Self::Hermes => format!("{} chat -q {PROMPT}", quoted(&cache.hermes()?)),
            Self::ClaudeCode => format!(
                "{} --print {PROMPT}",
                quoted(&cache.clients()?.join("claude"))
            ),
            Self::Opencode => format!(
                "{} run --title interop {PROMPT}",
                quoted(&cache.clients()?.join("opencode"))
            ),
            Self::OpenaiPython => format!("{} ask.py", quoted(&cache.python())),
            Self::Curl => String::new(),
        })
    }
}

/// Each of them.
pub(super) fn check(report: &mut Report, alipes: &Alipes, cache: &Cache, readers: &[Reader]) {
    for reader in readers {
        report.check(&format!("serve --print-config {}", reader.name()), || {
            let stage = Stage::healthy(alipes, "responses")?;
            follow(alipes, cache, &stage, *reader).with_context(|| stage.said())
        });
    }
}

fn follow(alipes: &Alipes, cache: &Cache, stage: &Stage, reader: Reader) -> Result<()> {
    let command = reader.command(cache)?;
    let address = stage
        .url()
        .trim_start_matches("http://")
        .trim_end_matches("/v1");
    let mut print = alipes.command(stage.home());
    print.args([
        "serve",
        "--listen",
        address,
        "--print-config",
        reader.name(),
    ]);
    let printed = process::run(&mut print, CAP)?.succeeded("alipes serve --print-config")?;
    let printed = printed.stdout;
    let home = tempfile::tempdir()?;
    let lines = match reader.file() {
        Some(file) => {
            // Hermes Agent takes no key from elsewhere: the first line says what to put in its place.
            let key = (reader == Reader::Hermes)
                .then(|| own_key(alipes, stage))
                .transpose()?;
            let text = key.map_or_else(
                || printed.clone(),
                |key| printed.replace(": KEY", &format!(": {key}")),
            );
            std::fs::write(home.path().join(file), text)?;
            exports(&printed)
        }
        None => printed.clone(),
    };
    let ours = alipes.binary.parent();
    let ours = ours.context("a binary lies in a folder")?.display();
    let script = format!("set -e\nPATH='{ours}':\"$PATH\"\n{lines}\n{command}");
    let mut shell = at_home(stage.home(), home.path());
    shell.args(["-c", &script]);
    let ended = process::run(&mut shell, CAP)?.succeeded(reader.name())?;
    ensure!(
        ended.stdout.contains(OPENING),
        "no answer; it was told:\n{printed}\nand said:\n{}",
        ended.said()
    );
    Ok(())
}

/// The key that clients need, as our server prints it.
fn own_key(alipes: &Alipes, stage: &Stage) -> Result<String> {
    let mut command = alipes.command(stage.home());
    let ended = process::run(command.args(["serve", "key"]), CAP)?.succeeded("alipes serve key")?;
    Ok(ended.stdout.trim().to_owned())
}

/// What is to be typed beside the lines of a file: it stands behind `then:`.
fn exports(printed: &str) -> String {
    let typed = printed.lines().filter_map(|line| {
        let after = line.split_once("then: ").map(|(_, typed)| typed);
        after.or_else(|| {
            line.strip_prefix("# ")
                .filter(|line| line.starts_with("export "))
        })
    });
    typed.collect::<Vec<_>>().join("\n")
}

/// A shell of somebody whose home is `home`, and who reaches nothing beyond loopback.
fn at_home(alipes_home: &Path, home: &Path) -> Command {
    let mut shell = Command::new("sh");
    without_proxy(&mut shell)
        .current_dir(home)
        .env("ALIPES_HOME", alipes_home)
        .env("ALIPES_API_KEY", KEY)
        .env("HTTPS_PROXY", "http://127.0.0.1:9")
        .env("NO_PROXY", "127.0.0.1,localhost")
        .env("HERMES_DISABLE_LAZY_INSTALLS", "1")
        .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
        .env_remove("ANTHROPIC_API_KEY");
    for name in ["HOME", "CODEX_HOME", "HERMES_HOME", "CLAUDE_CONFIG_DIR"] {
        shell.env(name, home);
    }
    for folder in ["CONFIG", "DATA", "CACHE", "STATE"] {
        shell.env(format!("XDG_{folder}_HOME"), home.join(folder));
    }
    shell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_typed_is_found_in_the_comments() {
        let printed =
            "# in a file; then: export A=\"$(b c)\"\nmodel = 1\n# export D=2\n# not this\n";
        assert_eq!(exports(printed), "export A=\"$(b c)\"\nexport D=2");
    }
}
