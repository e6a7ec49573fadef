//! The issuer of sign-ins: strict where the real one is, and each of its faults.

use alipes_simulator::{FaultInfo, Keys, Route, Simulator, Target, faults};
use serde_json::{Value, json};
use url::Url;

use crate::client::{ask, object, prompt, start, text};

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const BACK: &str = "http://localhost:1455/auth/callback";

fn authorize(change: impl Fn(&str) -> Option<&'static str>) -> String {
    let fields = [
        ("response_type", "code"),
        ("client_id", "app_x"),
        ("redirect_uri", BACK),
        ("scope", "openid"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("codex_cli_simplified_flow", "true"),
        ("state", "s-1"),
        ("originator", "test"),
    ];
    let mut url = Url::parse("http://x/oauth/authorize").unwrap();
    let fields = fields.map(|(name, value)| (name, change(name).unwrap_or(value)));
    url.query_pairs_mut().extend_pairs(fields);
    format!("/oauth/authorize?{}", url.query().unwrap())
}

/// Where the browser is sent, and what it brings along.
async fn sent_back(simulator: &Simulator) -> Url {
    let answer = ask(simulator, "GET", &authorize(|_| None), &[], "").await;
    assert_eq!(answer.status, 302);
    answer.headers["location"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap()
}

fn brought(url: &Url, name: &str) -> Option<String> {
    let mut pairs = url.query_pairs();
    let value = pairs.find(|(key, _)| key == name).map(|(_, value)| value);
    value.map(std::borrow::Cow::into_owned)
}

async fn token(simulator: &Simulator, fields: Value) -> (u16, Value) {
    let answer = ask(simulator, "POST", "/oauth/token", &[], fields.to_string()).await;
    (answer.status.as_u16(), object(answer).await)
}

fn for_code(code: &str, verifier: &str) -> Value {
    json!({
        "grant_type": "authorization_code", "client_id": "app_x", "code": code,
        "redirect_uri": BACK, "code_verifier": verifier,
    })
}

fn for_refresh(tokens: &Value) -> Value {
    json!({
        "grant_type": "refresh_token", "client_id": "app_x",
        "refresh_token": tokens["refresh_token"],
    })
}

/// Signs in and gives the tokens.
async fn signed_in(simulator: &Simulator) -> Value {
    let code = brought(&sent_back(simulator).await, "code").unwrap();
    let (status, tokens) = token(simulator, for_code(&code, VERIFIER)).await;
    assert_eq!(status, 200, "{tokens}");
    tokens
}

#[tokio::test]
async fn a_browser_is_asked_and_what_its_user_says_counts() {
    let simulator = start(&[]).await;
    let browser = [("accept", "text/html,application/xhtml+xml")];
    let url = authorize(|_| None);
    let page = ask(&simulator, "GET", &url, &browser, "").await;
    assert_eq!(page.status, 200);
    assert!(text(page).await.contains("value=approve"));
    for (answer, expected) in [("approve", None), ("deny", Some("access_denied"))] {
        let body = format!("answer={answer}");
        let back = ask(&simulator, "POST", &url, &browser, body).await;
        let back: Url = back.headers["location"].to_str().unwrap().parse().unwrap();
        assert_eq!(brought(&back, "error").as_deref(), expected);
        assert_eq!(brought(&back, "code").is_none(), expected.is_some());
    }
    // A request that is wrong is refused before anybody is asked.
    let wrong = authorize(|name| (name == "scope").then_some(""));
    assert_eq!(
        ask(&simulator, "GET", &wrong, &browser, "").await.status,
        400
    );
}

#[tokio::test]
async fn a_code_works_once_and_only_with_its_verifier() {
    let simulator = start(&[]).await;
    let back = sent_back(&simulator).await;
    assert_eq!(brought(&back, "state").as_deref(), Some("s-1"));
    let code = brought(&back, "code").unwrap();
    let (_, refused) = token(&simulator, for_code(&code, "guessed")).await;
    assert_eq!(refused["error"], "invalid_grant");
    let code = brought(&sent_back(&simulator).await, "code").unwrap();
    assert_eq!(token(&simulator, for_code(&code, VERIFIER)).await.0, 200);
    assert_eq!(token(&simulator, for_code(&code, VERIFIER)).await.0, 400);
}

#[tokio::test]
async fn a_sign_in_that_lacks_something_is_refused_on_a_page() {
    let simulator = start(&[]).await;
    for (name, value) in [
        ("redirect_uri", "https://evil.example/auth/callback"),
        ("redirect_uri", "http://localhost:1455/other"),
        ("code_challenge_method", "plain"),
        ("originator", ""),
        ("state", ""),
    ] {
        let path = authorize(|field| (field == name).then_some(value));
        let answer = ask(&simulator, "GET", &path, &[], "").await;
        assert_eq!(answer.status, 400, "{name}={value}");
    }
}

#[tokio::test]
async fn a_refresh_token_works_once_and_a_revoked_sign_in_not_at_all() {
    let simulator = start(&[]).await;
    simulator.set_keys(Keys::Issued);
    let first = signed_in(&simulator).await;
    let (_, second) = token(&simulator, for_refresh(&first)).await;
    assert_ne!(first["access_token"], second["access_token"]);
    let (status, reused) = token(&simulator, for_refresh(&first)).await;
    assert_eq!(
        (status, reused["error"]["code"].as_str()),
        (401, Some("refresh_token_reused"))
    );

    let usage = async |tokens: &Value| {
        let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
        let headers = [("authorization", bearer.as_str())];
        ask(&simulator, "GET", "/backend-api/wham/usage", &headers, "")
            .await
            .status
    };
    assert_eq!(usage(&second).await, 200);
    let body = json!({"token": second["refresh_token"], "client_id": "app_x"}).to_string();
    assert_eq!(
        ask(&simulator, "POST", "/oauth/revoke", &[], body)
            .await
            .status,
        200
    );
    assert_eq!(usage(&second).await, 401);
    let (_, revoked) = token(&simulator, for_refresh(&second)).await;
    assert_eq!(revoked["error"]["code"], "refresh_token_invalidated");
}

#[tokio::test]
async fn a_device_waits_until_its_code_is_typed() {
    let simulator = start(&[]).await;
    let post = async |path: &str, body: String| ask(&simulator, "POST", path, &[], body).await;
    let client = json!({"client_id": "app_x"}).to_string();
    let device = object(post("/api/accounts/deviceauth/usercode", client).await).await;
    assert!(device["interval"].is_string());
    let question = json!({
        "device_auth_id": device["device_auth_id"], "user_code": device["user_code"],
    });
    let poll = || post("/api/accounts/deviceauth/token", question.to_string());
    assert_eq!(poll().await.status, 403);
    assert_eq!(
        post("/codex/device", "user_code=NO-SUCH".to_owned())
            .await
            .status,
        400
    );
    let typed = format!("user_code={}", device["user_code"].as_str().unwrap());
    assert_eq!(post("/codex/device", typed).await.status, 200);
    let grant = object(poll().await).await;
    let mut fields = for_code(
        grant["authorization_code"].as_str().unwrap(),
        grant["code_verifier"].as_str().unwrap(),
    );
    fields["redirect_uri"] = json!(format!("{}/deviceauth/callback", simulator.issuer_url()));
    assert_eq!(token(&simulator, fields).await.0, 200);
}

/// Of each fault, the status and a word of the answer of the request that it strikes.
const FAULTS: [(&str, u16, &str); 22] = [
    ("sign-in-denied", 302, "error=access_denied"),
    ("sign-in-no-entitlement", 302, "missing_codex_entitlement"),
    ("sign-in-error", 302, "error=server_error"),
    ("sign-in-other-state", 302, "state=somebody-elses-state"),
    ("token-429", 429, "rate_limit_exceeded"),
    ("token-500", 500, "server_error"),
    ("token-challenge", 403, "Just a moment"),
    ("token-reused", 401, "refresh_token_reused"),
    ("token-expired", 401, "refresh_token_expired"),
    ("token-revoked", 401, "refresh_token_invalidated"),
    ("token-other-account", 200, ""),
    ("token-no-account", 200, ""),
    ("token-unknown-plan", 200, ""),
    ("token-opaque", 200, "opaque-"),
    ("device-off", 404, "not_found"),
    ("device-429", 429, "rate_limit"),
    ("device-500", 500, "server_error"),
    ("device-challenge", 403, "Just a moment"),
    ("account-500", 500, "server_error"),
    ("account-challenge", 403, "Just a moment"),
    ("account-elsewhere", 200, "http://localhost:"),
    ("account-region", 200, "us_cr"),
];

/// Observed by the clients that have to bear them.
const ELSEWHERE: [&str; 3] = ["token-slow", "token-stall", "account-stall"];

#[tokio::test]
async fn each_fault_of_the_issuer_does_what_it_says() {
    for (fault, status, word) in FAULTS {
        let simulator = start(&[]).await;
        let tokens = signed_in(&simulator).await;
        simulator.set_scenario(alipes_simulator::Scenario::always(fault).unwrap());
        let (method, path, body) = match fault.split('-').next() {
            Some("sign") => ("GET", authorize(|_| None), String::new()),
            Some("token") => (
                "POST",
                "/oauth/token".to_owned(),
                for_refresh(&tokens).to_string(),
            ),
            Some("device") => {
                let body = json!({"client_id": "app_x"}).to_string();
                ("POST", "/api/accounts/deviceauth/usercode".to_owned(), body)
            }
            _ => (
                "GET",
                "/backend-api/wham/accounts/check".to_owned(),
                String::new(),
            ),
        };
        let answer = ask(&simulator, method, &path, &[], body).await;
        assert_eq!(answer.status, status, "{fault}");
        let location = answer.headers.get("location").cloned();
        let said = match location {
            Some(location) => location.to_str().unwrap().to_owned(),
            None => text(answer).await,
        };
        assert!(said.contains(word), "{fault}: {said}");
    }
}

/// Whether a fault is one of the issuer's.
pub(crate) fn has(fault: &FaultInfo) -> bool {
    let Target::Route(route) = fault.route else {
        return false;
    };
    matches!(
        route,
        Route::Authorize | Route::Token | Route::Device | Route::Account
    )
}

#[test]
fn no_fault_of_the_issuer_is_left_out() {
    for fault in faults().iter().filter(|fault| has(fault)) {
        let here = FAULTS.iter().any(|(name, ..)| *name == fault.name);
        assert!(here || ELSEWHERE.contains(&fault.name), "{}", fault.name);
    }
}

#[tokio::test]
async fn the_model_answers_only_those_who_are_signed_in() {
    let simulator = start(&[]).await;
    simulator.set_keys(Keys::Issued);
    let tokens = signed_in(&simulator).await;
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    for (key, status) in [(bearer.as_str(), 200), ("Bearer made-up", 401)] {
        let headers = [("authorization", key)];
        let body = prompt("hi").to_string();
        let answer = ask(&simulator, "POST", "/v1/responses", &headers, body).await;
        assert_eq!(answer.status, status);
    }
}
