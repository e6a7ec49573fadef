//! Providers and their keys: listed, added with a test call, kept in private, and sent to nobody else.

use std::os::unix::fs::PermissionsExt as _;

use alipes_base::{Clock, Rng};
use alipes_simulator::{Keys, Options, Simulator};

use crate::listener::{Listener, MODELS};
use crate::machine::{Machine, Ran};
use crate::terminal::Terminal;

const KEY: &str = "sk-canary-0123456789";

/// `providers add mine` at this address, with the key on standard input.
async fn add(machine: &Machine, base_url: &str, more: &[&str]) -> Ran {
    let fixed = [
        "providers",
        "add",
        "mine",
        "--base-url",
        base_url,
        "--key-stdin",
    ];
    machine
        .fed(&[&fixed[..], more].concat(), format!("{KEY}\n"))
        .await
}

/// What the configuration holds; nothing if there is none.
fn config(machine: &Machine) -> String {
    std::fs::read_to_string(machine.home("config.toml")).unwrap_or_default()
}

#[tokio::test]
async fn a_key_is_tried_and_then_kept_in_a_file_of_its_owners() {
    let machine = Machine::configured("# mine\n[model]\ndefault = \"mine/m\"  # so far\n");
    let server = Listener::answering("200 OK", MODELS).await;
    let ran = add(&machine, &server.base_url, &[]).await;
    assert_eq!(ran.answer(), "");
    insta::assert_snapshot!(ran.err, @"
    mine accepts the key and has 2 models
    mine is saved in [TEMP]/config.toml
    ");
    let asked = server.seen();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].starts_with("get /v1/models "), "{}", asked[0]);
    assert!(
        asked[0].contains(&format!("authorization: bearer {KEY}\r\n")),
        "{}",
        asked[0]
    );

    let expected = format!(
        "# mine\n[model]\ndefault = \"mine/m\"  # so far\n\n[providers.mine]\nbase_url = \"{}\"\n\
         api_key = {{ file = \"keys/mine.key\" }}\n",
        server.base_url
    );
    assert_eq!(config(&machine), expected);
    let key = machine.home("keys/mine.key");
    assert_eq!(
        std::fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(std::fs::read_to_string(&key).unwrap().contains(KEY));
}

#[tokio::test]
async fn who_adds_the_first_provider_is_told_how_to_ask_it() {
    let machine = Machine::new();
    let server = Listener::answering("200 OK", MODELS).await;
    let ran = add(&machine, &server.base_url, &[]).await;
    ran.answer();
    let next = "ask it with `alipes chat -m mine/MODEL`; see `alipes models mine`\n";
    assert!(ran.err.ends_with(next), "{}", ran.err);
}

#[tokio::test]
async fn who_adds_the_only_provider_asks_it_without_naming_a_model_where_one_is_known() {
    let machine = Machine::new();
    let server = Listener::answering("200 OK", MODELS).await;
    let like = ["--like", "anthropic", "--dialect", "responses"];
    let ran = add(&machine, &server.base_url, &like).await;
    ran.answer();
    assert!(ran.err.ends_with("ask it with `alipes`\n"), "{}", ran.err);
    let list = machine.run(&["providers"]).await;
    assert!(list.err.contains("asked: mine/claude-"), "{}", list.err);
}

#[tokio::test]
async fn openrouter_is_asked_whose_key_it_is_because_its_list_is_for_everybody() {
    let machine = Machine::new();
    let options = Options {
        keys: Keys::Exactly(vec![KEY.to_owned()]),
        ..Options::local(Clock::system(), Rng::from_entropy())
    };
    let simulator = Simulator::start(options).await.unwrap();
    let url = simulator.base_url();
    let add = [
        "providers",
        "add",
        "openrouter",
        "--key-stdin",
        "--base-url",
        &url,
    ];
    let wrong = machine.fed(&add, "sk-wrong\n").await.refused(1);
    assert!(wrong.contains("refuses this key"), "{wrong}");
    assert_eq!(config(&machine), "");
    let right = machine.fed(&add, format!("{KEY}\n")).await;
    right.answer();
    assert!(right.err.contains("accepts the key"), "{}", right.err);
}

#[tokio::test]
async fn an_added_provider_answers_in_its_own_dialect() {
    for like in ["custom", "groq", "anthropic", "ollama"] {
        let machine = Machine::new();
        let server = machine.simulate(&[]).await;
        add(&machine, &server.base_url, &["--like", like])
            .await
            .answer();
        let ran = machine.run(&["exec", "-v", "-m", "mine/m", "hi"]).await;
        assert!(ran.answer().contains("Hello!"), "{like}: {}", ran.out);
        assert!(!ran.err.contains(KEY), "{}", ran.err);
    }
}

