//! Signing in with a browser.

use alipes_auth::{AuthError, SignInError, SignedOut};
use alipes_simulator::Route;
use http::{HeaderMap, Method};
use url::Url;

use crate::machine::{Machine, NAME, browse, get, send, sent_back, text};

#[tokio::test]
async fn a_browser_signs_in_with_pkce_and_sees_a_plain_page() {
    let machine = Machine::new(&[]).await;
    let sign_in = machine.logins().with_browser(NAME).await.unwrap();
    let url = sign_in.url().clone();
    let (signed_in, page) = tokio::join!(sign_in.finish(), browse(url));
    let signed_in = signed_in.unwrap();
    assert_eq!(
        signed_in.claims.account_id.as_deref(),
        Some("acct-simulated")
    );
    assert!(signed_in.replaced.is_none());
    assert!(
        page.contains("signed in as ada@simulated.example"),
        "{page}"
    );
    for resource in ["http:", "https:", "src=", "<script", "<link", "@import"] {
        assert!(!page.contains(resource), "{resource}: {page}");
    }
    let authorize = &machine.seen(Route::Authorize)[0].path;
    for said in [
        "code_challenge_method=S256",
        "originator=alipes&",
        "codex_cli_simplified_flow=true",
    ] {
        assert!(format!("{authorize}&").contains(said), "{authorize}");
    }
    let token = &machine.seen(Route::Token)[0];
    assert_eq!(token.header("originator"), Some("alipes"));
    assert_eq!(token.header("user-agent"), Some("alipes/0.0.0 (test)"));
}

#[tokio::test]
async fn the_file_is_private_and_its_secrets_are_learnt() {
    let machine = Machine::new(&[]).await;
    machine.sign_in().await;
    let login = machine.login();
    for name in ["access_token", "refresh_token", "id_token"] {
        let secret = login[name].as_str().unwrap();
        assert!(machine.redactor.holds_secret(secret), "{name}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for name in ["auth.json", "auth.lock"] {
            let facts = std::fs::metadata(machine.home.path().join(name)).unwrap();
            assert_eq!(facts.permissions().mode() & 0o777, 0o600, "{name}");
        }
    }
}

#[tokio::test]
async fn an_answer_with_a_wrong_state_is_refused_and_the_right_one_still_counts() {
    let machine = Machine::new(&["sign-in-other-state@1"]).await;
    let sign_in = machine.logins().with_browser(NAME).await.unwrap();
    let url = sign_in.url().clone();
    let person = async {
        let first = browse(url.clone()).await;
        (first, browse(url).await)
    };
    let (signed_in, (first, second)) = tokio::join!(sign_in.finish(), person);
    assert!(first.contains("another sign-in"), "{first}");
    assert!(second.contains("Signed in"), "{second}");
    signed_in.unwrap();
}

#[tokio::test]
async fn an_error_page_says_what_the_issuer_said_and_cannot_become_markup() {
    type Expected = fn(&AuthError) -> bool;
    let table: [(&str, Expected, &str); 3] = [
        (
            "sign-in-error",
            |error| matches!(error, AuthError::SignIn(SignInError::Refused(_))),
            "&lt;b&gt;Try later&lt;/b&gt;",
        ),
        (
            "sign-in-denied",
            |error| matches!(error, AuthError::SignIn(SignInError::Cancelled)),
            "cancelled",
        ),
        (
            "sign-in-no-entitlement",
            |error| matches!(error, AuthError::SignIn(SignInError::NoEntitlement)),
            "no access to Codex",
        ),
    ];
    for (fault, expected, words) in table {
        let machine = Machine::new(&[fault]).await;
        let sign_in = machine.logins().with_browser(NAME).await.unwrap();
        let url = sign_in.url().clone();
        let (signed_in, page) = tokio::join!(sign_in.finish(), browse(url));
        let error = signed_in.unwrap_err();
        assert!(expected(&error), "{fault}: {error:?}");
        assert!(page.contains(words), "{fault}: {page}");
        assert!(!machine.file().exists(), "{fault}");
    }
}

#[tokio::test]
async fn a_code_that_the_issuer_does_not_take_is_told_in_the_browser_too() {
    let machine = Machine::new(&["token-500"]).await;
    let sign_in = machine.logins().with_browser(NAME).await.unwrap();
    let url = sign_in.url().clone();
    let (signed_in, page) = tokio::join!(sign_in.finish(), browse(url));
    assert!(matches!(signed_in.unwrap_err(), AuthError::Authority(_)));
    assert!(
        page.contains("Not signed in") && page.contains("server_error"),
        "{page}"
    );
}

