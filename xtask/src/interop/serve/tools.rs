//! A turn with a tool of every client, through our server: the call comes down in the client's dialect, its result goes up in the
//! provider's, and the answer that repeats it comes down again.

use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};

use super::super::report::Report;
use super::super::{Alipes, Cache};
use super::clients::Client;
use super::stage::Stage;
use super::{CAP, LANES};
use crate::lanes::in_lanes;
use crate::process::now;

/// What a provider speaks, and where it is asked then.
const DIALECTS: [(&str, &str); 3] = [
    ("responses", "/v1/responses"),
    ("chat", "/v1/chat/completions"),
    ("messages", "/v1/messages"),
];

/// By whichever tool a client has for it.
const PROMPT: &str = "list the files";

/// What the simulated model says before what a tool has said.
const REPORT: &str = "said:";

/// These clients, before a provider of each dialect.
pub(super) fn check(
    report: &mut Report,
    alipes: &Alipes,
    cache: &Cache,
    clients: &[&'static Client],
) -> Result<()> {
    let of = |client: &&'static Client| {
        let client = *client;
        DIALECTS.map(|dialect| (client, dialect))
    };
    let turns: Vec<_> = clients.iter().flat_map(of).collect();
    let report = Mutex::new(report);
    in_lanes(LANES, &turns, |(client, dialect)| {
        let started = now();
        let outcome = turn(alipes, cache, client, *dialect);
        let name = format!(
            "serve {}, tool turn, provider speaks {}",
            client.name, dialect.0
        );
        let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
        report.tell(&name, outcome, started.elapsed());
        Ok(())
    })
}

fn turn(
    alipes: &Alipes,
    cache: &Cache,
    client: &Client,
    (dialect, path): (&str, &str),
) -> Result<()> {
    let stage = Stage::healthy(alipes, dialect)?;
    let folder = tempfile::tempdir()?;
    let marker = tempfile::Builder::new()
        .prefix("marker-")
        .tempfile_in(folder.path())?;
    let marker = marker.path().file_name().and_then(|name| name.to_str());
    let marker = marker.context("a file has a name")?;

    let ended = client.turn(cache, stage.url(), (folder.path(), PROMPT), CAP);
    let ended = ended.with_context(|| stage.said())?;
    let ended = ended.succeeded(client.name).with_context(|| stage.said())?;
    let answer = ended.stdout.rsplit_once(REPORT).map(|(_, answer)| answer);
    ensure!(
        answer.is_some_and(|answer| answer.contains(marker)),
        "the answer does not hold the tool's result {marker}:\n{}{}",
        ended.said(),
        stage.said()
    );
    let asked = stage.asked();
    ensure!(
        asked.len() >= 2 && asked.iter().all(|line| line.contains(path)),
        "the provider should be asked at {path}, twice or more: {asked:#?}"
    );
    Ok(())
}
