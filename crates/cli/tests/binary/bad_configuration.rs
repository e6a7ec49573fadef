//! Configuration that is wrong, unreadable, or names what is not there: file, line, nearest right name.

use std::os::unix::fs::symlink;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::machine::Machine;

/// Providers that could be asked if anybody listened there.
const WORK: &str = r#"
[providers.work]
base_url = "http://127.0.0.1:1/v1"
models = ["gpt-x"]

[providers.keyed]
base_url = "http://127.0.0.1:1/v1"
api_key = { file = "key" }

[providers.variable]
base_url = "http://127.0.0.1:1/v1"
api_key = { env = "WORK_KEY" }
"#;

/// The message about a configuration of these lines.
async fn complaint(config: &str) -> String {
    Machine::configured(config)
        .refused(2, &["exec", "hi"])
        .await
}

#[tokio::test]
async fn mistakes_are_named_with_file_line_and_the_nearest_right_name() {
    let url = "base_url = \"https://models.example/v1\"";
    let table = [
        "[providers.work]\nbase_urll = \"https://models.example/v1\"\n".to_owned(),
        format!("[providers.work]\n{url}\ndialect = \"respones\"\n"),
        format!("[providers.work]\n{url}\nprofile = \"openai-codx\"\n"),
        format!("[providers.work]\n{url}\nroutes = [\"websockt\"]\n"),
        format!("[providers.work]\n{url}\nmodels = \"gpt-x\"\n"),
        format!("[providers.work]\n{url}\napi_key = {{}}\n"),
        "[providers.work]\nbase_url = \"ftp://models.example\"\n".to_owned(),
        "[providers.work]\nbase_url = \"https://me:hunter2@models.example\"\n".to_owned(),
        "[provider.work]\n".to_owned(),
        "[model]\ndefault = \"gpt-x\"\n".to_owned(),
        "[providers.work\n".to_owned(),
    ];
    let mut messages = String::new();
    for config in &table {
        messages.push_str(&complaint(config).await);
    }
    insta::assert_snapshot!(messages, @r#"
    error: [TEMP]/config.toml:2:1: unknown key "base_urll" in [providers.work]; did you mean "base_url"?
    error: [TEMP]/config.toml:3:11: unknown dialect "respones"; did you mean "responses"? (one of: responses, chat, messages)
    error: [TEMP]/config.toml:3:11: unknown profile "openai-codx"; did you mean "openai-codex"? (one of: openai-codex, openai, openai-compatible, anthropic, openrouter, local)
    error: [TEMP]/config.toml:3:11: unknown item of routes "websockt"; did you mean "websocket"? (one of: websocket, sse)
    error: [TEMP]/config.toml:3:10: models must be a list of strings, found a string
    error: [TEMP]/config.toml:3:11: [providers.work.api_key] a key is either { env = "NAME" }, { file = "PATH" } or { login = "openai-codex" }
    error: [TEMP]/config.toml:2:12: base_url must be an http, https, ws or wss URL
    error: [TEMP]/config.toml:2:12: base_url must be without a name and password, which messages would show; put the key into api_key instead
    error: [TEMP]/config.toml:1:2: unknown section [provider]; did you mean [providers]?
    error: [TEMP]/config.toml:2:11: default must be PROVIDER/NAME, for example work/gpt-x
    error: [TEMP]/config.toml:1:16: unclosed table, expected `]`
      [providers.work
    "#);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named() {
    let machine = Machine::new();
    let path = machine.home("config.toml");
    let mut messages = String::new();
    let mut note = async |what: &str| {
        let message = machine.refused(2, &["exec", "hi"]).await;
        messages.push_str(&format!("{what}: {message}"));
    };

    std::fs::create_dir(&path).unwrap();
    note("a folder").await;
    std::fs::remove_dir(&path).unwrap();

    mkfifo(&path, Mode::S_IRWXU).unwrap();
    note("a FIFO").await;
    std::fs::remove_file(&path).unwrap();

    symlink("/dev/zero", &path).unwrap();
    note("a device").await;
    std::fs::remove_file(&path).unwrap();

    std::fs::write(&path, "#".repeat(40_000_000)).unwrap();
    note("huge").await;
    std::fs::write(&path, b"\xff\xfe").unwrap();
    note("no text").await;
    insta::assert_snapshot!(messages, @"
    a folder: error: cannot read [TEMP]/config.toml: it is a folder, not a file
    a FIFO: error: cannot read [TEMP]/config.toml: it is a pipe, socket or device, not a file
    a device: error: cannot read [TEMP]/config.toml: it is a pipe, socket or device, not a file
    huge: error: [TEMP]/config.toml is larger than 1048576 bytes; is it the right file?
    no text: error: [TEMP]/config.toml:1:1: not UTF-8 text; save the file as UTF-8
    ");
}

#[tokio::test]
async fn an_unknown_provider_or_model_is_named_with_the_nearest_right_one() {
    let machine = Machine::configured(WORK);
    let mut messages = String::new();
    for model in [
        "wrk/gpt-x",
        "else/gpt-x",
        "work/gpt-y",
        "work/llama",
        "work",
        "",
    ] {
        messages.push_str(&machine.refused(2, &["exec", "-m", model, "hi"]).await);
    }
    let bare = Machine::new();
    messages.push_str(&bare.refused(2, &["exec", "-m", "work/gpt-x", "hi"]).await);
    insta::assert_snapshot!(messages, @r#"
    error: there is no provider "wrk"; did you mean "work"?
    error: there is no provider "else"; configured: work, keyed, variable; `alipes providers --all` lists those that are known
    error: the provider "work" has no model "gpt-y"; did you mean "gpt-x"?
    error: the provider "work" has no model "llama"; its models: gpt-x
    error: work has no default model; name one of those that `alipes models work` lists, as work/NAME
    error: "" is not a model's name; a model is named PROVIDER/NAME, for example work/gpt-x
    error: there is no provider "work"; `alipes providers --all` lists those that are known, and --base-url URL gives the address of another
    "#);
}

#[tokio::test]
async fn without_a_model_the_way_to_one_is_told() {
    // What runs on this machine is another test's.
    let nowhere = ["ollama", "lmstudio", "\"llama.cpp\"", "vllm"]
        .map(|name| format!("[providers.{name}]\nbase_url = \"http://127.0.0.1:1/v1\"\n"));
    let machine = Machine::configured(&nowhere.concat());
    insta::assert_snapshot!(machine.refused(2, &["exec", "hi"]).await, @"error: no model is chosen; name one with -m PROVIDER/NAME of ollama, lmstudio, llama.cpp, vllm; default under [model] in [TEMP]/config.toml chooses one");
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_named() {
    let machine = Machine::configured(WORK);
    let path = machine.home("key");
    let mut messages = String::new();
    let mut note = async |what: &str, model: &str| {
        let message = machine.refused(1, &["exec", "-m", model, "hi"]).await;
        let first = message.lines().next().unwrap();
        messages.push_str(&format!("{what}: {first}\n"));
    };
    note("unset", "variable/m").await;
    note("missing", "keyed/m").await;

    mkfifo(&path, Mode::S_IRWXU).unwrap();
    note("a FIFO", "keyed/m").await;
    std::fs::remove_file(&path).unwrap();

    symlink("/dev/zero", &path).unwrap();
    note("a device", "keyed/m").await;
    std::fs::remove_file(&path).unwrap();

    for (what, content) in [
        ("empty", &b" \n"[..]),
        ("no text", b"\xff"),
        ("two lines", b"one\ntwo\n"),
        ("huge", &[b'k'; 100_000]),
    ] {
        std::fs::write(&path, content).unwrap();
        note(what, "keyed/m").await;
    }
    insta::assert_snapshot!(messages, @"
    unset: error: variable has no usable key (credential over sse): the variable WORK_KEY is not set; set WORK_KEY and start again
    missing: error: keyed has no usable key (credential over sse): the key file [TEMP]/key cannot be used: No such file or directory (os error 2)
    a FIFO: error: keyed has no usable key (credential over sse): the key file [TEMP]/key cannot be used: it is not a regular file
    a device: error: keyed has no usable key (credential over sse): the key file [TEMP]/key cannot be used: it is not a regular file
    empty: error: keyed has no usable key (credential over sse): the key file [TEMP]/key cannot be used: it is empty
    no text: error: keyed has no usable key (credential over sse): the key file [TEMP]/key cannot be used: stream did not contain valid UTF-8
    two lines: error: keyed has no usable key (credential over sse): the key file [TEMP]/key cannot be used: it holds a line break, a space or another character that no key has
    huge: error: keyed has no usable key (credential over sse): the key file [TEMP]/key cannot be used: it is larger than 65536 bytes
    ");
}

#[tokio::test]
async fn nonsense_in_a_profile_is_named() {
    let provider = "[providers.work]\nbase_url = \"https://models.example/v1\"";
    let mut messages = String::new();
    for field in [
        "output_timeout = \"soon\"",
        "output_timeout = 7",
        "send_timeout = \"0s\"",
        "first_event_timeout = \"9999h\"",
        "replays = -1",
        "max_frame = 1e9",
        "compress = \"yes\"",
        "keepalive = \"100ms\"",
        "keepalive = false",
        "user_timeout = \"never\"",
        "routes = []",
        "account_codes = [1]",
        "ping_aftr = \"3s\"",
    ] {
        let config = format!("{provider}\n[providers.work.endpoint]\n{field}\n");
        messages.push_str(&complaint(&config).await);
    }
    insta::assert_snapshot!(messages, @r#"
    error: [TEMP]/config.toml:4:18: output_timeout must be a time from "1ms" to "24h", such as "20s"
    error: [TEMP]/config.toml:4:18: output_timeout must be a time from "1ms" to "24h", such as "20s", found an integer
    error: [TEMP]/config.toml:4:16: send_timeout must be a time from "1ms" to "24h", such as "20s"
    error: [TEMP]/config.toml:4:23: first_event_timeout must be a time from "1ms" to "24h", such as "20s"
    error: [TEMP]/config.toml:4:11: replays must be from 0 to 4294967295
    error: [TEMP]/config.toml:4:13: max_frame must be an integer, found a float
    error: [TEMP]/config.toml:4:12: compress must be a boolean, found a string
    error: [TEMP]/config.toml:4:13: keepalive must be "off" or a time from "1s" to "2h"
    error: [TEMP]/config.toml:4:13: keepalive must be "off" or a time from "1s" to "2h", found a boolean
    error: [TEMP]/config.toml:4:16: user_timeout must be "off" or a time from "1s" to "2h"
    error: [TEMP]/config.toml:3:1: [providers.work.endpoint] needs at least one route, or no `routes` at all
    error: [TEMP]/config.toml:4:18: item of account_codes must be a string, found an integer
    error: [TEMP]/config.toml:4:1: unknown key "ping_aftr" in [providers.work.endpoint]; did you mean "ping_after"?
    "#);
}

#[tokio::test]
async fn a_folder_that_cannot_be_worked_in_is_named() {
    let machine = Machine::new();
    machine.file("notes.txt", "");
    let mut messages = String::new();
    for folder in ["missing", "notes.txt"] {
        messages.push_str(
            &machine
                .refused(2, &["exec", "--simulate", "-C", folder, "hi"])
                .await,
        );
        messages.push_str(&machine.refused(2, &["demo", "-C", folder]).await);
    }
    insta::assert_snapshot!(messages, @"
    error: the folder [TEMP]/missing does not exist
    error: the folder [TEMP]/missing does not exist
    error: [TEMP]/notes.txt is not a folder
    error: [TEMP]/notes.txt is not a folder
    ");
}
