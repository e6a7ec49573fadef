//! How this machine reaches anything: flags, the configuration, the environment, and what is wrong
//! with them.

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
    assert!(message.contains("from proxy in "), "{message}");
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
