//! Places that only exist where something was written: a developer's folders, a registry's or mirror's host.

use anyhow::Result;

use super::Finding;
use super::tree::Tree;

/// Written in two halves, so that this file does not find itself.
const FOLDERS: [&str; 4] = [
    concat!("/", "work/"),
    concat!("/", "root/"),
    concat!("/", "farm/"),
    concat!("/", "home/"),
];

const HOSTS: [&str; 7] = [
    concat!("registry.", "npmjs.org"),
    concat!("registry.", "yarnpkg.com"),
    concat!("pypi", ".org"),
    concat!("python", "hosted.org"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("deb.", "debian.org"),
];

pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let folders = tree.files.iter().flat_map(|file| {
        file.judge_lines(
            "use a path below the workspace or a temporary folder",
            |line| {
                FOLDERS
                    .iter()
                    .find(|folder| names_folder(line, folder))
                    .map(|folder| format!("`{folder}` is a path of one machine"))
            },
        )
    });
    let hosts = tree.files.iter().flat_map(|file| {
        file.judge_lines(
            "let cargo, npm and pip use what they are configured with",
            |line| {
                HOSTS
                    .iter()
                    .find(|host| line.contains(*host))
                    .map(|host| format!("`{host}` is a registry's host"))
            },
        )
    });
    Ok(folders.chain(hosts).collect())
}

/// The people of our examples: they have a home on no machine.
const FICTIONAL: [&str; 2] = ["ada/", "ada\""];

/// Whether the line holds the folder as the beginning of an absolute path, and not inside a longer one.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let (before, after) = line.split_at(at);
        let after = after.trim_start_matches(folder);
        let longer = before.ends_with(|c: char| c.is_alphanumeric() || "._-}".contains(c));
        !longer && !FICTIONAL.iter().any(|name| after.starts_with(name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::planted;

    #[test]
    fn folders_of_a_machine_and_hosts_of_registries_are_found() {
        let text = [
            format!("cd {}main", FOLDERS[0]),
            format!(
                "https://example.org{}x and $HOME{}y",
                FOLDERS[0], FOLDERS[1]
            ),
            format!("\"resolved\": \"https://{}/ws\"", HOSTS[0]),
            format!("see {}somebody/notes", FOLDERS[3]),
            format!("HOME is {}ada/notes", FOLDERS[3]),
        ];
        let (_folder, tree) = planted(&[("notes.md", &text.join("\n"))]);
        let lines: Vec<_> = check(&tree)
            .unwrap()
            .iter()
            .map(|finding| finding.line)
            .collect();
        assert_eq!(lines, [1, 4, 3]);
    }
}
