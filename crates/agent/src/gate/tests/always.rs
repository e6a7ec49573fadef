//! Whatever the rules and whatever the call: what never happens, and what a shell would make of a line.

use std::path::Path;

use alipes_tools::Toolbox;
use futures_util::FutureExt as _;
use proptest::prelude::*;

use super::*;

/// Texts that rules are made of, and commands and paths to compare them with.
const RULES: [&str; 10] = [
    "host x",
    "shell",
    "write_file",
    "read_file",
    "command a",
    "command a b",
    "path x",
    "path x/y",
    "path **",
    "shell command a",
];
const LINES: [&str; 7] = ["a", "a b", "a b c", "c", "a; b", "env a", "x=1 a"];
const PATHS: [&str; 5] = ["x", "x/y", "x/y/z", "z", "x/../z"];

fn some_rules() -> impl Strategy<Value = Vec<(&'static str, Verdict)>> {
    let verdict = prop_oneof![
        Just(Verdict::Allow),
        Just(Verdict::Ask),
        Just(Verdict::Deny)
    ];
    proptest::collection::vec((proptest::sample::select(&RULES[..]), verdict), 0..6)
}

/// A call of any tool there is, with each field that its schema has.
fn some_call() -> impl Strategy<Value = (&'static str, Value)> {
    let names: Vec<_> = Toolbox::builtin().specs().map(|spec| spec.name).collect();
    let drawn = (
        proptest::sample::select(names),
        proptest::sample::select(&LINES[..]),
        proptest::sample::select(&PATHS[..]),
    );
    drawn.prop_map(|(tool, line, path)| {
        let text = |field: &str| match field {
            "command" | "input" => line,
            "path" => path,
            _ => "",
        };
        (tool, filled(tool, text))
    })
}

fn decided(lines: &[(&str, Verdict)], (tool, input): &(&str, Value), folder: &Path) -> bool {
    let (gate, context) = (with_rules(lines), context(folder));
    let decision = call(&gate, tool, input.clone(), &context).now_or_never();
    decision.unwrap().is_allowed()
}

proptest! {
    #[test]
    fn no_rule_more_of_asking_or_denying_ever_allows_a_call(
        lines in some_rules(), more in some_rules(), call in some_call(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let stricter: Vec<_> = more.into_iter().filter(|(_, says)| *says != Verdict::Allow).collect();
        let all = [lines.as_slice(), &stricter].concat();
        let (before, after) = (decided(&lines, &call, folder.path()), decided(&all, &call, folder.path()));
        prop_assert!(before || !after, "{lines:?} {stricter:?} {call:?}");
    }

    #[test]
    fn nothing_that_acts_is_allowed_without_a_rule_that_allows(
        lines in some_rules(), call in some_call(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let strict: Vec<_> = lines.into_iter().filter(|(_, says)| *says != Verdict::Allow).collect();
        prop_assert!(effect(call.0) == Effect::Reads || !decided(&strict, &call, folder.path()));
    }

    #[test]
    fn a_denied_tool_never_runs(lines in some_rules(), call in some_call()) {
        let folder = tempfile::tempdir().unwrap();
        let all = [lines.as_slice(), &[(call.0, Verdict::Deny)]].concat();
        prop_assert!(!decided(&all, &call, folder.path()));
    }

    #[test]
    fn whatever_is_read_as_plain_a_real_shell_reads_the_same(line in "[ab'\"\\\\ $;|&<>()*?~#=!{}\\[\\]\n\t-]{1,12}") {
        if let Ok(words) = words::plain(&line) {
            let script = format!("set -- {line}\nfor word; do printf '%s\\0' \"$word\"; done");
            let ran = std::process::Command::new("/bin/sh").args(["-c", &script]).output().unwrap();
            let said = String::from_utf8(ran.stdout).unwrap();
            let read: Vec<&str> = said.split_terminator('\0').collect();
            prop_assert_eq!(read, words, "{:?}", line);
        }
    }
}
