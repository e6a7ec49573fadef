//! The conversation with the program: requests of ours, each with its answer, and between them what
//! it tells and asks.

use std::io;
use std::path::Path;

use alipes_base::{Deadline, Environment};
use serde_json::{Value, json};
use tokio::process::Command;

use super::decline;
use super::message::{self, Incoming, Refusal};
use super::process::{NoLine, Process};
use super::trouble::Trouble;

/// Our own variables begin so. They are none of its business.
const OWN_VARIABLES: &str = "ALIPES_";

/// An open line to the program.
pub(super) struct Connection {
    process: Process,
    last_id: u64,
}

/// Something that it said.
pub(super) enum Said {
    /// The answer to the request of this number.
    Answer(u64, Result<Value, Refusal>),
    /// Something happened.
    Notification(String, Value),
    /// It asked for something, and was told no.
    Declined,
}

impl Connection {
    /// Starts it with the person's own variables: its sign-in and its proxy are found through them.
    pub(super) fn open(
        program: &Path,
        environment: &Environment,
        folder: &Path,
    ) -> io::Result<Self> {
        let variables = environment.variables();
        let own = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with(OWN_VARIABLES);
        let mut command = Command::new(program);
        command
            .arg("app-server")
            .env_clear()
            .envs(variables.filter(|(name, _)| !own(name)))
            .current_dir(folder);
        Ok(Self {
            process: Process::start(command)?,
            last_id: 0,
        })
    }

    /// Asks for something; its number, to know the answer by. Says how many bytes it was.
    pub(super) async fn ask(
        &mut self,
        method: &str,
        params: &Value,
        limit: &Deadline,
    ) -> Result<(u64, usize), Trouble> {
        self.last_id += 1;
        let request = message::request(self.last_id, method, params);
        let bytes = self.send(&request, limit).await?;
        Ok((self.last_id, bytes))
    }

    /// Asks for something and waits for the answer. What it tells meanwhile is of no account.
    pub(super) async fn call(
        &mut self,
        method: &'static str,
        params: &Value,
        limit: &Deadline,
    ) -> Result<Value, Trouble> {
        let (asked, _) = self.ask(method, params, limit).await?;
        loop {
            match self.next(limit).await? {
                Said::Answer(id, outcome) if id == asked => {
                    return outcome.map_err(|refusal| Trouble::Refused { method, refusal });
                }
                _ => {}
            }
        }
    }

    /// Tells something.
    pub(super) async fn tell(&mut self, method: &str, limit: &Deadline) -> Result<(), Trouble> {
        let told = self.send(&message::notification(method), limit).await;
        told.map(drop)
    }

    /// The next thing that it says. Cancel safe but for an answer of ours that is being written.
    pub(super) async fn next(&mut self, limit: &Deadline) -> Result<Said, Trouble> {
        loop {
            let line = match limit.run(self.process.line()).await {
                Err(expired) => return Err(Trouble::Expired(expired)),
                Ok(Err(NoLine::TooLong)) => return Err(Trouble::LineTooLong),
                Ok(Err(NoLine::Ended)) => return Err(self.ended().await),
                Ok(Ok(line)) => line,
            };
            match Incoming::parse(&line) {
                // Whatever it was, it was no message.
                None => {}
                Some(Incoming::Answer { id, outcome }) => return Ok(Said::Answer(id, outcome)),
                Some(Incoming::Notification { method, params }) => {
                    return Ok(Said::Notification(method, params));
                }
                Some(Incoming::Request { id, method }) => {
                    let answer = message::answer(&id, &decline::answer(&method));
                    self.send(&answer, limit).await?;
                    return Ok(Said::Declined);
                }
            }
        }
    }

    /// Lets it end by itself: it does when its input ends.
    pub(super) async fn close(&mut self, limit: &Deadline) {
        self.process.close_input();
        while self.next(limit).await.is_ok() {}
    }

    async fn send(&mut self, message: &Value, limit: &Deadline) -> Result<usize, Trouble> {
        let line = message.to_string().into_bytes();
        let bytes = line.len();
        match limit.run(self.process.send(line)).await {
            Err(expired) => Err(Trouble::Expired(expired)),
            // It does not read any more: it has ended.
            Ok(Err(_broken)) => Err(self.ended().await),
            Ok(Ok(())) => Ok(bytes),
        }
    }

    async fn ended(&mut self) -> Trouble {
        Trouble::Ended(self.process.farewell().await)
    }
}

/// Who we are, for `initialize`.
pub(super) fn introduction(originator: &str) -> Value {
    let version = env!("CARGO_PKG_VERSION");
    json!({"clientInfo": {"name": originator, "title": "alipes", "version": version}})
}
