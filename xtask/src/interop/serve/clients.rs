//! The clients: how each is started, and how it speaks to its provider.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use super::super::{Cache, Codex, KEY};
use super::faults::Way;
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
    /// The OpenAI SDK for Python, by one of its calls.
    OpenaiPython(&'static str),
}

/// All of them.
pub(super) static CLIENTS: [Client; 5] = [
    Client {
        name: "Codex CLI, SSE",
        way: Way::Sse,
        program: Program::Codex,
    },
    Client {
        name: "Codex CLI, WebSocket",
        way: Way::WebSocket,
        program: Program::Codex,
    },
    Client {
        name: "OpenAI SDK for Python, responses",
        way: Way::Sse,
        program: Program::OpenaiPython("responses"),
    },
    Client {
        name: "OpenAI SDK for Python, WebSocket",
        way: Way::WebSocket,
        program: Program::OpenaiPython("websocket"),
    },
    Client {
        name: "OpenAI SDK for Python, chat",
        way: Way::Sse,
        program: Program::OpenaiPython("chat"),
    },
];

impl Client {
    /// One turn with the provider at `url`, in a folder of its own; an error if it does not end in time.
    pub(super) fn turn(
        &self,
        cache: &Cache,
        url: &str,
        prompt: &str,
        cap: Duration,
    ) -> Result<Finished> {
        let folder = tempfile::tempdir()?;
        match self.program {
            Program::Codex => {
                let codex = Codex::new(cache, url, self.way == Way::WebSocket)?;
                process::run(&mut codex.exec(folder.path(), prompt), cap)
            }
            Program::OpenaiPython(call) => {
                let mut python = Command::new(cache.python());
                python.arg(cache.script("clients/openai_sdk.py"));
                process::run(
                    with(&mut python, folder.path(), [call, url, KEY, prompt]),
                    cap,
                )
            }
        }
    }
}

fn with<'c>(command: &'c mut Command, folder: &Path, arguments: [&str; 4]) -> &'c mut Command {
    without_proxy(command).args(arguments).current_dir(folder)
}
