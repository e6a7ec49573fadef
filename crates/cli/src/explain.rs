//! `alipes explain`: what can go wrong, whose fault it is, and what helps.
//!
//! Printed from the table that decides, so that it cannot go stale.

use alipes_transport::{Blame, Cause, Scope, remedies};

use crate::args::ExplainArgs;
use crate::failure::Failure;
use crate::setup::Machine;
use crate::streams::print;
use crate::style::Style;

pub(crate) fn run(args: &ExplainArgs, machine: &Machine) -> Result<(), Failure> {
    let style = Style::of_stdout(&machine.environment);
    let one = args.cause.as_ref().map(std::slice::from_ref);
    one.unwrap_or(Cause::ALL)
        .iter()
        .try_for_each(|cause| print(&text(*cause, style)))
        .map_err(Failure::unwritten)
}

fn text(cause: Cause, style: Style) -> String {
    format!(
        "{}\n  means    the endpoint {}\n  fault    {}; it condemns {}\n  alipes   {}\n  you      {}\n",
        style.strong(cause.as_str()),
        cause.meaning(),
        whose(cause.blame()),
        what(cause.scope()),
        remedies(cause).join(", then "),
        cause.advice(),
    )
}

fn whose(blame: Blame) -> &'static str {
    match blame {
        Blame::Us => "alipes'",
        Blame::LocalNetwork => "this machine's or its network's",
        Blame::Proxy => "the proxy's",
        Blame::Edge => "the endpoint's edge's (its load balancer or firewall)",
        Blame::Origin => "the service's",
        Blame::Model => "the model's",
        Blame::User => "in what was configured or asked for",
        _ => "unknown",
    }
}

fn what(scope: Scope) -> &'static str {
    match scope {
        Scope::Connection => "this one connection",
        Scope::Address => "this network address of it",
        Scope::Egress => "this way out of the machine",
        Scope::Route => "this route to it",
        Scope::Endpoint => "the endpoint",
        Scope::Account => "the account",
        Scope::Model => "the model",
        Scope::Request => "this request, wherever it goes",
        _ => "nothing else",
    }
}
