//! The screen: what needs the person first, then what is true of the program, then each endpoint. Where a
//! terminal has fewer rows than that, what needs the person comes once more, last, where it is seen.

use std::time::Duration;

use alipes_store::{EndpointHealth, Standing};
use alipes_transport::{Cause, RouteRest, RouteStanding};
use unicode_width::UnicodeWidthStr as _;

use super::gather::{Endpoint, Kept, Report};
use super::needs::Need;
use crate::calls::line::Page;
use crate::calls::short;
use crate::providers::standing::{ago as age, length};
use crate::sessions::ago;
use crate::style::{bytes, one_line, seconds};

pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How wide the names of rows are.
const NAME: usize = 8;

/// Narrower than this causes are told by their names instead of in words.
const NARROW: usize = 60;

/// Most accounts of a provider that are shown.
const MOST: usize = 4;

/// A space at which no line is broken.
const UNBROKEN: &str = "\u{a0}";

/// The longest value from elsewhere, in characters, and the longest text that holds some.
const LONGEST: usize = 300;
const MOST_TEXT: usize = 600;

/// The lines, for a terminal of so many rows.
pub(super) fn lines(
    report: &Report,
    needs: &[Need],
    page: &Page,
    rows: Option<usize>,
) -> Vec<String> {
    let mut lines = first(needs, page);
    lines.push(String::new());
    for (name, value) in of_the_program(report, page) {
        lines.extend(row(name, &value, page));
    }
    for endpoint in &report.endpoints {
        lines.push(String::new());
        let mut told = needs.iter().filter(|need| need.cause.is_some());
        let is_told = told.any(|need| need.endpoint.as_ref() == Some(&endpoint.name));
        lines.extend(of_endpoint(endpoint, is_told, page));
    }
    if report.left_out > 0 {
        lines.push(String::new());
        let more = format!("and {} more, see `alipes providers`", report.left_out);
        lines.extend(wrapped(&more, 2, page));
    }
    // The prompt that follows takes a row.
    if let Some(rows) = rows.filter(|rows| lines.len() >= *rows) {
        lines.push(String::new());
        lines.extend(once_more(needs, rows, page));
    }
    lines
}

/// Text from anywhere in lines, its commands unbroken, so that they can be copied.
fn wrapped(text: &str, indent: usize, page: &Page) -> Vec<String> {
    let text = one_line(&page.clean(text), MOST_TEXT);
    let pieces = text.split('`').enumerate().map(|(at, piece)| {
        let fits = piece.width() + indent + 3 <= page.columns;
        match at % 2 == 1 && fits {
            true => piece.replace(' ', UNBROKEN),
            false => piece.to_owned(),
        }
    });
    let text = pieces.collect::<Vec<_>>().join("`");
    let lines = page.wrapped(&text, indent).into_iter();
    lines.map(|line| line.replace(UNBROKEN, " ")).collect()
}

/// What needs the person.
fn first(needs: &[Need], page: &Page) -> Vec<String> {
    if needs.is_empty() {
        return vec![page.style.good("✓ nothing needs you")];
    }
    let mut lines = Vec::new();
    for need in needs {
        lines.extend(in_short(need, page));
        if let Some(evidence) = &need.evidence {
            lines.extend(wrapped(&format!("  {evidence}"), 4, page));
        }
    }
    lines
}

fn in_short(need: &Need, page: &Page) -> Vec<String> {
    let what = wrapped(&format!("! {}: {}", need.what, need.help), 2, page);
    let lines = what.into_iter().map(|line| page.style.error(line));
    lines.collect()
}

/// What needs the person, without what shows it: the most pressing, and as much more as fits.
fn once_more(needs: &[Need], rows: usize, page: &Page) -> Vec<String> {
    let Some((first_of_all, others)) = needs.split_first() else {
        return first(needs, page);
    };
    let mut lines = in_short(first_of_all, page);
    for (at, need) in others.iter().enumerate() {
        let next = in_short(need, page);
        // An empty line before, the prompt behind, and perhaps how many are left.
        if lines.len() + next.len() + 3 > rows {
            let left = others.len() - at;
            lines.push(page.style.error(format!("! and {left} more, above")));
            break;
        }
        lines.extend(next);
    }
    lines
}

fn of_the_program(report: &Report, page: &Page) -> Vec<(&'static str, String)> {
    let order: Vec<String> = report.order.iter().map(ToString::to_string).collect();
    let asked = match order.split_first() {
        None => "nobody by itself".to_owned(),
        Some((first, [])) => format!("{first}, nobody behind it"),
        Some((first, behind)) => format!("{first}, behind it {}", behind.join(", ")),
    };
    let serve = match report.serving.as_slice() {
        [] => "not running".to_owned(),
        urls => format!("running at {}", urls.join(", ")),
    };
    vec![
        ("model", asked),
        ("sessions", sessions(report, page)),
        ("serve", serve),
        ("version", format!("{VERSION}, sandbox {}", report.sandbox)),
    ]
}

