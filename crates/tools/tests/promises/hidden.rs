//! What a rule hides is in no answer of a file tool, however it is come by.

use alipes_tools::ToolError;
use serde_json::json;

use crate::workplace::{Workplace, content};

/// A project in which everything named `secret` is hidden.
fn place() -> Workplace {
    let mut place = Workplace::new();
    place.file("notes.txt", "needle");
    place.file("src/secret/a.txt", "needle of the secret");
    place.file("src/b.txt", "needle");
    let is_secret =
        |path: &std::path::Path| path.components().any(|part| part.as_os_str() == "secret");
    place.context.root = place.context.root.clone().hiding(is_secret);
    place
}

#[tokio::test]
async fn a_search_does_not_look_into_what_a_rule_hides_and_says_so() {
    let place = place();
    let found = place.text("search", json!({"pattern": "needle"})).await;
    assert_eq!(
        found,
        "2 matching lines in 2 files searched\nnotes.txt:1: needle\nsrc/b.txt:1: needle\n\
         [1 item that a rule forbids or asks about left out]\n"
    );
    for path in ["src/secret", "src/secret/a.txt", "src/../src/secret/a.txt"] {
        let input = json!({"pattern": "needle", "path": path});
        let error = place.error("search", input).await;
        assert!(matches!(error, ToolError::Hidden { .. }), "{path}: {error}");
    }
}

#[tokio::test]
async fn a_listing_does_not_name_what_a_rule_hides_and_says_so() {
    let place = place();
    let listed = place.call("list_files", json!({"depth": 5})).await.unwrap();
    assert_eq!(
        listed.text,
        ".: 3 items\nnotes.txt (6)\nsrc/\nsrc/b.txt (6)\n[1 item that a rule forbids or asks about left out]\n"
    );
    assert!(listed.truncated);
    let error = place
        .error("list_files", json!({"path": "src/secret"}))
        .await;
    assert!(matches!(error, ToolError::Hidden { .. }), "{error}");
}

#[tokio::test]
async fn what_a_rule_hides_is_neither_read_nor_written() {
    let place = place();
    let path = "src/secret/a.txt";
    for (tool, input) in [
        ("read_file", json!({"path": path})),
        ("write_file", json!({"path": path, "content": "x"})),
        (
            "write_file",
            json!({"path": "src/secret/new.txt", "content": "x"}),
        ),
    ] {
        let error = place.error(tool, input).await;
        assert!(matches!(error, ToolError::Hidden { .. }), "{tool}: {error}");
    }
    assert_eq!(content(&place.path(path)), "needle of the secret");
    assert_eq!(place.names("src/secret"), ["a.txt"]);
}

#[cfg(unix)]
#[tokio::test]
async fn no_link_leads_to_what_a_rule_hides() {
    let place = place();
    place.link("folder", "src/secret");
    place.link("file", "src/secret/a.txt");
    for path in ["folder/a.txt", "file"] {
        let error = place.error("read_file", json!({"path": path})).await;
        assert!(matches!(error, ToolError::Hidden { .. }), "{path}: {error}");
    }
    let found = place
        .text("search", json!({"pattern": "of the secret"}))
        .await;
    assert!(found.starts_with("0 matching lines in 2 files"), "{found}");
}
