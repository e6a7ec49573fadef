//! What a command says is told as it comes, and all of it can be read however long it is.

use std::path::PathBuf;

use alipes_tools::{Context, Progress, Toolbox};
use serde_json::json;

use crate::workplace::{CANARY, Workplace};

/// The path that an answer names for its whole output.
fn named(text: &str) -> String {
    let (_, rest) = text.split_once(" is in ").unwrap();
    rest.split(", for read_file").next().unwrap().to_owned()
}

#[tokio::test]
async fn output_is_told_while_the_command_runs() {
    let place = Workplace::new();
    let (progress, mut reader) = Progress::channel(place.context.redactor.clone());
    let context = Context {
        progress,
        ..place.context.clone()
    };
    let toolbox = Toolbox::builtin();
    // It goes on only when what it said has been heard.
    let command = "echo one; while [ ! -e heard ]; do sleep 0.01; done; echo two";
    let run = toolbox
        .get("shell")
        .unwrap()
        .run(json!({"command": command}), &context);
    let hear = async {
        assert_eq!(reader.next().await, "one\n");
        place.file("heard", "");
        reader.next().await
    };
    let (output, heard) = tokio::join!(run, hear);
    assert_eq!(heard, "two\n");
    assert_eq!(output.unwrap().text, "exit code 0\none\ntwo\n");
}

#[tokio::test]
async fn what_is_told_steers_no_terminal_and_has_no_secret() {
    let place = Workplace::new();
    let secret = alipes_base::Secret::new("canary-secret".to_owned());
    place.context.redactor.learn(&secret);
    let (progress, mut reader) = Progress::channel(place.context.redactor.clone());
    let context = Context {
        progress,
        ..place.context.clone()
    };
    let command = r"printf '\033[31mred\033[0m\033]52;c;ZXZpbA==\007 canary-'; printf 'secret \342\200\256x\n'";
    let toolbox = Toolbox::builtin();
    let shell = toolbox.get("shell").unwrap();
    shell
        .run(json!({"command": command}), &context)
        .await
        .unwrap();
    assert_eq!(reader.next().await, "red [redacted] \\u{202e}x\n");
}

#[tokio::test]
async fn output_too_long_for_the_answer_lies_whole_in_a_private_file() {
    let place = Workplace::new();
    let secret = alipes_base::Secret::new("canary-secret".to_owned());
    place.context.redactor.learn(&secret);
    let command =
        "i=0; while [ $i -lt 20000 ]; do echo \"line $i\"; i=$((i+1)); done; echo canary-secret";
    let output = place
        .call("shell", json!({"command": command}))
        .await
        .unwrap();
    assert!(output.truncated);
    let path = named(&output.text);
    let whole = std::fs::read_to_string(&path).unwrap();
    assert!(whole.starts_with("line 0\nline 1\n"));
    assert_eq!(whole.lines().count(), 20_001);
    assert!(
        whole.ends_with("line 19999\n[redacted]\n"),
        "a secret was written"
    );
    let part = json!({"path": path, "offset": 12_000, "limit": 1});
    let part = place.text("read_file", part).await;
    assert!(part.contains("\nline 11999\n"), "{part}");
    let found = json!({"path": path, "pattern": "^line 1234$"});
    let found = place.text("search", found).await;
    assert!(found.contains(":1235: line 1234"), "{found}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    drop(place.context);
    assert!(!PathBuf::from(path).exists());
}

#[tokio::test]
async fn the_folder_of_long_outputs_leads_nowhere_else() {
    let place = Workplace::new();
    let command = "head -c 100000 /dev/zero | tr '\\0' x";
    let path = named(&place.text("shell", json!({"command": command})).await);
    let folder = PathBuf::from(&path).parent().unwrap().to_owned();
    #[cfg(unix)]
    std::os::unix::fs::symlink(place.outside("secret.txt"), folder.join("link")).unwrap();
    for name in ["link", "../../outside/secret.txt"] {
        let path = folder.join(name);
        let given = path.to_str().unwrap();
        let read = place.call("read_file", json!({"path": given})).await;
        assert!(
            !read.is_ok_and(|output| output.text.contains(CANARY)),
            "{given}"
        );
    }
    // It is there to be read, not to be written to.
    place
        .error("write_file", json!({"path": path, "content": "x"}))
        .await;
    let edit = json!({"path": path, "old": "x", "new": "y", "replace_all": true});
    place.error("edit", edit).await;
}

#[tokio::test]
async fn output_without_end_is_bounded_in_memory_and_on_disk() {
    let place = Workplace::new();
    let command = "head -c 100000000 /dev/zero | tr '\\0' x";
    let output = place
        .call("shell", json!({"command": command}))
        .await
        .unwrap();
    assert!(output.text.len() < 50 * 1024);
    assert!(output.text.contains("; its beginning is in "));
    let size = std::fs::metadata(named(&output.text)).unwrap().len();
    assert_eq!(size, 32 * 1024 * 1024);
}

#[tokio::test]
async fn where_nothing_can_be_written_the_answer_has_beginning_and_end() {
    let mut place = Workplace::new();
    let nowhere = place.path("missing").into_os_string();
    let variables = [
        ("PATH".into(), "/usr/bin:/bin".into()),
        ("TMPDIR".into(), nowhere),
    ];
    let environment =
        alipes_base::Environment::new::<std::ffi::OsString, _>(variables, PathBuf::new());
    place.context.workbench = alipes_tools::Workbench::new(&environment);
    let command = "echo begin; head -c 100000 /dev/zero | tr '\\0' x; echo end";
    let text = place.text("shell", json!({"command": command})).await;
    assert!(text.starts_with("exit code 0\nbegin\n") && text.ends_with("end\n"));
    assert!(
        text.contains("bytes of output left out here]"),
        "no file is named"
    );
}
