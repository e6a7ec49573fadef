//! The systems that are compared: how each is started on a stage, and what its lines mean.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use super::observed::Observed;
use super::rows::{ONLY_FILE, Row, Way};
use super::stage::Stage;
use super::watch::{Line, Stream, watch};
use crate::interop::{Alipes, Cache, Codex, Hermes};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum System {
    Alipes,
    /// Ours once more, with `--json`: when it named the fault, and how.
    AlipesJson,
    Codex,
    Hermes,
}

/// What a line means to the user.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A word about what is wrong, or waited for.
    Trouble(String),
    /// A piece of the answer.
    Answer(String),
    /// Neither.
    Other,
}

/// Everything that is needed to start them.
pub(super) struct Systems {
    pub(super) alipes: Alipes,
    pub(super) cache: Cache,
    /// None where it could not be installed.
    pub(super) hermes: Option<PathBuf>,
}

impl System {
    pub(super) const ALL: [Self; 4] = [Self::Alipes, Self::AlipesJson, Self::Codex, Self::Hermes];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Alipes => "alipes",
            Self::AlipesJson => "alipes --json",
            Self::Codex => "Codex CLI",
            Self::Hermes => "Hermes Agent",
        }
    }

    /// What one of its lines says.
    pub(super) fn hear(self, line: &Line) -> Heard {
        match self {
            Self::Alipes => hear_alipes(line),
            Self::AlipesJson => json(line).map_or(Heard::Other, |event| hear_alipes_json(&event)),
            Self::Codex => json(line).map_or(Heard::Other, |event| hear_codex(&event)),
            Self::Hermes => hear_hermes(line),
        }
    }
}

impl Systems {
    /// Lets a system meet the row's trouble; none if it cannot.
    pub(super) fn run(&self, system: System, row: &Row, cap: Duration) -> Result<Option<Observed>> {
        let hermes = match (system, &self.hermes) {
            (System::Hermes, None) => return Ok(None),
            (System::Hermes, _) if row.needs_websocket() => return Ok(None),
            (System::Codex | System::Hermes, _) if row.has_reserve => return Ok(None),
            (_, hermes) => hermes.as_deref().unwrap_or(Path::new("hermes")),
        };
        let (home, folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
        std::fs::write(folder.path().join(ONLY_FILE), "")?;
        let stage = Stage::open(row, home.path())?;
        let reserve = match row.has_reserve {
            true => Some(Stage::open(&Row::healthy(row.way), home.path())?),
            false => None,
        };
        let prompt = row.prompt.text;
        let watched = match system {
            System::Alipes | System::AlipesJson => {
                let mut command = self.alipes.command(home.path());
                match &reserve {
                    None => ours(&mut command, row, &stage),
                    Some(reserve) => ours_with(&mut command, home.path(), row, [&stage, reserve])?,
                }
                if system == System::AlipesJson {
                    command.arg("--json");
                }
                watch(command.arg(prompt).current_dir(folder.path()), cap)?
            }
            System::Codex => {
                let codex = Codex::new(&self.cache, stage.url(), row.way == Way::WebSocket)?;
                let mut command = codex.exec(folder.path(), prompt);
                watch(trusting(&mut command, "CODEX_CA_CERTIFICATE", &stage), cap)?
            }
            System::Hermes => {
                let hermes = Hermes::new(hermes, stage.url(), Hermes::RESPONSES)?;
                let mut command = hermes.chat(folder.path(), prompt);
                watch(trusting(&mut command, "SSL_CERT_FILE", &stage), cap)?
            }
        };
        let behind = reserve.map_or(Ok(0), Stage::requests)?;
        let requests = stage.requests()? + behind;
        Ok(Some(Observed::of(system, row.prompt, &watched, requests)))
    }
}

fn ours(command: &mut Command, row: &Row, stage: &Stage) {
    command.args(["exec", "--profile", "openai-codex", "--model", "sim/x"]);
    command.args(["--base-url", stage.url()]);
    if row.way == Way::Sse {
        command.args(["--route", "sse"]);
    }
    trusting(command, "ALIPES_CA_FILE", stage);
}

/// The same as a configuration, with a provider behind the first.
fn ours_with(command: &mut Command, home: &Path, row: &Row, stages: [&Stage; 2]) -> Result<()> {
    let routes = match row.way {
        Way::Sse => "routes = [\"sse\"]\n",
        Way::WebSocket => "",
    };
    let provider = |name: &str, stage: &Stage| {
        let url = stage.url();
        format!("[providers.{name}]\nbase_url = \"{url}\"\nprofile = \"openai-codex\"\n{routes}\n")
    };
    let [first, second] = stages;
    let model = "[model]\ndefault = \"sim/x\"\nfallback = [\"reserve/x\"]\n";
    let text = provider("sim", first) + &provider("reserve", second) + model;
    std::fs::write(home.join("config.toml"), text)?;
    trusting(command.arg("exec"), "ALIPES_CA_FILE", first);
    Ok(())
}

/// Makes a client trust the stage's authority, by the variable that it knows.
fn trusting<'c>(command: &'c mut Command, variable: &str, stage: &Stage) -> &'c mut Command {
    match stage.authority() {
        Some(file) => command.env(variable, file),
        None => command,
    }
}

