//! A provider that is another program of this machine: there is no way over the network that we could look
//! at, and what can be tried without asking for anything is whether that program is there, new
//! enough, signed in, and takes a conversation.

use alipes_base::Deadline;
use alipes_models::{Making, Model as _, Overrides, Prompt};
use alipes_transport::{Cause, Fault};

use super::LIMIT;
use super::report::{Check, Status};
use super::subject::Subject;
use crate::setup::Machine;

/// How that program stands; nothing where the provider is reached over the network.
pub(super) async fn check(subject: &Subject, machine: &Machine) -> Option<Check> {
    let (name, transport) = subject.official_client()?;
    let check =
        |status, summary: String| Check::new("provider.app_server", "provider", status, summary);
    let id = machine.rng.uuid();
    let making = Making {
        environment: &machine.environment,
        transport,
        session_id: &id,
    };
    let overrides = Overrides {
        model: Some(name.to_owned()),
        ..Overrides::default()
    };
    let begun = machine.clock.now();
    let prompt = Prompt {
        instructions: "",
        tools: &[],
        input: &[],
        maker: None,
    };
    let ready = match subject.catalog.chain(&overrides, making) {
        Ok(mut chain) => {
            let deadline = Deadline::after(&machine.clock, "doctor", LIMIT);
            chain.prewarm(&prompt, deadline).await
        }
        Err(error) => return Some(check(Status::Fail, error.to_string())),
    };
    let found = match ready {
        Ok(()) => check(
            Status::Ok,
            format!(
                "{name} is ready: the Codex CLI is new enough, signed in, and takes a conversation"
            ),
        ),
        Err(fault) => check(Status::Fail, format!("{name}: {fault}")).helped_by(help(&fault)),
    };
    Some(found.took(machine.clock.since(begun)))
}

fn help(fault: &Fault) -> &'static str {
    match fault.cause {
        Cause::Unauthorized | Cause::NoCredential => "sign that program in with `codex login`",
        cause => cause.advice(),
    }
}
