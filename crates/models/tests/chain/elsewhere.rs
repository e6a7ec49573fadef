//! An account whose workspace lives at another address than its provider.

use std::path::PathBuf;
use std::time::Duration;

use alipes_auth::{Issuer, Keeping, Logins, LoginsOptions, Renewals};
use alipes_base::{Clock, Deadline, Environment, Redactor};
use alipes_config::Document;
use alipes_models::{Catalog, Making, ModelLists, OPENAI_CODEX};
use alipes_simulator::Route;
use alipes_transport::Transport;
use serde_json::json;

use crate::common::{simulator, transport};

/// The sign-ins of a home whose only one wants to be served at `origin`.
fn signed_in(home: &tempfile::TempDir, origin: &str, transport: &Transport) -> Logins {
    let now = Clock::system().unix_ms() / 1_000;
    let login = json!({
        "kind": "chatgpt", "access_token": "token", "refresh_token": "refresh", "generation": 1,
        "received_at": now, "expires_at": now + 3_600,
        "workspace": {"asked_at": now, "origin": origin, "routing": null},
    });
    let file = json!({"version": 1, "logins": {OPENAI_CODEX: login}});
    std::fs::write(home.path().join("auth.json"), file.to_string()).unwrap();
    Logins::new(LoginsOptions {
        folder: home.path().to_owned(),
        issuer: Issuer::at(origin).unwrap(),
        originator: "alipes".to_owned(),
        user_agent: "alipes/0".to_owned(),
        version: "0.0.0",
        keeping: Keeping::File,
        environment: Environment::new([("HOME", "/")], PathBuf::from("/")),
        http: transport.http.clone(),
        clock: Clock::system(),
        redactor: Redactor::new(),
        renewals: Renewals::default(),
    })
}

#[tokio::test]
async fn what_is_asked_beside_a_turn_is_asked_where_the_workspace_lives() {
    let (here, there) = (simulator(&[]).await, simulator(&[]).await);
    let (home, transport) = (tempfile::tempdir().unwrap(), transport());
    let config = format!(
        "[providers.openai-codex]\nbase_url = \"{}/backend-api/codex\"\n\
         api_key = {{ login = \"openai-codex\" }}\n\
         [model]\ndefault = \"openai-codex/m\"\n",
        here.issuer_url()
    );
    let catalog = Catalog::read(&Document::parse("config.toml", &config).unwrap()).unwrap();
    let origin = there.issuer_url();
    let catalog = catalog
        .with_logins(signed_in(&home, &origin, &transport))
        .with_lists(ModelLists::within(home.path()));
    let making = Making {
        environment: &Environment::new([("HOME", "/")], PathBuf::from("/")),
        transport: &transport,
        session_id: "",
    };
    let provider = catalog.provider(OPENAI_CODEX).unwrap();
    let deadline = || Deadline::after(&transport.clock, "test", Duration::from_secs(20));
    let model = "openai-codex/sim-model".parse().unwrap();
    assert_eq!(catalog.window(&model), None);
    let listing = catalog.listing(None, making).unwrap();
    listing.ask(false, deadline()).await.unwrap();
    assert_eq!(catalog.window(&model), Some(200_000));
    let question = catalog.usage(&provider, making).unwrap().unwrap();
    question.ask(deadline()).await.unwrap();

    let asked: Vec<Route> = there.seen().iter().map(|seen| seen.route).collect();
    assert_eq!(asked, [Route::Models, Route::Account]);
    let strays: Vec<String> = here.seen().into_iter().map(|seen| seen.path).collect();
    assert!(strays.is_empty(), "{strays:?}");
    // What was said of the account is known of the one that turns go by.
    let standings = catalog.standings(&provider, making).unwrap();
    assert!(standings[0].quota.is_some());
}
