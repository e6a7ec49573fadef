//! Calls beside the turn: welcome, short, and without consequences.

use std::sync::Arc;
use std::time::Duration;

use alipes_base::{Clock, Deadline, Rng};
use alipes_net::TlsOptions;
use alipes_simulator::{Keys, Options, Route as Seen, Simulator};
use alipes_transport::{
    AuxiliaryFault, Cause, Credential, Endpoint, Phase, Profile, Route, Transport,
};
use bytes::Bytes;
use http::HeaderMap;

use crate::common::{RenewableKey, say, session, simulator, transport};
use crate::experience::new_conversation;

/// Asks for the list of models of an endpoint with a short limit.
async fn models(simulator: &Simulator) -> Result<String, AuxiliaryFault> {
    models_over(&transport(TlsOptions::default()), simulator).await
}

/// The same over a transport that may have met something.
async fn models_over(
    transport: &Transport,
    simulator: &Simulator,
) -> Result<String, AuxiliaryFault> {
    let mut profile = Profile::named("openai-codex").unwrap();
    profile.auxiliary_timeout = Duration::from_millis(700);
    let path = profile.models_path.clone();
    let endpoint = Endpoint::new("test", &simulator.base_url(), profile, None).unwrap();
    let credential: Arc<dyn Credential> = Arc::new(RenewableKey);
    let deadline = Deadline::after(&Clock::system(), "test", Duration::from_secs(60));
    let endpoint = Arc::new(endpoint);
    let asked = transport.auxiliary(&endpoint, &credential, &path, deadline);
    let answer = asked.await?;
    Ok(String::from_utf8(answer.body.to_vec()).unwrap())
}

#[tokio::test]
async fn the_list_is_asked_for_as_who_we_are() {
    let simulator = simulator(&[]).await;
    assert!(models(&simulator).await.unwrap().contains("sim-model"));
    let seen = simulator.seen().pop().unwrap();
    assert_eq!(seen.path, "/v1/models?client_version=0.169.0");
    assert_eq!(seen.header("authorization"), Some("Bearer old"));
    assert_eq!(seen.header("originator"), Some("alipes"));
    assert_eq!(
        seen.header("session-id"),
        None,
        "it belongs to no conversation"
    );
}

#[tokio::test]
async fn its_faults_are_named_and_tried_once_more_at_most() {
    let table = [
        ("models-401", "headers/unauthorized", 1),
        ("models-500", "headers/server-error", 2),
        ("models-challenge", "headers/challenge", 1),
        ("models-stall", "headers/silent", 1),
    ];
    for (fault, name, requests) in table {
        let simulator = simulator(&[fault]).await;
        let error = models(&simulator).await.unwrap_err();
        let found = format!("{}/{}", error.phase().as_str(), error.cause().as_str());
        assert_eq!(
            (found.as_str(), simulator.seen().len()),
            (name, requests),
            "{fault}"
        );
        assert!(error.to_string().contains("over auxiliary"), "{error}");
        // A newer key is the turn's business.
        let keys = simulator.seen();
        let newer = keys
            .iter()
            .find(|seen| seen.header("authorization") != Some("Bearer old"));
        assert!(newer.is_none(), "{fault}: {newer:?}");
    }
}

/// Posts a side call to an endpoint that takes these keys; what came of it, and the keys that were shown.
async fn side_call(keys: &[&str]) -> (Result<(), AuxiliaryFault>, Vec<String>) {
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    let options = Options {
        keys: Keys::Exactly(keys),
        ..Options::local(Clock::system(), Rng::seeded(1))
    };
    let simulator = Simulator::start(options).await.unwrap();
    let session = session(&simulator.base_url(), &[Route::Sse]);
    let deadline = Deadline::after(&Clock::system(), "test", Duration::from_secs(60));
    let (path, body) = ("responses/compact", Bytes::from_static(b"{}"));
    let side = session.side_calls();
    let asked = side.post(path, body, HeaderMap::new(), deadline);
    let outcome = asked.await.map(|_answer| ());
    let seen = simulator.seen().into_iter();
    let shown = seen.map(|seen| seen.header("authorization").unwrap_or_default().to_owned());
    (outcome, shown.collect())
}

#[tokio::test]
async fn a_refused_key_is_renewed_once_where_somebody_waits_for_the_answer() {
    let (outcome, shown) = side_call(&["new"]).await;
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(shown, ["Bearer old", "Bearer new"]);
    let (outcome, shown) = side_call(&["another"]).await;
    assert_eq!(outcome.unwrap_err().cause(), Cause::Unauthorized);
    assert_eq!(shown, ["Bearer old", "Bearer new"]);
}

#[tokio::test]
async fn a_fault_that_strikes_once_is_mended() {
    let simulator = simulator(&["models-500@1"]).await;
    assert!(models(&simulator).await.is_ok());
}

#[tokio::test]
async fn a_turn_does_not_hear_of_its_faults() {
    for fault in [
        "models-401",
        "models-500",
        "models-challenge",
        "models-stall",
    ] {
        let simulator = simulator(&[fault]).await;
        models(&simulator).await.unwrap_err();
        let mut session = session(&simulator.base_url(), &[Route::WebSocket, Route::Sse]);
        let outcome = say(&mut session, "hello").await;
        assert!(
            outcome.faults().is_empty(),
            "{fault}: {:?}",
            outcome.faults()
        );
        assert_eq!(outcome.result.unwrap().route, Route::WebSocket, "{fault}");
        let seen = simulator.seen();
        assert_eq!(seen.last().unwrap().route, Seen::WebSocket, "{fault}");
    }
}

#[tokio::test]
async fn a_challenged_list_is_not_asked_for_again_and_the_turn_goes_its_way() {
    let simulator = simulator(&["models-challenge@1"]).await;
    let transport = transport(TlsOptions::default());
    let first = models_over(&transport, &simulator).await.unwrap_err();
    let second = models_over(&transport, &simulator).await.unwrap_err();
    for (fault, phase) in [(first, Phase::Headers), (second, Phase::Queue)] {
        assert_eq!((fault.phase(), fault.cause()), (phase, Cause::Challenge));
    }
    assert_eq!(simulator.seen().len(), 1);
    let said = new_conversation(&transport, &simulator, &[Route::Sse], true).await;
    assert_eq!(said.result.unwrap().attempts, 1);
}
