//! How this machine reaches anything: flags, the configuration, the environment, and what is wrong
//! with them.

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::machine::Machine;

/// A provider on a server of the test's own, as the default model.
fn work(base_url: &str, network: &str) -> String {
    format!(
        "[providers.work]\nbase_url = \"{base_url}\"\n[model]\ndefault = \"work/m\"\n[network]\n{network}\n"
    )
}

#[tokio::test]
async fn ipv4_only_comes_from_a_flag_the_file_or_the_environment_and_is_shown() {
    let serving = Machine::new();
    let server = serving.simulate(&[]).await;
    let plain = || Machine::configured(&work(&server.base_url, ""));
    let in_file = Machine::configured(&work(&server.base_url, "ipv4_only = true"));
    let overruled = Machine::configured(&work(&server.base_url, "ipv4_only = false"));
    let variable = |machine: Machine| machine.with("ALIPES_IPV4_ONLY", "1");
    let table = [
        (plain(), &["exec", "-v", "--ipv4", "hi"][..], true),
        (in_file, &["exec", "-v", "hi"], true),
        (variable(plain()), &["exec", "-v", "hi"], true),
        (variable(overruled), &["exec", "-v", "hi"], false),
        (plain(), &["exec", "-v", "hi"], false),
    ];
    for (row, (machine, arguments, shown)) in table.iter().enumerate() {
        let ran = machine.run(arguments).await;
        ran.answer();
        let connected = ran.err.lines().find(|line| line.contains("connected to"));
        let told = connected.unwrap().contains("(direct, IPv4 only)");
        assert_eq!(told, *shown, "row {row}: {}", ran.err);
    }
}

#[tokio::test]
async fn a_name_that_was_looked_up_for_ipv4_alone_says_so() {
    let arguments = ["--ipv4", "--timeout", "30s"];
    let ran = Machine::new()
        .ask("https://nowhere.invalid/v1", &arguments)
        .await;
    let message = ran.refused(1);
    assert!(message.contains("direct, IPv4 only"), "{message}");
}

#[tokio::test]
async fn a_proxy_in_the_file_is_used_and_named() {
    let serving = Machine::new();
    let server = serving.simulate(&[]).await;
    let proxy = "proxy = \"http://127.0.0.1:1\"";
    let machine = Machine::configured(&work(&server.base_url, proxy));
    let message = machine.refused(1, &["exec", "--timeout", "1s", "hi"]).await;
    assert!(message.contains("through the proxy"), "{message}");
    assert!(message.contains("config.toml:6"), "{message}");
    // A flag goes before it, and so do the exceptions beside it.
    machine
        .run(&["exec", "--proxy", "direct", "hi"])
        .await
        .answer();
    let excepted = format!("{proxy}\nno_proxy = [\"127.0.0.0/8\"]");
    let machine = Machine::configured(&work(&server.base_url, &excepted));
    machine.run(&["exec", "hi"]).await.answer();
}

