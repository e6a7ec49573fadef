//! Where credentials usually lie: what no confined command can read, and no file tool touches. Data, from
//! the documentation of the programs that put them there.

use std::path::{Path, PathBuf};

/// In a person's home.
const IN_HOME: [&str; 89] = [
    ".age",
    ".aws",
    ".azure",
    ".bash_history",
    ".boto",
    ".cache/huggingface/token",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".claude",
    ".claude.json",
    ".codex",
    ".composer/auth.json",
    ".config/Bitwarden",
    ".config/BraveSoftware",
    ".config/Code/User/globalStorage",
    ".config/Cursor/User/globalStorage",
    ".config/Signal",
    ".config/Slack",
    ".config/age",
    ".config/chromium",
    ".config/containers/auth.json",
    ".config/discord",
    ".config/doctl",
    ".config/gcloud",
    ".config/gh",
    ".config/git/credentials",
    ".config/github-copilot",
    ".config/glab-cli",
    ".config/google-chrome",
    ".config/hcloud",
    ".config/hub",
    ".config/microsoft-edge",
    ".config/op",
    ".config/rclone",
    ".config/sops",
    ".config/vivaldi",
    ".databrickscfg",
    ".dbshell",
    ".docker",
    ".fly",
    ".gem/credentials",
    ".gemini",
    ".git-credentials",
    ".gnupg",
    ".gradle/gradle.properties",
    ".hermes",
    ".huggingface",
    ".irb_history",
    ".kaggle",
    ".kube",
    ".local/share/com.vercel.cli",
    ".local/share/fish",
    ".local/share/gnome-keyring",
    ".local/share/keyrings",
    ".local/share/kwalletd",
    ".local/share/opencode",
    ".m2/settings.xml",
    ".mozilla",
    ".my.cnf",
    ".mysql_history",
    ".netrc",
    ".node_repl_history",
    ".npmrc",
    ".oci",
    ".password-store",
    ".pgpass",
    ".psql_history",
    ".pulumi/credentials.json",
    ".pypirc",
    ".python_history",
    ".rediscli_history",
    ".s3cfg",
    ".snowflake",
    ".snowsql",
    ".sqlite_history",
    ".ssh",
    ".terraform.d",
    ".thunderbird",
    ".vault-token",
    ".wrangler",
    ".yarnrc.yml",
    ".zsh_history",
    "Library/Application Support/BraveSoftware",
    "Library/Application Support/Firefox",
    "Library/Application Support/Google/Chrome",
    "Library/Cookies",
    "Library/Keychains",
    "snap/chromium",
    "snap/firefox",
];

/// In the system, for those who run as root.
const IN_SYSTEM: [&str; 6] = [
    "/etc/gshadow",
    "/etc/shadow",
    "/etc/ssh",
    "/etc/ssl/private",
    "/etc/sudoers",
    "/etc/sudoers.d",
];

/// All of them, whether there is anything or not. Who works in such a place means it.
pub(crate) fn of_credentials(home: Option<&Path>) -> impl Iterator<Item = PathBuf> {
    let in_home = home
        .into_iter()
        .flat_map(|home| IN_HOME.iter().map(move |name| home.join(name)));
    in_home.chain(IN_SYSTEM.iter().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tools_of_other_makers_keep_is_known() {
        let home = Path::new("/home/ada");
        let places: Vec<PathBuf> = of_credentials(Some(home)).collect();
        for name in [
            ".local/share/opencode/auth.json",
            ".gemini/oauth_creds.json",
            ".local/share/fish/fish_history",
            ".config/github-copilot/apps.json",
            ".config/BraveSoftware/Brave-Browser/Default/Cookies",
            ".databrickscfg",
            ".s3cfg",
            ".boto",
            ".node_repl_history",
            ".sqlite_history",
        ] {
            let file = home.join(name);
            assert!(places.iter().any(|place| file.starts_with(place)), "{name}");
        }
    }

    #[test]
    fn the_list_is_sorted_and_holds_nothing_twice() {
        assert!(IN_HOME.is_sorted() && IN_SYSTEM.is_sorted());
        let held = |name: &&&str| {
            let mut others = IN_HOME.iter().filter(|other| other != name);
            others.any(|other| Path::new(name).starts_with(other))
        };
        assert_eq!(IN_HOME.iter().find(held), None);
    }
}
