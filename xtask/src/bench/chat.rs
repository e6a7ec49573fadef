//! `cargo xtask bench chat`: what a turn costs in a conversation of 500 turns, beside the model: time of our own, memory,
//! and the tokens that every request carries; and what it is like to sit before the chat (`living.rs`).
//!
//! The time is that of a turn without its attempts: deriving, encoding, recording with the disk's own sync, telling. The
//! memory is the most that a chat has held which resumed the conversation and went on. What runs is a release build.

mod living;
mod terminal;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use alipes_agent::{Agent, AgentOptions, Gate, GateOptions, TurnEvent};
use alipes_base::{Clock, Deadline, Environment, Redactor, Rng};
use alipes_models::{Catalog, Making, Overrides};
use alipes_net::{Dialer, DialerOptions, Tls, TlsOptions};
use alipes_simulator::{Options, Simulator};
use alipes_store::{
    About, Conversation, Entry, Journal as _, SqliteOptions, SqliteStore, ToolOutcome,
};
use alipes_tools::{Root, Sandbox, Toolbox};
use alipes_transport::{Identity, Profile as EndpointProfile, Trace, Transport};
use alipes_wire::Item;
use anyhow::{Context as _, Result};
use tokio::sync::mpsc;

use super::facts::Facts;
use super::words::WORDS;
use super::{page, release};
use crate::interop::Alipes;
use crate::process::now;
use crate::workspace;

/// Turns of the conversation, each with a prompt, a call, its output and an answer.
const TURNS: usize = 500;

/// Bytes of each output; prompts and answers have a quarter of it.
const OUTPUT: usize = 800;

/// Turns that are measured.
const RUNS: usize = 50;

/// A turn beyond this is no measurement any more.
const LIMIT: Duration = Duration::from_secs(60);

/// A window that holds all of it: summing up is not what is measured.
const WINDOW: u64 = 1_000_000;

/// Targets: a turn's own time, as the middle of all; memory in KiB; tokens that every request carries.
const OWN: Duration = Duration::from_millis(5);
const MEMORY: u64 = 40 * 1024;
const FIXED: u64 = 4_000;

