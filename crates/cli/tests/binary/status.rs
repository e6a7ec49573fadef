//! One screen that tells the cause: each failure happens for real, and `status` is all that is read.

use alipes_simulator::Scenario;
use serde_json::Value;

use crate::listener::Listener;
use crate::login;
use crate::machine::{Machine, Serving};
use crate::provider_accounts::{simulator, with_two};

/// What a person who waits for nothing has: patience of a second, and no second request.
const IMPATIENT: &str = "[providers.sim.endpoint]\nfirst_event_timeout = \"1s\"\n\
                         first_output_timeout = \"1s\"\nhedge = false\n";

/// A machine whose default model is a simulator with these faults.
async fn simulated(faults: &[&str], beneath: &str) -> (Machine, Serving) {
    let machine = Machine::new();
    let faults = faults.iter().flat_map(|fault| ["--fault", *fault]);
    let server = machine.simulate(&faults.collect::<Vec<_>>()).await;
    let url = server.base_url.trim_end_matches("/v1");
    let config = format!(
        "[providers.sim]\nbase_url = \"{url}{beneath}\"\nprofile = \"openai-codex\"\n{IMPATIENT}\
         [model]\ndefault = \"sim/m\"\n"
    );
    std::fs::write(machine.home("config.toml"), config).unwrap();
    (machine, server)
}

/// The screen after a turn that fails by this fault.
async fn after(fault: &str) -> (Machine, String) {
    let (machine, _server) = simulated(&[fault], "/v1").await;
    machine.run(&["exec", "hi"]).await;
    let screen = needy(&machine).await;
    (machine, screen)
}

/// The screen of a machine that needs its person.
async fn needy(machine: &Machine) -> String {
    let ran = machine.run(&["status"]).await;
    assert_eq!((ran.code, ran.err.as_str()), (Some(1), ""), "{}", ran.out);
    ran.out
}

/// The screen of a machine that does not.
async fn content(machine: &Machine) -> String {
    let ran = machine.run(&["status"]).await;
    assert_eq!(ran.err, "");
    assert!(
        ran.answer().starts_with("✓ nothing needs you\n"),
        "{}",
        ran.out
    );
    ran.out
}

