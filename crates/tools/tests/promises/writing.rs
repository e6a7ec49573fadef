//! `write_file` writes a whole file or nothing, and never through a link.

use std::fs;

use alipes_tools::ToolError;
use serde_json::json;

use crate::workplace::{CANARY, Workplace, content};

#[tokio::test]
async fn a_new_file_is_created_with_its_parents() {
    let place = Workplace::new();
    let text = place
        .text(
            "write_file",
            json!({"path": "a/b/c.txt", "content": "one\ntwo\n"}),
        )
        .await;
    assert_eq!(text, "created a/b/c.txt: 8 bytes, 2 lines\n");
    assert_eq!(content(&place.path("a/b/c.txt")), "one\ntwo\n");
    assert_eq!(place.names("a/b"), ["c.txt"]);
}

#[tokio::test]
async fn an_existing_file_is_replaced_whole() {
    let place = Workplace::new();
    place.file("-rf", "a longer old text");
    let text = place
        .text("write_file", json!({"path": "-rf", "content": "new"}))
        .await;
    assert_eq!(text, "replaced -rf: 3 bytes, 1 line\n");
    assert_eq!(content(&place.path("-rf")), "new");
    assert_eq!(place.names(""), ["-rf"]);
}

#[cfg(unix)]
#[tokio::test]
async fn the_mode_of_an_existing_file_is_kept() {
    use std::os::unix::fs::PermissionsExt as _;
    for mode in [0o755, 0o600, 0o664] {
        let place = Workplace::new();
        place.file("run.sh", "old");
        fs::set_permissions(place.path("run.sh"), fs::Permissions::from_mode(mode)).unwrap();
        place
            .text("write_file", json!({"path": "run.sh", "content": "new"}))
            .await;
        let kept = fs::metadata(place.path("run.sh"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(kept & 0o7777, mode);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn links_fifos_and_folders_are_left_alone() {
    let place = Workplace::new();
    place.file("sub/a.txt", "old");
    place.link("inside", "sub/a.txt");
    place.link("outside", place.outside("secret.txt"));
    place.link("dangling", "../outside/new.txt");
    place.fifo("pipe");
    for path in ["inside", "outside", "dangling"] {
        let error = place
            .error("write_file", json!({"path": path, "content": "x"}))
            .await;
        assert!(matches!(error, ToolError::Link { .. }), "{path}: {error}");
    }
    for path in ["pipe", "sub", ".", "new/", "sub/.."] {
        let error = place
            .error("write_file", json!({"path": path, "content": "x"}))
            .await;
        assert!(
            matches!(error, ToolError::NotAFile { .. }),
            "{path}: {error}"
        );
    }
    assert_eq!(content(&place.path("sub/a.txt")), "old");
    assert_eq!(content(&place.outside("secret.txt")), CANARY);
    assert_eq!(
        place.names(""),
        ["dangling", "inside", "outside", "pipe", "sub"]
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_read_only_file_is_left_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Workplace::new();
    place.file("a.txt", "old");
    fs::set_permissions(place.path("a.txt"), fs::Permissions::from_mode(0o444)).unwrap();
    let error = place
        .error("write_file", json!({"path": "a.txt", "content": "x"}))
        .await;
    assert!(matches!(error, ToolError::ReadOnly { .. }), "{error}");
    assert_eq!(content(&place.path("a.txt")), "old");
}

#[tokio::test]
async fn a_hard_link_is_replaced_and_its_twin_outside_stays() {
    let place = Workplace::new();
    fs::hard_link(place.outside("secret.txt"), place.path("twin.txt")).unwrap();
    place
        .text("write_file", json!({"path": "twin.txt", "content": "x"}))
        .await;
    assert_eq!(content(&place.path("twin.txt")), "x");
    assert_eq!(content(&place.outside("secret.txt")), CANARY);
}

#[tokio::test]
async fn too_much_text_is_refused_before_anything_is_touched() {
    let place = Workplace::new();
    let input = json!({"path": "new/a.txt", "content": "x".repeat((4 << 20) + 1)});
    let error = place.error("write_file", input).await;
    assert!(
        matches!(
            error,
            ToolError::TooLarge {
                limit: 4_194_304,
                ..
            }
        ),
        "{error}"
    );
    assert!(place.names("").is_empty());
    place
        .text(
            "write_file",
            json!({"path": "a.txt", "content": "x".repeat(4 << 20)}),
        )
        .await;
}

#[tokio::test]
async fn a_write_that_fails_leaves_no_draft_behind() {
    let mut place = Workplace::new();
    place.file("a.txt", "old");
    let long = "x".repeat(300);
    let error = place
        .error("write_file", json!({"path": long, "content": "x"}))
        .await;
    assert!(matches!(error, ToolError::Io { .. }), "{error}");
    let clock = &place.context.clock;
    place.context.deadline = alipes_base::Deadline::after(clock, "turn", std::time::Duration::ZERO);
    let error = place
        .error("write_file", json!({"path": "a.txt", "content": "new"}))
        .await;
    assert!(matches!(error, ToolError::TimedOut { .. }), "{error}");
    assert_eq!(content(&place.path("a.txt")), "old");
    assert_eq!(place.names(""), ["a.txt"]);
}

#[tokio::test]
async fn a_reader_sees_the_old_text_or_the_new_one() {
    let place = Workplace::new();
    let texts = ["a".repeat(200_000), "b".repeat(200_000)];
    place.file("a.txt", &texts[0]);
    let path = place.path("a.txt");
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let reader = std::thread::spawn(move || {
        while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            let text = content(&path);
            let first = text.chars().next();
            assert_eq!(text.len(), 200_000);
            assert!(text.chars().all(|character| Some(character) == first));
        }
    });
    for turn in 0..40 {
        let input = json!({"path": "a.txt", "content": texts[turn % 2]});
        place.text("write_file", input).await;
    }
    drop(stop);
    reader.join().unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn twins_that_look_the_same_stay_two_files() {
    let place = Workplace::new();
    for (name, text) in [("caf\u{e9}", "composed"), ("cafe\u{301}", "decomposed")] {
        place
            .text("write_file", json!({"path": name, "content": text}))
            .await;
    }
    assert_eq!(content(&place.path("caf\u{e9}")), "composed");
    assert_eq!(content(&place.path("cafe\u{301}")), "decomposed");
}
