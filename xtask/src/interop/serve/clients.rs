//! The clients: how each is started, and how it speaks to its provider.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::super::{Cache, Codex, Hermes, KEY};
use super::faults::Way;
use super::{claude_code, opencode};
use crate::process::{self, Finished, without_proxy};

/// One of them, in one of its ways to speak.
#[derive(Debug)]
pub(super) struct Client {
    /// What it is called.
    pub(super) name: &'static str,
    /// How it speaks.
    pub(super) way: Way,
    /// What it is.
    program: Program,
}

#[derive(Debug)]
enum Program {
    Codex,
    /// By one of its transports.
    Hermes(&'static str),
    ClaudeCode,
    /// By one of the AI SDK's packages.
    Opencode(&'static str),
    /// A script in `interop/clients`, and which call of the SDK it makes.
    Python(&'static str, &'static str),
    Node(&'static str, &'static str),
}

/// What a client shows of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shows {
    /// The SDK's class for it, and its words.
    Class,
    /// Its words.
    Words,
    /// Its words, if they come in a frame.
    FramesAlone,
    /// Mostly its words, sometimes others in their place.
    OwnWords,
}

/// All of them.
pub(super) static CLIENTS: [Client; 17] = [
    client("Codex CLI, SSE", Way::Sse, Program::Codex),
    client("Codex CLI, WebSocket", Way::WebSocket, Program::Codex),
    client(
        "Hermes Agent, responses",
        Way::Sse,
        Program::Hermes(Hermes::RESPONSES),
    ),
    client(
        "Hermes Agent, chat",
        Way::Sse,
        Program::Hermes(Hermes::CHAT),
    ),
    client("Claude Code", Way::Sse, Program::ClaudeCode),
    client(
        "opencode, chat",
        Way::Sse,
        Program::Opencode("@ai-sdk/openai-compatible"),
    ),
    client(
        "opencode, responses",
        Way::Sse,
        Program::Opencode("@ai-sdk/openai"),
    ),
    client(
        "opencode, messages",
        Way::Sse,
        Program::Opencode("@ai-sdk/anthropic"),
    ),
    client(
        "OpenAI SDK for Python, responses",
        Way::Sse,
        Program::Python("openai_sdk.py", "responses"),
    ),
    client(
        "OpenAI SDK for Python, WebSocket",
        Way::WebSocket,
        Program::Python("openai_sdk.py", "websocket"),
    ),
    client(
        "OpenAI SDK for Python, chat",
        Way::Sse,
        Program::Python("openai_sdk.py", "chat"),
    ),
    client(
        "OpenAI SDK for Node, responses",
        Way::Sse,
        Program::Node("openai_sdk.mjs", "responses"),
    ),
    client(
        "OpenAI SDK for Node, WebSocket",
        Way::WebSocket,
        Program::Node("openai_sdk.mjs", "websocket"),
    ),
    client(
        "OpenAI SDK for Node, chat",
        Way::Sse,
        Program::Node("openai_sdk.mjs", "chat"),
    ),
    client(
        "Anthropic SDK for Python",
        Way::Sse,
        Program::Python("anthropic_sdk.py", "stream"),
    ),
    client(
        "Vercel AI SDK, responses",
        Way::Sse,
        Program::Node("ai_sdk.mjs", "responses"),
    ),
    client(
        "Vercel AI SDK, messages",
        Way::Sse,
        Program::Node("ai_sdk.mjs", "messages"),
    ),
];

const fn client(name: &'static str, way: Way, program: Program) -> Client {
    Client { name, way, program }
}

impl Client {
    /// What it shows of an error; `None`: other ways of the same program show the same.
    pub(super) fn shows(&self) -> Option<Shows> {
        match self.program {
            Program::Python(_, "websocket") | Program::Node(_, "websocket") => {
                Some(Shows::FramesAlone)
            }
            Program::Python(..) | Program::Node("openai_sdk.mjs", _) => Some(Shows::Class),
            Program::ClaudeCode => Some(Shows::OwnWords),
            Program::Node(..) | Program::Codex => Some(Shows::Words),
            Program::Opencode("@ai-sdk/openai-compatible") => Some(Shows::Words),
            Program::Opencode(_) | Program::Hermes(_) => None,
        }
    }

