//! What an account's workspace wants, asked beside the work and never before it.

use std::time::Duration;

use alipes_simulator::{Keys, Route};

use crate::machine::{Machine, NAME, until};

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn a_workspace_elsewhere_counts_from_the_next_conversation_on() {
    let machine = Machine::signed_in(HOUR).await;
    machine.simulator.set_keys(Keys::Issued);
    machine.set_faults(&["account-elsewhere"]);
    let conversation = machine.credential();
    conversation.current().await.unwrap();
    assert_eq!(machine.logins().routed(NAME, &machine.base_url()), None);
    until(|| machine.login()["workspace"]["asked_at"].is_u64()).await;
    let routed = machine.logins().routed(NAME, &machine.base_url()).unwrap();
    let expected = machine
        .base_url()
        .as_str()
        .replace("127.0.0.1", "localhost");
    assert_eq!(routed.as_str(), expected);
    let asked = &machine.seen(Route::Account)[0];
    assert_eq!(asked.path, "/backend-api/wham/accounts/check");
    assert_eq!(asked.header("chatgpt-account-id"), Some("acct-simulated"));
    assert_eq!(asked.header("originator"), Some("alipes-requests"));
    // Known now, so it is not asked again.
    machine.credential().current().await.unwrap();
    conversation.current().await.unwrap();
    assert_eq!(machine.seen(Route::Account).len(), 1);
}

#[tokio::test]
async fn a_region_is_named_with_every_request_once_it_is_known() {
    let machine = Machine::signed_in(HOUR).await;
    machine.set_faults(&["account-region"]);
    let conversation = machine.credential();
    conversation.current().await.unwrap();
    until(|| machine.login()["workspace"]["routing"] == "us_cr").await;
    let token = conversation.current().await.unwrap().unwrap();
    let header = (
        "x-openai-account-routing-override".to_owned(),
        "us_cr".to_owned(),
    );
    assert!(token.headers.contains(&header), "{:?}", token.headers);
}

#[tokio::test]
async fn no_request_waits_for_it_and_no_failure_of_it_counts() {
    for fault in ["account-stall", "account-500", "account-challenge"] {
        let machine = Machine::signed_in(HOUR).await;
        machine.set_faults(&[fault]);
        let conversation = machine.credential();
        let at_once = tokio::time::timeout(Duration::from_secs(2), conversation.current());
        assert!(at_once.await.unwrap().is_ok(), "{fault}");
        until(|| !machine.seen(Route::Account).is_empty()).await;
        assert_eq!(
            conversation.current().await.unwrap().unwrap().generation,
            1,
            "{fault}"
        );
        assert_eq!(
            machine.logins().routed(NAME, &machine.base_url()),
            None,
            "{fault}"
        );
    }
}
