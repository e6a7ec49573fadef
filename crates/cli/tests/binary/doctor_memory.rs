//! `alipes doctor` and endpoint memory: it looks at whom turns ask, and takes back what turns believed
//! where it finds otherwise.

use alipes_simulator::Scenario;
use serde_json::Value;

use crate::doctor::{with_both_families, work};
use crate::machine::Machine;
use crate::provider_accounts::{simulator, with_two};

/// What a command says to programs, however it ends.
async fn said(machine: &Machine, arguments: &[&str]) -> Value {
    let ran = machine.run(arguments).await;
    serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", ran.err))
}

async fn standing(machine: &Machine) -> Value {
    let status = said(machine, &["status", "--json"]).await;
    status["endpoints"][0].clone()
}

fn faults(names: &[&str]) -> Scenario {
    Scenario::from_flags(names.iter().copied()).unwrap()
}

#[tokio::test]
async fn doctor_begins_with_the_account_that_the_next_turn_begins_with() {
    let simulator = simulator().await;
    let machine = with_two(&simulator).await;
    simulator.set_scenario(faults(&["sse-usage-limit@1"]));
    machine.run(&["exec", "hi"]).await.answer();
    let next = standing(&machine).await["accounts"][1].clone();
    assert_eq!(next["name"], "work");
    assert_eq!(next["next"], true, "{next}");

    let report = said(&machine, &["doctor", "--json"]).await;
    let checks = report["checks"].as_object().unwrap();
    let others: Vec<&String> = checks
        .keys()
        .filter(|id| id.starts_with("network.account."))
        .collect();
    assert_eq!(others, ["network.account.default"]);
}

#[tokio::test]
async fn a_live_turn_is_asked_although_every_account_rests() {
    let simulator = simulator().await;
    let machine = with_two(&simulator).await;
    simulator.set_scenario(faults(&["sse-usage-limit"]));
    assert_ne!(machine.run(&["exec", "hi"]).await.code, Some(0));
    let accounts = standing(&machine).await["accounts"].clone();
    let rests = |account: &Value| account["rests_for_s"].is_u64();
    assert!(accounts.as_array().unwrap().iter().all(rests), "{accounts}");

    simulator.set_scenario(Scenario::default());
    let report = said(&machine, &["doctor", "--json", "--live"]).await;
    let turn = &report["checks"]["network.direct.turn_sse"];
    assert_eq!(turn["status"], "ok", "{turn}");
}

#[tokio::test]
async fn a_route_that_doctor_finds_open_is_no_longer_left_alone() {
    let simulator = simulator().await;
    let machine = work(&simulator.base_url());
    simulator.set_scenario(faults(&["websocket-refused-426"]));
    machine.run(&["exec", "hi"]).await.answer();
    let socket = async || standing(&machine).await["routes"][0].clone();
    let refused = socket().await;
    assert_eq!(refused["route"], "websocket");
    assert_eq!(refused["rests_because"], "upgrade-refused");

    simulator.set_scenario(Scenario::default());
    let report = said(&machine, &["doctor", "--json"]).await;
    assert_eq!(report["overallStatus"], "ok", "{report}");
    let open = socket().await;
    assert_eq!(
        (&open["next"], &open["rests_for_s"]),
        (&true.into(), &Value::Null)
    );
}

#[tokio::test]
async fn ipv6_that_doctor_hears_is_no_longer_called_silent() {
    let serving = Machine::new();
    let deaf = serving.simulate(&["--black-hole", "::1"]).await;
    let machine = work(&deaf.base_url.replace("127.0.0.1", "localhost"));
    let Some(_) = with_both_families(&machine, &["doctor"]).await else {
        return;
    };
    assert_eq!(standing(&machine).await["ipv6_silent"], true);

    let mended = serving.simulate_on("[::]:0", &[]).await;
    let there = mended.base_url.replace("[::1]", "localhost");
    let config = std::fs::read_to_string(machine.home("config.toml")).unwrap();
    let before = deaf.base_url.replace("127.0.0.1", "localhost");
    std::fs::write(machine.home("config.toml"), config.replace(&before, &there)).unwrap();
    let ran = with_both_families(&machine, &["doctor", "--json"])
        .await
        .unwrap();
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let ipv6 = &report["checks"]["network.direct.ipv6"];
    assert_eq!(ipv6["status"], "ok", "{ipv6}");
    assert_eq!(standing(&machine).await["ipv6_silent"], false);
}

#[tokio::test]
async fn a_network_that_passes_large_hellos_again_is_believed_once_doctor_has_seen_it() {
    let known = async |faults: &[&str]| {
        let serving = Machine::new();
        let ca = serving.path("ca.pem");
        let tls = ["--tls", "--ca-out", ca.to_str().unwrap()];
        let server = serving.simulate(&[&tls, faults].concat()).await;
        let ca = std::fs::read(&ca).unwrap();
        (serving, server.base_url.clone(), server, ca)
    };
    let (_serving, url, _server, ca) = known(&["--fault", "tls-reset-large-hello"]).await;
    let machine = work(&url).with("ALIPES_CA_FILE", "ca.pem");
    std::fs::write(machine.path("ca.pem"), ca).unwrap();
    let remembered = async || {
        let report = said(&machine, &["doctor", "--json"]).await;
        let found = report["diagnoses"][0]["id"].clone();
        let report = said(&machine, &["doctor", "--json"]).await;
        (
            found,
            report["checks"]["memory.endpoints"]["summary"].clone(),
        )
    };
    let dropped = ("large-hello".into(), "1 fact about endpoints".into());
    assert_eq!(remembered().await, dropped);

    let (_serving, there, _server, ca) = known(&[]).await;
    std::fs::write(machine.path("ca.pem"), ca).unwrap();
    let config = std::fs::read_to_string(machine.home("config.toml")).unwrap();
    std::fs::write(machine.home("config.toml"), config.replace(&url, &there)).unwrap();
    let passed = (
        "fine".into(),
        "nothing is known of endpoints that counts now".into(),
    );
    assert_eq!(remembered().await, passed);
}
