//! `alipes login` and `alipes logout`: who is signed in on this machine, and how that comes about.

mod args;
mod browser;
mod status;

use alipes_auth::{
    AuthSection, Claims, Logins, LoginsOptions, Permissions, Platform, SignedIn, SignedOut, Way,
};
use alipes_models::{Catalog, ModelLists, ModelsError, OPENAI_CODEX};
use alipes_transport::{Identity, Transport};
use std::sync::Arc;

use args::{Lender, LoginCommand};
pub(crate) use args::{LoginArgs, LogoutArgs};

use crate::args::NetworkArgs;
use crate::failure::Failure;
use crate::providers::next_step;
use crate::recording::Recording;
use crate::setup::Machine;
use crate::streams::{print, say};

const VERSION: &str = env!("CARGO_PKG_VERSION");

pub(crate) async fn run(args: LoginArgs, machine: &Machine) -> Result<(), Failure> {
    if let Some(LoginCommand::Status { json }) = args.command {
        let (catalog, transport) = catalog(machine, &args.network)?;
        let recording = Recording::open("login", machine, false).await;
        let catalog = recording.of(catalog, machine);
        let printed = status::print(&catalog, &transport, machine, json).await;
        recording.settle(machine).await;
        return printed;
    }
    let (known, _transport) = catalog(machine, &args.network)?;
    let logins = known.logins().ok_or(ModelsError::NoLogins)?;
    let name = args.account.as_deref().unwrap_or(OPENAI_CODEX);
    if let Some(Lender::Codex) = args.import {
        let claims = logins.borrow_codex(name).await?;
        told(&format!(
            "the Codex CLI's sign-in is borrowed{}: its file is only read, and `codex` is asked to renew it",
            whose(&claims)
        ))?;
        return next(&known);
    }
    let best = Way::best(Platform::of_this_machine(), &machine.environment);
    let way = match (args.device, args.browser) {
        (true, _) => Way::Device,
        (_, true) => Way::Browser,
        _ => best,
    };
    let signed_in = match way {
        Way::Browser => with_browser(logins, name, machine).await?,
        Way::Device => with_code(logins, name).await?,
    };
    end(&signed_in)?;
    next(&known)
}

pub(crate) async fn sign_out(args: &LogoutArgs, machine: &Machine) -> Result<(), Failure> {
    let logins = logins(machine, &args.network)?;
    let name = args.account.as_deref().unwrap_or(OPENAI_CODEX);
    told(match logins.sign_out(name).await? {
        SignedOut::Nobody => "nobody was signed in",
        SignedOut::Revoked => "signed out; the sign-in was revoked",
        SignedOut::OnlyHere => {
            "signed out here; the sign-in service could not be told, so end the session in ChatGPT's settings too"
        }
        SignedOut::Returned => {
            "the Codex CLI's sign-in is no longer borrowed; the Codex CLI stays signed in"
        }
    })
}

async fn with_browser(logins: &Logins, name: &str, machine: &Machine) -> Result<SignedIn, Failure> {
    let sign_in = logins.with_browser(name).await?;
    let url = sign_in.url();
    say("sign in with the browser that opens now; if none does, go to");
    say(&format!("  {url}"));
    let browser = browser::open(url.as_str(), &machine.environment);
    if browser.is_none() {
        say("no browser could be started; `alipes login --device` needs none on this machine");
    }
    Ok(sign_in.finish().await?)
}

async fn with_code(logins: &Logins, name: &str) -> Result<SignedIn, Failure> {
    let sign_in = logins.with_code(name).await?;
    say("on any device, go to");
    say(&format!("  {}", sign_in.url()));
    say("and type this code, which is for nobody but you:");
    say(&format!("  {}", sign_in.user_code()));
    say("(sign-in with a code may have to be allowed in ChatGPT's security settings first)");
    Ok(sign_in.finish().await?)
}

fn end(signed_in: &SignedIn) -> Result<(), Failure> {
    if signed_in.claims.account_id.is_none() {
        say("warning: the sign-in names no account; the service may refuse it");
    }
    if signed_in.replaced == Some(false) {
        say(
            "warning: the sign-in before could not be revoked; end its session in ChatGPT's settings",
        );
    }
    told(&format!("signed in{}", whose(&signed_in.claims)))
}

/// Says how to go on, where that is not said by the configuration.
fn next(known: &Catalog) -> Result<(), Failure> {
    if let Some(next) = next_step(&known.provider(OPENAI_CODEX)?, known) {
        say(&next);
    }
    Ok(())
}

/// " as ada@example.org (plus)", as far as that is known.
fn whose(claims: &Claims) -> String {
    let who = claims.email.as_ref().or(claims.account_id.as_ref());
    let who = who.map_or(String::new(), |who| format!(" as {who}"));
    let plan = claims.plan.as_ref();
    plan.map_or(who.clone(), |plan| format!("{who} ({plan})"))
}

fn told(line: &str) -> Result<(), Failure> {
    print(line).map_err(Failure::unwritten)
}

/// The sign-ins of this machine, and the way to their issuer.
fn logins(machine: &Machine, network: &NetworkArgs) -> Result<Logins, Failure> {
    let (catalog, _transport) = catalog(machine, network)?;
    let logins = catalog.logins().cloned();
    logins.ok_or_else(|| ModelsError::NoLogins.into())
}

/// The catalogue with the sign-ins of this machine, and the way to every endpoint under the name that
/// the configuration gives us.
pub(crate) fn catalog(
    machine: &Machine,
    network: &NetworkArgs,
) -> Result<(Catalog, Transport), Failure> {
    let settings = machine.settings()?;
    let mut transport = machine.transport(&settings.network(network))?;
    let Some((home, document)) = settings.configuration else {
        return Ok((Catalog::default(), transport));
    };
    let section: AuthSection = document.section()?;
    if let Some(originator) = &section.request_originator {
        transport.identity = Arc::new(Identity {
            originator: originator.clone(),
            ..Identity::clone(&transport.identity)
        });
    }
    let logins = Logins::new(LoginsOptions {
        folder: home.folder().to_owned(),
        keeping: section.keeping,
        issuer: section.issuer().map_err(Failure::usage)?,
        originator: transport.identity.originator.clone(),
        user_agent: transport.identity.user_agent.clone(),
        version: VERSION,
        environment: machine.environment.clone(),
        http: transport.http.clone(),
        clock: machine.clock.clone(),
        redactor: machine.redactor.clone(),
        renewals: machine.renewals.clone(),
    });
    settle(&logins);
    guard(&logins);
    let catalog = Catalog::read(&document)?.with_logins(logins);
    let lists = ModelLists::within(home.folder());
    Ok((catalog.with_lists(lists), transport))
}

/// Says what becomes of sign-ins that were kept elsewhere than the configuration says now.
fn settle(logins: &Logins) {
    match logins.settle() {
        Ok(None) => {}
        Ok(Some(from)) => say(&format!(
            "sign-ins were moved from {from} to {}",
            logins.place()
        )),
        Err(problem) => say(&format!("warning: {problem}")),
    }
}

/// Says who else can read the sign-ins.
fn guard(logins: &Logins) {
    let file = logins.place();
    match logins.guard() {
        Permissions::Private => {}
        Permissions::Mended => say(&format!(
            "warning: other users of this machine could read {file}; now they cannot, but sign in again if that matters"
        )),
        Permissions::Open => say(&format!(
            "warning: other users of this machine can read {file}, and that could not be changed"
        )),
    }
}
