//! Where credentials usually lie: what no confined command can read, and no file tool touches. Data, from
//! the documentation of the programs that put them there.

use std::path::{Path, PathBuf};

/// In a person's home.
const IN_HOME: [&str; 54] = [
    ".age",
    ".aws",
    ".azure",
    ".bash_history",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".claude",
    ".claude.json",
    ".codex",
    ".composer/auth.json",
    ".config/Bitwarden",
    ".config/Code/User/globalStorage",
    ".config/age",
    ".config/chromium",
    ".config/containers/auth.json",
    ".config/doctl",
    ".config/gcloud",
    ".config/gh",
    ".config/git/credentials",
    ".config/google-chrome",
    ".config/hub",
    ".config/op",
    ".config/rclone",
    ".config/sops",
    ".docker",
    ".fly",
    ".gem/credentials",
    ".git-credentials",
    ".gnupg",
    ".gradle/gradle.properties",
    ".hermes",
    ".kube",
    ".local/share/gnome-keyring",
    ".local/share/keyrings",
    ".m2/settings.xml",
    ".mozilla",
    ".my.cnf",
    ".mysql_history",
    ".netrc",
    ".npmrc",
    ".oci",
    ".password-store",
    ".pgpass",
    ".psql_history",
    ".pypirc",
    ".python_history",
    ".ssh",
    ".terraform.d",
    ".thunderbird",
    ".vault-token",
    ".wrangler",
    ".yarnrc.yml",
    ".zsh_history",
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
