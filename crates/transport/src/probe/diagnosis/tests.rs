//! What was seen, and what it means, row by row.

mod answers;

use std::time::Duration;

use alipes_base::Environment;
use alipes_net::{
    CertificateFacts, ConfiguredEgress, Egress, EgressKey, EgressPolicy, PlatformProxy, Target,
};
use url::Url;

use super::super::{Door, Lately, Look, Outcome, Step, Survey};
use super::{Weight, diagnose, length, shown};
use crate::{Cause, Fault, Phase, Route};

const MS: Duration = Duration::from_millis(1);

/// A healthy way to `https://api.test/v1`, with these variables and this word of the user's.
fn survey(variables: &[(&'static str, &'static str)], configured: Option<&str>) -> Survey {
    let url: Url = "https://api.test/v1".parse().unwrap();
    let target = Target::from_url(&url).unwrap();
    let environment = Environment::new(variables.to_vec(), "/".into());
    let configured = configured.map(|way| ConfiguredEgress {
        way: way.to_owned(),
        named_by: "--proxy".to_owned(),
        exceptions: String::new(),
    });
    let configured = configured.as_ref();
    let policy = EgressPolicy::new(configured, &environment, &PlatformProxy).unwrap();
    let departure = policy.decide(&target);
    let doors = EgressPolicy::doors(configured, &environment, &PlatformProxy).ways;
    let door = |egress: Egress| healthy(egress.way == departure.egress.way, egress);
    Survey {
        endpoint: "work".into(),
        base_url: shown(&url),
        has_known_address: false,
        first_route: Route::WebSocket,
        doors: doors.into_iter().map(door).collect(),
        target,
        departure,
        models_body: None,
        models: None,
        model: None,
        lately: None,
        shows_key: true,
        key_advice: Some("sign in again".to_owned()),
        account: String::new(),
        others: Vec::new(),
    }
}

fn healthy(is_taken: bool, egress: Egress) -> Door {
    let steps = [
        Step::Name,
        Step::Ipv4,
        Step::Ipv6,
        Step::Connect,
        Step::Tls,
        Step::TlsClassical,
        Step::Http1,
        Step::Sse,
        Step::WebSocket,
        Step::Models,
    ];
    let pass = |step| Look::new(step, Outcome::Passed(String::new()), MS);
    Door {
        key: EgressKey::from(egress.to_string().as_str()),
        egress,
        is_taken,
        looks: steps.map(pass).to_vec(),
        certificate: None,
    }
}

impl Door {
    fn passes(&mut self, step: Step) {
        self.forgets(step);
        let passed = Outcome::Passed(String::new());
        self.looks.push(Look::new(step, passed, MS));
    }

    fn forgets(&mut self, step: Step) {
        self.looks.retain(|look| look.step != step);
    }

    fn fails(&mut self, step: Step, phase: Phase, cause: Cause) -> &mut Fault {
        self.forgets(step);
        let fault = Box::new(Fault::new(phase, cause));
        self.looks.push(Look::new(step, Outcome::Failed(fault), MS));
        match &mut self.looks.last_mut().unwrap().outcome {
            Outcome::Failed(fault) => fault,
            _ => unreachable!(),
        }
    }

    /// The dial fails there, and every request with it.
    fn broken_at(&mut self, step: Step, phase: Phase, cause: Cause) {
        for request in [Step::Http1, Step::Sse, Step::WebSocket, Step::Models] {
            self.fails(request, phase, cause);
        }
        self.fails(step, phase, cause);
    }
}

fn direct() -> Survey {
    survey(&[], None)
}

const PROXY: (&str, &str) = ("HTTPS_PROXY", "http://proxy.test:3128");

/// What was seen, the first diagnosis, and what it says.
type Row = (Survey, &'static str, Weight, &'static str);

