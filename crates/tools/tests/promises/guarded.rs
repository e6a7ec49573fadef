//! Leave to use the working folder is no leave to use the program's own settings and keys, or other
//! programs' credentials, nor to change what git runs.

use alipes_tools::{Root, ToolError};
use serde_json::{Value, json};

use crate::workplace::{Workplace, content};

/// A home folder as the root, with the program's own folder and a key file in it.
fn home() -> Workplace {
    let place = Workplace::protecting(&["config/alipes", "keys/openai.txt"]);
    place.file("config/alipes/config.toml", "canary settings");
    place.file("config/alipes/deep/credentials.json", "canary token");
    place.file("config/other.toml", "needle");
    place.file("keys/openai.txt", "canary key");
    place.file("keys/notes.txt", "needle");
    place
}

/// Every way to use one path.
fn uses(path: &str) -> [(&'static str, Value); 4] {
    [
        ("read_file", json!({"path": path})),
        ("list_files", json!({"path": path})),
        ("search", json!({"pattern": "canary", "path": path})),
        ("write_file", json!({"path": path, "content": "x"})),
    ]
}

#[tokio::test]
async fn no_tool_touches_the_programs_own_settings_and_keys() {
    let place = home();
    let absolute = place.path("config/alipes/config.toml");
    for path in [
        "config/alipes",
        "config/../config/./alipes/deep/credentials.json",
        "keys/openai.txt",
        absolute.to_str().unwrap(),
    ] {
        for (tool, input) in uses(path) {
            let error = place.error(tool, input).await;
            let is_file_listed = matches!(error, ToolError::NotADirectory { .. });
            assert!(
                matches!(error, ToolError::Protected { .. })
                    || tool == "list_files" && is_file_listed,
                "{tool} {path}: {error}"
            );
        }
    }
    let error = place
        .error("read_file", json!({"path": "keys/openai.txt"}))
        .await;
    assert_eq!(
        error.to_string(),
        "keys/openai.txt holds alipes' own settings and keys; tools do not touch it"
    );
    assert_eq!(
        content(&place.path("config/alipes/config.toml")),
        "canary settings"
    );
    assert_eq!(content(&place.path("keys/openai.txt")), "canary key");
}

#[tokio::test]
async fn nothing_new_is_written_among_the_settings() {
    let place = home();
    let unborn = Workplace::protecting(&["config/alipes"]);
    for place in [&place, &unborn] {
        for path in ["config/alipes/new.toml", "config/alipes/new/deep/a.toml"] {
            let input = json!({"path": path, "content": "x"});
            let error = place.error("write_file", input).await;
            assert!(matches!(error, ToolError::Protected { .. }), "{error}");
        }
    }
    assert_eq!(place.names("config/alipes"), ["config.toml", "deep"]);
    assert!(unborn.names("").is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn no_link_leads_to_the_settings_and_keys() {
    let place = home();
    place.link("folder", "config/alipes");
    place.link("above", place.path("config"));
    place.link("file", "keys/openai.txt");
    for path in ["folder/config.toml", "above/alipes/config.toml", "file"] {
        for (tool, input) in uses(path)
            .into_iter()
            .filter(|(tool, _)| *tool != "list_files")
        {
            let error = place.error(tool, input).await;
            assert!(
                matches!(error, ToolError::Protected { .. }),
                "{tool} {path}: {error}"
            );
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_settings_folder_that_is_a_link_is_protected_where_it_really_is() {
    let mut place = Workplace::new();
    place.file("dotfiles/alipes/config.toml", "canary");
    place.link("alipes", "dotfiles/alipes");
    place.context.root = place
        .context
        .root
        .clone()
        .protecting([place.path("alipes")]);
    for path in ["alipes/config.toml", "dotfiles/alipes/config.toml"] {
        let error = place.error("read_file", json!({"path": path})).await;
        assert!(matches!(error, ToolError::Protected { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_long_way_round_is_no_way_in() {
    let place = home();
    // Beneath the root it is short enough for the system, with the root before it it is not.
    let path = format!("{}keys/openai.txt", "./".repeat(2_030));
    let error = place.error("read_file", json!({"path": path})).await;
    assert!(
        matches!(error, ToolError::Protected { .. } | ToolError::Io { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn listings_and_searches_pass_over_the_settings_and_say_so() {
    let place = home();
    let listed = place.call("list_files", json!({"depth": 5})).await.unwrap();
    assert_eq!(
        listed.text,
        ".: 4 items\nconfig/\nconfig/other.toml (6)\nkeys/\nkeys/notes.txt (6)\n\
         [2 items with alipes' own settings or credentials left out]\n"
    );
    assert!(listed.truncated);
    let found = place
        .text("search", json!({"pattern": "canary|needle"}))
        .await;
    assert_eq!(
        found,
        "2 matching lines in 2 files searched\nconfig/other.toml:1: needle\nkeys/notes.txt:1: needle\n\
         [2 items with alipes' own settings or credentials left out]\n"
    );
}

#[tokio::test]
async fn no_tool_touches_what_lies_where_credentials_do_unless_one_works_there() {
    let mut place = Workplace::new();
    for name in [
        ".ssh/id_ed25519",
        ".aws/credentials",
        ".netrc",
        ".config/gh/hosts.yml",
    ] {
        place.file(name, "canary");
    }
    place.file(".config/notes.txt", "needle");
    let (home, bare) = (place.path(""), place.context.root.clone());
    place.context.root = bare.sparing_credentials(Some(&home));
    for path in [
        ".ssh/id_ed25519",
        ".config/../.aws",
        ".netrc",
        ".config/gh",
        ".kube/new",
    ] {
        for (tool, input) in uses(path) {
            let error = place.error(tool, input).await;
            let is_none = matches!(
                error,
                ToolError::NotADirectory { .. } | ToolError::NotFound { .. }
            );
            assert!(
                matches!(error, ToolError::Credentials { .. }) || tool != "write_file" && is_none,
                "{tool} {path}: {error}"
            );
        }
    }
    let found = place
        .text(
            "search",
            json!({"pattern": "canary|needle", "path": ".config"}),
        )
        .await;
    assert!(
        found.contains("notes.txt:1: needle") && !found.contains("canary"),
        "{found}"
    );
    assert!(
        found.contains("[1 item with alipes' own settings or credentials left out]"),
        "{found}"
    );
    let inner = Root::open(&place.path(".aws")).unwrap();
    place.context.root = inner.sparing_credentials(Some(&home));
    assert!(
        place
            .text("read_file", json!({"path": "credentials"}))
            .await
            .contains("canary")
    );
}

#[cfg(unix)]
#[tokio::test]
async fn no_link_leads_to_credentials() {
    let mut place = Workplace::new();
    place.file("dotfiles/ssh/id", "canary");
    place.link(".ssh", "dotfiles/ssh");
    place.link("a", ".ssh/id");
    let (home, bare) = (place.path(""), place.context.root.clone());
    place.context.root = bare.sparing_credentials(Some(&home));
    for path in ["a", ".ssh/id", "dotfiles/ssh/id"] {
        let error = place.error("read_file", json!({"path": path})).await;
        assert!(
            matches!(error, ToolError::Credentials { .. }),
            "{path}: {error}"
        );
    }
}

#[tokio::test]
async fn a_root_within_the_settings_gives_nothing() {
    let mut place = home();
    let inner = Root::open(&place.path("config/alipes/deep")).unwrap();
    place.context.root = inner.protecting([place.path("config/alipes")]);
    for (tool, input) in uses("credentials.json") {
        assert!(place.call(tool, input).await.is_err(), "{tool}");
    }
    assert!(place.call("list_files", json!({})).await.is_err());
}

#[tokio::test]
async fn what_git_runs_is_read_but_never_written() {
    let place = Workplace::new();
    place.file(".git/config", "[core]\n");
    place.file("vendor/lib/.git", "gitdir: ../../.git/modules/lib\n");
    for path in [
        ".git/config",
        ".git/hooks/pre-commit",
        "sub/../.git/config",
        "vendor/lib/.git",
        "fresh/.git/config",
        ".GIT/config",
    ] {
        place.file("sub/a.txt", "");
        let input = json!({"path": path, "content": "x"});
        let error = place.error("write_file", input).await;
        assert!(matches!(error, ToolError::Git { .. }), "{path}: {error}");
    }
    let text = place
        .text("read_file", json!({"path": ".git/config"}))
        .await;
    assert!(text.ends_with("[core]\n"), "{text}");
    assert_eq!(place.names(".git"), ["config"]);
    assert_eq!(place.names(""), [".git", "sub", "vendor"]);
    for path in [".gitignore", ".github/workflows/ci.yml"] {
        let input = json!({"path": path, "content": "x"});
        place.text("write_file", input).await;
    }
}

#[cfg(unix)]
#[tokio::test]
async fn no_link_leads_to_what_git_runs() {
    let place = Workplace::new();
    place.file(".git/hooks/sample", "");
    place.link("hooks", ".git/hooks");
    let input = json!({"path": "hooks/pre-commit", "content": "x"});
    let error = place.error("write_file", input).await;
    assert!(matches!(error, ToolError::Git { .. }), "{error}");
    assert_eq!(place.names(".git/hooks"), ["sample"]);
}

#[tokio::test]
async fn what_git_runs_is_not_written_wherever_it_lies() {
    let place = Workplace::new();
    for name in [
        ".bare/HEAD",
        ".bare/objects/x",
        ".bare/refs/x",
        "like/HEAD",
        "like/refs/x",
    ] {
        place.file(name, "");
    }
    place.file("work/.git", "gitdir: ../.bare\n");
    for path in [
        ".bare/hooks/pre-commit",
        ".bare/config",
        "work/.git",
        "work/../.bare/new/a",
    ] {
        let input = json!({"path": path, "content": "x"});
        let error = place.error("write_file", input).await;
        assert!(matches!(error, ToolError::Git { .. }), "{path}: {error}");
    }
    // One that is no repository to git either.
    let input = json!({"path": "like/config", "content": "x"});
    place.text("write_file", input).await;
}
