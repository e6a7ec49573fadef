//! What is on record of a call, however it went.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use alipes_base::{Clock, Deadline, Environment, Redactor, Rng, Secret};
use alipes_config::Document;
use alipes_models::{Catalog, Chain, Making, Model as _, Overrides, Prompt, Records, StepUpdate};
use alipes_simulator::Simulator;
use alipes_store::{AttemptEnd, CallBodies, CallEnd, CallRecord, Recorder, Unwritten};
use alipes_wire::Item;

use crate::common::{ask, deadline, prompt, simulator, transport};

/// Keeps calls in memory, written down at once.
#[derive(Default)]
struct Book(Mutex<Vec<(CallRecord, Option<CallBodies>)>>);

impl Recorder for Book {
    fn record(&self, call: Unwritten) {
        self.0.lock().unwrap().push((call.write)());
    }
}

impl Book {
    /// The one call there is.
    fn only(&self) -> CallRecord {
        let calls = self.0.lock().unwrap();
        assert_eq!(calls.len(), 1);
        calls[0].0.clone()
    }
}

/// A chain of these, on record.
fn on_record(simulators: &[&Simulator], bodies: bool) -> (Chain, Arc<Book>) {
    let (catalog, book) = catalog(simulators, bodies);
    let making = Making {
        environment: &Environment::new([("", ""); 0], "/".into()),
        transport: &transport(),
        session_id: "session-1",
    };
    let chain = catalog.chain(&Overrides::default(), making);
    (chain.unwrap(), book)
}

/// A catalogue of these, on record.
fn catalog(simulators: &[&Simulator], bodies: bool) -> (Catalog, Arc<Book>) {
    let mut text = String::new();
    for (number, simulator) in simulators.iter().enumerate() {
        let url = simulator.base_url();
        text.push_str(&format!("[providers.p{number}]\nbase_url = \"{url}\"\n"));
    }
    let others: Vec<String> = (1..simulators.len())
        .map(|n| format!("\"p{n}/m\""))
        .collect();
    let others = others.join(", ");
    text.push_str(&format!(
        "[model]\ndefault = \"p0/m\"\nfallback = [{others}]\n"
    ));
    let book = Arc::new(Book::default());
    let redactor = Redactor::new();
    redactor.learn(&Secret::new("open-sesame".to_owned()));
    let records = Records {
        recorder: Arc::clone(&book) as _,
        front: "test",
        rng: Rng::seeded(3),
        redactor,
        bodies,
    };
    let catalog = Catalog::read(&Document::parse("config.toml", &text).unwrap()).unwrap();
    (catalog.recorded(records), book)
}

#[tokio::test]
async fn a_call_is_on_record_with_its_phases_in_order_and_its_tokens() {
    let healthy = simulator(&[]).await;
    let (mut chain, book) = on_record(&[&healthy], false);
    ask(&mut chain, true).await.result.unwrap();
    let call = book.only();
    assert_eq!((&*call.front, &*call.conversation), ("test", "session-1"));
    assert_eq!(call.end, CallEnd::Answered);
    assert!(
        call.id.len() == 37 && call.id.starts_with("call_"),
        "{}",
        call.id
    );
    assert!(
        call.usage.is_some_and(|usage| usage.output_tokens > 0),
        "{:?}",
        call.usage
    );
    assert!(call.bytes_received > 0);
    let [asked] = &call.asked[..] else {
        panic!("{:?}", call.asked)
    };
    assert_eq!((&*asked.model, &*asked.endpoint), ("p0/m", "p0"));
    assert!(asked.url.ends_with("/responses"), "{}", asked.url);
    let [attempt] = &call.attempts[..] else {
        panic!("{:?}", call.attempts)
    };
    assert_eq!(attempt.end, AttemptEnd::Done);
    let phases: Vec<&str> = attempt.phases.iter().map(|span| &*span.phase).collect();
    let from = phases.iter().position(|phase| *phase == "send").unwrap();
    assert_eq!(
        phases[from..],
        ["send", "headers", "first-output", "stream"]
    );
    let mut at = attempt.begun_us;
    for span in &attempt.phases {
        // Lengths are cut to microseconds each.
        assert!(span.begun_us + 1 >= at, "{:?}", attempt.phases);
        at = span.begun_us + span.took_us;
    }
    assert!(at <= attempt.begun_us + attempt.took_us + 1, "{attempt:?}");
    assert!(call.first_event_us <= call.first_output_us && call.first_event_us.is_some());
}

