//! Signing in, being signed in, and signing out, as a person does it.

use std::time::Duration;

use alipes_base::{Clock, Deadline, Rng};
use alipes_net::{Call, Dialer, DialerOptions, HttpClient, Response, Tls, TlsOptions};
use alipes_simulator::{Keys, Options, Route, Scenario, Simulator};
use http::{HeaderMap, Method};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr};
use url::Url;

use crate::machine::{LIMIT, Machine, Ran, ended};

/// An issuer with a model behind it that answers only to its tokens.
pub(crate) async fn issuer() -> Simulator {
    let options = Options::local(Clock::system(), Rng::from_entropy());
    let simulator = Simulator::start(options).await.unwrap();
    simulator.set_keys(Keys::Issued);
    simulator
}

/// A machine whose `openai-codex` is this simulator.
pub(crate) fn machine(simulator: &Simulator) -> Machine {
    let url = simulator.issuer_url();
    Machine::configured(&format!(
        "[auth]\nissuer = \"{url}\"\noriginator = \"alipes-test\"\n\
         [providers.openai-codex]\nbase_url = \"{url}/backend-api/codex\"\n\
         profile = \"openai-codex\"\napi_key = {{ login = \"openai-codex\" }}\n\
         [model]\ndefault = \"openai-codex/sim-model\"\n"
    ))
}

/// A running `alipes login` and what it says.
struct Signing {
    child: Child,
    said: Lines<BufReader<ChildStderr>>,
}

impl Signing {
    fn start(machine: &Machine, arguments: &[&str]) -> Self {
        let mut child = machine.command(arguments).spawn().unwrap();
        let said = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, said }
    }

    /// The next line that is set in, without that.
    async fn shown(&mut self) -> Option<String> {
        loop {
            let line = tokio::time::timeout(LIMIT, self.said.next_line()).await;
            let line = line.unwrap().unwrap()?;
            if let Some(shown) = line.strip_prefix("  ") {
                return Some(shown.to_owned());
            }
        }
    }

    async fn ended(self) -> Ran {
        ended(self.child).await
    }
}

async fn send(method: Method, url: &Url, body: String) -> Response {
    let clock = Clock::system();
    let dialer = Dialer::new(DialerOptions::of_this_machine(
        Tls::new(TlsOptions::default()).unwrap(),
        clock.clone(),
    ));
    let call = Call {
        method,
        url: url.clone(),
        headers: HeaderMap::new(),
        body: body.into(),
        partition: String::new(),
        fresh: true,
    };
    let deadline = Deadline::after(&clock, "test", LIMIT);
    HttpClient::new(dialer, clock)
        .send(call, deadline)
        .await
        .unwrap()
}

/// Signs in by code.
pub(crate) async fn sign_in(machine: &Machine) -> Ran {
    sign_in_with(machine, &["login", "--device"]).await
}

async fn sign_in_with(machine: &Machine, arguments: &[&str]) -> Ran {
    let mut signing = Signing::start(machine, arguments);
    let url: Url = signing.shown().await.unwrap().parse().unwrap();
    let code = signing.shown().await.unwrap();
    let typed = send(Method::POST, &url, format!("user_code={code}")).await;
    assert_eq!(typed.status, 200);
    signing.ended().await
}

#[tokio::test]
async fn without_a_display_a_code_signs_in_and_a_turn_goes_through() {
    let simulator = issuer().await;
    let machine = machine(&simulator);
    let refused = machine.refused(1, &["exec", "hi"]).await;
    assert!(refused.contains("run `alipes login`"), "{refused}");

    // No --device: there is no display here.
    let mut signing = Signing::start(&machine, &["login"]);
    let url: Url = signing.shown().await.unwrap().parse().unwrap();
    let code = signing.shown().await.unwrap();
    assert_eq!(
        send(Method::POST, &url, format!("user_code={code}"))
            .await
            .status,
        200
    );
    let ran = signing.ended().await;
    assert_eq!(ran.answer(), "signed in as ada@simulated.example (plus)\n");

    let ran = machine.run(&["exec", "hi"]).await;
    assert!(ran.answer().contains("simulated"), "{}", ran.out);
    let seen = simulator.seen();
    let asked = seen
        .iter()
        .find(|seen| seen.route == Route::WebSocket)
        .unwrap();
    assert_eq!(asked.header("chatgpt-account-id"), Some("acct-simulated"));
    assert_eq!(asked.header("originator"), Some("alipes"));
    let device = seen
        .iter()
        .find(|seen| seen.route == Route::Device)
        .unwrap();
    assert_eq!(device.header("originator"), Some("alipes-test"));
}

