//! What a rule denies by path, no confined command reads or changes.

#![cfg(target_os = "linux")]

use crate::machine::Machine;
use crate::sandbox::{confined, kinds};

/// A machine with this rule, and a project with secrets.
fn ruled(path: &str) -> Machine {
    let config = format!("[approvals]\n\"path {path}\" = \"deny\"\n");
    let machine = Machine::configured(&config);
    std::fs::create_dir_all(machine.path("deep/secrets/.git")).unwrap();
    machine.file("deep/secrets/key", "canary");
    machine.file("deep/.env", "canary");
    machine.file("deep/notes", "notes");
    machine
}

#[tokio::test]
async fn a_command_reads_nothing_that_a_path_rule_denies() {
    for kind in kinds() {
        for path in ["deep/secrets", "deep/secrets/**", "**/secrets", "**/k?y"] {
            let machine = ruled(path);
            let script = "cat deep/secrets/key; cat deep/notes; cat deep/.env >&2; \
                 python3 -c 'print(open(\"deep/secrets/key\").read())' || true";
            let ran = confined(&machine, kind, script).await;
            assert_eq!(ran.out.trim(), "notes", "{kind} {path}: {ran:?}");
            assert!(ran.err.contains("canary"), "{kind} {path}: {ran:?}");
        }
        let machine = ruled("**/.env");
        let ran = confined(&machine, kind, "cat deep/.env; cat deep/notes").await;
        assert_eq!(ran.out, "notes", "{kind}: {ran:?}");
    }
}

#[tokio::test]
async fn a_command_changes_nothing_that_a_path_rule_denies() {
    for kind in kinds() {
        let machine = ruled("deep/secrets");
        for script in [
            "echo x > deep/secrets/key",
            "echo x > deep/secrets/new",
            "rm -r deep/secrets",
            "mv deep/secrets elsewhere",
            "ln -f deep/secrets/key found && cat found",
        ] {
            let ran = confined(&machine, kind, script).await;
            assert_ne!(ran.code, Some(0), "{kind} {script}: {ran:?}");
            assert!(!ran.out.contains("canary"), "{kind} {script}: {ran:?}");
        }
        let key = std::fs::read_to_string(machine.path("deep/secrets/key")).unwrap();
        assert_eq!(key, "canary");
        assert!(!machine.path("deep/secrets/new").exists());
    }
}

#[tokio::test]
async fn what_is_denied_cannot_be_moved_with_a_folder_above_it() {
    for kind in kinds() {
        for path in ["deep/secrets/key", "deep/secrets/*y", "deep/secrets"] {
            let machine = ruled(path);
            for script in ["mv deep moved", "mv deep/secrets moved"] {
                let ran = confined(&machine, kind, script).await;
                assert_ne!(ran.code, Some(0), "{kind} {path} {script}: {ran:?}");
            }
            let script = "cat moved/key moved/secrets/key; echo ran";
            let ran = confined(&machine, kind, script).await;
            assert_eq!(ran.out, "ran\n", "{kind} {path}: {ran:?}");
        }
    }
}

#[tokio::test]
async fn neither_credentials_nor_a_repository_can_be_moved_with_a_folder_above_them() {
    for kind in kinds() {
        let machine = Machine::new();
        for folder in [".config/gh", "work/part/.git"] {
            std::fs::create_dir_all(machine.path(folder)).unwrap();
        }
        machine.file(".config/gh/hosts.yml", "canary");
        let home = machine.path(".");
        let machine = machine.with("HOME", home.to_str().unwrap());
        let script = "mv .config moved; mv work/part part; mv work play; true";
        confined(&machine, kind, script).await;
        let ran = confined(&machine, kind, "cat */gh/* .config/gh/*; echo ran").await;
        assert_eq!(ran.out, "ran\n", "{kind}: {ran:?}");
        assert!(machine.path("work/part/.git").is_dir(), "{kind}");
    }
}

#[tokio::test]
async fn what_is_denied_within_a_repository_is_hidden_too() {
    for kind in kinds() {
        let machine = ruled("deep/secrets/.git/config");
        machine.file("deep/secrets/.git/config", "canary");
        let script = "cat deep/secrets/.git/config; echo ran";
        let ran = confined(&machine, kind, script).await;
        assert_eq!(ran.out, "ran\n", "{kind}: {ran:?}");
    }
}

#[tokio::test]
async fn a_rule_about_a_place_elsewhere_hides_it_too() {
    let elsewhere = tempfile::tempdir().unwrap();
    let key = elsewhere.path().join("key");
    std::fs::write(&key, "canary").unwrap();
    // Commands see nothing of a folder for temporary files unless they are let in.
    let reached = format!("[sandbox]\nwritable = [{:?}]\n", elsewhere.path());
    for kind in kinds() {
        let script = format!("cat {}; echo ran", key.display());
        let open = confined(&Machine::configured(&reached), kind, &script).await;
        assert_eq!(open.out, "canaryran\n", "{kind}: {open:?}");
        for path in [key.as_path(), elsewhere.path()] {
            let rule = format!(
                "{reached}[approvals]\n\"path {}\" = \"deny\"\n",
                path.display()
            );
            let ran = confined(&Machine::configured(&rule), kind, &script).await;
            assert_eq!(ran.out, "ran\n", "{kind}: {ran:?}");
        }
    }
}

#[tokio::test]
async fn a_repository_in_a_further_place_that_is_written_is_not_changed() {
    let elsewhere = tempfile::tempdir().unwrap();
    let hooks = elsewhere.path().join("part/.git/hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    let config = format!("[sandbox]\nwritable = [{:?}]\n", elsewhere.path());
    for kind in kinds() {
        let machine = Machine::configured(&config);
        let script = format!(
            "mv {0}/part {0}/moved; echo planted > {1}/pre-commit",
            elsewhere.path().display(),
            hooks.display()
        );
        let ran = confined(&machine, kind, &script).await;
        assert_ne!(ran.code, Some(0), "{kind}: {ran:?}");
        assert!(hooks.is_dir(), "{kind}: {ran:?}");
        assert!(!hooks.join("pre-commit").exists(), "{kind}: {ran:?}");
    }
}
