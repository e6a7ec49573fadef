//! What real clients show when `alipes serve` refuses them: the error of their own vendor, and a sentence that helps.
//!
//! A person sees nothing of us but that sentence. So it has to come through each client as it is.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::super::report::Report;
use super::super::{Alipes, Cache};
use super::clients::{Client, Shows};
use super::faults::Way;
use super::stage::{MODEL, Stage};
use super::{LANES, PROMPT, can_be_had, clients};
use crate::lanes::in_lanes;
use crate::process::{Finished, now};

/// When a client that has not ended is stopped: some ask again and again, each time a little later.
const CAP: Duration = Duration::from_secs(100);

/// How often what the server has seen is looked at.
const POLL: Duration = Duration::from_millis(20);

/// Why a client is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) name: &'static str,
    kind: Kind,
    /// The class that the SDKs of both vendors have for it.
    class: &'static str,
    /// What its user is told, beside other words.
    told: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    WrongKey,
    UnknownModel,
    CannotCarry,
    RateLimit,
    AllDown,
    Stopped,
}

/// All of them.
pub(super) static REFUSALS: [Refusal; 6] = [
    refusal(
        "a wrong key",
        Kind::WrongKey,
        ("AuthenticationError", "alipes serve key"),
    ),
    refusal(
        "a model that nobody has",
        Kind::UnknownModel,
        ("NotFoundError", "there is no model"),
    ),
    refusal(
        "what the provider cannot be told",
        Kind::CannotCarry,
        ("BadRequestError", "cannot be sent"),
    ),
    refusal(
        "too many requests",
        Kind::RateLimit,
        ("RateLimitError", "has reached its limit"),
    ),
    refusal(
        "no provider that answers",
        Kind::AllDown,
        ("Error", "first failed inside"),
    ),
    refusal(
        "a server that ends in the answer",
        Kind::Stopped,
        ("Error", "the server is being stopped"),
    ),
];

const fn refusal(
    name: &'static str,
    kind: Kind,
    (class, told): (&'static str, &'static str),
) -> Refusal {
    Refusal {
        name,
        kind,
        class,
        told,
    }
}

/// Every client with every refusal; `only`: those whose name contains one of these.
pub(super) fn check(
    report: &mut Report,
    alipes: &Alipes,
    cache: &Cache,
    only: &[String],
) -> Result<()> {
    let is_wanted = |client: &Client, refusal: &Refusal| {
        let is_named = |part: &String| client.name.contains(part) || refusal.name.contains(part);
        only.is_empty() || only.iter().any(is_named)
    };
    let mut clients: Vec<&Client> = clients::CLIENTS.iter().collect();
    clients.retain(|client| client.shows().is_some() && can_be_had(client, cache));
    let pairs: Vec<(&Client, &Refusal)> = REFUSALS
        .iter()
        .flat_map(|refusal| clients.iter().map(move |client| (*client, refusal)))
        .filter(|(client, refusal)| meets(client, refusal) && is_wanted(client, refusal))
        .collect();
    let report = Mutex::new(report);
    in_lanes(LANES, &pairs, |(client, refusal)| {
        let started = now();
        let outcome = refused(alipes, cache, client, refusal);
        let name = format!("serve {}, {}", client.name, refusal.name);
        let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
        report.tell(&name, outcome, started.elapsed());
        Ok(())
    })
}

/// Whether this can be shown with the client as it comes: some ask for minutes whether somebody answers now, and only
/// scripts can be made to ask for something odd, and not to wait for as long as a limit says.
fn meets(client: &Client, refusal: &Refusal) -> bool {
    let by_script = client.odd().is_some();
    match refusal.kind {
        Kind::WrongKey | Kind::UnknownModel => true,
        Kind::AllDown => !client.is_stubborn(),
        Kind::CannotCarry | Kind::RateLimit | Kind::Stopped => by_script,
    }
}

fn refused(alipes: &Alipes, cache: &Cache, client: &Client, refusal: &Refusal) -> Result<()> {
    let stage = stage(alipes, client, refusal)?;
    let folder = tempfile::tempdir()?;
    let more = match refusal.kind {
        Kind::CannotCarry => client.odd().unwrap_or_default(),
        _ => "{}",
    };
    let url = stage.url().to_owned();
    let turn = || {
        let place = (folder.path(), PROMPT);
        client.turn_asking(cache, &url, place, more, CAP)
    };
    if refusal.kind == Kind::RateLimit {
        turn()?
            .succeeded(client.name)
            .with_context(|| stage.said())?;
    }
    let ended = match refusal.kind {
        Kind::Stopped => std::thread::scope(|scope| {
            let turn = scope.spawn(turn);
            let begun = now();
            while stage.asked().is_empty() && begun.elapsed() < CAP {
                std::thread::sleep(POLL);
            }
            stage.stop();
            turn.join().ok().context("the turn broke")?
        })?,
        _ => turn()?,
    };
    is_told(client, refusal, &ended).with_context(|| stage.said())
}

/// A server that will refuse.
fn stage(alipes: &Alipes, client: &Client, refusal: &Refusal) -> Result<Stage> {
    let fault = match refusal.kind {
        Kind::AllDown => Some("500"),
        Kind::Stopped => Some("sse-stall-after-text"),
        _ => None,
    };
    let speaks = match refusal.kind {
        Kind::CannotCarry if client.speaks_chat() => "messages",
        Kind::CannotCarry => "chat",
        _ => "responses",
    };
    let key = "[serve.keys.interop]\nkey = { env = \"ALIPES_API_KEY\" }\n";
    Stage::refusing(alipes, (fault, speaks), |config| match refusal.kind {
        Kind::WrongKey => config.replace(key, ""),
        Kind::UnknownModel => {
            config.replace(&format!("[serve.aliases.{MODEL}]"), "[serve.aliases.other]")
        }
        Kind::RateLimit => {
            // A socket is one request, and so is each on it: the second turn's is the one too many.
            let most = if client.way == Way::WebSocket { 3 } else { 1 };
            config.replace(key, &format!("{key}requests_per_minute = {most}\n"))
        }
        Kind::Stopped => format!("{config}drain_seconds = 1\n"),
        Kind::CannotCarry | Kind::AllDown => config,
    })
}

/// Whether the person is told.
fn is_told(client: &Client, refusal: &Refusal, ended: &Finished) -> Result<()> {
    let said = format!("{}\n{}", ended.stdout, ended.stderr);
    let parts = match (client.shows(), refusal.kind) {
        // An upgrade that is refused has a body, too, but the SDKs show its status alone.
        (Some(Shows::FramesAlone), Kind::WrongKey) => ["", "401"],
        // It has words of its own for this.
        (Some(Shows::OwnWords), Kind::UnknownModel) => ["", "issue with the selected model"],
        (Some(Shows::Class), _) => [refusal.class, refusal.told],
        _ => ["", refusal.told],
    };
    for part in parts {
        ensure!(
            said.contains(part),
            "its user is not told {part:?}:\n{}",
            ended.said()
        );
    }
    Ok(())
}
