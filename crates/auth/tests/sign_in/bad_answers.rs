//! Tokens that say less, or something else, than is expected.

use std::time::Duration;

use alipes_simulator::Route;

use crate::machine::{Machine, NAME};

#[tokio::test]
async fn a_sign_in_without_account_id_works_without_its_header() {
    let machine = Machine::new(&["token-no-account"]).await;
    machine.sign_in().await;
    let token = machine.credential().current().await.unwrap().unwrap();
    assert!(token.headers.is_empty(), "{:?}", token.headers);
    let status = machine.logins().status(NAME).unwrap().unwrap();
    assert_eq!(status.claims.account_id, None);
    assert_eq!(
        status.claims.email.as_deref(),
        Some("ada@simulated.example")
    );
    assert!(
        machine.seen(Route::Account).is_empty(),
        "nobody to ask about"
    );
}

#[tokio::test]
async fn a_sign_in_on_an_unknown_plan_works_and_shows_it() {
    let machine = Machine::new(&["token-unknown-plan"]).await;
    machine.sign_in().await;
    machine.credential().current().await.unwrap().unwrap();
    let status = machine.logins().status(NAME).unwrap().unwrap();
    assert_eq!(status.claims.plan.as_deref(), Some("ultra_2031"));
}

#[tokio::test]
async fn tokens_that_are_no_jwts_work_as_long_as_the_issuer_says() {
    let machine = Machine::new(&["token-opaque"]).await;
    machine
        .simulator
        .set_token_lifetime(Duration::from_secs(60));
    machine.sign_in().await;
    machine
        .simulator
        .set_token_lifetime(Duration::from_secs(3_600));
    for _ in 0..2 {
        let token = machine.credential().current().await.unwrap().unwrap();
        assert_eq!(token.generation, 2);
    }
    assert_eq!(machine.refreshes(), 1);
}