/// Measures, prints the table, and writes it if asked to; whether all targets are met.
pub(crate) fn run(write: bool) -> Result<bool> {
    if !release::IS_RELEASE {
        return release::again("chat", write);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let home = workspace::folder_on_disk()?;
    let (mut own, fixed) = runtime.block_on(turns(home.path()))?;
    own.sort_unstable();
    let (half, most) = (own[RUNS / 2], own[RUNS * 99 / 100]);
    let alipes = Alipes::released()?;
    let memory = living::memory(&alipes, home.path(), WINDOW)?;
    let other = workspace::folder_on_disk()?;
    let (living, is_pleasant) = living::rows(&alipes, other.path())?;
    let met = [half <= OWN, memory <= MEMORY, fixed <= FIXED];
    let facts = Facts::gather()?;
    let table = format!(
        "| what | measured | target |\n|---|---|---|\n\
         | a turn's own time, all but the model | {} in the middle, {} at 99 % | {} |\n\
         | memory of the chat, at most | {:.1} MB | {} |\n\
         | tokens of instructions and tools | {fixed} | {} |\n{}\n\n\
         The first three in a conversation of {TURNS} turns with a tool call each, {RUNS} turns over WebSocket to a simulator; the \
         others with 10,000 conversations and 1,000,000 entries in the store; {facts}. Again: `cargo xtask bench chat --write`.",
        millis(half),
        millis(most),
        verdict(met[0], "5 ms in the middle"),
        f64::from(u32::try_from(memory)?) / 1024.0,
        verdict(met[1], "40 MB"),
        verdict(met[2], "4,000"),
        living.join("\n"),
    );
    page::publish("chat", &table, write)?;
    Ok(is_pleasant && met.into_iter().all(|met| met))
}

/// The own times of turns at the end of a long conversation, and the tokens of a request without one.
async fn turns(home: &Path) -> Result<(Vec<Duration>, u64)> {
    let (clock, rng) = (Clock::system(), Rng::from_entropy());
    let options = SqliteOptions::within(&home.join("store"), clock.clone(), rng.clone());
    let store = Arc::new(SqliteStore::open(options)?);
    fill(Arc::clone(&store)).await?;
    let simulator = Simulator::start(Options::local(clock.clone(), rng.clone())).await?;
    let (conversation, transcript) = Conversation::resume(store, "long").await?;
    let transport = transport(&clock, &rng)?;
    let overrides = Overrides {
        model: Some("simulated/planner".to_owned()),
        base_url: Some(simulator.base_url()),
        profile: Some(EndpointProfile::named("openai-codex")?),
        ..Overrides::default()
    };
    let environment = Environment::new([("PATH", "/usr/bin:/bin")], PathBuf::new());
    let making = Making {
        environment: &environment,
        transport: &transport,
        session_id: "long",
    };
    let folder = tempfile::tempdir()?;
    let options = AgentOptions {
        model: Box::new(Catalog::default().chain(&overrides, making)?),
        toolbox: Toolbox::builtin(),
        gate: Gate::new(GateOptions::default()),
        journal: Box::new(conversation),
        root: Root::open(folder.path())?,
        sandbox: Sandbox::off(),
        environment: environment.clone(),
        redactor: Redactor::new(),
        clock: clock.clone(),
    };
    let mut agent = Agent::resumed(options, "Working folder: here", transcript).with_window(WINDOW);
    let mut own = Vec::new();
    for _ in 0..RUNS {
        own.push(own_time(&mut agent, &clock).await?);
    }
    Ok((own, agent.fixed_tokens()))
}

/// How long a turn takes without its attempts.
async fn own_time(agent: &mut Agent, clock: &Clock) -> Result<Duration> {
    let (sender, mut events) = mpsc::channel(64);
    let deadline = Deadline::after(clock, "bench", LIMIT);
    let begun = now();
    let turn = async {
        let ended = agent.turn("say hello", true, deadline, &sender).await;
        drop(sender);
        ended
    };
    let told = async {
        let mut asked = Duration::ZERO;
        while let Some(event) = events.recv().await {
            if let TurnEvent::Trace(Trace::AttemptDone { took, .. }) = event {
                asked += took;
            }
        }
        asked
    };
    let (ended, asked) = tokio::join!(turn, told);
    ended.context("a turn failed")?;
    Ok(begun.elapsed().saturating_sub(asked))
}

/// A conversation of somebody who has been at it for weeks.
async fn fill(store: Arc<SqliteStore>) -> Result<()> {
    let about = About {
        id: "long".to_owned(),
        folder: "/work".to_owned(),
        model: "simulated/planner".to_owned(),
    };
    let mut conversation = Conversation::new(store, about);
    for number in 0..TURNS {
        conversation.append(turn(number)?).await?;
    }
    Ok(())
}

fn turn(number: usize) -> Result<Vec<Entry>> {
    let (id, text) = (format!("call_{number}"), text(number, OUTPUT / 4));
    let call = format!(
        r#"{{"type":"function_call","call_id":"{id}","name":"read_file","arguments":"{{\"path\":\"notes.txt\"}}"}}"#
    );
    let output = self::text(number + 1, OUTPUT);
    let output = Entry::ran(&id, &output, ToolOutcome::Done);
    Ok(vec![
        Entry::User(Item::user(&text)),
        Entry::Model(Item::parse(&call)?),
        Entry::ToolIntent {
            call_id: id,
            name: "read_file".to_owned(),
            repeatable: true,
            goes_on: false,
        },
        output,
        Entry::Model(Item::assistant(&text)),
        Entry::Ended { failure: None },
    ])
}

/// Words, beginning with another one each time.
fn text(from: usize, bytes: usize) -> String {
    let mut text = String::new();
    for word in WORDS.iter().cycle().skip(from % WORDS.len()) {
        if text.len() >= bytes {
            break;
        }
        text.push_str(word);
        text.push(' ');
    }
    text
}

fn transport(clock: &Clock, rng: &Rng) -> Result<Transport> {
    let dialer = Dialer::new(DialerOptions::of_this_machine(
        Tls::new(TlsOptions::default())?,
        clock.clone(),
    ));
    let identity = Identity::alipes("bench");
    let redactor = Redactor::new();
    Ok(Transport::new(
        dialer,
        clock.clone(),
        rng.clone(),
        redactor,
        identity,
    ))
}

fn millis(length: Duration) -> String {
    format!("{:.2} ms", length.as_secs_f64() * 1_000.0)
}

fn verdict(met: bool, target: &str) -> String {
    let word = if met { "met" } else { "missed" };
    format!("{word}: at most {target}")
}
