//! What `--help` and `--version` print.

use crate::machine::Machine;

#[tokio::test]
async fn every_command_explains_itself() {
    let machine = Machine::new();
    let commands = [
        "",
        "chat",
        "exec",
        "calls",
        "demo",
        "doctor",
        "login",
        "logout",
        "simulate",
        "explain",
        "models",
        "providers",
        "providers add",
        "sandbox",
        "serve",
        "sessions",
        "status",
        "store",
    ];
    for command in commands {
        let arguments: Vec<_> = command.split_whitespace().chain(["--help"]).collect();
        let ran = machine.run(&arguments).await;
        assert_eq!(ran.err, "");
        insta::assert_snapshot!(
            format!("help {command}").trim().replace(' ', "_"),
            ran.answer()
        );
    }
}

#[tokio::test]
async fn the_version_is_the_packages() {
    let ran = Machine::new().run(&["--version"]).await;
    let expected = format!("alipes {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!((ran.answer(), ran.err.as_str()), (expected.as_str(), ""));
}

#[tokio::test]
async fn a_slip_of_the_pen_finds_the_right_word() {
    let machine = Machine::new();
    for (arguments, word) in [
        (&["exce"][..], "'exec'"),
        (&["exec", "--modle", "x"], "'--model'"),
    ] {
        let message = machine.refused(2, arguments).await;
        assert!(message.contains(word), "{message}");
    }
}

#[tokio::test]
async fn a_prompt_where_none_can_be_is_told_what_takes_one() {
    let machine = Machine::new();
    for arguments in [
        &["chat", "say hello"][..],
        &["--simulate", "say hello"],
        &["say hello"],
    ] {
        let message = machine.refused(2, arguments).await;
        let tip = "`alipes exec 'say hello'` gives one answer, `alipes chat` is a conversation";
        assert!(message.contains(tip), "{message}");
    }
    let message = machine.refused(2, &["chat", "don't"]).await;
    assert!(message.contains("`alipes exec '…'`"), "{message}");
    for other in [&["sessions", "foo"][..], &["exce"], &["chat", "--hello"]] {
        let message = machine.refused(2, other).await;
        assert!(!message.contains("one answer"), "{message}");
    }
}

#[tokio::test]
async fn without_a_terminal_the_chat_points_to_exec() {
    for arguments in [&[][..], &["chat"], &["chat", "--simulate"]] {
        let message = Machine::new().refused(2, arguments).await;
        assert!(message.contains("`alipes exec "), "{message}");
    }
}
