//! The same for programs. Names are those of `alipes providers --json` and of call records.

use alipes_models::{ModelName, Provider};
use alipes_transport::{Cause, RouteStanding};
use serde_json::{Value, json};

use super::accounts::Account;
use super::faults::Seen;
use super::gather::{Endpoint, Report};
use super::live::Live;
use super::needs::Need;
use crate::providers::standing;

pub(super) fn of(report: &Report, needs: &[Need]) -> Value {
    let needs: Vec<Value> = needs.iter().map(need).collect();
    let endpoints: Vec<Value> = report.endpoints.iter().map(endpoint).collect();
    let order: Vec<String> = report.order.iter().map(ModelName::to_string).collect();
    let kept = report.kept.as_ref().ok();
    let last = kept.and_then(|kept| kept.last.as_ref());
    json!({
        "version": super::screen::VERSION,
        "needs": needs,
        "order": order,
        "serving": report.serving,
        "sandbox": report.sandbox,
        "store": {
            "conversations": kept.map(|kept| kept.extent.conversations),
            "bytes": kept.map(|kept| kept.extent.bytes),
            "last_used_ms": last.map(|last| last.used_ms),
            "problem": report.kept.as_ref().err().map(ToString::to_string),
        },
        "endpoints": endpoints,
        "endpoints_left_out": report.left_out,
    })
}

fn need(need: &Need) -> Value {
    json!({
        "what": need.what, "help": need.help, "evidence": need.evidence,
        "endpoint": need.endpoint, "cause": need.cause.map(Cause::as_str),
    })
}

fn endpoint(endpoint: &Endpoint) -> Value {
    let provider = endpoint.provider.as_ref();
    let accounts: Vec<Value> = endpoint.accounts.iter().map(account).collect();
    let routes: Vec<Value> = endpoint.routes.iter().map(route).collect();
    let first = endpoint.health.first_events.map(
        |first| json!({ "calls": first.calls, "p50_us": first.p50_us, "p95_us": first.p95_us }),
    );
    json!({
        "name": endpoint.name,
        "configured": provider.is_some_and(|provider| provider.configured),
        "base_url": provider.and_then(Provider::shown_url),
        "dialect": provider.map(|provider| provider.dialect.as_str()),
        "in_order": endpoint.in_order,
        "problem": endpoint.problem,
        "accounts": accounts,
        "routes": routes,
        "ipv6_silent": endpoint.ipv6_is_silent,
        "last_answered_ms": endpoint.health.last_answered_ms,
        "first_event": first,
        "live": endpoint.live.as_ref().map(Live::as_json),
        "last_fault": endpoint.fault.as_ref().map(fault),
    })
}

fn account(account: &Account) -> Value {
    let mut told = standing::as_json(&account.standing);
    let status = account.sign_in.as_ref();
    told["key"] = account.place().into();
    told["plan"] = json!(status.and_then(|status| status.claims.plan.as_deref()));
    told["token_age_s"] = json!(
        status
            .and_then(|status| status.age)
            .map(|age| age.as_secs())
    );
    told["token_works_for_s"] = json!(status.map(|status| status.works_for.as_secs()));
    let ended = status.and_then(|status| status.ended.as_ref());
    told["ended"] = json!(ended.map(ToString::to_string));
    told
}

fn route(standing: &RouteStanding) -> Value {
    let rest = standing.rest.as_ref();
    json!({
        "route": standing.route.as_str(),
        "next": standing.is_next,
        "rests_for_s": rest.map(|rest| rest.remaining.as_secs()),
        "rests_because": rest.and_then(|rest| rest.cause).map(Cause::as_str),
        "held_back": standing.held_back,
    })
}

fn fault(seen: &Seen) -> Value {
    json!({
        "call": seen.call, "at_ms": seen.at_ms, "mended": seen.was_mended,
        "model": seen.model, "account": seen.account, "fault": seen.fault,
    })
}
