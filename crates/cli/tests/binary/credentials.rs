//! What lies where credentials usually do is no file for tools, wherever they work.

use crate::machine::Machine;

/// Somebody who works in a home, in which this lies.
const LYING: [(&str, &str); 4] = [
    (".aws/credentials", "canary of aws"),
    (".ssh/notes", "canary of ssh"),
    (".netrc", "canary of netrc"),
    ("notes.txt", "nothing of the kind"),
];

fn at_home() -> Machine {
    let machine = Machine::new();
    for (name, text) in LYING {
        std::fs::create_dir_all(machine.path(name).parent().unwrap()).unwrap();
        machine.file(name, text);
    }
    let home = machine.path("");
    machine.with("HOME", home.to_str().unwrap())
}

#[tokio::test]
async fn no_file_tool_reads_or_writes_what_the_sandbox_hides_in_a_home() {
    let machine = at_home();
    let exec = ["exec", "--simulate", "--allow", "write"];
    for (name, text) in LYING {
        let prompt = format!("read {name}");
        let ran = machine.run(&[&exec[..], &[&prompt]].concat()).await;
        let is_credential = text.contains("canary");
        assert_eq!(ran.answer().contains(text), !is_credential, "{ran:?}");
        assert_eq!(
            ran.answer().contains("where credentials usually lie"),
            is_credential,
            "{ran:?}"
        );
    }
    // One that is there, and one that would be new in a folder that is not.
    for name in [".ssh/authorized_keys", ".kube/config"] {
        let prompt = format!("write evil to {name}");
        let ran = machine.run(&[&exec[..], &[&prompt]].concat()).await;
        assert!(ran.answer().contains("credentials usually lie"), "{ran:?}");
        assert!(!machine.path(name).exists(), "{name}");
    }
    let arguments = [&exec[..], &["search for canary"]].concat();
    let found = machine.run(&arguments).await;
    assert!(!found.answer().contains("canary of"), "{found:?}");
}

#[tokio::test]
async fn who_works_where_credentials_lie_means_it() {
    let machine = at_home();
    let folder = machine.path(".aws");
    let arguments = ["exec", "--simulate", "-C", folder.to_str().unwrap()];
    let arguments = [&arguments[..], &["read credentials"]].concat();
    let read = machine.run(&arguments).await;
    assert!(read.answer().contains("canary of aws"), "{read:?}");
}