/// The words of a screen, however its lines were broken.
fn words(screen: &str) -> String {
    screen.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn tells(screen: &str, told: &[&str]) {
    let words = words(screen);
    for told in told {
        assert!(words.contains(told), "{told:?} is not in\n{screen}");
    }
}

fn begins(screen: &str, beginning: &str) {
    assert!(words(screen).starts_with(beginning), "{screen}");
}

#[tokio::test]
async fn where_nothing_is_set_up_the_two_commands_to_begin_with_come_first() {
    let machine = Machine::new();
    let screen = needy(&machine).await;
    let first = "! nothing is set up yet: sign in to ChatGPT with `alipes login`, or save a key with \
                 `alipes providers add NAME`";
    begins(&screen, first);
    assert!(!machine.home("store").exists(), "looking makes nothing");
}

#[tokio::test]
async fn a_healthy_machine_is_told_on_one_screen() {
    let (machine, _server) = simulated(&[], "/v1").await;
    machine.run(&["exec", "hi"]).await.answer();
    let screen = content(&machine).await;
    tells(
        &screen,
        &[
            "model sim/m, nobody behind it",
            "sessions 1, last now",
            "serve not running",
            "route websocket, the best one",
            "answered now; first event p50 ",
            " of 1 call",
        ],
    );
    assert!(!screen.contains("fault"), "{screen}");
    assert!(screen.lines().count() <= 24, "{screen}");
}

#[tokio::test]
async fn a_challenge_on_one_route_is_told_with_the_route_that_works() {
    let (machine, _server) = simulated(&["websocket-challenge"], "/v1").await;
    machine.run(&["exec", "hi"]).await.answer();
    let screen = content(&machine).await;
    tells(
        &screen,
        &[
            "route sse; websocket rests: it asked for a browser challenge instead of answering \
             (just now, tried again in 10 minutes)",
            "fault now, challenge, mended (`alipes calls show ",
        ],
    );
}

#[tokio::test]
async fn a_challenge_everywhere_is_the_edges_and_another_provider_helps() {
    let (_machine, screen) = after("challenge").await;
    begins(
        &screen,
        "! sim asked for a browser challenge instead of answering: ",
    );
    tells(&screen, &["`alipes providers add NAME`", "cf-ray "]);
}

#[tokio::test]
async fn a_fault_is_told_of_the_account_that_met_it_and_not_of_the_one_that_answered() {
    let simulator = simulator().await;
    let machine = with_two(&simulator).await;
    simulator.set_scenario(Scenario::from_flags(["sse-usage-limit@1"]).unwrap());
    machine.run(&["exec", "hi"]).await.answer();
    let screen = content(&machine).await;
    tells(&screen, &["fault now, usage-limit as default, mended ("]);
    let whole = machine.run(&["status", "--json"]).await;
    let whole: Value = serde_json::from_str(whole.answer()).unwrap();
    assert_eq!(whole["endpoints"][0]["last_fault"]["account"], "default");
}

#[tokio::test]
async fn a_refused_key_is_told_with_the_command_that_saves_another() {
    let (machine, _server) = simulated(&["401"], "/v1").await;
    let keys = "\n[providers.sim.accounts]\nmine = { file = \"mine.key\" }\n";
    let config = std::fs::read_to_string(machine.home("config.toml")).unwrap();
    std::fs::write(machine.home("config.toml"), config + keys).unwrap();
    std::fs::write(machine.home("mine.key"), "sk-revoked-0123").unwrap();
    machine.run(&["exec", "hi"]).await;
    let screen = needy(&machine).await;
    begins(
        &screen,
        "! sim as mine does not accept the key: save a good key with `alipes providers add sim --account mine`",
    );
    tells(&screen, &["status 401: Incorrect API key provided"]);
    let whole = machine.run(&["status", "--json"]).await;
    assert_eq!(whole.code, Some(1));
    let whole: Value = serde_json::from_str(&whole.out).unwrap();
    assert_eq!(whole["needs"][0]["cause"], "unauthorized");
    assert_eq!(whole["endpoints"][0]["last_fault"]["fault"]["status"], 401);
}

#[tokio::test]
async fn what_cannot_be_read_is_what_needs_the_person_and_the_rest_is_shown() {
    let (machine, _screen) = after("usage-limit").await;
    let whole = machine.run(&["status", "--json"]).await;
    let whole: Value = serde_json::from_str(&whole.out).unwrap();
    let known = whole["endpoints"][0]["name"].clone();
    let machine = machine.with("HTTP_PROXY", "no://such:proxy");
    tells(
        &needy(&machine).await,
        &["! ", "HTTP_PROXY", "`alipes doctor`", "sim/m"],
    );
    let machine = machine.with("ALIPES_CA_FILE", "/nonexistent/ca.pem");
    tells(
        &needy(&machine).await,
        &["! ", "/nonexistent/ca.pem", "sim/m", "version"],
    );
    std::fs::write(machine.home("config.toml"), "[providers\n").unwrap();
    tells(&needy(&machine).await, &["! ", "config.toml", "version"]);
    let whole = machine.run(&["status", "--json"]).await;
    assert_eq!(whole.code, Some(1), "{}", whole.err);
    let whole: Value = serde_json::from_str(&whole.out).unwrap();
    assert!(
        whole["needs"][0]["what"]
            .as_str()
            .unwrap()
            .contains("config.toml")
    );
    // What was asked is on record, whatever the file says now.
    assert_eq!(whole["endpoints"][0]["name"], known);
}

#[tokio::test]
async fn a_used_up_plan_is_told_with_the_time_until_it_begins_anew() {
    let (_machine, screen) = after("usage-limit").await;
    begins(
        &screen,
        "! sim has reached the plan's usage limit: wait for 1 hour, ",
    );
    tells(&screen, &["account rests for 1 hour (usage-limit)"]);
}

#[tokio::test]
async fn a_backend_that_says_nothing_is_named_as_that() {
    let silent = [
        "websocket-stall-before-first-event",
        "sse-stall-before-headers",
    ];
    let (machine, _server) = simulated(&silent, "/v1").await;
    machine.run(&["exec", "hi"]).await;
    let screen = needy(&machine).await;
    begins(&screen, "! sim took the request and said nothing: ");
}

#[tokio::test]
async fn a_model_that_is_not_offered_is_named_with_the_list_of_those_that_are() {
    let (_machine, screen) = after("websocket-model-not-found").await;
    begins(
        &screen,
        "! sim does not offer the model m: choose one of `alipes models sim`",
    );
}

#[tokio::test]
async fn a_wrong_base_url_is_shown() {
    let (machine, server) = simulated(&[], "/wrong/place").await;
    machine.run(&["exec", "hi"]).await;
    let screen = needy(&machine).await;
    let url = server.base_url.replace("/v1", "/wrong/place");
    begins(&screen, &format!("! sim has no such address: {url}"));
    tells(&screen, &["check base_url"]);
}

#[tokio::test]
async fn a_sign_in_that_was_revoked_is_told_with_the_command_that_signs_in_again() {
    let simulator = login::issuer().await;
    let machine = login::machine(&simulator);
    let nobody = needy(&machine).await;
    begins(
        &nobody,
        "! openai-codex is asked with a ChatGPT sign-in, and there is none: ",
    );
    tells(&nobody, &["sign in with `alipes login`"]);
    login::sign_in(&machine).await.answer();
    let signed_in = content(&machine).await;
    tells(
        &signed_in,
        &["account plan plus, ", "token came just now, works for "],
    );
    let revoked = ["401", "token-revoked"];
    simulator.set_scenario(Scenario::from_flags(revoked).unwrap());
    machine.run(&["exec", "hi"]).await;
    let screen = needy(&machine).await;
    begins(&screen, "! openai-codex is signed out: ");
    tells(&screen, &["sign in again with `alipes login`"]);
}

#[tokio::test]
async fn a_fault_that_was_answered_since_needs_nobody() {
    let (machine, _server) = simulated(&["401@1"], "/v1").await;
    machine.run(&["exec", "hi"]).await;
    needy(&machine).await;
    machine.run(&["exec", "hi"]).await.answer();
    tells(&content(&machine).await, &["unauthorized, answered since"]);
}

#[tokio::test]
async fn a_running_server_is_found_without_asking_it() {
    let (machine, _simulator) = simulated(&[], "/v1").await;
    let serve = machine
        .command(&["serve", "--listen", "127.0.0.1:0"])
        .spawn();
    let url = |line: &str| line.strip_prefix("listening on ").unwrap().to_owned();
    let mut server = Serving::of(serve.unwrap(), url).await;
    let running = format!("serve running at {}", server.base_url);
    tells(&content(&machine).await, &[&running]);
    // However it ends.
    server.child.kill().await.unwrap();
    tells(&content(&machine).await, &["serve not running"]);
}

#[tokio::test]
async fn a_damaged_store_needs_somebody_and_hides_nothing_else() {
    let (machine, _server) = simulated(&[], "/v1").await;
    std::fs::create_dir(machine.home("store")).unwrap();
    let junk = "this is not a database\n".repeat(500);
    std::fs::write(machine.home("store/alipes.db"), junk).unwrap();
    let screen = needy(&machine).await;
    tells(&screen, &["! the store ", "sim http://127.0.0.1"]);
}

#[tokio::test]
async fn at_forty_columns_nothing_is_wider() {
    let (machine, _) = after("usage-limit").await;
    let ran = machine.with("COLUMNS", "40").run(&["status"]).await;
    let widest = ran.out.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(40), "{}", ran.out);
}