#[tokio::test]
async fn a_fault_is_on_record_with_its_evidence_and_what_was_done() {
    let (broken, healthy) = (simulator(&["sse-challenge"]).await, simulator(&[]).await);
    let (mut chain, book) = on_record(&[&broken, &healthy], false);
    ask(&mut chain, true).await.result.unwrap();
    let call = book.only();
    let endpoints: Vec<&str> = call.asked.iter().map(|asked| &*asked.endpoint).collect();
    assert_eq!(
        (call.end, &endpoints[..]),
        (CallEnd::Answered, &["p0", "p1"][..])
    );
    let [failed, done] = &call.attempts[..] else {
        panic!("{:?}", call.attempts)
    };
    let fault = failed.fault.as_ref().unwrap();
    assert_eq!(
        (&*fault.cause, &*fault.blame, fault.status),
        ("challenge", "edge", Some(403))
    );
    assert!(fault.cf_ray.is_some() && fault.body.is_some(), "{fault:?}");
    assert_eq!(failed.reaction.as_deref(), Some("next-provider"));
    assert_eq!((done.asked, done.end), (1, AttemptEnd::Done));
    assert!(done.begun_us >= failed.begun_us + failed.took_us);
}

#[tokio::test]
async fn every_repetition_is_on_record() {
    let broken = simulator(&["sse-cut-after-text@1", "sse-cut-after-text@2"]).await;
    let (mut chain, book) = on_record(&[&broken], false);
    ask(&mut chain, true).await.result.unwrap();
    let call = book.only();
    let ends: Vec<_> = call.attempts.iter().map(|attempt| attempt.end).collect();
    assert_eq!(
        ends,
        [AttemptEnd::Fault, AttemptEnd::Fault, AttemptEnd::Done]
    );
    let reactions = call
        .attempts
        .iter()
        .filter_map(|attempt| attempt.reaction.as_deref());
    assert_eq!(reactions.collect::<Vec<_>>(), ["same-route", "same-route"]);
    let numbers: Vec<_> = call.attempts.iter().map(|attempt| attempt.number).collect();
    assert_eq!(numbers, [1, 2, 3]);
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_any_more_is_on_record_as_left() {
    let silent = simulator(&["sse-stall-before-headers"]).await;
    let (mut chain, book) = on_record(&[&silent], false);
    let input = [Item::user("hello")];
    let mut step = chain.step(&prompt(&input), true, deadline());
    while let Some(update) = step.next().await {
        if let StepUpdate::Trace(alipes_transport::Trace::Sent { .. }) = update {
            break;
        }
    }
    drop(step);
    let call = book.only();
    assert_eq!(call.end, CallEnd::Left);
    let [attempt] = &call.attempts[..] else {
        panic!("{:?}", call.attempts)
    };
    assert_eq!(attempt.end, AttemptEnd::Left);
    assert_eq!(attempt.phases.last().unwrap().phase, "headers");
}

#[tokio::test]
async fn where_nobody_can_be_asked_there_was_no_call() {
    let healthy = simulator(&[]).await;
    let (mut chain, book) = on_record(&[&healthy], false);
    let input = [Item::user("hello")];
    let sealed = Prompt {
        maker: Some("somebody who has gone"),
        ..prompt(&input)
    };
    let mut step = chain.step(&sealed, true, deadline());
    let first = step.next().await;
    assert!(matches!(first, Some(StepUpdate::Unreadable)), "{first:?}");
    step.finish().await.unwrap_err();
    assert!(book.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_said_is_on_record_only_where_that_was_asked_for_and_without_secrets() {
    for bodies in [false, true] {
        let healthy = simulator(&[]).await;
        let (mut chain, book) = on_record(&[&healthy], bodies);
        let said = [Item::user("the word is open-sesame")];
        let seen = crate::common::go_on(&mut chain, &said, true).await;
        seen.result.unwrap();
        let calls = book.0.lock().unwrap();
        let (call, kept) = &calls[0];
        assert!(!serde_json::to_string(call).unwrap().contains("the word is"));
        assert_eq!(kept.is_some(), bodies);
        let Some(kept) = kept else { continue };
        assert!(
            kept.request.contains("the word is [redacted]"),
            "{}",
            kept.request
        );
        assert!(
            kept.response.contains("response.completed"),
            "{}",
            kept.response
        );
        assert!(!kept.response.contains("open-sesame"), "{}", kept.response);
    }
}

#[tokio::test]
async fn a_list_of_models_is_on_record_as_asked_beside_the_turns() {
    for (faults, end, cause) in [
        (&[][..], CallEnd::Answered, None),
        (&["models-challenge"], CallEnd::Failed, Some("challenge")),
    ] {
        let simulator = simulator(faults).await;
        let (catalog, book) = catalog(&[&simulator], false);
        let (transport, clock) = (transport(), Clock::system());
        let making = Making {
            environment: &Environment::new([("", ""); 0], "/".into()),
            transport: &transport,
            session_id: "",
        };
        let deadline = Deadline::after(&clock, "test", Duration::from_secs(20));
        let listing = catalog.listing(None, making).unwrap();
        let listed = listing.ask(true, deadline).await;
        assert_eq!(listed.is_err(), cause.is_some());
        let call = book.only();
        assert_eq!((call.auxiliary, call.end), (true, end));
        let fault = call.final_fault().map(|fault| &*fault.cause);
        assert_eq!(fault, cause);
        let [asked] = &call.asked[..] else {
            panic!("{:?}", call.asked)
        };
        assert_eq!(asked.endpoint, "p0");
        assert!(asked.url.ends_with("/models"), "{}", asked.url);
    }
}