#[tokio::test]
async fn a_key_may_come_from_a_variable_or_a_file_and_goes_where_its_provider_wants_it() {
    let machine = Machine::new().with("MY_KEY", KEY);
    machine.file("key.txt", format!(" {KEY}\r\n"));
    for (like, name, beside) in [
        (
            "anthropic",
            "x-api-key",
            "anthropic-version: 2023-06-01\r\n",
        ),
        ("azure", "api-key", "get /v1/models "),
        ("openrouter", "authorization", "get /v1/key "),
    ] {
        let value = if name == "authorization" {
            "bearer "
        } else {
            ""
        };
        for source in [["--key-env", "MY_KEY"], ["--key-file", "key.txt"]] {
            let server = Listener::answering("200 OK", MODELS).await;
            let fixed = ["providers", "add", "mine", "--like", like, "--base-url"];
            let arguments = [&fixed[..], &[&server.base_url], &source].concat();
            machine.run(&arguments).await.answer();
            let asked = server.seen().concat();
            assert!(
                asked.contains(&format!("\r\n{name}: {value}{KEY}\r\n")),
                "{asked}"
            );
            assert_eq!(asked.matches(KEY).count(), 1, "{asked}");
            assert!(asked.contains(beside), "{asked}");
        }
    }
}

#[tokio::test]
async fn a_key_that_is_refused_is_not_saved() {
    let before = "[model]\n";
    let machine = Machine::configured(before);
    let mut messages = String::new();
    for (status, body) in [
        ("401 Unauthorized", "{}"),
        ("403 Forbidden", "{}"),
        ("404 Not Found", "nothing here"),
        ("500 Internal Server Error", "{}"),
        ("302 Found", ""),
    ] {
        let server = Listener::answering(status, body).await;
        messages.push_str(&add(&machine, &server.base_url, &[]).await.refused(1));
    }
    messages.push_str(&add(&machine, "http://127.0.0.1:1/v1", &[]).await.refused(1));
    insta::assert_snapshot!(messages, @"
    error: mine refuses this key (status 401); nothing was saved
    error: mine refuses this key (status 403); nothing was saved
    error: mine has no such address (headers over auxiliary, status 404, 127.0.0.1:[PORT]); nothing was saved, --unchecked saves it without asking
    error: mine failed inside (headers over auxiliary, status 500, 127.0.0.1:[PORT]); nothing was saved, --unchecked saves it without asking
    error: mine wants to redirect the request elsewhere; credentials do not follow (headers over auxiliary, status 302, 127.0.0.1:[PORT]); nothing was saved, --unchecked saves it without asking
    error: mine refused the connection: nothing listens there (connect over auxiliary, 127.0.0.1:[PORT]); nothing was saved, --unchecked saves it without asking
    ");
    assert_eq!(config(&machine), before);
    assert!(!machine.home("keys").exists());
}

#[tokio::test]
async fn unchecked_saves_without_asking() {
    let machine = Machine::new();
    let server = Listener::answering("500 Internal Server Error", "").await;
    add(&machine, &server.base_url, &["--unchecked"])
        .await
        .answer();
    assert!(server.seen().is_empty());
    assert!(machine.home("keys/mine.key").exists());
}

#[tokio::test]
async fn what_is_no_key_is_refused_before_anybody_is_asked() {
    let machine = Machine::new()
        .with("EMPTY", "")
        .with("TWO", "sk-1\nsk-canary");
    machine.file("two.txt", "sk-canary\nsk-2\n");
    let mut messages = String::new();
    for arguments in [
        &["groq", "--key-env", "UNSET"][..],
        &["groq", "--key-env", "TWO"],
        &["groq", "--key-file", "missing.txt"],
        &["groq", "--key-file", "two.txt"],
        &["groq", "--key-stdin"],
        &["groq"],
        &["openai-codex", "--key-env", "TWO"],
        &["azure", "--key-env", "TWO"],
        &["goq", "--key-env", "TWO"],
        &["mine", "--key-env", "TWO"],
        &["mine", "--like", "goq", "--key-env", "TWO"],
        &["../mine", "--base-url", "http://127.0.0.1:1"],
    ] {
        let arguments = [&["providers", "add"], arguments].concat();
        messages.push_str(&machine.refused(2, &arguments).await);
    }
    let piped = ["providers", "add", "groq", "--key-stdin"];
    for input in ["sk-1\r\nsk-canary\r\n", "sk-\u{1b}[31mcanary", "sk-ü"] {
        messages.push_str(&machine.fed(&piped, input).await.refused(2));
    }
    insta::assert_snapshot!(messages, @r#"
    error: the variable UNSET is not set
    error: the variable TWO cannot be used: it holds a line break, a space or another character that no key has
    error: the key file [TEMP]/missing.txt cannot be used: No such file or directory (os error 2)
    error: the key file [TEMP]/two.txt cannot be used: it holds a line break, a space or another character that no key has
    error: the key is empty
    error: groq needs a key and nobody can be asked for it; give it with --key-stdin, --key-env VAR or --key-file PATH
    error: openai-codex takes no key: sign in with `alipes login`
    error: azure has no address of its own; set base_url under [providers.azure], or give --base-url URL
    error: there is no provider "goq"; did you mean "groq"?
    error: there is no provider "mine"; `alipes providers --all` lists those that are known, and --base-url URL gives the address of another
    error: [TEMP]/config.toml:2:8: unknown like "goq"; did you mean "groq"? (one of: openai-codex, codex-app-server, openai, anthropic, openrouter, xai, gemini, deepseek, mistral, groq, together, fireworks, moonshot, zai, qwen, nous, github-copilot, azure, ollama, lmstudio, llama.cpp, vllm, custom)
    error: "../mine" cannot be a provider's name; use letters, digits, dots, dashes and underscores
    error: that is more than one key: it has a line break, a space or another character in it that no key has; give the key alone
    error: that is more than one key: it has a line break, a space or another character in it that no key has; give the key alone
    error: that is more than one key: it has a line break, a space or another character in it that no key has; give the key alone
    "#);
    assert!(!messages.contains("canary"), "{messages}");
    assert!(!machine.home("config.toml").exists() && !machine.home("keys").exists());
}

#[tokio::test]
async fn a_saved_key_is_never_sent_to_another_address() {
    let machine = Machine::new();
    let own = Listener::answering("200 OK", MODELS).await;
    add(&machine, &own.base_url, &[]).await.answer();
    let other = Listener::answering("200 OK", "{}").await;
    let moved = config(&machine).replace(&own.base_url, &other.base_url);
    let thief = format!(
        "[providers.thief]\nbase_url = \"{}\"\napi_key = {{ file = \"keys/mine.key\" }}\n",
        other.base_url
    );
    std::fs::write(machine.home("config.toml"), format!("{moved}\n{thief}")).unwrap();
    let mut messages = String::new();
    for model in ["mine/m", "thief/m"] {
        messages.push_str(&machine.refused(1, &["exec", "-m", model, "hi"]).await);
    }
    insta::assert_snapshot!(messages, @"
    error: mine has no usable key (credential over sse): the key file [TEMP]/keys/mine.key was saved for http://127.0.0.1:[PORT] and is not sent to http://127.0.0.1:[PORT]; set base_url back, or save a key for the new address with `alipes providers add NAME`
      tried: sse (no-credential, [TIME])
      on record: alipes calls show [ID]
      help: save a key with `alipes providers add NAME`, or sign in to ChatGPT with `alipes login`
    error: thief has no usable key (credential over sse): the key file [TEMP]/keys/mine.key was saved for http://127.0.0.1:[PORT] and is not sent to http://127.0.0.1:[PORT]; set base_url back, or save a key for the new address with `alipes providers add NAME`
      tried: sse (no-credential, [TIME])
      on record: alipes calls show [ID]
      help: save a key with `alipes providers add NAME`, or sign in to ChatGPT with `alipes login`
    ");
    let by_flag = [
        "exec",
        "-m",
        "mine/m",
        "--base-url",
        &own.base_url,
        "--timeout",
        "5s",
        "hi",
    ];
    machine.run(&by_flag).await;
    let asked = [other.seen(), own.seen()[1..].to_vec()].concat().concat();
    assert!(!asked.contains(KEY), "{asked}");
}

#[tokio::test]
async fn a_key_that_is_refused_is_said_with_where_it_is_kept() {
    let machine = Machine::new().with("WORK_KEY", "sk-some-key");
    let server = machine.simulate(&["--fault", "sse-401"]).await;
    std::fs::write(machine.home("the.key"), "sk-some-key").unwrap();
    for (key, place) in [
        (
            "{ file = \"the.key\" }",
            "the.key, which holds no other one",
        ),
        (
            "{ env = \"WORK_KEY\" }",
            "the key comes from the variable WORK_KEY",
        ),
    ] {
        let config = format!(
            "[providers.work]\nbase_url = \"{}\"\nroutes = [\"sse\"]\napi_key = {key}\n",
            server.base_url
        );
        std::fs::write(machine.home("config.toml"), config).unwrap();
        let told = machine.refused(1, &["exec", "-m", "work/m", "hi"]).await;
        assert!(told.contains(place), "{told}");
        assert!(
            told.contains("help: put a good key where this one is kept"),
            "{told}"
        );
    }
}

#[tokio::test]
async fn a_key_in_the_usual_variable_is_for_the_usual_address_only() {
    let server = Listener::answering("404 Not Found", "{}").await;
    let config = format!("[providers.openai]\nbase_url = \"{}\"\n", server.base_url);
    let machine = Machine::configured(&config).with("OPENAI_API_KEY", KEY);
    machine
        .run(&["exec", "-m", "openai/m", "--timeout", "5s", "hi"])
        .await;
    let asked = server.seen().concat();
    assert!(asked.contains("/v1/responses "), "{asked}");
    assert!(!asked.contains(KEY), "{asked}");
}

#[tokio::test]
async fn a_bundled_provider_is_asked_without_any_configuration() {
    let machine = Machine::new().with("XAI_API_KEY", KEY);
    let proxy = Listener::answering("502 Bad Gateway", "").await;
    let way = proxy.base_url.trim_end_matches("/v1");
    let arguments = [
        "exec",
        "-m",
        "xai/m",
        "--proxy",
        way,
        "--timeout",
        "3s",
        "hi",
    ];
    assert_eq!(machine.run(&arguments).await.code, Some(1));
    let asked = proxy.seen();
    assert!(asked[0].starts_with("connect api.x.ai:443 "), "{asked:?}");
    assert!(!asked.concat().contains(KEY), "{asked:?}");
}

#[tokio::test]
async fn a_providers_name_alone_means_its_default_model() {
    let machine = Machine::new();
    let server = machine.simulate(&[]).await;
    let url = &server.base_url;
    let config = format!("[providers.mine]\nbase_url = \"{url}\"\ndefault_model = \"best\"\n");
    std::fs::write(machine.home("config.toml"), config).unwrap();
    let ran = machine.run(&["exec", "--json", "-m", "mine", "hi"]).await;
    assert!(ran.answer().contains("mine/best"), "{}", ran.out);
}

#[tokio::test]
async fn the_list_tells_who_can_be_asked_and_with_which_key() {
    let machine = Machine::configured(
        "[providers.saved]\nbase_url = \"https://saved.example/v1\"\napi_key = { file = \"keys/a\" }\n\
         [providers.lost]\nlike = \"groq\"\napi_key = { file = \"keys/lost\" }\n\
         [providers.open]\nbase_url = \"http://192.168.1.5:8000/v1\"\ndefault_model = \"m\"\n\
         [providers.ollama]\nbase_url = \"http://127.0.0.1:1/v1\"\n\
         [providers.lmstudio]\nbase_url = \"http://127.0.0.1:1/v1\"\n\
         [providers.\"llama.cpp\"]\nbase_url = \"http://127.0.0.1:1/v1\"\n\
         [providers.vllm]\nbase_url = \"http://127.0.0.1:1/v1\"\n",
    )
    .with("MISTRAL_API_KEY", KEY);
    std::fs::create_dir(machine.home("keys")).unwrap();
    std::fs::write(machine.home("keys/a"), KEY).unwrap();
    let ran = machine.run(&["providers"]).await;
    insta::assert_snapshot!(ran.answer(), @"
    NAME       DIALECT    KEY                  DEFAULT MODEL         HOST
    saved      responses  keys/a               -                     saved.example
    lost       chat       no key in keys/lost  -                     api.groq.com
    open       responses  none needed          m                     192.168.1.5:8000
    ollama     responses  none needed          -                     127.0.0.1:[PORT]
    lmstudio   responses  none needed          -                     127.0.0.1:[PORT]
    llama.cpp  responses  none needed          -                     127.0.0.1:[PORT]
    vllm       responses  none needed          -                     127.0.0.1:[PORT]
    mistral    chat       MISTRAL_API_KEY      mistral-large-latest  api.mistral.ai
    ");
    let all = machine.run(&["providers", "--all"]).await;
    let names: Vec<&str> = all
        .answer()
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(names.len(), 1 + 3 + 22, "{}", all.out);
    assert!(!format!("{ran:?}{all:?}").contains(KEY));
}

#[tokio::test]
async fn what_is_not_configured_cannot_be_removed() {
    let machine = Machine::configured("[providers.open]\nbase_url = \"https://h\"\n");
    let mut messages = String::new();
    for name in ["ollama", "opn"] {
        let message = machine.refused(2, &["providers", "remove", name]).await;
        messages.push_str(&message);
    }
    insta::assert_snapshot!(messages, @r#"
    error: ollama is not configured; there is nothing to remove
    error: there is no provider "opn"; did you mean "open"?
    "#);
}

#[tokio::test]
async fn what_was_added_is_removed_with_its_key_and_the_rest_stays() {
    let before =
        "# mine\n[model]\ndefault = \"mine/m\"\n\n[providers.other]\nbase_url = \"https://h\"\n";
    let machine = Machine::configured(before);
    let server = Listener::answering("200 OK", MODELS).await;
    add(&machine, &server.base_url, &[]).await.answer();
    let ran = machine.run(&["providers", "remove", "mine"]).await;
    assert_eq!(ran.answer(), "");
    insta::assert_snapshot!(ran.err, @"
    mine is removed from [TEMP]/config.toml
    a model of mine is still named under [model] there
    ");
    assert_eq!(config(&machine), before);
    assert!(!machine.home("keys/mine.key").exists());
}

/// `providers add mine` on a terminal that asks for the key.
async fn asked(machine: &Machine, base_url: &str) -> Terminal {
    let arguments = [
        "providers",
        "add",
        "mine",
        "--like",
        "groq",
        "--base-url",
        base_url,
    ];
    let mut terminal = Terminal::run(machine.command(&arguments), 20);
    terminal.until("the key for mine").await;
    terminal.until_hidden().await;
    terminal
}

#[tokio::test]
async fn a_key_that_is_typed_is_not_shown() {
    let machine = Machine::new();
    let server = Listener::answering("200 OK", MODELS).await;
    let mut terminal = asked(&machine, &server.base_url).await;
    terminal.types(&format!("{KEY}\n"));
    assert_eq!(terminal.end().await, Some(0), "{}", terminal.lines());
    assert!(!terminal.written.contains("canary"), "{}", terminal.written);
    assert!(terminal.shows("accepts the key"), "{}", terminal.lines());
    assert!(server.seen().concat().contains(KEY));
    assert!(terminal.echoes());
}

#[tokio::test]
async fn leaving_the_question_gives_the_terminal_back() {
    let machine = Machine::new();
    let mut terminal = asked(&machine, "http://127.0.0.1:1/v1").await;
    terminal.interrupt();
    assert_eq!(terminal.end().await, Some(130));
    assert!(terminal.echoes());
    assert!(!machine.home("config.toml").exists());
}

#[tokio::test]
async fn of_several_lines_that_are_pasted_none_is_taken_for_the_key() {
    let machine = Machine::new();
    let server = Listener::answering("200 OK", MODELS).await;
    for pasted in ["sk-one\nsk-two\n", "sk-one\nsk-two", "\nsk-one\n"] {
        let mut terminal = asked(&machine, &server.base_url).await;
        terminal.types(pasted);
        assert_eq!(terminal.end().await, Some(2), "{}", terminal.lines());
        assert!(
            terminal.written.contains("more than one key"),
            "{}",
            terminal.written
        );
    }
    assert!(server.seen().is_empty());
    assert_eq!(config(&machine), "");
}

#[tokio::test]
async fn the_official_client_is_shown_as_what_it_is() {
    let machine = Machine::new();
    let shown = machine
        .run(&["providers", "show", "codex-app-server"])
        .await;
    insta::assert_snapshot!(shown.answer(), @"
    codex-app-server is the installed Codex CLI, driven over its app server, with its own sign-in and settings
      program    not in PATH; install it with `npm install -g @openai/codex@latest`, then `codex login`
      sandbox    read-only; its commands see none of your variables
      approvals  everything that it asks for is declined
      tools      its own, without its tool servers; none of alipes
      replay     none after a turn has begun; it retries by itself
    ");
    let listed = machine.run(&["providers", "--all"]).await;
    let row = listed
        .answer()
        .lines()
        .find(|line| line.starts_with("codex-app-server"))
        .unwrap();
    assert!(
        row.contains("no codex in PATH") && row.ends_with("codex app-server"),
        "{row}"
    );
    let refused = machine
        .run(&["exec", "-m", "codex-app-server", "--route", "sse", "hi"])
        .await;
    assert!(
        refused.err.contains("is the installed Codex CLI"),
        "{}",
        refused.err
    );
    let missing = machine.run(&["exec", "-m", "codex-app-server", "hi"]).await;
    insta::assert_snapshot!(missing.err, @"
    error: codex-app-server is asked by another program of this machine, which cannot be used (connect over app-server): there is no `codex` in PATH
      tried: app-server (client-unavailable, [TIME])
      on record: alipes calls show [ID]
      help: install or update the Codex CLI (`npm install -g @openai/codex@latest`), then `codex login`
    ");
}