/// A machine with so many providers, all of whose keys are missing, on a terminal of 40 by 20.
fn crowded(providers: usize) -> Machine {
    let names = (0..providers).map(|number| format!("p{number}"));
    let names: Vec<String> = names.collect();
    let mut config = format!(
        "[model]\ndefault = \"{}/m\"\nfallback = {:?}\n",
        names[0],
        names[1..]
            .iter()
            .map(|name| format!("{name}/m"))
            .collect::<Vec<_>>(),
    );
    for name in names {
        config.push_str(&format!(
            "[providers.{name}]\nbase_url = \"http://127.0.0.1:1/v1\"\napi_key = {{ env = \"NOBODYS\" }}\n"
        ));
    }
    Machine::configured(&config)
        .with("COLUMNS", "40")
        .with("LINES", "20")
}

#[tokio::test]
async fn what_needs_the_person_is_seen_last_where_the_first_line_scrolls_away() {
    for providers in [3, 12] {
        let screen = needy(&crowded(providers)).await;
        let lines: Vec<&str> = screen.lines().collect();
        assert!(lines.len() > 20, "{screen}");
        let seen = lines[lines.len() - 19..].join("\n");
        tells(&seen, &["! p0 has no key", "`alipes providers add p0`"]);
        assert!(
            lines.iter().all(|line| line.chars().count() <= 40),
            "{screen}"
        );
    }
    let (machine, _server) = simulated(&[], "/v1").await;
    machine.run(&["exec", "hi"]).await.answer();
    let screen = content(&machine.with("LINES", "8")).await;
    assert!(screen.ends_with("\n\n✓ nothing needs you\n"), "{screen}");
}

