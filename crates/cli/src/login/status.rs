//! `alipes login status`: who is signed in, whose tokens they are, how long they last, and what is left
//! of each plan. That is asked now; an answer that does not come in time is told as that.

use std::time::Duration;

use alipes_auth::{AuthError, Logins, Owner, Status, login_command};
use alipes_base::Deadline;
use alipes_models::{AccountStanding, Catalog, Key, Making, ModelsError, OPENAI_CODEX};
use alipes_transport::{Cause, Transport};
use alipes_wire::Quota;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::told;
use crate::failure::Failure;
use crate::providers::standing::{self, ago, length};
use crate::setup::Machine;
use crate::streams::print_json;

/// How long the plan's usage is waited for.
const LIMIT: (&str, Duration) = ("usage", Duration::from_secs(3));

/// One sign-in, or why this version can make nothing of it.
type Entry = Result<SignIn, (String, AuthError)>;

/// One sign-in.
struct SignIn {
    name: String,
    status: Status,
    quota: Result<Option<Quota>, String>,
    standing: Option<AccountStanding>,
}

/// Prints each sign-in; fails if there is none that can be used.
pub(super) async fn print(
    catalog: &Catalog,
    transport: &Transport,
    machine: &Machine,
    as_json: bool,
) -> Result<(), Failure> {
    let logins = catalog.logins().ok_or(ModelsError::NoLogins)?;
    let names = logins.names();
    if names.is_empty() {
        // A file that cannot be read says so here.
        logins.status(OPENAI_CODEX)?;
        return Err(AuthError::NotSignedIn(OPENAI_CODEX.to_owned()).into());
    }
    let memory = machine.memory(None);
    if let Some(memory) = &memory {
        // Without it there is less to tell.
        let _unread = transport.recall(memory).await;
    }
    let making = Making {
        environment: &machine.environment,
        transport,
        session_id: "",
    };
    let asked = names
        .into_iter()
        .map(|name| sign_in(name, catalog, logins, making));
    let entries = join_all(asked).await.into_iter();
    let entries = entries.collect::<Result<Vec<Entry>, Failure>>()?;
    if let Some(memory) = &memory {
        let _unkept = transport.keep(memory).await;
    }
    let now = machine.clock.unix_ms() / 1_000;
    if as_json {
        let list: Vec<Value> = entries.iter().map(|entry| listed(entry, now)).collect();
        let list = json!({ "sign_ins": list }).to_string();
        print_json(&list).map_err(Failure::unwritten)?;
    } else {
        entries.iter().try_for_each(|entry| match entry {
            Ok(one) => one.print(logins, now),
            Err((name, problem)) => {
                told(&format!("{name}: cannot be used\n  problem    {problem}"))
            }
        })?;
    }
    // A script asks whether anybody is signed in.
    match entries.iter().any(Result::is_ok) {
        true => Ok(()),
        false => Err(Failure::Told),
    }
}

fn listed(entry: &Entry, now: u64) -> Value {
    match entry {
        Ok(one) => one.as_json(now),
        Err((name, problem)) => json!({ "name": name, "problem": problem.to_string() }),
    }
}

async fn sign_in(
    name: String,
    catalog: &Catalog,
    logins: &Logins,
    making: Making<'_>,
) -> Result<Entry, Failure> {
    let status = match logins.status(&name) {
        Ok(Some(status)) => status,
        Ok(None) => return Ok(Err((name.clone(), AuthError::NotSignedIn(name)))),
        Err(problem) => return Ok(Err((name, problem))),
    };
    let provider = catalog
        .provider(OPENAI_CODEX)?
        .with_key(Key::Login(name.clone()));
    let quota = match catalog.usage(&provider, making)? {
        None => Ok(None),
        Some(question) => {
            let deadline = Deadline::after(&making.transport.clock, LIMIT.0, LIMIT.1);
            let asked = question.ask(deadline).await;
            asked
                .map(Some)
                .map_err(|fault| fault.cause().as_str().to_owned())
        }
    };
    let standings = catalog.standings(&provider, making)?;
    Ok(Ok(SignIn {
        name,
        status,
        quota,
        standing: standings.into_iter().next(),
    }))
}