#[tokio::test]
async fn a_switch_that_is_neither_on_nor_off_is_named() {
    let machine = Machine::new().with("ALIPES_IPV4_ONLY", "perhaps");
    let message = machine.refused(2, &["exec", "--simulate", "hi"]).await;
    insta::assert_snapshot!(message, @r#"error: ALIPES_IPV4_ONLY is "perhaps"; use 1 or 0"#);
}

/// Files that hold no authority: a name in the home each.
fn with_bad_ca_files() -> Machine {
    let machine = Machine::new();
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (name, content) in [
        ("empty.pem", " \n"),
        ("words.pem", "no certificate here"),
        ("broken.pem", broken),
    ] {
        machine.file(name, content);
    }
    let huge = std::fs::File::create(machine.path("huge.pem")).unwrap();
    // Sparse: it takes no room.
    huge.set_len(1 << 30).unwrap();
    mkfifo(&machine.path("pipe.pem"), Mode::S_IRWXU).unwrap();
    machine
}

const BAD_CA_FILES: [&str; 7] = [
    "missing.pem",
    "empty.pem",
    "words.pem",
    "broken.pem",
    "huge.pem",
    "pipe.pem",
    ".",
];

#[tokio::test]
async fn a_ca_file_of_ours_that_cannot_be_used_is_an_error_that_says_what_to_do() {
    let mut messages = String::new();
    for name in BAD_CA_FILES {
        let machine = with_bad_ca_files().with("ALIPES_CA_FILE", name);
        let message = machine.refused(2, &["exec", "--simulate", "hi"]).await;
        messages.push_str(&message);
    }
    let machine = Machine::configured(&work("https://127.0.0.1:1", "ca_file = \"missing.pem\""));
    messages.push_str(&machine.refused(2, &["exec", "hi"]).await);
    insta::assert_snapshot!(messages, @r#"
    error: the CA file missing.pem cannot be used (correct or unset ALIPES_CA_FILE): it cannot be read: No such file or directory (os error 2)
    error: the CA file empty.pem cannot be used (correct or unset ALIPES_CA_FILE): it is empty
    error: the CA file words.pem cannot be used (correct or unset ALIPES_CA_FILE): it holds no PEM certificate
    error: the CA file broken.pem cannot be used (correct or unset ALIPES_CA_FILE): a certificate in it cannot be parsed
    error: the CA file huge.pem cannot be used (correct or unset ALIPES_CA_FILE): it is larger than 16 MiB
    error: the CA file pipe.pem cannot be used (correct or unset ALIPES_CA_FILE): it is not a regular file
    error: the CA file . cannot be used (correct or unset ALIPES_CA_FILE): it is not a regular file
    error: the CA file [TEMP]/missing.pem cannot be used (correct or unset ca_file in [TEMP]/config.toml:6): it cannot be read: No such file or directory (os error 2)
    "#);
}

#[tokio::test]
async fn a_ca_file_for_all_programs_that_cannot_be_used_is_a_warning() {
    let mut messages = String::new();
    for name in BAD_CA_FILES {
        let machine = with_bad_ca_files().with("SSL_CERT_FILE", name);
        let ran = machine.run(&["exec", "--simulate", "hi"]).await;
        assert!(ran.answer().contains("Hello!"), "{name}");
        messages.push_str(&ran.err);
    }
    insta::assert_snapshot!(messages, @r#"
    warning: the CA file missing.pem cannot be used (correct or unset SSL_CERT_FILE): it cannot be read: No such file or directory (os error 2); going on without it
    warning: the CA file empty.pem cannot be used (correct or unset SSL_CERT_FILE): it is empty; going on without it
    warning: the CA file words.pem cannot be used (correct or unset SSL_CERT_FILE): it holds no PEM certificate; going on without it
    warning: the CA file broken.pem cannot be used (correct or unset SSL_CERT_FILE): a certificate in it cannot be parsed; going on without it
    warning: the CA file huge.pem cannot be used (correct or unset SSL_CERT_FILE): it is larger than 16 MiB; going on without it
    warning: the CA file pipe.pem cannot be used (correct or unset SSL_CERT_FILE): it is not a regular file; going on without it
    warning: the CA file . cannot be used (correct or unset SSL_CERT_FILE): it is not a regular file; going on without it
    "#);
}

#[tokio::test]
async fn a_broken_proxy_is_named_with_its_place_and_without_its_password() {
    let mut messages = String::new();
    let broken = [
        "http://",
        "ftp://ada:hunter2@proxy.example",
        "http://ada:hunter2@proxy.example:99999",
        "http://ada:hunter2%ff@proxy.example",
        "http://[::1",
        "direct ",
        " ",
    ];
    for proxy in broken {
        let arguments = ["exec", "--simulate", "--proxy", proxy, "hi"];
        let ran = Machine::new().run(&arguments).await;
        messages.push_str(&format!("{proxy:?} ").replace("hunter2", "…"));
        messages.push_str(if ran.code == Some(0) {
            "works\n"
        } else {
            &ran.err
        });
    }
    let variable = Machine::new().with("HTTPS_PROXY", "ftp://ada:hunter2@proxy.example");
    messages.push_str(&variable.refused(2, &["exec", "--simulate", "hi"]).await);
    let file = work(
        "https://127.0.0.1:1",
        "proxy = \"ftp://ada:hunter2@proxy.example\"",
    );
    let file = Machine::configured(&file);
    messages.push_str(&file.refused(2, &["exec", "hi"]).await);
    assert!(!messages.contains("hunter2"), "{messages}");
    insta::assert_snapshot!(messages, @r#"
    "http://" error: the proxy from --proxy cannot be used: it names no host
    "ftp://ada:…@proxy.example" error: the proxy from --proxy cannot be used: its scheme is ftp; known are http, https, socks5 and socks5h
    "http://ada:…@proxy.example:99999" error: the proxy from --proxy cannot be used: it is not a URL such as http://proxy.example:3128: invalid port number
    "http://ada:…%ff@proxy.example" error: the proxy from --proxy cannot be used: its user name or password is too long or not UTF-8
    "http://[::1" error: the proxy from --proxy cannot be used: it is not a URL such as http://proxy.example:3128: invalid IPv6 address
    "direct " works
    " " error: the proxy from --proxy cannot be used: it names no host
    error: the proxy from HTTPS_PROXY cannot be used: its scheme is ftp; known are http, https, socks5 and socks5h
    error: the proxy from [TEMP]/config.toml:6 cannot be used: its scheme is ftp; known are http, https, socks5 and socks5h
    "#);
}
