//! What needs the person, most pressing first: what it is in plain words, and what helps.
//!
//! A fault needs somebody while nothing was answered there since. One that passes by itself is let go
//! after an hour, one that only a person can mend is not; where somebody else answered in its place,
//! only the latter counts. Faults of a single request were told to whoever asked, and end with it.

use alipes_auth::login_command;
use alipes_store::StoreError;
use alipes_transport::{Cause, Scope};

use super::faults::Seen;
use super::gather::{Endpoint, Report};
use crate::calls::short;
use crate::providers::standing::length;
use crate::sessions::ago;

/// So long after a fault that passes by itself somebody may still ask for it.
const RECENT_MS: u64 = 3_600_000;

/// Most accounts of a provider that are named.
const MOST: usize = 3;

/// Something that needs the person.
#[derive(Debug)]
pub(super) struct Need {
    /// What it is.
    pub(super) what: String,
    /// What helps, with the command.
    pub(super) help: String,
    /// What shows it.
    pub(super) evidence: Option<String>,
    pub(super) endpoint: Option<String>,
    pub(super) cause: Option<Cause>,
}

/// All of them.
pub(super) fn of(report: &Report) -> Vec<Need> {
    let unread = report.problem.as_ref();
    let unread = unread.map(|problem| Need::plain(problem, "correct it, see `alipes doctor`"));
    // Who would be asked is not known then.
    let needs = unread.or_else(|| nobody_is_asked(report));
    let mut needs: Vec<Need> = needs.into_iter().collect();
    for endpoint in &report.endpoints {
        needs.extend(of_endpoint(endpoint, report.now_ms));
    }
    if let Err(error) = &report.kept {
        needs.push(of_store(error));
    }
    if let Some((what, help)) = &report.unwritable {
        needs.insert(0, Need::plain(what, help));
    }
    needs
}

/// Nothing is set up, or nobody is chosen.
fn nobody_is_asked(report: &Report) -> Option<Need> {
    let mut endpoints = report.endpoints.iter();
    let is_set_up = endpoints.any(|endpoint| endpoint.provider.is_some());
    if !is_set_up && report.order.is_empty() {
        return Some(Need::plain(
            "nothing is set up yet",
            "sign in to ChatGPT with `alipes login`, or save a key with `alipes providers add NAME`",
        ));
    }
    let mut answered = report.endpoints.iter().map(|endpoint| &endpoint.health);
    let is_used = answered.any(|health| health.last_answered_ms.is_some());
    (report.order.is_empty() && !is_used).then(|| {
        Need::plain(
            "no model is asked by itself",
            "name one with `alipes chat -m PROVIDER/NAME`, or set default under [model]",
        )
    })
}

fn of_endpoint(endpoint: &Endpoint, now_ms: u64) -> Vec<Need> {
    let name = &endpoint.name;
    if let Some(problem) = endpoint.problem.as_ref().filter(|_| endpoint.in_order) {
        let what = format!("{name} cannot be asked: {problem}");
        return vec![Need::plain(&what, "see `alipes providers`").about(endpoint)];
    }
    let accounts = endpoint.accounts.iter().filter(|_| endpoint.in_order);
    let troubles = accounts.filter_map(|account| {
        let (what, help) = account.trouble(name)?;
        let what = format!("{name}{} {what}", account.behind_the_providers_name());
        Some(Need::plain(&what, &help).about(endpoint))
    });
    let troubles: Vec<Need> = troubles.take(MOST).collect();
    if !troubles.is_empty() {
        return troubles;
    }
    let fault = endpoint.fault.as_ref().and_then(|seen| {
        let cause = seen.cause()?;
        let needs_somebody = needs_somebody(endpoint, seen, cause, now_ms);
        needs_somebody.then(|| of_fault(endpoint, seen, cause, now_ms))
    });
    fault.into_iter().collect()
}

fn needs_somebody(endpoint: &Endpoint, seen: &Seen, cause: Cause, now_ms: u64) -> bool {
    if endpoint.health.answered_since_fault || seen.auxiliary || is_one_requests(cause) {
        return false;
    }
    if let Some(until) = seen.until_ms() {
        return now_ms < until && !seen.was_mended;
    }
    if only_a_person_mends(cause) && endpoint.provider.is_some() {
        return true;
    }
    !seen.was_mended && now_ms.saturating_sub(seen.at_ms) < RECENT_MS
}

/// Whether it ends with the request that it came of.
fn is_one_requests(cause: Cause) -> bool {
    cause.scope() == Scope::Request && !matches!(cause, Cause::InvalidRequest | Cause::Deadline)
}

/// Whether it stays until somebody does something.
fn only_a_person_mends(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::Unauthorized
            | Cause::Forbidden
            | Cause::NoCredential
            | Cause::Quota
            | Cause::ModelUnavailable
            | Cause::NotAnApi
            | Cause::NoSuchEndpoint
            | Cause::NameNotFound
            | Cause::Certificate
            | Cause::Intercepted
            | Cause::Redirected
            | Cause::ClientMissing
            | Cause::ClientUnavailable
            | Cause::Region
            | Cause::ProxyAuth
    )
}

