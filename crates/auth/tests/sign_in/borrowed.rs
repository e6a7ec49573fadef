//! The Codex CLI's sign-in, borrowed: read where it lies, renewed by its owner.

#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use alipes_auth::{AuthError, BorrowError, Owner, SignedOut};
use alipes_transport::Token;
use serde_json::{Value, json};

use crate::machine::{Machine, NAME};

/// Renews like the real one: answers two requests, and then the file is another.
const CODEX: &str = r#"#!/bin/sh
echo "$@" >> "$CODEX_HOME/calls"
read -r line; echo '{"method":"remoteControl/status/changed","params":{}}'
echo '{"id":1,"result":{"userAgent":"x"}}'
read -r line
read -r line; echo "$line" >> "$CODEX_HOME/calls"
[ -f "$CODEX_HOME/next.json" ] && mv "$CODEX_HOME/next.json" "$CODEX_HOME/auth.json"
[ -f "$CODEX_HOME/fails" ] && echo '{"id":2,"error":{"code":-32603,"message":"workspace routing discovery failed"}}'
echo '{"id":2,"result":{"account":{"type":"chatgpt"},"requiresOpenaiAuth":true}}'
sleep 60
"#;

/// A machine where the Codex CLI is installed and signed in.
struct Lender {
    machine: Machine,
    home: PathBuf,
}

impl Lender {
    async fn new() -> Self {
        let mut machine = Machine::new(&[]).await;
        let (home, bin) = (
            machine.home.path().join("codex"),
            machine.home.path().join("bin"),
        );
        std::fs::create_dir(&home).unwrap();
        std::fs::create_dir(&bin).unwrap();
        let program = bin.join("codex");
        std::fs::write(&program, CODEX).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        let path = format!("{}:/usr/bin:/bin", bin.display());
        machine.variables = vec![
            ("CODEX_HOME".to_owned(), home.display().to_string()),
            ("PATH".to_owned(), path),
        ];
        Self { machine, home }
    }

    /// Puts tokens into one of its files that last so long.
    async fn write(&self, name: &str, lifetime: u64) -> Value {
        let other = Machine::signed_in(Duration::from_secs(lifetime)).await;
        let login = other.login();
        let file = json!({
            "auth_mode": "chatgpt", "OPENAI_API_KEY": null,
            "tokens": {
                "id_token": login["id_token"], "access_token": login["access_token"],
                "refresh_token": login["refresh_token"], "account_id": "acct-simulated",
            },
            "last_refresh": "2026-11-21T10:00:00Z",
        });
        std::fs::write(self.home.join(name), file.to_string()).unwrap();
        login
    }

    /// The token that a conversation gets.
    async fn token(&self) -> Token {
        let credential = self.machine.credential();
        credential.current().await.unwrap().unwrap()
    }

    /// What is said where it gets none.
    async fn refusal(&self) -> String {
        let credential = self.machine.credential();
        credential.current().await.unwrap_err().message
    }

    fn calls(&self) -> usize {
        let calls = std::fs::read_to_string(self.home.join("calls")).unwrap_or_default();
        calls.lines().filter(|line| *line == "app-server").count()
    }
}

#[tokio::test]
async fn a_borrowed_token_is_read_where_it_lies_and_never_copied() {
    let lender = Lender::new().await;
    let login = lender.write("auth.json", 3_600).await;
    let before = std::fs::read(lender.home.join("auth.json")).unwrap();
    let logins = lender.machine.logins();
    let claims = logins.borrow_codex(NAME).await.unwrap();
    assert_eq!(claims.account_id.as_deref(), Some("acct-simulated"));
    let token = lender.token().await;
    assert_eq!(token.secret.expose(), login["access_token"]);
    assert_eq!(token.headers[0].0, "chatgpt-account-id");

    let ours = std::fs::read_to_string(lender.machine.file()).unwrap();
    for name in ["access_token", "refresh_token", "id_token"] {
        assert!(
            !ours.contains(login[name].as_str().unwrap()),
            "{name}: {ours}"
        );
    }
    assert_eq!(
        std::fs::read(lender.home.join("auth.json")).unwrap(),
        before
    );
    let status = logins.status(NAME).unwrap().unwrap();
    assert!(matches!(status.owner, Owner::Codex { problem: None, .. }));
    assert_eq!(lender.calls(), 0);
}