    /// What a script can be made to ask for that no other dialect has a place for, as members of its request.
    pub(super) fn odd(&self) -> Option<&'static str> {
        match self.program {
            Program::Python("openai_sdk.py", "chat") | Program::Node("openai_sdk.mjs", "chat") => {
                Some(r#"{"n":2}"#)
            }
            Program::Python("openai_sdk.py", _) | Program::Node("openai_sdk.mjs", _) => {
                Some(r#"{"conversation":"conv_1"}"#)
            }
            Program::Python("anthropic_sdk.py", _) => {
                Some(r#"{"mcp_servers":[{"type":"url","name":"n","url":"https://mcp.example"}]}"#)
            }
            _ => None,
        }
    }

    /// Whether it asks again and again what has failed, each time for as long as our server has tried.
    pub(super) fn is_stubborn(&self) -> bool {
        matches!(self.program, Program::Codex | Program::Opencode(_))
    }

    /// Whether it speaks Chat Completions.
    pub(super) fn speaks_chat(&self) -> bool {
        self.name.ends_with("chat")
    }

    /// Installs what it needs; an error says why this machine cannot have it.
    pub(super) fn install(&self, cache: &Cache) -> Result<()> {
        match self.program {
            Program::Codex | Program::Python(..) => Ok(()),
            Program::Hermes(_) => cache.hermes().map(|_| ()),
            Program::ClaudeCode | Program::Opencode(_) | Program::Node(..) => {
                cache.clients().map(|_| ())
            }
        }
    }

    /// One turn with the provider at `url`, in a folder; an error if it does not end in time.
    pub(super) fn turn(
        &self,
        cache: &Cache,
        url: &str,
        place: (&Path, &str),
        cap: Duration,
    ) -> Result<Finished> {
        self.run(cache, url, place, None, cap)
    }

    /// The same, of a script with `more` members in its request and without repetitions of its own.
    pub(super) fn turn_asking(
        &self,
        cache: &Cache,
        url: &str,
        place: (&Path, &str),
        more: &str,
        cap: Duration,
    ) -> Result<Finished> {
        self.run(cache, url, place, Some(more), cap)
    }

    fn run(
        &self,
        cache: &Cache,
        url: &str,
        (folder, prompt): (&Path, &str),
        more: Option<&str>,
        cap: Duration,
    ) -> Result<Finished> {
        let home = tempfile::tempdir()?;
        let home = home.path();
        match self.program {
            Program::Codex => {
                let codex = Codex::new(cache, url, self.way == Way::WebSocket)?;
                process::run(&mut codex.exec(folder, prompt), cap)
            }
            Program::Hermes(transport) => {
                let hermes = Hermes::new(&cache.hermes()?, url, transport)?;
                process::run(&mut hermes.chat(folder, prompt), cap)
            }
            Program::ClaudeCode => {
                let mut claude = claude_code::turn(&cache.clients()?, home, url, prompt);
                process::run(claude.current_dir(folder), cap)
            }
            Program::Opencode(package) => {
                let bin = cache.clients()?;
                let mut opencode = opencode::turn(&bin, home, (package, url), prompt)?;
                // Its tools work where this says.
                let opencode = opencode.current_dir(folder).env("PWD", folder);
                process::run(opencode, cap)
            }
            Program::Python(script, call) => {
                let mut python = Command::new(cache.python());
                python
                    .arg(script_of(cache, script))
                    .args(words(call, url, prompt, more));
                process::run(without_proxy(&mut python).current_dir(folder), cap)
            }
            Program::Node(script, call) => {
                let mut node = Command::new("node");
                node.arg(script_of(cache, script))
                    .args(words(call, url, prompt, more));
                process::run(without_proxy(&mut node).current_dir(folder), cap)
            }
        }
    }
}

fn script_of(cache: &Cache, name: &str) -> PathBuf {
    cache.script("clients").join(name)
}

/// The words of a script's command line.
fn words<'w>(
    call: &'w str,
    url: &'w str,
    prompt: &'w str,
    more: Option<&'w str>,
) -> impl Iterator<Item = &'w str> {
    [call, url, KEY, prompt].into_iter().chain(more)
}