#[tokio::test]
async fn a_port_that_is_taken_is_left_for_the_next() {
    let machine = Machine::new(&[]).await;
    let first = machine.logins().with_browser(NAME).await.unwrap();
    let taken = port(first.url());
    let second = machine.logins_on(vec![taken, 0]);
    let second = second.with_browser(NAME).await.unwrap();
    assert_ne!(port(second.url()), taken);
    let url = second.url().clone();
    let (signed_in, _page) = tokio::join!(second.finish(), browse(url));
    signed_in.unwrap();

    let none = machine.logins_on(vec![taken]).with_browser(NAME).await;
    let message = none.err().unwrap().to_string();
    assert!(
        message.contains(&taken.to_string()) && message.contains("--device"),
        "{message}"
    );
}

#[tokio::test]
async fn a_user_who_cancels_leaves_nothing_behind() {
    let machine = Machine::new(&[]).await;
    let sign_in = machine.logins().with_browser(NAME).await.unwrap();
    let base = format!("http://127.0.0.1:{}", port(sign_in.url()));
    let cancel: Url = format!("{base}/cancel").parse().unwrap();
    let page: HeaderMap = [(
        "sec-fetch-site".parse().unwrap(),
        "cross-site".parse().unwrap(),
    )]
    .into_iter()
    .collect();
    let asks = async {
        let by_a_page = get(cancel.clone(), page).await.status;
        (by_a_page, text(get(cancel, HeaderMap::new()).await).await)
    };
    let (cancelled, (by_a_page, shown)) = tokio::join!(sign_in.finish(), asks);
    assert_eq!(by_a_page, 404);
    assert!(shown.contains("cancelled"), "{shown}");
    let error = cancelled.unwrap_err();
    assert!(matches!(error, AuthError::SignIn(SignInError::Cancelled)));
    assert!(!machine.file().exists());
    // The port is free again.
    let port = base.rsplit(':').next().unwrap().parse().unwrap();
    let again = machine.logins_on(vec![port]);
    again.with_browser(NAME).await.unwrap();
}

#[tokio::test]
async fn what_is_no_answer_of_this_sign_in_is_turned_away() {
    let machine = Machine::new(&[]).await;
    let sign_in = machine.logins().with_browser(NAME).await.unwrap();
    let authorize = sign_in.url().clone();
    let strangers = async {
        let back = sent_back(authorize.clone()).await;
        let state = back
            .query_pairs()
            .find(|(name, _)| name == "state")
            .unwrap()
            .1;
        let url = |rest: &str| {
            let url = format!("http://localhost:{}{rest}", back.port().unwrap());
            url.parse::<Url>().unwrap()
        };
        let bare = url(&format!("/auth/callback?state={state}"));
        let no_state = url("/auth/callback?code=stolen");
        for (url, status) in [
            (bare, 400),
            (no_state, 400),
            (url("/"), 404),
            (url("/favicon.ico"), 404),
        ] {
            assert_eq!(
                get(url.clone(), HeaderMap::new()).await.status,
                status,
                "{url}"
            );
        }
        let posted = send(Method::POST, back.clone(), HeaderMap::new(), "".into()).await;
        assert_eq!(posted.status, 405);
        browse(back).await
    };
    let (signed_in, page) = tokio::join!(sign_in.finish(), strangers);
    signed_in.unwrap();
    assert!(page.contains("Signed in"), "{page}");
}

#[tokio::test]
async fn a_new_sign_in_takes_the_old_one_back() {
    let machine = Machine::new(&[]).await;
    machine.sign_in().await;
    let old = machine.login();
    let sign_in = machine.logins().with_browser(NAME).await.unwrap();
    let url = sign_in.url().clone();
    let (signed_in, _page) = tokio::join!(sign_in.finish(), browse(url));
    assert_eq!(signed_in.unwrap().replaced, Some(true));
    let revoked = machine.seen(Route::Token).pop().unwrap();
    assert_eq!(revoked.path, "/oauth/revoke");
    assert_eq!(revoked.body.unwrap()["token"], old["refresh_token"]);
    assert_eq!(machine.login()["generation"], 2);
}

#[tokio::test]
async fn signing_out_revokes_and_deletes_and_deletes_in_any_case() {
    for (faults, expected) in [
        (&[][..], SignedOut::Revoked),
        (&["token-500"], SignedOut::OnlyHere),
    ] {
        let machine = Machine::new(&[]).await;
        machine.sign_in().await;
        machine.set_faults(faults);
        let logins = machine.logins();
        assert_eq!(logins.sign_out(NAME).await.unwrap(), expected);
        assert!(!machine.file().exists());
        assert_eq!(logins.sign_out(NAME).await.unwrap(), SignedOut::Nobody);
    }
}

fn port(url: &Url) -> u16 {
    let redirect = url.query_pairs().find(|(name, _)| name == "redirect_uri");
    Url::parse(&redirect.unwrap().1).unwrap().port().unwrap()
}