fn of_fault(endpoint: &Endpoint, seen: &Seen, cause: Cause, now_ms: u64) -> Need {
    let name = &endpoint.name;
    let account = match seen.account.as_str() {
        "" => String::new(),
        account => format!(" as {account}"),
    };
    let what = match cause {
        Cause::ModelUnavailable => format!("{name} does not offer the model {}", seen.model),
        // What was not sent cannot have been refused.
        Cause::Unauthorized if endpoint.shows_no_key() => {
            format!("{name}{account} wants a key, and none is configured")
        }
        cause if is_about_the_address(cause) && !seen.url.is_empty() => {
            format!("{name} {}: {}", cause.meaning(), seen.url)
        }
        cause => format!("{name}{account} {}", cause.meaning()),
    };
    let evidence = seen.evidence();
    let evidence = evidence.trim_end_matches('.');
    let colon = if evidence.is_empty() { "" } else { ": " };
    let proxy = seen.fault.unused_proxy.as_ref();
    let proxy = proxy.map_or_else(String::new, |proxy| format!("; {proxy}"));
    let shown = format!(
        "{}{colon}{evidence}{proxy}; `alipes calls show {}`",
        ago(now_ms, seen.at_ms),
        short(&seen.call),
    );
    Need {
        what,
        help: help(endpoint, seen, cause, now_ms),
        evidence: Some(shown),
        endpoint: Some(name.clone()),
        cause: Some(cause),
    }
}

fn is_about_the_address(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::NotAnApi
            | Cause::NoSuchEndpoint
            | Cause::NameNotFound
            | Cause::Refused
            | Cause::Redirected
            | Cause::Certificate
            | Cause::Malformed
    )
}

/// What the person can do, with the command that helps.
fn help(endpoint: &Endpoint, seen: &Seen, cause: Cause, now_ms: u64) -> String {
    let name = &endpoint.name;
    let another = "or add another provider with `alipes providers add NAME`";
    let closer = look_closer(endpoint, seen);
    match (cause, endpoint.sign_in(&seen.account)) {
        (Cause::Unauthorized | Cause::NoCredential, Some(login)) => {
            format!("sign in again with `{}`", login_command(login))
        }
        (Cause::Unauthorized | Cause::NoCredential, None) => {
            let good = match endpoint.shows_no_key() {
                true => "one",
                false => "a good key",
            };
            let account = endpoint.to_account(&seen.account);
            let save = format!("save {good} with `alipes providers add {name}{account}`");
            match endpoint.key_variable(&seen.account) {
                Some(variable) => format!("put {good} into {variable}, or {save}"),
                None => save,
            }
        }
        (Cause::ModelUnavailable, _) => {
            format!("choose one of `alipes models {name}`")
        }
        (cause, _) if is_about_the_address(cause) => {
            format!("{}; {closer}", cause.advice())
        }
        (Cause::UsageLimit | Cause::Quota | Cause::RateLimited, _) => {
            let wait = seen.until_ms().map(|until| {
                let left = std::time::Duration::from_millis(until.saturating_sub(now_ms));
                format!("wait for {}", length(left))
            });
            let wait = wait.unwrap_or_else(|| match cause {
                Cause::Quota => "top up the account".to_owned(),
                _ => "wait".to_owned(),
            });
            format!("{wait}, {another}")
        }
        (Cause::Challenge | Cause::Blocked | Cause::Region, _) => {
            format!("use another network, {another}; {closer}")
        }
        (
            Cause::Silent
            | Cause::Stalled
            | Cause::Cut
            | Cause::EdgeDead
            | Cause::EdgeTimeout
            | Cause::Overloaded
            | Cause::ServerError,
            _,
        ) => format!("try again later, {another}; {closer}"),
        (cause, _) => format!("{}; {closer}", cause.advice()),
    }
}

/// What finds out more: doctor, which looks at the way there, where it knows whom to look at.
fn look_closer(endpoint: &Endpoint, seen: &Seen) -> String {
    match endpoint.provider {
        Some(_) => format!(
            "`alipes doctor {}` looks at every step of the way",
            endpoint.name
        ),
        None => format!("see `alipes calls show {}`", short(&seen.call)),
    }
}

fn of_store(error: &StoreError) -> Need {
    Need::plain(&error.to_string(), "see `alipes store check`")
}

impl Need {
    fn plain(what: &str, help: &str) -> Self {
        Self {
            what: what.to_owned(),
            help: help.to_owned(),
            evidence: None,
            endpoint: None,
            cause: None,
        }
    }

    fn about(self, endpoint: &Endpoint) -> Self {
        let endpoint = Some(endpoint.name.clone());
        Self { endpoint, ..self }
    }
}