fn rows() -> Vec<Row> {
    use Weight::{Fault as Wrong, Fine, Warning};
    let mut rows = vec![(
        direct(),
        "fine",
        Fine,
        "nothing is wrong on the way to work",
    )];
    let mut row = |survey, id, weight, says| rows.push((survey, id, weight, says));

    // Challenge on one route, on the other, and on both.
    let mut seen = direct();
    let fault = seen.doors[0].fails(Step::Sse, Phase::Headers, Cause::Challenge);
    fault.evidence.status = Some(403);
    fault.evidence.cf_ray = Some("8f2-SJC".to_owned());
    row(
        seen.clone(),
        "challenge-one-route",
        Warning,
        "challenges SSE from this address (403, cf-ray 8f2-SJC), WebSocket passes: your account is fine",
    );
    seen.doors[0].fails(Step::WebSocket, Phase::Upgrade, Cause::Challenge);
    row(
        seen,
        "challenge",
        Wrong,
        "challenges everything from this network address (403, cf-ray 8f2-SJC)",
    );
    let mut seen = direct();
    seen.doors[0].fails(Step::WebSocket, Phase::Upgrade, Cause::Challenge);
    row(
        seen,
        "challenge-one-route",
        Warning,
        "challenges WebSocket from this address",
    );
    let mut seen = survey(&[PROXY, ("NO_PROXY", "api.test")], None);
    for step in [Step::Http1, Step::Sse] {
        seen.doors[0].fails(step, Phase::Headers, Cause::Challenge);
    }
    seen.doors[0].fails(Step::WebSocket, Phase::Upgrade, Cause::Challenge);
    row(
        seen,
        "proxy-not-used",
        Wrong,
        "direct connections to api.test:443 are asked for a browser challenge",
    );

    // A key that is refused, none at all, and one whose plan is spent.
    let refused = |cause, status| {
        let mut seen = direct();
        let door = &mut seen.doors[0];
        for (step, phase) in [
            (Step::WebSocket, Phase::Upgrade),
            (Step::Sse, Phase::Headers),
        ] {
            let fault = door.fails(step, phase, cause);
            fault.evidence.status = Some(status);
            fault.retry_after = Some(Duration::from_secs(3_540));
        }
        seen
    };
    row(
        refused(Cause::Unauthorized, 401),
        "key-refused",
        Wrong,
        "does not accept the key (401)",
    );
    row(
        refused(Cause::UsageLimit, 429),
        "usage-limit",
        Wrong,
        "it takes requests again in 59 minutes; the way there and the key are fine",
    );
    row(refused(Cause::Quota, 429), "quota", Wrong, "no credit left");
    row(
        refused(Cause::ServerError, 500),
        "backend",
        Wrong,
        "work failed inside (500): the way there is fine",
    );
    let mut seen = direct();
    for step in [Step::Sse, Step::WebSocket] {
        let fault = seen.doors[0].fails(step, Phase::Credential, Cause::NoCredential);
        fault.message = Some("VARIABLE is not set".to_owned());
    }
    row(seen, "no-key", Wrong, "no usable key: VARIABLE is not set");

    // A proxy that was not used, for each reason.
    for (variables, configured, says) in [
        (
            &[PROXY, ("NO_PROXY", ".test")][..],
            None,
            "the proxy was not used, because .test is excepted by NO_PROXY",
        ),
        (
            &[PROXY][..],
            Some("direct"),
            "the proxy was not used, because --proxy says direct",
        ),
        (
            &[("HTTP_PROXY", "http://p.test:1")][..],
            None,
            "through http://p.test:1 (HTTP_PROXY) it works: the proxy was not used, because it is set for another scheme",
        ),
    ] {
        let mut seen = survey(variables, configured);
        seen.doors[0].broken_at(Step::Tls, Phase::Tls, Cause::Reset);
        seen.doors[0].fails(Step::TlsClassical, Phase::Tls, Cause::Reset);
        row(seen, "proxy-not-used", Wrong, says);
    }

    // A dead proxy, with and without another door.
    let mut seen = survey(&[PROXY], None);
    seen.doors[1].broken_at(Step::Proxy, Phase::Proxy, Cause::ProxyRefused);
    row(
        seen.clone(),
        "dead-proxy",
        Wrong,
        "connections through http://proxy.test:3128 (HTTPS_PROXY) to api.test:443 fail at the proxy: proxy-refused; directly it works",
    );
    seen.doors[0].broken_at(Step::Connect, Phase::Connect, Cause::TimedOut);
    row(
        seen,
        "dead-proxy",
        Wrong,
        "without it, connections get no answer",
    );

    // Somebody looks inside; here, and everywhere.
    let mut seen = direct();
    seen.doors[0].broken_at(Step::Tls, Phase::Tls, Cause::Intercepted);
    seen.doors[0].certificate = Some(CertificateFacts {
        subject: "api.test".to_owned(),
        issuer: "Company Root".to_owned(),
        not_before: None,
        not_after: None,
    });
    row(
        seen,
        "intercepted",
        Wrong,
        "it shows a certificate signed by \"Company Root\", which this machine does not trust",
    );

    // One family is dead.
    let mut seen = direct();
    seen.doors[0].fails(Step::Ipv6, Phase::Connect, Cause::TimedOut);
    row(
        seen,
        "dead-family",
        Warning,
        "IPv6 to api.test is swallowed: what is sent there gets no answer; IPv4 works (it connects at once)",
    );
    let mut seen = direct();
    seen.doors[0].fails(Step::Ipv4, Phase::Connect, Cause::Refused);
    row(seen, "dead-family", Warning, "IPv4 to api.test is refused");
    let mut seen = direct();
    seen.doors[0].fails(Step::Ipv6, Phase::Resolve, Cause::ResolverFailed);
    row(
        seen,
        "dead-family",
        Warning,
        "IPv6 to api.test cannot be tried: the name resolver does not answer",
    );
    // It is the proxy that connects to the server.
    let mut seen = survey(&[PROXY], None);
    seen.doors[0].fails(Step::Ipv6, Phase::Connect, Cause::TimedOut);
    row(seen, "fine", Fine, "nothing is wrong on the way to work");

    // Silence, on both routes and on one.
    let mut seen = direct();
    seen.doors[0].fails(Step::Http1, Phase::Headers, Cause::Silent);
    seen.doors[0].fails(Step::Sse, Phase::Headers, Cause::Silent);
    row(
        seen.clone(),
        "silent-one-route",
        Warning,
        "says nothing over SSE",
    );
    seen.doors[0].fails(Step::WebSocket, Phase::Upgrade, Cause::TimedOut);
    row(
        seen,
        "silent",
        Wrong,
        "takes requests and says nothing, though a connection stands at once",
    );

    // Names that are wrong.
    let mut seen = direct();
    seen.model = Some("gpt-5.1-codx".to_owned());
    seen.models = Some(vec!["gpt-5.1-codex".to_owned(), "o1".to_owned()]);
    row(
        seen,
        "wrong-model",
        Warning,
        "lists 2 models, and not \"gpt-5.1-codx\": turns fail, unless it is taken all the same",
    );
    let mut seen = direct();
    for step in [Step::Http1, Step::Sse, Step::Models] {
        seen.doors[0].fails(step, Phase::Headers, Cause::NoSuchEndpoint);
    }
    seen.doors[0].fails(Step::WebSocket, Phase::Upgrade, Cause::UpgradeRefused);
    row(
        seen.clone(),
        "wrong-base-url",
        Wrong,
        "api.test:443 answers, but has no such address",
    );
    seen.doors[0].looks.retain(|look| look.step != Step::Models);
    let listed = Look::new(Step::Models, Outcome::Passed(String::new()), MS);
    seen.doors[0].looks.push(listed);
    row(
        seen,
        "wrong-dialect",
        Wrong,
        "lists its models, but has no such address",
    );
    let mut seen = direct();
    seen.doors[0].broken_at(Step::Name, Phase::Resolve, Cause::NameNotFound);
    row(
        seen,
        "wrong-base-url",
        Wrong,
        "there is no host \"api.test\"",
    );
    let mut seen = direct();
    seen.doors[0].broken_at(Step::Connect, Phase::Connect, Cause::Refused);
    row(
        seen,
        "nothing-listens",
        Wrong,
        "nothing listens at api.test:443",
    );

    // A clock that is off, with an open way and with a certificate that it misjudges.
    let dated = |seen: &mut Survey, ahead| seen.doors[0].looks[0].clock_ahead = Some(ahead);
    let mut seen = direct();
    dated(&mut seen, 86_399);
    row(
        seen,
        "clock",
        Warning,
        "this machine's clock is 1 day ahead of work's",
    );
    let mut seen = direct();
    dated(&mut seen, 60);
    row(seen, "fine", Fine, "nothing is wrong");
    let mut seen = direct();
    seen.doors[0].broken_at(Step::Tls, Phase::Tls, Cause::ClockSkew);
    row(
        seen.clone(),
        "clock",
        Wrong,
        "not valid yet by this machine's clock",
    );
    dated(&mut seen, -90_000);
    row(
        seen,
        "clock",
        Wrong,
        "this machine's clock is 1 day behind work's",
    );

    // A ClientHello that is too long, and a route that is refused.
    let mut seen = direct();
    seen.doors[0].fails(Step::Tls, Phase::Tls, Cause::Reset);
    row(
        seen,
        "large-hello",
        Warning,
        "drops a post-quantum ClientHello",
    );
    let mut seen = direct();
    seen.doors[0].fails(Step::WebSocket, Phase::Upgrade, Cause::UpgradeRefused);
    row(
        seen,
        "one-route",
        Warning,
        "work refuses to open a WebSocket; SSE is open",
    );

    // What works now and did not lately.
    let mut seen = direct();
    seen.lately = Some(Lately {
        cause: Cause::Silent,
        ago: Duration::from_secs(200),
        id: "call_1".to_owned(),
    });
    row(
        seen,
        "lately",
        Warning,
        "the last turn failed 3 minutes ago: work took the request and said nothing",
    );
    rows.extend(answers::rows());
    rows
}