#[tokio::test]
async fn a_fault_on_the_way_leads_to_doctor_by_a_command_that_works() {
    let machine = Machine::configured(
        "[providers.sim]\nbase_url = \"http://127.0.0.1:1/v1\"\n[model]\ndefault = \"sim/m\"\n",
    );
    machine.run(&["exec", "--timeout", "5s", "hi"]).await;
    tells(&needy(&machine).await, &["`alipes doctor sim`"]);
    let doctor = machine.run(&["doctor", "sim"]).await;
    assert!(
        doctor.out.contains("nothing listens at 127.0.0.1:1"),
        "{}",
        doctor.out
    );
}

#[tokio::test]
async fn what_a_hostile_server_says_steers_nothing_and_is_short() {
    let words = "\\u001b[2J\\u202eevil\\u0007 ".repeat(200);
    let body = format!(r#"{{"error":{{"code":"{words}","message":"{words}"}}}}"#);
    let server = Listener::answering("401 No", &body).await;
    let config = format!(
        "[providers.sim]\nbase_url = \"{}\"\n[model]\ndefault = \"sim/m\"\n",
        server.base_url
    );
    let machine = Machine::configured(&config);
    machine.run(&["exec", "hi"]).await;
    let screen = needy(&machine).await;
    let steers = |c: char| c.is_control() && c != '\n' || matches!(c, '\u{202A}'..='\u{202E}');
    assert!(!screen.contains(steers), "{screen:?}");
    assert!(screen.contains("evil"), "{screen}");
    assert!(screen.lines().count() <= 24, "{screen}");
}

#[tokio::test]
async fn nobody_is_asked_unless_it_is_live_and_then_the_plan_is_told_with_its_date() {
    let simulator = login::issuer().await;
    let machine = login::machine(&simulator);
    login::sign_in(&machine).await.answer();
    let before = simulator.seen().len();
    content(&machine).await;
    assert_eq!(simulator.seen().len(), before, "status alone asks nobody");
    let live = machine.run(&["status", "--live"]).await;
    tells(
        live.answer(),
        &[
            "live lists ",
            " models after ",
            " % used (said just now, anew within ",
        ],
    );
    assert!(simulator.seen().len() > before);
    // What was said is remembered.
    let later = content(&machine).await;
    tells(&later, &[" % used (said just now, anew within "]);
    assert!(!later.contains("live"), "{later}");
}

#[tokio::test]
async fn live_ends_though_nobody_answers_and_says_that_this_is_not_about_answers() {
    let silent = Listener::answering("", "").await;
    let config = format!(
        "[providers.sim]\nbase_url = \"{}\"\n[model]\ndefault = \"sim/m\"\n",
        silent.base_url
    );
    let ran = Machine::configured(&config)
        .run(&["status", "--live"])
        .await;
    tells(
        ran.answer(),
        &[
            "live no list of models: ",
            "this says nothing about answers",
        ],
    );
}

#[tokio::test]
async fn a_base_url_is_shown_without_what_may_be_a_key() {
    let machine = Machine::configured(
        "[providers.work]\nbase_url = \"http://127.0.0.1:1/v1?token=query-canary\"\n\
         [model]\ndefault = \"work/m\"\n",
    );
    for arguments in [&["status"][..], &["status", "--json"]] {
        let ran = machine.run(arguments).await;
        assert!(ran.out.contains("http://127.0.0.1:1/v1"), "{}", ran.out);
        assert!(!ran.out.contains("canary"), "{}", ran.out);
    }
}
