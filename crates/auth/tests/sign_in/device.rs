//! Signing in with a code on another device.

use alipes_auth::{AuthError, AuthorityError, SignInError};
use alipes_simulator::Route;
use http::{HeaderMap, Method};

use crate::machine::{Machine, NAME, deadline, send, until};

/// A person types the code.
async fn type_in(url: url::Url, code: &str) -> u16 {
    let body = format!("user_code={code}").into();
    let answer = send(Method::POST, url, HeaderMap::new(), body).await;
    answer.status.as_u16()
}

#[tokio::test]
async fn a_code_that_is_typed_elsewhere_signs_in_here() {
    let machine = Machine::new(&[]).await;
    let sign_in = machine.logins().with_code(NAME).await.unwrap();
    let (url, code) = (sign_in.url().clone(), sign_in.user_code().to_owned());
    assert!(url.as_str().ends_with("/codex/device"), "{url}");
    let typing = async {
        // First somebody waits: a question comes back pending.
        until(|| machine.seen(Route::Device).len() >= 2).await;
        type_in(url, &code).await
    };
    let (signed_in, typed) = tokio::join!(sign_in.finish(), typing);
    assert_eq!(typed, 200);
    let claims = signed_in.unwrap().claims;
    assert_eq!(claims.plan.as_deref(), Some("plus"));
    assert_eq!(machine.login()["generation"], 1);
}

#[tokio::test]
async fn what_may_pass_is_waited_out() {
    for fault in ["device-500@2", "device-429@2"] {
        let machine = Machine::new(&[fault]).await;
        let sign_in = machine.logins().with_code(NAME).await.unwrap();
        let (url, code) = (sign_in.url().clone(), sign_in.user_code().to_owned());
        // After the first question, which is the second request and so the one that is struck.
        let typing = async {
            until(|| machine.seen(Route::Device).len() >= 2).await;
            type_in(url, &code).await
        };
        let (signed_in, typed) = tokio::join!(sign_in.finish(), typing);
        assert_eq!(typed, 200, "{fault}");
        signed_in.unwrap();
    }
}

#[tokio::test]
async fn a_challenge_is_told_at_once_and_not_taken_for_somebody_who_is_typing() {
    // The second request is the first question.
    let machine = Machine::new(&["device-challenge@2"]).await;
    let sign_in = machine.logins().with_code(NAME).await.unwrap();
    let error = deadline().run(sign_in.finish()).await.unwrap().unwrap_err();
    let message = error.to_string();
    assert!(
        matches!(
            error,
            AuthError::Authority(AuthorityError::Challenged { status: 403, .. })
        ),
        "{message}"
    );
    assert!(message.contains("cf-ray"), "{message}");
    assert_eq!(machine.seen(Route::Device).len(), 2);
}

#[tokio::test]
async fn an_issuer_without_device_codes_is_named() {
    let machine = Machine::new(&["device-off"]).await;
    let error = machine.logins().with_code(NAME).await.err().unwrap();
    assert!(matches!(
        error,
        AuthError::SignIn(SignInError::NoDeviceCodes)
    ));
}