fn json(line: &Line) -> Option<Value> {
    (line.stream == Stream::Out).then(|| serde_json::from_str(&line.text).ok())?
}

/// On standard error it talks: about tools too, which is no trouble.
fn hear_alipes(line: &Line) -> Heard {
    let text = line.text.trim();
    match line.stream {
        Stream::Out => Heard::Answer(text.to_owned()),
        Stream::Err
            if text.is_empty() || text.starts_with("· ") || text.starts_with("(simulated)") =>
        {
            Heard::Other
        }
        Stream::Err => Heard::Trouble(text.to_owned()),
    }
}

fn hear_alipes_json(event: &Value) -> Heard {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    match event["type"].as_str() {
        Some("attempt.fault") => Heard::Trouble(format!(
            "{} in {}",
            text(&event["cause"]),
            text(&event["phase"])
        )),
        Some("turn.completed") => Heard::Answer(text(&event["text"])),
        _ => Heard::Other,
    }
}

/// Its `item.completed` of type `error` is a remark on the model's name, in every turn.
fn hear_codex(event: &Value) -> Heard {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match event["type"].as_str() {
        Some("error") => Heard::Trouble(text(&event["message"])),
        Some("turn.failed") => Heard::Trouble(text(&event["error"]["message"])),
        Some("item.completed") if event["item"]["type"] == "agent_message" => {
            Heard::Answer(text(&event["item"]["text"]))
        }
        _ => Heard::Other,
    }
}

/// It marks trouble with signs; the answer stands in a frame. One sign of every start is about its own scanner.
fn hear_hermes(line: &Line) -> Heard {
    const SIGNS: [char; 7] = ['⚠', '❌', '🔁', '⏳', '⏱', '🔄', '💀'];
    let text = line
        .text
        .trim_matches(|c: char| c.is_whitespace() || "╭╮╰╯│─".contains(c));
    if text.is_empty() || text.contains("tirith") {
        Heard::Other
    } else if text.starts_with(SIGNS) {
        Heard::Trouble(text.to_owned())
    } else {
        Heard::Answer(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(system: System, stream: Stream, text: &str) -> Heard {
        system.hear(&Line {
            at: Duration::ZERO,
            stream,
            text: text.to_owned(),
        })
    }

    #[test]
    fn what_each_system_says_is_understood() {
        let trouble = |text: &str| Heard::Trouble(text.to_owned());
        let answer = |text: &str| Heard::Answer(text.to_owned());
        let table = [
            (
                System::Alipes,
                Stream::Err,
                "! cut; trying again",
                trouble("! cut; trying again"),
            ),
            (System::Alipes, Stream::Err, "· list_files", Heard::Other),
            (
                System::Alipes,
                Stream::Out,
                "(simulated) Hello!",
                answer("(simulated) Hello!"),
            ),
            (
                System::AlipesJson,
                Stream::Out,
                r#"{"type":"attempt.fault","cause":"reset","phase":"tls"}"#,
                trouble("reset in tls"),
            ),
            (
                System::Codex,
                Stream::Out,
                r#"{"type":"error","message":"Reconnecting... 1/5"}"#,
                trouble("Reconnecting... 1/5"),
            ),
            (
                System::Codex,
                Stream::Out,
                r#"{"type":"item.completed","item":{"type":"error","message":"Model metadata"}}"#,
                Heard::Other,
            ),
            (
                System::Codex,
                Stream::Err,
                "Reading additional input from stdin...",
                Heard::Other,
            ),
            (
                System::Hermes,
                Stream::Out,
                "  ⚠ tirith is not available",
                Heard::Other,
            ),
            (
                System::Hermes,
                Stream::Out,
                "❌ API failed after 3 retries",
                trouble("❌ API failed after 3 retries"),
            ),
            (
                System::Hermes,
                Stream::Out,
                "│   (simulated) Hello! │",
                answer("(simulated) Hello!"),
            ),
        ];
        for (system, stream, text, expected) in table {
            assert_eq!(heard(system, stream, text), expected, "{text}");
        }
    }
}