#[tokio::test]
async fn sign_ins_of_several_accounts_stand_side_by_side() {
    let simulator = issuer().await;
    let url = simulator.issuer_url();
    let machine = Machine::configured(&format!(
        "[auth]\nissuer = \"{url}\"\n[model]\ndefault = \"openai-codex/sim-model\"\n\
         [providers.openai-codex]\nbase_url = \"{url}/backend-api/codex\"\nauth = \"sign-in\"\n\
         profile = \"openai-codex\"\nroutes = [\"sse\"]\n"
    ));
    let before = machine.refused(2, &["login", "--account", "a b"]).await;
    assert!(before.contains("letters, digits"), "{before}");
    sign_in_with(&machine, &["login", "--device", "--account", "work"]).await;
    sign_in(&machine).await;
    let status = machine.run(&["login", "status"]).await;
    let names: Vec<&str> = status
        .answer()
        .lines()
        .filter_map(|line| line.split_once(": signed in"))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["work", "openai-codex"]);

    // Without a word in the configuration each of them is an account, the usual one first.
    simulator.set_scenario(Scenario::from_flags(["sse-usage-limit@1"]).unwrap());
    let ran = machine.run(&["exec", "hi"]).await;
    assert!(
        ran.err.contains("asking openai-codex/sim-model as work"),
        "{}",
        ran.err
    );
    assert!(ran.answer().contains("simulated"), "{}", ran.out);

    let ran = machine.run(&["logout", "--account", "work"]).await;
    assert_eq!(ran.answer(), "signed out; the sign-in was revoked\n");
    let status = machine.run(&["login", "status"]).await;
    assert!(!status.answer().contains("work: "), "{}", status.out);
}

#[tokio::test]
async fn status_and_logout_say_what_a_person_needs() {
    let simulator = issuer().await;
    let machine = machine(&simulator);
    let mut told = format!("before: {}", machine.refused(1, &["login", "status"]).await);
    sign_in(&machine).await;
    let steps: [(&str, &[&str]); 4] = [
        ("status", &["login", "status"]),
        ("again", &["login", "status"]),
        ("logout", &["logout"]),
        ("again", &["logout"]),
    ];
    for (step, arguments) in steps {
        let ran = machine.run(arguments).await;
        told.push_str(&format!("{step}: {}{}", ran.answer(), ran.err));
        if step == "status" {
            // As if another program had used the refresh token.
            let file = std::fs::read_to_string(machine.home("auth.json")).unwrap();
            let ended = r#""ended": {"code": "refresh_token_reused"}, "kind""#;
            std::fs::write(machine.home("auth.json"), file.replace("\"kind\"", ended)).unwrap();
        }
    }
    let told = told
        .replace("59 minutes", "[TIME]")
        .replace("1 hour", "[TIME]");
    insta::assert_snapshot!(told);
    assert!(!machine.home("auth.json").exists());
}

#[tokio::test]
async fn who_signs_in_where_no_model_is_named_is_told_how_to_ask() {
    let simulator = issuer().await;
    let url = simulator.issuer_url();
    let machine = Machine::configured(&format!("[auth]\nissuer = \"{url}\"\n"));
    let mut signing = Signing::start(&machine, &["login", "--device"]);
    let page: Url = signing.shown().await.unwrap().parse().unwrap();
    let code = signing.shown().await.unwrap();
    send(Method::POST, &page, format!("user_code={code}")).await;
    let mut last = String::new();
    while let Some(line) = signing.said.next_line().await.unwrap() {
        last = line;
    }
    signing.ended().await.answer();
    let next = "ask it with `alipes chat -m openai-codex/MODEL`; see `alipes models openai-codex`";
    assert_eq!(last, next);
}

#[tokio::test]
async fn a_sign_in_that_has_ended_names_the_command_that_renews_it_and_no_other() {
    let simulator = issuer().await;
    let machine = machine(&simulator);
    sign_in_with(&machine, &["login", "--device", "--account", "work"]).await;
    let file = std::fs::read_to_string(machine.home("auth.json")).unwrap();
    let ended = r#""ended": {"code": "refresh_token_expired"}, "kind""#;
    std::fs::write(machine.home("auth.json"), file.replace("\"kind\"", ended)).unwrap();
    let status = machine.run(&["login", "status"]).await;
    let told = status.answer();
    assert!(
        told.contains("sign in again with `alipes login --account work`\n"),
        "{told}"
    );
}

