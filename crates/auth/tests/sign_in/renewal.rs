//! When a token is renewed, and what is kept when that fails.

use std::time::Duration;

use alipes_simulator::{Keys, Route};
use alipes_transport::Cause;

use crate::machine::{Machine, NAME};

const HOUR: Duration = Duration::from_secs(3_600);
/// Less than the five minutes ahead of which a token is renewed.
const SOON: Duration = Duration::from_secs(240);
/// Over as soon as it is there.
const OVER: Duration = Duration::ZERO;

#[tokio::test]
async fn a_token_is_given_with_its_account_and_not_renewed_before_its_time() {
    let machine = Machine::signed_in(HOUR).await;
    let token = machine.credential().current().await.unwrap().unwrap();
    assert_eq!(token.generation, 1);
    let account = ("chatgpt-account-id".to_owned(), "acct-simulated".to_owned());
    assert_eq!(token.headers, [account]);
    assert_eq!(machine.refreshes(), 0);
    assert!(machine.credential().refresh(0).await.unwrap().is_some());
    assert_eq!(
        machine.refreshes(),
        0,
        "a newer one than generation 0 was there"
    );
}

#[tokio::test]
async fn a_token_is_renewed_five_minutes_ahead_and_saved_for_everybody() {
    let machine = Machine::signed_in(SOON).await;
    let before = machine.login();
    machine.simulator.set_token_lifetime(HOUR);
    let token = machine.credential().current().await.unwrap().unwrap();
    assert_eq!((token.generation, machine.refreshes()), (2, 1));
    let after = machine.login();
    assert_eq!(after["access_token"], token.secret.expose());
    assert_ne!(after["refresh_token"], before["refresh_token"]);
    let again = machine.credential().current().await.unwrap().unwrap();
    assert_eq!((again.generation, machine.refreshes()), (2, 1));
    let request = machine.seen(Route::Token).pop().unwrap();
    assert_eq!(request.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_for_all_who_were_refused() {
    let machine = Machine::signed_in(HOUR).await;
    machine.simulator.set_keys(Keys::Issued);
    let credential = machine.credential();
    let (one, two) = tokio::join!(credential.refresh(1), credential.refresh(1));
    let generations = [one, two].map(|token| token.unwrap().unwrap().generation);
    assert_eq!((generations, machine.refreshes()), ([2, 2], 1));
}

#[tokio::test]
async fn a_failed_refresh_keeps_the_old_token_while_it_works() {
    for fault in [
        "token-500",
        "token-429",
        "token-challenge",
        "token-reused",
        "token-revoked",
    ] {
        let machine = Machine::signed_in(SOON).await;
        machine.set_faults(&[fault]);
        let credential = machine.credential();
        for _ in 0..3 {
            let token = credential.current().await.unwrap().unwrap();
            assert_eq!(token.generation, 1, "{fault}");
        }
        assert_eq!(machine.refreshes(), 1, "{fault}: it rests after a failure");
    }
}

#[tokio::test]
async fn a_slow_issuer_is_not_waited_for_while_the_old_token_works() {
    let machine = Machine::signed_in(SOON).await;
    machine.simulator.set_token_lifetime(HOUR);
    machine.set_faults(&["token-stall@1"]);
    let token = machine.credential().current().await.unwrap().unwrap();
    assert_eq!(token.generation, 1);
}

#[tokio::test]
async fn a_renewal_that_nobody_waits_for_any_more_is_saved_before_the_process_ends() {
    let machine = Machine::signed_in(OVER).await;
    machine.simulator.set_token_lifetime(HOUR);
    machine.set_faults(&["token-slow"]);
    let credential = machine.credential();
    let impatient = tokio::time::timeout(Duration::from_millis(100), credential.current());
    assert!(impatient.await.is_err());
    drop(credential);
    machine.renewals.settled().await;
    assert_eq!(machine.login()["generation"], 2);
    let token = machine.credential().current().await.unwrap().unwrap();
    assert_eq!((token.generation, machine.refreshes()), (2, 1));
}

#[tokio::test]
async fn a_token_that_has_ended_and_cannot_be_renewed_says_why() {
    let (later, never) = (Cause::SignInUnavailable, Cause::NoCredential);
    for (fault, words, cause) in [
        ("token-500", "server had an error", later),
        ("token-429", "Rate limit reached", later),
        ("connection-reset", "cannot be reached", later),
        ("token-challenge", "cf-ray", never),
        ("token-reused", "another program has used", never),
        ("token-expired", "not used for too long", never),
        ("token-revoked", "was revoked", never),
    ] {
        let machine = Machine::signed_in(OVER).await;
        machine.set_faults(&[fault]);
        let error = machine.credential().current().await.unwrap_err();
        assert!(error.message.contains(words), "{fault}: {error}");
        assert_eq!(error.cause, cause, "{fault}: whether it may pass");
    }
}

#[tokio::test]
async fn a_dead_refresh_token_is_asked_about_once_and_signing_in_mends_it() {
    let machine = Machine::signed_in(OVER).await;
    machine.set_faults(&["token-revoked"]);
    for _ in 0..3 {
        // A new process each time: it knows from the file.
        let message = machine.credential().current().await.unwrap_err().message;
        assert!(message.contains("alipes login"), "{message}");
    }
    assert_eq!(machine.refreshes(), 1);
    let status = machine.logins().status(NAME).unwrap().unwrap();
    assert!(status.ended.is_some());
    machine.set_faults(&[]);
    machine.simulator.set_token_lifetime(HOUR);
    machine.sign_in().await;
    let token = machine.credential().current().await.unwrap().unwrap();
    assert_eq!(token.generation, 2);
}

#[tokio::test]
async fn a_refresh_token_that_another_program_has_used_is_named() {
    let machine = Machine::signed_in(OVER).await;
    let copy = std::fs::read(machine.file()).unwrap();
    machine.credential().current().await.unwrap();
    // Another program's copy of the chain, as it was before.
    std::fs::write(machine.file(), copy).unwrap();
    let message = machine.credential().current().await.unwrap_err().message;
    assert!(message.contains("another program has used"), "{message}");
}

#[tokio::test]
async fn a_clock_that_is_a_day_off_neither_renews_all_the_time_nor_never() {
    for day in [-86_400, 86_400] {
        let machine = Machine::new(&[]).await.with_clock(day);
        machine.sign_in().await;
        for _ in 0..3 {
            machine.credential().current().await.unwrap();
        }
        assert_eq!(machine.refreshes(), 0, "{day}");
        machine.simulator.set_token_lifetime(SOON);
        assert!(machine.credential().refresh(1).await.unwrap().is_some());
        machine.simulator.set_token_lifetime(HOUR);
        for _ in 0..3 {
            machine.credential().current().await.unwrap();
        }
        assert_eq!(machine.refreshes(), 2, "{day}");
    }
}

#[tokio::test]
async fn what_is_learnt_about_an_account_stays_with_it_through_a_renewal() {
    let machine = Machine::signed_in(SOON).await;
    machine.simulator.set_token_lifetime(HOUR);
    let credential = machine.credential();
    let before = credential.identity();
    assert_eq!(before, "acct-simulated");
    assert_eq!(credential.current().await.unwrap().unwrap().generation, 2);
    assert_eq!(credential.identity(), before);
    machine.logins().sign_out(NAME).await.unwrap();
    assert_eq!(machine.credential().identity(), NAME);
}

#[tokio::test]
async fn another_account_does_not_slip_under_a_conversation() {
    let machine = Machine::signed_in(OVER).await;
    machine.simulator.set_token_lifetime(HOUR);
    let conversation = machine.credential();
    conversation.current().await.unwrap();
    machine.set_faults(&["token-other-account"]);
    machine.sign_in().await;
    let message = conversation.current().await.unwrap_err().message;
    assert!(message.contains("another account"), "{message}");
    let fresh = machine.credential().current().await.unwrap().unwrap();
    assert_eq!(fresh.headers[0].1, "acct-somebody-else");
}

#[tokio::test]
async fn tokens_of_a_wrong_account_are_not_kept() {
    let machine = Machine::signed_in(SOON).await;
    machine.set_faults(&["token-other-account"]);
    let before = machine.login();
    let token = machine.credential().current().await.unwrap().unwrap();
    assert_eq!(token.generation, 1);
    assert_eq!(machine.login()["access_token"], before["access_token"]);
    let refused = machine.credential().refresh(1).await.unwrap_err();
    assert!(refused.message.contains("another account"), "{refused}");
}

#[tokio::test]
async fn signing_out_counts_at_the_next_request() {
    let machine = Machine::signed_in(HOUR).await;
    let conversation = machine.credential();
    conversation.current().await.unwrap();
    machine.logins().sign_out(NAME).await.unwrap();
    let message = conversation.current().await.unwrap_err().message;
    assert!(message.contains("nobody is signed in"), "{message}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_refresh_token_is_not_spent_where_its_successor_could_not_be_kept() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::signed_in(SOON).await;
    let mode =
        |mode| std::fs::set_permissions(machine.home.path(), std::fs::Permissions::from_mode(mode));
    mode(0o500).unwrap();
    let token = machine.credential().current().await.unwrap().unwrap();
    let writable = tempfile::NamedTempFile::new_in(machine.home.path()).is_ok();
    mode(0o700).unwrap();
    // The superuser may write anywhere; then there is nothing to see here.
    assert!(writable || (token.generation == 1 && machine.refreshes() == 0));
}