#[test]
fn what_was_seen_is_told_as_its_cause() {
    let rows = rows().into_iter().enumerate();
    let wrong = rows.filter_map(|(number, (survey, id, weight, says))| {
        let found = diagnose(&survey).swap_remove(0);
        let is_right = (found.id, found.weight) == (id, weight) && found.says.contains(says);
        (!is_right).then(|| format!("row {number}: {found:?}, not {weight:?} {id}: {says}"))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn whatever_is_wrong_comes_with_what_helps() {
    for (survey, id, ..) in rows() {
        for found in diagnose(&survey) {
            let helped = !found.helps.is_empty();
            assert!(helped || found.weight == Weight::Fine, "{id}: {found:?}");
            assert!(!found.says.ends_with('.'), "{}", found.says);
        }
    }
}

#[test]
fn what_stops_turns_is_told_before_what_does_not() {
    let mut seen = direct();
    seen.doors[0].fails(Step::Ipv6, Phase::Connect, Cause::TimedOut);
    seen.doors[0].looks[0].clock_ahead = Some(-7_200);
    seen.model = Some("x".to_owned());
    seen.models = Some(vec!["y".to_owned()]);
    for step in [Step::Sse, Step::WebSocket] {
        seen.doors[0].fails(step, Phase::Headers, Cause::Unauthorized);
    }
    let ids: Vec<&str> = diagnose(&seen).iter().map(|found| found.id).collect();
    assert_eq!(ids, ["key-refused", "clock", "dead-family", "wrong-model"]);
}

#[test]
fn a_base_url_is_shown_without_what_may_be_a_key() {
    let url: Url = "https://h.test/v1/?key=canary#canary".parse().unwrap();
    assert_eq!(shown(&url), "https://h.test/v1");
}

#[test]
fn a_length_of_time_is_told_in_the_unit_that_people_use() {
    for (seconds, told) in [
        (0, "0 seconds"),
        (1, "1 second"),
        (59, "59 seconds"),
        (100, "2 minutes"),
        // What a clock shows a moment later.
        (3_599, "1 hour"),
        (86_399, "1 day"),
        (9 * 86_400 + 50_000, "10 days"),
    ] {
        assert_eq!(length(Duration::from_secs(seconds)), told);
    }
}