#[tokio::test]
async fn a_sign_in_of_a_later_version_is_shown_as_that_and_hides_nobody() {
    let simulator = issuer().await;
    let machine = machine(&simulator);
    sign_in(&machine).await;
    let file = std::fs::read_to_string(machine.home("auth.json")).unwrap();
    let later = r#""logins": {"later": {"kind": "passkey"},"#;
    let file = file.replace("\"logins\": {", later);
    std::fs::write(machine.home("auth.json"), file).unwrap();
    let ran = machine.run(&["login", "status"]).await;
    let told = ran.answer();
    assert!(told.contains("later: cannot be used"), "{told}");
    assert!(told.contains("\"passkey\""), "{told}");
    assert!(told.contains("openai-codex: signed in as ada@"), "{told}");
    let ran = machine.run(&["login", "status", "--json"]).await;
    let told: serde_json::Value = serde_json::from_str(ran.answer()).unwrap();
    let problem = told["sign_ins"][0]["problem"].as_str().unwrap();
    assert!(problem.contains("passkey"), "{told}");
    assert_eq!(told["sign_ins"][1]["email"], "ada@simulated.example");

    // Where nobody else is left, a script can tell.
    machine.run(&["logout"]).await.answer();
    let ran = machine.run(&["login", "status"]).await;
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("later: cannot be used"), "{}", ran.out);
}

