//! Asks the installed Codex CLI to renew its own sign-in.
//!
//! Its app server speaks JSON-RPC in lines over standard input and output; three messages are all it
//! takes (codex-protocol §7.2). It runs in no folder of the user's, and ends with the answer.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use alipes_base::{Clock, Deadline, Environment};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

use super::BorrowError;
use crate::authority::one_line;

/// How long all of it may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Most bytes that are read of what it says.
const LARGEST: u64 = 4 << 20;

/// Names under which the program may be installed.
const PROGRAMS: &[&str] = match cfg!(windows) {
    true => &["codex.exe", "codex.cmd"],
    false => &["codex"],
};

/// Returns when the Codex CLI says that it has looked after its tokens. Whether it has, the file
/// must show.
pub(super) async fn renew(
    environment: &Environment,
    home: &Path,
    clock: &Clock,
    version: &str,
) -> Result<(), BorrowError> {
    let program = find(environment).ok_or(BorrowError::NoCodex)?;
    let limit = Deadline::after(clock, "codex-app-server", LIMIT);
    let failed = |error: io::Error| BorrowError::NotRenewed(error.to_string());
    let mut child = start(&program, environment, home).map_err(failed)?;
    let talk = limit.run(talk(&mut child, version)).await;
    let said = talk.map_err(|expired| BorrowError::NotRenewed(expired.to_string()))?;
    // It has nothing left to do; that it may be gone already is as good.
    let _gone = child.kill().await;
    let answer = said.map_err(failed)?;
    match answer["error"]["message"].as_str() {
        Some(problem) => Err(BorrowError::NotRenewed(one_line(problem))),
        None => Ok(()),
    }
}

fn start(program: &Path, environment: &Environment, home: &Path) -> io::Result<Child> {
    Command::new(program)
        .arg("app-server")
        .env_clear()
        .envs(environment.variables())
        .env("CODEX_HOME", home)
        .current_dir(home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
}

async fn talk(child: &mut Child, version: &str) -> io::Result<Value> {
    let closed = || io::Error::from(io::ErrorKind::BrokenPipe);
    let mut input = child.stdin.take().ok_or_else(closed)?;
    let output = child.stdout.take().ok_or_else(closed)?;
    let mut lines = BufReader::new(output.take(LARGEST)).lines();
    let who = json!({"name": "alipes", "title": "alipes", "version": version});
    let messages = [
        json!({"id": 1, "method": "initialize", "params": {"clientInfo": who}}),
        json!({"method": "initialized"}),
        json!({"id": 2, "method": "account/read", "params": {"refreshToken": true}}),
    ];
    for message in messages {
        input.write_all(format!("{message}\n").as_bytes()).await?;
        let Some(id) = message["id"].as_u64() else {
            continue;
        };
        input.flush().await?;
        let answer = loop {
            let line = lines.next_line().await?;
            let line = line.ok_or_else(|| io::Error::other("it ended without an answer"))?;
            match serde_json::from_str::<Value>(&line) {
                Ok(value) if value["id"] == id => break value,
                // Notifications, and whatever else it has to say.
                _ => {}
            }
        };
        if id == 2 || answer.get("error").is_some() {
            return Ok(answer);
        }
    }
    Err(closed())
}

/// Where the Codex CLI is: in one of the folders of `PATH`, relative ones left out.
#[must_use]
pub fn find(environment: &Environment) -> Option<PathBuf> {
    let path: OsString = environment.path("PATH")?.into();
    let folders: Vec<PathBuf> = std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .collect();
    let places = folders
        .iter()
        .flat_map(|folder| PROGRAMS.iter().map(|name| folder.join(name)));
    places.into_iter().find(|place| place.is_file())
}