fn sessions(report: &Report, page: &Page) -> String {
    let Ok(Kept { extent, last, .. }) = &report.kept else {
        return "cannot be read".to_owned();
    };
    let size = bytes(extent.bytes);
    let last = last.as_ref().map_or_else(String::new, |last| {
        let standing = match last.standing {
            Standing::Interrupted => ", interrupted",
            _ => "",
        };
        format!(", last {}{standing}", ago(page.now_ms, last.used_ms))
    });
    format!("{}{last}; {size}", extent.conversations)
}

fn of_endpoint(endpoint: &Endpoint, fault_is_told: bool, page: &Page) -> Vec<String> {
    let place = endpoint
        .provider
        .as_ref()
        .map(|provider| match provider.app_server {
            true => "codex app-server".to_owned(),
            false => provider.shown_url().unwrap_or_default(),
        });
    let place = place.unwrap_or_else(|| "not in the configuration".to_owned());
    let title = wrapped(&format!("{}  {place}", endpoint.name), 2, page).into_iter();
    let mut lines: Vec<String> = title.map(|line| page.style.strong(line)).collect();
    let mut rows = Vec::new();
    let accounts = endpoint.accounts.iter().take(MOST);
    rows.extend(accounts.map(|account| ("account", account.in_words())));
    if endpoint.accounts.len() > MOST {
        rows.push(("", format!("and {} more", endpoint.accounts.len() - MOST)));
    }
    rows.extend(
        endpoint
            .problem
            .iter()
            .map(|problem| ("problem", problem.clone())),
    );
    rows.extend(route(&endpoint.routes, page).map(|told| ("route", told)));
    rows.extend(
        endpoint
            .ipv6_is_silent
            .then(|| ("network", silent_ipv6(&endpoint.name))),
    );
    rows.push(("answered", answered(&endpoint.health, page.now_ms)));
    rows.extend(endpoint.live.iter().map(|live| ("live", live.in_words())));
    let fault = fault(endpoint, page.now_ms).filter(|_| !fault_is_told);
    rows.extend(fault.map(|told| ("fault", told)));
    for (name, value) in rows {
        lines.extend(row(name, &value, page));
    }
    lines
}

fn row(name: &str, value: &str, page: &Page) -> Vec<String> {
    let value = one_line(value, LONGEST);
    wrapped(&format!("  {name:NAME$} {value}"), 2 + NAME + 1, page)
}

/// No more than a race of connections shows: whether IPv6 is swallowed or slow, doctor waits and sees.
fn silent_ipv6(name: &str) -> String {
    format!(
        "IPv6 to this host did not answer before IPv4 did; IPv4 is used first; see `alipes doctor {name}`"
    )
}

/// `sse; websocket rests: it refused the WebSocket (3 minutes ago, tried again in 6 minutes)`
fn route(routes: &[RouteStanding], page: &Page) -> Option<String> {
    let next = routes.iter().find(|standing| standing.is_next)?;
    let why: Vec<String> = routes
        .iter()
        .filter_map(|standing| why_not(standing, page))
        .collect();
    Some(match (why.as_slice(), routes.len()) {
        ([], 1) => format!("{}, the only one", next.route),
        ([], _) => format!("{}, the best one", next.route),
        (why, _) => format!("{}; {}", next.route, why.join("; ")),
    })
}

fn why_not(standing: &RouteStanding, page: &Page) -> Option<String> {
    let route = standing.route;
    if let Some(RouteRest {
        cause,
        known_for,
        remaining,
    }) = standing.rest
    {
        let (ago, again) = (age(known_for), length(remaining));
        let what = cause.map_or("failed too often", Cause::meaning);
        return Some(match (page.columns < NARROW, cause) {
            (true, Some(cause)) => format!("{route} {} {ago}, again in {again}", cause.as_str()),
            _ => format!("{route} rests: it {what} ({ago}, tried again in {again})"),
        });
    }
    let held_back = format!("something on the way holds answers over {route} back");
    standing.held_back.then_some(held_back)
}

/// `3 min ago; first event p50 0.2 s, p95 1.1 s of 500 calls`
fn answered(health: &EndpointHealth, now_ms: u64) -> String {
    let last = match health.last_answered_ms {
        Some(at) => ago(now_ms, at),
        None => "never on record".to_owned(),
    };
    let first = health.first_events.map_or_else(String::new, |first| {
        let [half, most] =
            [first.p50_us, first.p95_us].map(|us| seconds(Duration::from_micros(us)));
        let calls = match first.calls {
            1 => "1 call".to_owned(),
            calls => format!("{calls} calls"),
        };
        format!("; first event p50 {half}, p95 {most} of {calls}")
    });
    format!("{last}{first}")
}

/// `3 min ago, challenge, mended (`alipes calls show 1a2b3c4d`)`
fn fault(endpoint: &Endpoint, now_ms: u64) -> Option<String> {
    let seen = endpoint.fault.as_ref()?;
    let mended = match (seen.was_mended, endpoint.health.answered_since_fault) {
        (true, _) => ", mended",
        (false, true) => ", answered since",
        (false, false) => "",
    };
    let account = match seen.account.as_str() {
        "" => String::new(),
        account => format!(" as {account}"),
    };
    Some(format!(
        "{}, {}{account}{mended} (`alipes calls show {}`)",
        ago(now_ms, seen.at_ms),
        seen.fault.cause,
        short(&seen.call),
    ))
}