#[tokio::test]
async fn a_browser_signs_in() {
    let simulator = issuer().await;
    let machine = machine(&simulator).with("BROWSER", "/bin/true");
    let begun = Clock::system().now();
    // The two registered ports may be somebody else's for a moment.
    let (signing, url) = loop {
        let mut signing = Signing::start(&machine, &["login", "--browser"]);
        if let Some(url) = signing.shown().await {
            break (signing, url);
        }
        assert!(
            Clock::system().since(begun) < LIMIT,
            "both ports stay taken"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let back = send(Method::GET, &url.parse().unwrap(), String::new()).await;
    let back = back.headers["location"].to_str().unwrap().parse().unwrap();
    let page = send(Method::GET, &back, String::new()).await;
    let deadline = Deadline::after(&Clock::system(), "test", LIMIT);
    let page = page.body.read_prefix(1 << 16, deadline).await;
    let page = String::from_utf8_lossy(&page);
    assert!(
        page.contains("alipes is signed in as ada@simulated.example"),
        "{page}"
    );
    assert_eq!(
        signing.ended().await.answer(),
        "signed in as ada@simulated.example (plus)\n"
    );
}

#[tokio::test]
async fn a_person_who_interrupts_leaves_nothing_behind() {
    let simulator = issuer().await;
    let machine = machine(&simulator);
    let mut signing = Signing::start(&machine, &["login", "--device"]);
    signing.shown().await.unwrap();
    interrupt(&signing.child);
    assert_eq!(signing.ended().await.code, Some(130));
    assert!(!machine.home("auth.json").exists());
}

#[tokio::test]
async fn a_sign_in_that_others_can_read_is_told_and_mended() {
    use std::os::unix::fs::PermissionsExt as _;
    let simulator = issuer().await;
    let machine = machine(&simulator);
    sign_in(&machine).await;
    let open = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(machine.home("auth.json"), open).unwrap();
    for expected in [true, false] {
        let ran = machine.run(&["exec", "hi"]).await;
        ran.answer();
        assert_eq!(
            ran.err.contains("other users of this machine could read"),
            expected,
            "{}",
            ran.err
        );
    }
}

#[tokio::test]
async fn a_token_stays_out_of_sight() {
    let simulator = issuer().await;
    let machine = machine(&simulator);
    let signed_in = sign_in(&machine).await;
    let login = login(&machine);
    let turn = machine.run(&["exec", "-v", "hi"]).await;
    let status = machine.run(&["login", "status"]).await;
    for ran in [signed_in, turn, status] {
        for name in ["access_token", "refresh_token", "id_token"] {
            let secret = login[name].as_str().unwrap();
            assert!(
                !ran.out.contains(secret) && !ran.err.contains(secret),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn a_sign_in_does_not_go_to_another_address_than_its_own() {
    let simulator = issuer().await;
    let machine = machine(&simulator);
    sign_in(&machine).await;
    let stranger = issuer().await;
    let base_url = format!("{}/backend-api/codex", stranger.issuer_url());
    let arguments = [
        "exec",
        "--model",
        "openai-codex/m",
        "--base-url",
        &base_url,
        "hi",
    ];
    machine.run(&arguments).await;
    let seen = stranger.seen();
    assert!(!seen.is_empty());
    assert!(
        seen.iter()
            .all(|seen| seen.header("authorization").is_none())
    );
}

#[tokio::test]
async fn a_refused_token_is_renewed_in_the_middle_of_a_turn() {
    let simulator = issuer().await;
    let machine = machine(&simulator);
    sign_in(&machine).await;
    simulator.set_scenario(Scenario::from_flags(["401@1"]).unwrap());
    let ran = machine.run(&["exec", "hi"]).await;
    assert!(ran.answer().contains("simulated"), "{}", ran.out);
    let is_refresh = |body: &serde_json::Value| body["grant_type"] == "refresh_token";
    let seen = simulator.seen();
    let refreshes = seen.iter().filter_map(|seen| seen.body.as_ref());
    assert_eq!(refreshes.filter(|body| is_refresh(body)).count(), 1);
}

#[tokio::test]
async fn a_process_ends_after_the_renewal_that_it_began() {
    let simulator = issuer().await;
    let machine = machine(&simulator);
    simulator.set_token_lifetime(Duration::from_secs(240));
    sign_in(&machine).await;
    simulator.set_token_lifetime(Duration::from_secs(3_600));
    // Slower than the turn is patient: it goes on with the token that still works.
    simulator.set_scenario(Scenario::from_flags(["token-slow"]).unwrap());
    machine.run(&["exec", "hi"]).await.answer();
    assert_eq!(login(&machine)["generation"], 2);

    // And so when it is interrupted.
    simulator.set_token_lifetime(Duration::ZERO);
    sign_in(&machine).await;
    let asked = |simulator: &Simulator| {
        let seen = simulator.seen();
        seen.iter()
            .filter(|seen| seen.route == Route::Token)
            .count()
    };
    let before = asked(&simulator);
    let child = machine.command(&["exec", "hi"]).spawn().unwrap();
    while asked(&simulator) == before {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    interrupt(&child);
    assert_eq!(ended(child).await.code, Some(130));
    assert_eq!(login(&machine)["generation"], 4);
}

/// The sign-in as it is kept.
fn login(machine: &Machine) -> serde_json::Value {
    let file = std::fs::read_to_string(machine.home("auth.json")).unwrap();
    let file: serde_json::Value = serde_json::from_str(&file).unwrap();
    file["logins"]["openai-codex"].clone()
}

fn interrupt(child: &Child) {
    let id = nix::unistd::Pid::from_raw(child.id().unwrap().try_into().unwrap());
    nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGINT).unwrap();
}

#[tokio::test]
async fn the_builtin_provider_needs_no_configuration_but_a_sign_in() {
    let refused = Machine::new();
    let refused = refused
        .refused(1, &["exec", "-m", "openai-codex/m", "hi"])
        .await;
    assert!(refused.contains("nobody is signed in"), "{refused}");
}

#[tokio::test]
async fn a_workspace_that_lives_elsewhere_is_gone_to_from_the_next_turn_on() {
    let simulator = issuer().await;
    let machine = machine(&simulator);
    sign_in(&machine).await;
    simulator.set_scenario(Scenario::from_flags(["account-elsewhere"]).unwrap());
    // A turn against this simulator may be over before the question beside it is answered.
    let begun = Clock::system().now();
    let knows = || {
        let file = std::fs::read_to_string(machine.home("auth.json")).unwrap();
        file.contains("http://localhost:")
    };
    while !knows() {
        machine.run(&["exec", "hi"]).await.answer();
        assert!(Clock::system().since(begun) < LIMIT, "nothing was asked");
    }
    machine.run(&["exec", "hi"]).await.answer();
    let seen = simulator.seen();
    let last = seen
        .iter()
        .rev()
        .find(|seen| seen.method == "GET" && seen.route == Route::WebSocket);
    assert!(
        last.unwrap()
            .header("host")
            .unwrap()
            .starts_with("localhost:")
    );
    let status = machine.run(&["login", "status"]).await;
    assert!(
        status.answer().contains("served at  http://localhost:"),
        "{}",
        status.out
    );
}
