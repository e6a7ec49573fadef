//! `alipes doctor`: what it looks at, what it shows to whom, and what it says beside the walks of the page
//! about it (`walks`).

use std::process::Stdio;

use alipes_simulator::{Manner, Proxy, ProxyOptions};
use serde_json::Value;

use crate::machine::{Machine, Ran, ended};
use crate::walks;

/// A machine whose default model is of the provider `work`, which is treated as the ChatGPT backend is.
pub(crate) fn work(base_url: &str) -> Machine {
    Machine::configured(&format!(
        "[providers.work]\nbase_url = \"{base_url}\"\nprofile = \"openai-codex\"\n\
         [model]\ndefault = \"work/sim-model\"\n"
    ))
    .with("NO_COLOR", "1")
}

/// As [`work`], with what is said about its keys.
fn with_keys(base_url: &str, keys: &str) -> Machine {
    Machine::configured(&format!(
        "[providers.work]\nbase_url = \"{base_url}\"\nprofile = \"openai-codex\"\n{keys}\n\
         [model]\ndefault = \"work/sim-model\"\n"
    ))
    .with("NO_COLOR", "1")
}

#[tokio::test]
async fn an_account_that_is_refused_is_named_and_stops_nothing_while_another_is_taken() {
    let options = alipes_simulator::Options::local(
        alipes_base::Clock::system(),
        alipes_base::Rng::from_entropy(),
    );
    let simulator = alipes_simulator::Simulator::start(alipes_simulator::Options {
        keys: alipes_simulator::Keys::Exactly(vec!["sk-good".to_owned()]),
        ..options
    });
    let simulator = simulator.await.unwrap();
    let keys = "[providers.work.accounts]\nmine = { env = \"K1\" }\nteam = { env = \"K2\" }";
    let machine = with_keys(&simulator.base_url(), keys).with("K1", "sk-bad");
    let machine = machine.with("K2", "sk-good");
    let ran = machine.run(&["doctor"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.out);
    assert!(
        ran.out.contains("work as mine does not accept the key"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("turns go on as team"), "{}", ran.out);
    assert!(ran.out.contains("put a good one into K1"), "{}", ran.out);
    let machine = machine.with("K2", "sk-bad");
    let ran = machine.run(&["doctor"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    let words: Vec<&str> = ran.out.split_whitespace().collect();
    assert!(
        words.join(" ").contains("team (unauthorized)"),
        "{}",
        ran.out
    );
}

#[tokio::test]
async fn a_key_that_was_not_sent_is_not_called_revoked() {
    let serving = Machine::new();
    let server = serving.simulate(&["--fault", "401"]).await;
    let machine = work(&server.base_url);
    machine.run(&["exec", "hi"]).await;
    for command in ["doctor", "status"] {
        let ran = machine.run(&[command]).await;
        assert_eq!(ran.code, Some(1), "{}", ran.out);
        assert!(ran.out.contains("work wants a key"), "{}", ran.out);
        assert!(!ran.out.contains("accept"), "{}", ran.out);
        let words: Vec<&str> = ran.out.split_whitespace().collect();
        let advice = "save one with `alipes providers add work`";
        assert!(words.join(" ").contains(advice), "{}", ran.out);
    }
}

#[tokio::test]
async fn a_turn_says_who_signed_what_nobody_trusts_and_status_says_it_again() {
    let serving = Machine::new();
    let ca = serving.path("ca.pem");
    let ca = ca.to_str().unwrap();
    let arguments = ["--tls", "--ca-out", ca, "--fault", "certificate-stranger"];
    let server = serving.simulate(&arguments).await;
    let machine = work(&server.base_url).with("ALIPES_CA_FILE", ca);
    let turn = machine.run(&["exec", "hi"]).await;
    let signer = "signed by \"nobody knows this authority\"";
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&turn.err).contains(signer), "{}", turn.err);
    let status = machine.run(&["status"]).await;
    assert_eq!(status.code, Some(1), "{}", status.out);
    assert!(words(&status.out).contains(signer), "{}", status.out);
}

/// A run on a machine whose `localhost` has an IPv6 address too. `None` where this machine does not let
/// us: that takes a mount namespace.
pub(crate) async fn with_both_families(machine: &Machine, arguments: &[&str]) -> Option<Ran> {
    machine.file("hosts", "127.0.0.1 localhost\n::1 localhost\n");
    let inner = machine.command(arguments);
    let inner = inner.as_std();
    let mount = "mount --bind hosts /etc/hosts || exit 77; exec \"$@\"";
    let mut command = tokio::process::Command::new("unshare");
    let variables = inner.get_envs();
    command
        .args(["--mount", "sh", "-c", mount, "sh"])
        .arg(inner.get_program())
        .args(inner.get_args())
        .env_clear()
        .envs(variables.filter_map(|(name, value)| Some((name, value?))))
        .current_dir(machine.path(""))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let ran = ended(command.spawn().ok()?).await;
    let refused = ran.code == Some(77) || ran.err.contains("unshare failed");
    (!refused).then_some(ran)
}

#[tokio::test]
async fn a_black_hole_on_ipv6_is_found_and_told_by_status_and_spares_turns_the_wait() {
    let walk = walks::begin("IPv6 black hole").await;
    let Some(ran) = with_both_families(&walk.machine, &walk.arguments()).await else {
        return;
    };
    walk.is_as_shown(&ran);
    let status = walk.machine.run(&["status"]).await;
    assert_eq!(status.code, Some(0), "{}", status.out);
    let told = status.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let told_of = "network IPv6 to this host did not answer before IPv4 did; IPv4 is used first; \
                   see `alipes doctor work`";
    assert!(told.contains(told_of), "{}", status.out);
}

#[tokio::test]
async fn a_turn_finds_a_black_hole_on_ipv6_out_for_status() {
    let serving = Machine::new();
    let server = serving.simulate(&["--black-hole", "::1"]).await;
    let machine = work(&server.base_url.replace("127.0.0.1", "localhost"));
    let Some(ran) = with_both_families(&machine, &["exec", "hi"]).await else {
        return;
    };
    ran.answer();
    let status = machine.run(&["status", "--json"]).await;
    let status: Value = serde_json::from_str(status.answer()).unwrap();
    assert_eq!(status["endpoints"][0]["ipv6_silent"], true, "{status}");
}

/// A backend that cannot be reached directly, and a proxy that leads to one that can.
async fn behind_a_proxy(serving: &Machine) -> (crate::machine::Serving, Proxy) {
    let open = serving.simulate(&[]).await;
    let at: url::Url = open.base_url.parse().unwrap();
    let origin = at.socket_addrs(|| None).unwrap()[0];
    let options = ProxyOptions {
        origin: Some(origin),
        ..ProxyOptions::local(Manner::Obliging)
    };
    (open, Proxy::start(options).await.unwrap())
}

#[tokio::test]
async fn a_key_is_shown_by_the_way_that_turns_take_alone() {
    let serving = Machine::new();
    let (_open, proxy) = behind_a_proxy(&serving).await;
    let simulator = alipes_simulator::Simulator::start(alipes_simulator::Options::local(
        alipes_base::Clock::system(),
        alipes_base::Rng::from_entropy(),
    ));
    let simulator = simulator.await.unwrap();
    let config = format!(
        "[providers.work]\nbase_url = \"{}\"\napi_key = {{ env = \"CANARY\" }}\n",
        simulator.base_url()
    );
    let machine = Machine::configured(&config)
        .with("CANARY", "sk-canary-0123456789")
        .with("HTTP_PROXY", format!("http://{}", proxy.local_addr()));
    let ran = machine.run(&["doctor", "--json"]).await;
    assert!(!ran.out.contains("canary"), "{}", ran.out);
    let with_key = |seen: &alipes_simulator::Seen| seen.header("authorization").is_some();
    let seen = simulator.seen();
    assert!(seen.iter().any(with_key) && !seen.iter().all(with_key));
    // The door that is not taken was tried, without it.
    assert!(!proxy.asked().is_empty());
    let report: Value = serde_json::from_str(ran.answer()).unwrap();
    let at = |pointer: &str| report.pointer(pointer).unwrap();
    assert_eq!(at("/schemaVersion"), 1);
    assert_eq!(at("/overallStatus"), "ok");
    let sse = at("/checks/network.direct.sse");
    assert_eq!(
        (&sse["status"], &sse["category"]),
        (&"ok".into(), &"network".into())
    );
    assert!(report.pointer("/checks/network.environment1.sse").is_none());
    assert_eq!(at("/checks/network.environment1.http1/status"), "ok");
    assert_eq!(at("/diagnoses/0/id"), "fine");
}

#[tokio::test]
async fn what_was_learnt_is_known_to_the_next_turn() {
    let serving = Machine::new();
    let server = serving.simulate(&["--fault", "websocket-challenge"]).await;
    let machine = work(&server.base_url);
    machine.run(&["doctor"]).await;
    let turn = machine.run(&["exec", "-v", "hi"]).await;
    turn.answer();
    assert!(!turn.err.contains("by websocket"), "{}", turn.err);
}

#[tokio::test]
async fn a_configuration_that_cannot_be_read_is_a_finding_and_the_rest_is_looked_at() {
    let machine = Machine::configured("[providers\n").with("NO_COLOR", "1");
    let ran = machine.run(&["doctor"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    assert!(ran.out.contains("✗ config"), "{}", ran.out);
    assert!(ran.out.contains("✓ version"), "{}", ran.out);
    assert_eq!(ran.out.matches("unclosed table").count(), 1, "{}", ran.out);
    // What the file would have named is not missed beside that.
    assert!(!ran.out.contains("sign in"), "{}", ran.out);
}

#[tokio::test]
async fn nobody_is_advised_to_sign_in_for_a_name_or_an_address_that_is_wrong() {
    let machine = Machine::new().with("NO_COLOR", "1");
    for arguments in [["doctor", "nosuch"], ["doctor", "--base-url=notaurl"]] {
        let ran = machine.run(&arguments).await;
        assert_eq!(ran.code, Some(1), "{}", ran.out);
        assert!(ran.out.contains("✗ provider"), "{}", ran.out);
        assert!(!ran.out.contains("sign in"), "{}", ran.out);
    }
    let ran = machine.run(&["doctor"]).await;
    assert!(ran.out.contains("alipes login"), "{}", ran.out);
    let none = "✓ keys       no file holds a key or a sign-in";
    assert!(ran.out.contains(none), "{}", ran.out);
}

#[tokio::test]
async fn a_turn_that_was_not_tried_for_want_of_a_model_is_told() {
    let serving = Machine::new();
    let server = serving.simulate(&[]).await;
    let config = format!("[providers.work]\nbase_url = \"{}\"\n", server.base_url);
    let machine = Machine::configured(&config).with("NO_COLOR", "1");
    let ran = machine.run(&["doctor", "work", "--live"]).await;
    assert!(
        ran.out.contains("turn, SSE       – no model is named"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("`alipes doctor work/NAME --live`"),
        "{}",
        ran.out
    );
}

#[tokio::test]
async fn a_ca_file_without_which_turns_go_on_is_a_warning_with_its_reason() {
    let machine = Machine::new().with("NO_COLOR", "1");
    let machine = machine.with("SSL_CERT_FILE", "/nonexistent/ca.pem");
    let ran = machine.run(&["doctor"]).await;
    let row = "! variables  set: SSL_CERT_FILE; the CA file";
    assert!(ran.out.contains(row), "{}", ran.out);
    let ran = machine.run(&["doctor", "--json"]).await;
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let check = &report["checks"]["network.env"];
    assert_eq!(check["status"], "warning", "{check}");
    let summary = check["summary"].as_str().unwrap();
    let reason = "the CA file /nonexistent/ca.pem cannot be used (correct or unset SSL_CERT_FILE): \
                  it cannot be read: No such file";
    assert!(summary.contains(reason), "{summary}");
}

#[tokio::test]
async fn a_variable_that_nothing_of_ours_reads_is_not_called_set() {
    let serving = Machine::new();
    let ca = serving.path("ca.pem");
    let ca = ca.to_str().unwrap();
    let _server = serving.simulate(&["--tls", "--ca-out", ca]).await;
    let machine = Machine::new()
        .with("SSL_CERT_FILE", ca)
        .with("NODE_EXTRA_CA_CERTS", "/nonexistent")
        .with("REQUESTS_CA_BUNDLE", "/nonexistent");
    let ran = machine.run(&["doctor", "--json"]).await;
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let check = &report["checks"]["network.env"];
    assert_eq!(check["status"], "ok", "{check}");
    let told = "set: SSL_CERT_FILE; not used by alipes: NODE_EXTRA_CA_CERTS, REQUESTS_CA_BUNDLE";
    assert_eq!(check["summary"], told);
}

#[tokio::test]
async fn the_store_is_as_large_as_status_says() {
    let serving = Machine::new();
    let server = serving.simulate(&[]).await;
    let config = format!(
        "[providers.work]\nbase_url = \"{}\"\n[model]\ndefault = \"work/m\"\n",
        server.base_url
    );
    let machine = Machine::configured(&config).with("NO_COLOR", "1");
    machine.run(&["exec", "hi"]).await.answer();
    // Where all of it is in the database there is nothing to tell apart.
    let log = std::fs::metadata(machine.home("store/alipes.db-wal")).unwrap();
    assert!(log.len() > 10_000, "{log:?}");
    let status = machine.run(&["status"]).await;
    let size = status.out.lines().find(|line| line.contains("sessions"));
    let size = size.and_then(|line| line.rsplit_once("; ")).unwrap().1;
    let ran = machine.run(&["doctor"]).await;
    let row = format!("✓ store      1 conversation, {size}\n");
    assert!(ran.out.contains(&row), "{row}{}", ran.out);
}

#[tokio::test]
async fn everything_ends_within_five_seconds_when_every_probe_fails() {
    let serving = Machine::new();
    let server = serving.simulate(&["--fault", "connection-silent"]).await;
    let machine = work(&server.base_url).with("HTTP_PROXY", server.base_url.replace("/v1", ""));
    let clock = alipes_base::Clock::system();
    let start = clock.now();
    let ran = machine
        .run(&["doctor", "--proxy", "socks5://127.0.0.1:1"])
        .await;
    // The limit of a probe is four seconds; twice that is a hang, on however slow a machine.
    assert!(clock.since(start) < std::time::Duration::from_secs(8));
    assert_eq!(ran.code, Some(1), "{}", ran.out);
}

#[tokio::test]
async fn a_live_turn_finds_what_an_empty_request_cannot() {
    let serving = Machine::new();
    let faults = [
        "--fault",
        "sse-stall-after-created",
        "--fault",
        "websocket-usage-limit",
    ];
    let server = serving.simulate(&faults).await;
    let machine = work(&server.base_url);
    let calm = machine.run(&["doctor"]).await;
    assert_eq!(calm.code, Some(0), "{}", calm.out);
    let ran = machine.run(&["doctor", "--live"]).await;
    assert!(
        ran.out.contains("turn, WebSocket ✗ usage-limit"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("turn, SSE       ! begun"), "{}", ran.out);
    assert!(ran.out.contains("alipes chat --route sse"), "{}", ran.out);
}

#[tokio::test]
async fn a_live_turn_that_begins_and_goes_no_further_is_not_called_fine() {
    let serving = Machine::new();
    let faults = ["--fault", "sse-stall-after-created"];
    let server = serving.simulate(&faults).await;
    let machine = Machine::configured(&format!(
        "[providers.work]\nbase_url = \"{}\"\n[model]\ndefault = \"work/m\"\n",
        server.base_url
    ));
    let ran = machine.run(&["doctor", "--live", "--json"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let turn = &report["checks"]["network.direct.turn_sse"];
    assert_eq!(turn["status"], "warning", "{turn}");
    let found = &report["diagnoses"][0];
    assert_eq!(found["id"], "unfinished", "{found}");
    assert_eq!(report["overallStatus"], "warning");
}

#[tokio::test]
async fn what_keeps_every_request_from_leaving_is_told_once() {
    for (variable, value, told) in [
        (
            "ALIPES_CA_FILE",
            "missing.pem",
            "the CA file missing.pem cannot be used",
        ),
        (
            "HTTPS_PROXY",
            "ftp://p.test:1",
            "the proxy from HTTPS_PROXY cannot be used",
        ),
    ] {
        let machine = work("https://127.0.0.1:9/v1")
            .with(variable, value)
            .with("COLUMNS", "200");
        let ran = machine.run(&["doctor"]).await;
        assert_eq!(ran.code, Some(1), "{}", ran.out);
        assert_eq!(ran.out.matches(told).count(), 1, "{}", ran.out);
        // The file is as good as it is called.
        assert!(!ran.out.contains("✗ config"), "{}", ran.out);
    }
}

#[tokio::test]
async fn doctor_calls_a_fault_as_the_record_of_a_turn_calls_it() {
    let serving = Machine::new();
    let server = serving.simulate(&["--fault", "sse-403"]).await;
    let machine = Machine::configured(&format!(
        "[providers.work]\nbase_url = \"{}\"\n[model]\ndefault = \"work/m\"\n",
        server.base_url
    ));
    assert_ne!(machine.run(&["exec", "hi"]).await.code, Some(0));
    let called = "forbidden in phase headers; to blame: user; condemns the account";
    for command in [&["calls", "show", "last"][..], &["doctor"]] {
        let ran = machine.run(command).await;
        assert!(ran.out.contains(called), "{command:?}: {}", ran.out);
    }
    let ran = machine.run(&["doctor", "--json"]).await;
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let found = &report["diagnoses"][0];
    let named = ["cause", "phase", "blame", "scope"].map(|name| &found[name]);
    assert_eq!(
        named,
        ["forbidden", "headers", "user", "account"],
        "{found}"
    );
}

#[tokio::test]
async fn key_files_that_others_can_read_are_mended_when_asked() {
    use std::os::unix::fs::PermissionsExt as _;
    let serving = Machine::new();
    let server = serving.simulate(&[]).await;
    let machine = work(&server.base_url);
    let key = machine.home("keys/work");
    std::fs::create_dir(machine.home("keys")).unwrap();
    std::fs::write(&key, "sk-canary-0123456789").unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ran = machine.run(&["doctor"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    assert!(ran.out.contains("✗ keys"), "{}", ran.out);
    let ran = machine.run(&["doctor", "--fix"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.out);
    assert_eq!(ran.out.matches("mended: ").count(), 1, "{}", ran.out);
    let mode = std::fs::metadata(&key).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let again = machine.run(&["doctor", "--fix"]).await;
    assert!(!again.out.contains("mended"), "{}", again.out);
}

#[tokio::test]
async fn a_key_file_that_the_configuration_names_is_looked_at_and_mended_as_ours_are() {
    use std::os::unix::fs::PermissionsExt as _;
    let serving = Machine::new();
    let server = serving.simulate(&[]).await;
    let config = format!(
        "[providers.work]\nbase_url = \"{}\"\napi_key = {{ file = \"mine.key\" }}\n\
         [providers.team]\nbase_url = \"{}\"\n\
         [providers.team.accounts]\none = {{ file = \"sub/one.key\" }}\n\
         [model]\ndefault = \"work/sim-model\"\n",
        server.base_url, server.base_url
    );
    let machine = Machine::configured(&config).with("NO_COLOR", "1");
    std::fs::create_dir(machine.home("sub")).unwrap();
    let keys = ["mine.key", "sub/one.key"].map(|name| machine.home(name));
    for key in &keys {
        std::fs::write(key, "sk-canary-0123456789").unwrap();
        std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let ran = machine.run(&["doctor"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    assert!(
        ran.out.contains("can read 2 of 2 files with keys"),
        "{}",
        ran.out
    );
    let ran = machine.run(&["doctor", "--fix"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.out);
    for key in &keys {
        let mode = std::fs::metadata(key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// What `doctor` says of an official client that does this, once nothing of it is left.
async fn with_a_codex_that(does: &str) -> Ran {
    use std::os::unix::fs::PermissionsExt as _;
    let machine = Machine::new().with("NO_COLOR", "1");
    let alive = machine.path("alive");
    nix::unistd::mkfifo(&alive, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let codex = machine.path("bin/codex");
    std::fs::create_dir(machine.path("bin")).unwrap();
    let script = format!("#!/bin/sh\nexec 9>{}\n{does}\n", alive.display());
    std::fs::write(&codex, script).unwrap();
    std::fs::set_permissions(&codex, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", machine.path("bin").display());
    let machine = machine.with("PATH", path);
    let mut held = tokio::net::unix::pipe::OpenOptions::new()
        .open_receiver(&alive)
        .unwrap();
    let ran = machine.run(&["doctor", "--json"]).await;
    let mut nothing = Vec::new();
    let ended = tokio::io::AsyncReadExt::read_to_end(&mut held, &mut nothing);
    let ended = tokio::time::timeout(crate::machine::LIMIT, ended).await;
    assert!(
        matches!(ended, Ok(Ok(0))),
        "something of it lives on: {ended:?}"
    );
    ran
}

#[tokio::test]
async fn an_official_client_that_never_ends_leaves_nothing_behind() {
    let ran = with_a_codex_that("sleep 100 & wait").await;
    assert!(
        ran.out.contains("it does not say its version"),
        "{}",
        ran.out
    );
}

#[tokio::test]
async fn an_official_client_that_says_too_much_is_read_as_far_as_anybody_would() {
    let ran = with_a_codex_that("exec yes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").await;
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let said = report["checks"]["codex.installed"]["summary"]
        .as_str()
        .unwrap();
    assert!(said.starts_with("aaaa"), "{said}");
    let ran = with_a_codex_that("exec tr '\\0' a < /dev/zero").await;
    let report: Value = serde_json::from_str(&ran.out).unwrap();
    let said = report["checks"]["codex.installed"]["summary"]
        .as_str()
        .unwrap();
    assert!(said.starts_with("aaaa") && said.len() < 400, "{said}");
}

#[tokio::test]
async fn a_bundle_holds_what_was_found_and_no_secret() {
    let serving = Machine::new();
    let server = serving.simulate(&["--fault", "401"]).await;
    let config = format!(
        "[providers.work]\nbase_url = \"{}\"\napi_key = {{ env = \"CANARY\" }}\n\
         [model]\ndefault = \"work/m\"\n",
        server.base_url
    );
    let machine = Machine::configured(&config).with("CANARY", "hunter2-canary");
    machine.run(&["exec", "hi"]).await;
    let ran = machine.run(&["doctor", "--bundle", "bundle.json"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    machine.is_private("bundle.json");
    let bundle = std::fs::read_to_string(machine.path("bundle.json")).unwrap();
    assert!(!bundle.contains("hunter2"), "{bundle}");
    let bundle: Value = serde_json::from_str(&bundle).unwrap();
    assert_eq!(bundle["report"]["diagnoses"][0]["id"], "key-refused");
    assert!(!bundle["calls"].as_array().unwrap().is_empty());
    let twice = machine.run(&["doctor", "--bundle", "bundle.json"]).await;
    assert!(twice.err.contains("cannot be written"), "{}", twice.err);
}

#[tokio::test]
async fn what_a_server_says_cannot_steer_the_terminal() {
    let evil =
        "{\"error\":{\"code\":\"\\u001b]0;owned\\u0007\\u202e\",\"message\":\"\\u001b[2J\"}}";
    let server = crate::listener::Listener::answering("500 Oops", evil).await;
    let ran = work(&server.base_url).run(&["doctor"]).await;
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    let harmless = |c: char| c == '\n' || !(c.is_control() || c == '\u{202e}');
    assert!(ran.out.chars().all(harmless), "{:?}", ran.out);
}
