//! No request gets through: which hop, and whether another door is open.

use alipes_net::Way;

use super::super::{Door, Survey};
use super::words::{connections, fate, shown_certificate, signer, through, use_it};
use super::{Diagnosis, Weight};
use crate::{Cause, Fault, Phase};

/// The dial by the door that turns take fails by `fault`.
pub(super) fn broken(survey: &Survey, door: &Door, fault: &Fault) -> Diagnosis {
    let host = &survey.target;
    let happened = format!(
        "{} to {host} {}",
        connections(&door.egress),
        fate(fault, door)
    );
    if let Some(open) = other_door(survey, door) {
        return elsewhere(survey, (door, open), &happened);
    }
    let found = |id, says| Diagnosis::new(id, Weight::Fault, says);
    let advice = fault.cause.advice();
    match fault.cause {
        Cause::Offline => found("offline", "this machine has no network".to_owned())
            .helped_by("connect to a network, then try again"),
        Cause::ProxyRefused | Cause::ProxyAuth => dead_proxy(survey, door, &happened),
        Cause::Intercepted => intercepted(survey, door),
        Cause::NameNotFound => no_such_name(survey),
        Cause::Refused => found(
            "nothing-listens",
            format!("nothing listens at {host}: the server does not run, or is elsewhere"),
        )
        .helped_by(format!(
            "start the server, or correct base_url of {}: it is {}",
            survey.endpoint, survey.base_url
        )),
        // Something answered, and not in TLS.
        Cause::Malformed if fault.phase == Phase::Tls => found(
            "wrong-base-url",
            format!("{host} answers, but not in TLS: it may want http://"),
        )
        .helped_by(format!(
            "correct base_url of {}, if it is a server that you trust the way to: it is {}",
            survey.endpoint, survey.base_url
        )),
        Cause::Certificate => found(
            "certificate",
            format!("{happened}{}", shown_certificate(door)),
        )
        .helped_by(match survey.has_known_address {
            true => "open a browser, and log in if this network wants that; or use another network",
            false => advice,
        }),
        Cause::ClockSkew => found(
            "clock",
            format!(
                "the certificate of {host} is not valid yet by this machine's clock{}",
                shown_certificate(door)
            ),
        )
        .helped_by("set this machine's clock"),
        _ => found("way-blocked", happened).helped_by(advice),
    }
}

fn no_such_name(survey: &Survey) -> Diagnosis {
    let host = &survey.target.host;
    if survey.has_known_address {
        let says = format!(
            "this machine's name resolver does not know {host:?}, which is the service's own address: a filter, or a VPN that is off"
        );
        return Diagnosis::new("name-not-found", Weight::Fault, says)
            .helped_by("check this machine's DNS, or use another network");
    }
    let says = format!("there is no host {host:?}: nobody can be asked");
    Diagnosis::new("wrong-base-url", Weight::Fault, says).helped_by(format!(
        "correct base_url of {}: it is {}",
        survey.endpoint, survey.base_url
    ))
}

/// An open door beside this one, if this one is closed: where some request was answered by both, it is
/// not the door that fails the others.
pub(super) fn other_door<'s>(survey: &'s Survey, closed: &Door) -> Option<&'s Door> {
    if closed.is_open() {
        return None;
    }
    let mut doors = survey.doors.iter();
    doors.find(|door| door.egress.way != closed.egress.way && door.is_open())
}

/// What is barred by the door that turns take, and open by another.
pub(super) fn elsewhere(
    survey: &Survey,
    (door, open): (&Door, &Door),
    happened: &str,
) -> Diagnosis {
    let works = through(&open.egress);
    if let Way::Proxy(_) = &door.egress.way {
        let (source, works) = (&door.egress.source, works.as_str());
        let found = Diagnosis::new(
            "dead-proxy",
            Weight::Fault,
            format!("{happened}; {works} it works: the proxy is the trouble"),
        );
        let correct = format!("correct or unset {source}, which names the proxy");
        return match open.egress.way {
            Way::Direct => found
                .helped_by(correct)
                .helped_by("or go without it: `alipes chat --proxy direct`"),
            _ => found.helped_by(correct),
        };
    }
    let because = match &survey.departure.unused {
        Some(unused) => format!(", because {}", unused.reason),
        None => String::new(),
    };
    Diagnosis::new(
        "proxy-not-used",
        Weight::Fault,
        format!("{happened}; {works} it works: the proxy was not used{because}"),
    )
    .helped_by(use_it(survey, open))
}

fn dead_proxy(survey: &Survey, door: &Door, happened: &str) -> Diagnosis {
    let direct = survey
        .doors
        .iter()
        .find(|door| door.egress.way == Way::Direct);
    let direct = direct.and_then(|direct| Some((direct, direct.broken_dial()?)));
    let without = direct.map_or_else(String::new, |(direct, fault)| {
        format!("; without it, connections {}", fate(fault, direct))
    });
    let source = &door.egress.source;
    Diagnosis::new("dead-proxy", Weight::Fault, format!("{happened}{without}")).helped_by(format!(
        "correct {source}, which names the proxy, or ask whoever runs it"
    ))
}

/// Somebody who is not believed answers in the host's name.
fn intercepted(survey: &Survey, door: &Door) -> Diagnosis {
    let host = &survey.target;
    let trusted = survey.doors.iter().any(Door::is_open);
    let who = match trusted {
        true => "something on this way looks inside",
        false => {
            "an antivirus or a company's proxy looks inside, or the server has an authority of its own"
        }
    };
    Diagnosis::new(
        "intercepted",
        Weight::Fault,
        format!(
            "TLS to {host} is intercepted: it shows {}, which this machine does not trust; {who}",
            signer(door)
        ),
    )
    .helped_by("if you trust it, name its authority's file in ALIPES_CA_FILE, or as ca_file under [network]")
    .helped_by("if not, use another network: whoever intercepts could read your key")
}