#[tokio::test]
async fn a_borrowed_token_that_has_ended_is_renewed_by_its_owner_once() {
    let lender = Lender::new().await;
    lender.write("auth.json", 0).await;
    let next = lender.write("next.json", 3_600).await;
    lender.machine.logins().borrow_codex(NAME).await.unwrap();
    // Two conversations, as two processes would have them.
    let (one, two) = (lender.machine.credential(), lender.machine.credential());
    let (one, two) = tokio::join!(one.current(), two.current());
    for token in [one, two] {
        assert_eq!(
            token.unwrap().unwrap().secret.expose(),
            next["access_token"]
        );
    }
    assert_eq!(lender.calls(), 1);
    let calls = std::fs::read_to_string(lender.home.join("calls")).unwrap();
    assert!(
        calls.contains(r#""method":"account/read","params":{"refreshToken":true}"#),
        "{calls}"
    );
}

#[tokio::test]
async fn an_owner_who_renews_and_then_fails_at_something_else_has_renewed() {
    let lender = Lender::new().await;
    lender.write("auth.json", 0).await;
    std::fs::write(lender.home.join("fails"), "").unwrap();
    lender.machine.logins().borrow_codex(NAME).await.unwrap();
    let message = lender.refusal().await;
    assert!(
        message.contains("workspace routing discovery failed"),
        "{message}"
    );
    let next = lender.write("next.json", 3_600).await;
    let token = lender.token().await;
    assert_eq!(token.secret.expose(), next["access_token"]);
}

#[tokio::test]
async fn a_refused_borrowed_token_is_renewed_and_a_newer_one_is_taken_at_once() {
    let lender = Lender::new().await;
    lender.write("auth.json", 3_600).await;
    lender.machine.logins().borrow_codex(NAME).await.unwrap();
    let conversation = lender.machine.credential();
    let first = conversation.current().await.unwrap().unwrap();
    let next = lender.write("next.json", 3_600).await;
    let second = conversation
        .refresh(first.generation)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(second.secret.expose(), next["access_token"]);
    assert!(second.generation > first.generation);
    let third = lender.write("auth.json", 3_600).await;
    let newer = conversation
        .refresh(second.generation)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(newer.secret.expose(), third["access_token"]);
    assert_eq!(lender.calls(), 1);
}

#[tokio::test]
async fn an_owner_who_does_not_renew_or_is_missing_is_named() {
    let mut lender = Lender::new().await;
    lender.write("auth.json", 0).await;
    lender.machine.logins().borrow_codex(NAME).await.unwrap();
    let message = lender.refusal().await;
    assert!(
        message.contains("did not renew") && message.contains("codex login"),
        "{message}"
    );
    lender.machine.variables[1].1 = "/usr/bin-of-nobody".to_owned();
    let message = lender.refusal().await;
    assert!(message.contains("not in PATH"), "{message}");
}

#[tokio::test]
async fn nothing_to_borrow_is_named_and_giving_back_leaves_it() {
    let lender = Lender::new().await;
    let logins = lender.machine.logins();
    let error = logins.borrow_codex(NAME).await.unwrap_err();
    assert!(matches!(
        error,
        AuthError::Borrow(BorrowError::NoFile { .. })
    ));
    let key = json!({"auth_mode": "apikey", "OPENAI_API_KEY": "sk-x"}).to_string();
    std::fs::write(lender.home.join("auth.json"), key).unwrap();
    let error = logins.borrow_codex(NAME).await.unwrap_err();
    assert!(matches!(
        error,
        AuthError::Borrow(BorrowError::OtherMode(_))
    ));

    lender.write("auth.json", 3_600).await;
    logins.borrow_codex(NAME).await.unwrap();
    assert_eq!(logins.sign_out(NAME).await.unwrap(), SignedOut::Returned);
    assert!(lender.home.join("auth.json").exists() && !lender.machine.file().exists());
    let nothing_asked = lender.machine.simulator.seen().is_empty();
    assert!(
        nothing_asked,
        "the issuer is not told to revoke what is not ours"
    );
}