impl SignIn {
    fn print(&self, logins: &Logins, now: u64) -> Result<(), Failure> {
        let unknown = || "unknown".to_owned();
        let claims = &self.status.claims;
        told(&format!(
            "{}: signed in as {}",
            self.name,
            claims.email.clone().unwrap_or_else(unknown)
        ))?;
        let rest = self.standing.as_ref().and_then(|standing| standing.rest);
        let rest = rest.map(|rest| {
            let why = rest.cause.map_or("many faults", Cause::as_str);
            format!("for {}: {why}", length(rest.remaining))
        });
        let rows = [
            ("plan", claims.plan.clone()),
            ("left", self.left(now)),
            ("rests", rest),
            (
                "account",
                Some(claims.account_id.clone().unwrap_or_else(unknown)),
            ),
            ("region", claims.residency.clone()),
            ("served at", self.status.origin.clone()),
            ("owner", Some(owner(&self.status, logins))),
            ("token", Some(token(&self.name, &self.status))),
        ];
        for (name, value) in rows {
            if let Some(value) = value {
                told(&format!("  {name:<9}  {value}"))?;
            }
        }
        Ok(())
    }

    /// `99 % of 5 hours, anew in 59 minutes; 40 % of 7 days, anew in 3 days`
    fn left(&self, now: u64) -> Option<String> {
        let quota = match &self.quota {
            Ok(quota) => quota.as_ref()?,
            Err(cause) => return Some(format!("unknown: not told in time ({cause})")),
        };
        let windows = quota.windows.iter().filter_map(|window| {
            let left = 100.0 - window.used_percent?;
            let of = window
                .window_minutes
                .map(|minutes| format!(" of {}", length(Duration::from_secs(minutes * 60))));
            let anew = window.reset_at.map(|at| {
                let wait = Duration::from_secs(at.saturating_sub(now));
                format!(", anew in {}", length(wait))
            });
            let (of, anew) = (of.unwrap_or_default(), anew.unwrap_or_default());
            Some(format!("{left:.0} %{of}{anew}"))
        });
        Some(windows.collect::<Vec<String>>().join("; "))
    }

    fn as_json(&self, now: u64) -> Value {
        let quota = self.quota.as_ref().ok().and_then(Option::as_ref);
        let windows = quota.map(|quota| {
            let window = |window: &alipes_wire::RateWindow| {
                json!({
                    "used_percent": window.used_percent, "window_minutes": window.window_minutes,
                    "resets_in_s": window.reset_at.map(|at| at.saturating_sub(now)),
                })
            };
            quota.windows.iter().map(window).collect::<Vec<Value>>()
        });
        let status = &self.status;
        json!({
            "name": self.name, "email": status.claims.email, "plan": status.claims.plan,
            "account": status.claims.account_id, "region": status.claims.residency,
            "served_at": status.origin, "borrowed": !matches!(status.owner, Owner::Alipes),
            "token_works_for_s": status.works_for.as_secs(),
            "token_age_s": status.age.map(|age| age.as_secs()),
            "ended": status.ended.as_ref().map(ToString::to_string),
            "windows": windows, "standing": self.standing.as_ref().map(standing::as_json),
        })
    }
}

fn owner(status: &Status, logins: &Logins) -> String {
    match &status.owner {
        Owner::Alipes => format!("alipes, in {}", logins.place()),
        Owner::Codex { home, .. } => format!(
            "the Codex CLI, in {}: only read here, and renewed by `codex`",
            home.display()
        ),
    }
}

fn token(name: &str, status: &Status) -> String {
    let left = match status.works_for {
        Duration::ZERO => "has ended".to_owned(),
        left => format!("works for {}", length(left)),
    };
    let left = match status.age {
        Some(age) => format!("came {}, {left}", ago(age)),
        None => left,
    };
    match (&status.owner, &status.ended) {
        (
            Owner::Codex {
                problem: Some(problem),
                ..
            },
            _,
        ) => problem.to_string(),
        (_, Some(ending)) => {
            format!(
                "{left}, and there will be no other: {ending}; sign in again with `{}`",
                login_command(name)
            )
        }
        _ => format!("{left}, renewed when it is used"),
    }
}
