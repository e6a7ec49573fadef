//! No path leads out of the root, and nothing but regular files is opened.

use alipes_tools::{Root, RootError, ToolError};
use serde_json::json;

use crate::workplace::Workplace;
#[cfg(unix)]
use crate::workplace::{CANARY, content};

#[tokio::test]
async fn dots_and_absolute_paths_do_not_lead_out() {
    let place = Workplace::new();
    place.file("sub/a.txt", "inside");
    let absolute = place.outside("secret.txt");
    let ways = [
        "../outside/secret.txt",
        "sub/../../outside/secret.txt",
        "./../project/../outside/secret.txt",
        "/etc/passwd",
        "/proc/self/environ",
        "/",
        "..",
        absolute.to_str().unwrap(),
    ];
    for path in ways {
        for (tool, input) in [
            ("read_file", json!({"path": path})),
            ("list_files", json!({"path": path})),
            ("search", json!({"pattern": "canary", "path": path})),
            (
                "write_file",
                json!({"path": format!("{path}/x"), "content": "x"}),
            ),
        ] {
            let error = place.error(tool, input).await;
            assert!(
                matches!(error, ToolError::Outside { .. }),
                "{tool} {path}: {error}"
            );
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn where_the_root_is_all_there_is_no_process_is_looked_into() {
    let mut place = Workplace::new();
    place.context.root = Root::open("/".as_ref()).unwrap();
    let own = format!("proc/{}/environ", std::process::id());
    for path in ["proc/self/environ", "/proc/thread-self/maps", &own] {
        let error = place.error("read_file", json!({"path": path})).await;
        assert!(
            error.to_string().contains("a look into a process"),
            "{error}"
        );
        // A search passes over what it cannot read, or says why it cannot.
        let search = json!({"pattern": "PATH=", "path": path});
        let found = place.call("search", search).await;
        assert!(!format!("{found:?}").contains("PATH=/"), "{found:?}");
    }
    let version = place.text("read_file", json!({"path": "proc/version"}));
    assert!(version.await.contains("Linux"));
}

#[tokio::test]
async fn dots_and_absolute_paths_that_stay_inside_are_fine() {
    let place = Workplace::new();
    place.file("sub/a.txt", "inside");
    let absolute = place.path("sub/a.txt");
    let root = place.context.root.path().join("sub/a.txt");
    for path in [
        "sub/../sub/a.txt",
        "./sub//a.txt",
        absolute.to_str().unwrap(),
        root.to_str().unwrap(),
    ] {
        let text = place.text("read_file", json!({"path": path})).await;
        assert!(text.ends_with("all of 1 line\ninside\n"), "{path}: {text}");
    }
    let listed = place
        .text("list_files", json!({"path": place.path("").to_str()}))
        .await;
    assert!(listed.contains("sub/a.txt (6)"), "{listed}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_that_stays_inside_is_followed() {
    let place = Workplace::new();
    place.file("sub/a.txt", "inside");
    place.link("relative", "sub/a.txt");
    place.link("absolute", place.path("sub/a.txt"));
    place.link("folder", place.path("sub"));
    for path in ["relative", "absolute", "folder/a.txt"] {
        let text = place.text("read_file", json!({"path": path})).await;
        assert!(text.ends_with("inside\n"), "{path}: {text}");
    }
    let found = place
        .text("search", json!({"pattern": "inside", "path": "folder"}))
        .await;
    assert!(found.contains("sub/a.txt:1: inside"), "{found}");
    place
        .text(
            "write_file",
            json!({"path": "folder/new/b.txt", "content": "b"}),
        )
        .await;
    assert_eq!(content(&place.path("sub/new/b.txt")), "b");
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_that_leads_out_is_refused() {
    let place = Workplace::new();
    place.file("sub/a.txt", "inside");
    place.link("relative", "../outside/secret.txt");
    place.link("absolute", place.outside("secret.txt"));
    place.link("sub/folder", "../../outside");
    place.link("twice", "relative");
    place.link("zero", "/dev/zero");
    for path in [
        "relative",
        "absolute",
        "sub/folder/secret.txt",
        "twice",
        "zero",
    ] {
        for tool in ["read_file", "search"] {
            let input = if tool == "search" {
                json!({"pattern": "canary", "path": path})
            } else {
                json!({"path": path})
            };
            let error = place.error(tool, input).await;
            assert!(
                matches!(error, ToolError::Outside { .. }),
                "{tool} {path}: {error}"
            );
        }
    }
    let input = json!({"path": "sub/folder/new.txt", "content": "x"});
    let error = place.error("write_file", input).await;
    assert!(matches!(error, ToolError::Outside { .. }), "{error}");
    assert!(!place.outside("new.txt").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn walks_name_links_and_do_not_follow_them() {
    let place = Workplace::new();
    place.file("a.txt", "canary inside");
    place.link("way_out", "../outside");
    place.link("round", ".");
    let listed = place.text("list_files", json!({"depth": 5})).await;
    assert_eq!(
        listed,
        ".: 3 items\na.txt (13)\nround (a symbolic link)\nway_out (a symbolic link)\n"
    );
    let found = place.text("search", json!({"pattern": "canary"})).await;
    assert_eq!(
        found,
        "1 matching line in 1 file searched\na.txt:1: canary inside\n"
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_swapped_while_it_is_used_gives_nothing_away() {
    let place = Workplace::new();
    place.file("inside/secret.txt", "harmless");
    place.link("swap", "inside");
    let (swap, spare) = (place.path("swap"), place.path("spare"));
    let (inside, outside) = (place.path("inside"), place.outside(""));
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let swapper = std::thread::spawn(move || {
        let mut targets = [inside, outside].into_iter().cycle();
        while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            std::os::unix::fs::symlink(targets.next().unwrap(), &spare).unwrap();
            std::fs::rename(&spare, &swap).unwrap();
        }
    });
    for _ in 0..300 {
        for (tool, input) in [
            ("read_file", json!({"path": "swap/secret.txt"})),
            ("search", json!({"pattern": "canary", "path": "swap"})),
            (
                "write_file",
                json!({"path": "swap/new.txt", "content": "x"}),
            ),
            (
                "edit",
                json!({"path": "swap/secret.txt", "old": "canary", "new": "harmless"}),
            ),
            (
                "edit",
                json!({"patch": "*** Begin Patch\n*** Delete File: swap/secret.txt\n*** Add File: swap/new.txt\n+x\n*** End Patch"}),
            ),
        ] {
            if let Ok(output) = place.call(tool, input).await {
                assert!(!output.text.contains(CANARY), "{tool}");
            }
        }
    }
    drop(stop);
    swapper.join().unwrap();
    assert!(!place.outside("new.txt").exists());
    assert_eq!(content(&place.outside("secret.txt")), CANARY);
}

#[cfg(unix)]
#[tokio::test]
async fn a_fifo_a_socket_and_a_folder_are_refused_by_name() {
    let place = Workplace::new();
    place.fifo("pipe");
    place.link("to_pipe", "pipe");
    place.file("sub/a.txt", "");
    let _socket = std::os::unix::net::UnixDatagram::bind(place.path("socket")).unwrap();
    for (path, kind) in [
        ("pipe", "a FIFO"),
        ("to_pipe", "a FIFO"),
        ("socket", "a socket"),
        ("sub", "a directory"),
    ] {
        let error = place.error("read_file", json!({"path": path})).await;
        assert_eq!(
            error.to_string(),
            format!("{path} is {kind}, not a regular file")
        );
    }
    let found = place.text("search", json!({"pattern": "x"})).await;
    assert_eq!(found, "0 matching lines in 1 file searched\n");
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let place = Workplace::new();
    place.file("a.txt", "");
    let missing = place
        .error("read_file", json!({"path": "b\u{1b}[2J.txt"}))
        .await;
    assert_eq!(
        missing.to_string(),
        "b\\u{1b}[2J.txt does not exist; `list_files` shows what does"
    );
    let no_folder = place.error("list_files", json!({"path": "a.txt"})).await;
    assert!(
        matches!(no_folder, ToolError::NotADirectory { .. }),
        "{no_folder}"
    );
    let through_file = place.error("read_file", json!({"path": "a.txt/b"})).await;
    assert!(
        matches!(through_file, ToolError::NotADirectory { .. }),
        "{through_file}"
    );
    let nul = place.error("read_file", json!({"path": "a\0b"})).await;
    assert!(matches!(nul, ToolError::Io { .. }), "{nul}");
}

#[test]
fn a_root_that_cannot_be_opened_is_told_to_a_person() {
    let place = Workplace::new();
    place.file("a.txt", "");
    let (missing, file) = (place.path("nope"), place.path("a.txt"));
    let error = Root::open(&missing).unwrap_err();
    assert!(matches!(error, RootError::NotFound { .. }));
    assert_eq!(
        error.to_string(),
        format!("the folder {} does not exist", missing.display())
    );
    let error = Root::open(&file).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{} is not a folder", file.display())
    );
}
