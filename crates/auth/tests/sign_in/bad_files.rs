//! The file of sign-ins, as other hands and other versions leave it.

use std::time::Duration;

use alipes_auth::{AuthError, Permissions, SignedOut, StoreError};
use serde_json::json;

use crate::machine::{Machine, NAME};

const HOUR: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn a_file_of_a_newer_version_is_named_and_left_alone() {
    let machine = Machine::new(&[]).await;
    let text = json!({"version": 2, "logins": {}, "vault": "sealed"}).to_string();
    std::fs::write(machine.file(), &text).unwrap();
    let message = machine.credential().current().await.unwrap_err().message;
    assert!(message.contains("newer alipes"), "{message}");
    let logins = machine.logins();
    let newer = |error: AuthError| matches!(error, AuthError::Store(StoreError::Newer { .. }));
    // Before anybody has been sent to a browser.
    assert!(newer(logins.with_browser(NAME).await.err().unwrap()));
    assert!(newer(logins.sign_out(NAME).await.unwrap_err()));
    assert_eq!(std::fs::read_to_string(machine.file()).unwrap(), text);
}

#[tokio::test]
async fn a_half_written_file_is_named_and_signing_in_keeps_it_aside() {
    let machine = Machine::signed_in(HOUR).await;
    let whole = std::fs::read_to_string(machine.file()).unwrap();
    let half = &whole[..whole.len() / 2];
    std::fs::write(machine.file(), half).unwrap();
    let message = machine.credential().current().await.unwrap_err().message;
    assert!(
        message.contains("damaged") && message.contains("alipes login"),
        "{message}"
    );
    assert!(!message.contains("eyJ"), "{message}");
    machine.sign_in().await;
    machine.credential().current().await.unwrap();
    let aside = machine.home.path().join("auth.json.damaged");
    assert_eq!(std::fs::read_to_string(aside).unwrap(), half);
}

#[tokio::test]
async fn a_second_damaged_file_leaves_the_first_where_it_is() {
    let machine = Machine::new(&[]).await;
    let aside = |number: usize| match number {
        1 => machine.home.path().join("auth.json.damaged"),
        number => machine
            .home
            .path()
            .join(format!("auth.json.damaged.{number}")),
    };
    for number in 1..=9 {
        std::fs::write(machine.file(), format!("damage {number}")).unwrap();
        machine.sign_in().await;
    }
    for number in 1..=9 {
        let kept = std::fs::read_to_string(aside(number)).unwrap();
        assert_eq!(kept, format!("damage {number}"));
    }
    std::fs::write(machine.file(), "one too many").unwrap();
    let error = machine.logins().sign_out(NAME).await.unwrap_err();
    assert!(error.to_string().contains("delete"), "{error}");
    assert_eq!(
        std::fs::read_to_string(machine.file()).unwrap(),
        "one too many"
    );
    // Told before somebody is sent to a browser, too.
    let error = machine.logins().with_browser(NAME).await.err().unwrap();
    assert!(error.to_string().contains("delete"), "{error}");
}

#[tokio::test]
async fn a_file_that_ends_inside_a_letter_is_half_written_too() {
    let machine = Machine::signed_in(HOUR).await;
    let half = b"{\"version\": 1, \"logins\": {\"caf\xc3";
    std::fs::write(machine.file(), half).unwrap();
    let message = machine.credential().current().await.unwrap_err().message;
    assert!(message.contains("damaged"), "{message}");
    machine.sign_in().await;
    machine.credential().current().await.unwrap();
    let aside = machine.home.path().join("auth.json.damaged");
    assert_eq!(std::fs::read(aside).unwrap(), half);
}

#[tokio::test]
async fn what_is_no_sign_in_is_damaged_and_never_fatal() {
    let machine = Machine::new(&[]).await;
    let odd = [
        "",
        "[]",
        "{}",
        "\u{0}\u{1}",
        r#"{"version": "1"}"#,
        r#"{"version": 1, "logins": {"openai-codex": {}}}"#,
        r#"{"version": 1, "logins": {"openai-codex": {"kind": "chatgpt"}}}"#,
    ];
    for text in odd {
        std::fs::write(machine.file(), text).unwrap();
        let message = machine.credential().current().await.unwrap_err().message;
        assert!(message.contains("damaged"), "{text}: {message}");
    }
    std::fs::write(machine.file(), r#"{"version": 1, "logins": 7}"#).unwrap();
    let message = machine.credential().current().await.unwrap_err().message;
    assert!(message.contains("nobody is signed in"), "{message}");
}

#[tokio::test]
async fn a_sign_in_of_a_later_version_is_named_and_hides_nobody() {
    let machine = Machine::signed_in(HOUR).await;
    let mut saved = machine.saved();
    saved["logins"]["later"] = json!({"kind": "of a later day"});
    std::fs::write(machine.file(), saved.to_string()).unwrap();
    let logins = machine.logins();
    assert_eq!(logins.names(), [NAME, "later"]);
    assert!(logins.status(NAME).unwrap().is_some());
    let message = logins.status("later").unwrap_err().to_string();
    assert!(message.contains("\"of a later day\""), "{message}");
    assert!(!message.contains("damaged"), "{message}");
    // It is not ours to take back, but ours to forget.
    let left = logins.sign_out("later").await.unwrap();
    assert_eq!(left, SignedOut::OnlyHere);
    assert_eq!(logins.names(), [NAME]);
}

#[tokio::test]
async fn what_this_version_does_not_know_survives_a_refresh() {
    let machine = Machine::signed_in(HOUR).await;
    let mut saved = machine.saved();
    saved["later"] = json!({"a": 1});
    saved["logins"][NAME]["nickname"] = json!("work");
    saved["logins"]["other"] = json!({"kind": "of a later day"});
    std::fs::write(machine.file(), saved.to_string()).unwrap();
    machine.credential().refresh(1).await.unwrap().unwrap();
    let after = machine.saved();
    assert_eq!(after["later"], saved["later"]);
    assert_eq!(after["logins"]["other"], saved["logins"]["other"]);
    assert_eq!(after["logins"][NAME]["nickname"], "work");
    assert_eq!(after["logins"][NAME]["generation"], 2);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_others_can_read_is_told_and_mended() {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::signed_in(HOUR).await;
    let logins = machine.logins();
    assert_eq!(logins.guard(), Permissions::Private);
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(machine.file(), open).unwrap();
    assert_eq!(logins.guard(), Permissions::Mended);
    let facts = std::fs::metadata(machine.file()).unwrap();
    assert_eq!(facts.permissions().mode() & 0o777, 0o600);
    assert_eq!(logins.guard(), Permissions::Private);
}

#[cfg(unix)]
#[tokio::test]
async fn a_fifo_in_its_place_is_not_waited_for() {
    let machine = Machine::new(&[]).await;
    let made = std::process::Command::new("mkfifo")
        .arg(machine.file())
        .status();
    assert!(made.unwrap().success());
    let message = machine.credential().current().await.unwrap_err().message;
    assert!(message.contains("regular file"), "{message}");
}
