//! bubblewrap (<https://github.com/containers/bubblewrap>): the command gets a file system put together
//! from read-only and writable parts, and namespaces of its own for network, processes and the rest.
//!
//! Only a program at a usual place that root alone can change is trusted, and never one beneath the
//! working folder: whoever can write `bwrap` decides what it confines.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::policy::Policy;

/// Where distributions install it.
const PROGRAMS: [&str; 4] = [
    "/usr/bin/bwrap",
    "/bin/bwrap",
    "/usr/local/bin/bwrap",
    "/run/current-system/sw/bin/bwrap",
];

/// What of `/run` commands need: the rest are sockets of other programs.
const KEPT_OF_RUN: [&str; 2] = ["/run/current-system", "/run/opengl-driver"];

/// Where a resolver's configuration lies, for those who may use the network.
const RESOLVERS: [&str; 3] = [
    "/run/systemd/resolve",
    "/run/NetworkManager",
    "/run/resolvconf",
];

/// Shared with other programs, and so replaced.
const TEMPORARY: [&str; 2] = ["/tmp", "/var/tmp"];

/// The program, or why none is used.
pub(super) fn find(root: &Path) -> Result<PathBuf, String> {
    let mut distrusted = None;
    for program in PROGRAMS {
        let Ok(real) = std::fs::canonicalize(program) else {
            continue;
        };
        if is_trusted(&real) && !real.starts_with(root) {
            return Ok(real);
        }
        distrusted = Some(program);
    }
    Err(match distrusted {
        Some(program) => format!("{program} is not used: others than root can change it"),
        None => "bubblewrap is not installed".to_owned(),
    })
}

/// Whether root alone can change a program.
fn is_trusted(program: &Path) -> bool {
    let of_root = |path: &Path| {
        std::fs::metadata(path).is_ok_and(|found| found.uid() == 0 && found.mode() & 0o022 == 0)
    };
    of_root(program) && program.parent().is_some_and(of_root)
}

/// The words before the command.
pub(super) fn arguments(policy: &Policy) -> Vec<OsString> {
    let mut words = Words(Vec::new());
    words.plain(&["--unshare-all", "--die-with-parent", "--new-session"]);
    words.plain(&["--cap-drop", "ALL", "--hostname", "sandbox"]);
    if policy.network {
        words.plain(&["--share-net"]);
    }
    words.plain(&["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]);
    words.plain(&["--tmpfs", "/run"]);
    let resolvers = RESOLVERS.iter().filter(|_| policy.network);
    for kept in KEPT_OF_RUN.iter().chain(resolvers) {
        words.plain(&["--ro-bind-try", kept, kept]);
    }
    words.bind("--bind", &policy.temp, Path::new("/tmp"));
    words.plain(&["--tmpfs", "/var/tmp"]);
    let (inside, outside): (Vec<&PathBuf>, Vec<&PathBuf>) = policy
        .hidden
        .iter()
        .partition(|place| is_written(policy, place));
    outside
        .into_iter()
        .filter(|place| !TEMPORARY.iter().any(|temp| place.starts_with(temp)))
        .for_each(|place| words.hide(place));
    words.same("--bind", &policy.root);
    words.same("--bind", &policy.temp);
    policy
        .writable
        .iter()
        .for_each(|at| words.same("--bind", at));
    // What lies in a writable place comes after it, or it would be covered.
    above(policy).for_each(|folder| words.same("--bind", folder));
    policy
        .sealed
        .iter()
        .for_each(|at| words.same("--ro-bind", at));
    inside.into_iter().for_each(|place| words.hide(place));
    words.plain(&["--chdir"]);
    words.0.push(policy.root.clone().into());
    words.plain(&["--"]);
    words.0
}

/// Most words that it takes (`MAX_ARGS` of bubblewrap 0.11), and how many a command has besides.
const WORDS: usize = 9_000;
const SPARE: usize = 200;

/// Refuses rules that it has no room for.
pub(super) fn fits(policy: &Policy) -> io::Result<()> {
    match arguments(policy).len() + SPARE <= WORDS {
        true => Ok(()),
        false => Err(io::Error::other(format!(
            "bubblewrap has no room for {} repositories and {} hidden places; work in a folder deeper down, \
             or let Landlock confine commands (`kind = \"landlock\"` under `[sandbox]`)",
            policy.sealed.len(),
            policy.hidden.len()
        ))),
    }
}

fn is_written(policy: &Policy, place: &Path) -> bool {
    place.starts_with(&policy.root) || policy.writable.iter().any(|at| place.starts_with(at))
}

/// The written folders above what is hidden or sealed, the outermost first. What is mounted cannot be
/// renamed: were one of them moved away, the next command would find the secret at a place that no
/// rule names.
fn above(policy: &Policy) -> impl Iterator<Item = &Path> {
    let shut = policy.hidden.iter().chain(&policy.sealed);
    let folders: BTreeSet<&Path> = shut
        .flat_map(|place| place.ancestors().skip(1))
        .filter(|folder| is_written(policy, folder))
        .collect();
    folders.into_iter()
}

struct Words(Vec<OsString>);

impl Words {
    fn plain(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(OsString::from));
    }

    fn bind(&mut self, how: &str, from: &Path, to: &Path) {
        self.0.extend([how.into(), from.into(), to.into()]);
    }

    fn same(&mut self, how: &str, place: &Path) {
        self.bind(how, place, place);
    }

    fn hide(&mut self, place: &Path) {
        match place.is_dir() {
            true => {
                for how in ["--tmpfs", "--remount-ro"] {
                    self.0.extend([how.into(), place.into()]);
                }
            }
            false => self.bind("--ro-bind", Path::new("/dev/null"), place),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_others_can_change_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("bwrap");
        std::fs::write(&program, "").unwrap();
        let allow = |mode| {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        allow(0o757);
        assert!(!is_trusted(&program));
        assert!(is_trusted(Path::new("/bin/sh")) || !Path::new("/bin/sh").exists());
    }

    #[test]
    fn more_rules_than_it_takes_are_refused_in_words_of_ours() {
        let sealed = |count: usize| Policy {
            root: "/project".into(),
            temp: "/t".into(),
            sealed: (0..count)
                .map(|at| format!("/project/{at}/.git").into())
                .collect(),
            ..Policy::default()
        };
        assert!(fits(&sealed(1_000)).is_ok());
        let refused = fits(&sealed(1_600)).unwrap_err().to_string();
        assert!(refused.contains("1600 repositories"), "{refused}");
    }

    #[test]
    fn a_program_beneath_the_working_folder_is_not_used() {
        assert!(find(Path::new("/")).is_err());
    }

    #[test]
    fn what_is_hidden_in_the_working_folder_comes_after_it() {
        let policy = Policy {
            root: "/project".into(),
            temp: "/t".into(),
            hidden: vec!["/project/own".into(), "/etc/shadow".into()],
            sealed: vec!["/project/.git".into()],
            ..Policy::default()
        };
        let words = arguments(&policy);
        let at = |place: &str| words.iter().rposition(|word| word == place);
        assert!(at("/etc/shadow").is_some());
        assert!(at("/etc/shadow") < words.iter().position(|word| word == "/project"));
        assert!(at("/project/own") > words.iter().position(|word| word == "/project"));
        assert!(words.iter().all(|word| word != "--share-net"));
    }

    #[test]
    fn folders_above_what_is_shut_are_mounted_and_it_comes_last() {
        let policy = Policy {
            root: "/project".into(),
            temp: "/t".into(),
            hidden: vec!["/project/.git/key".into(), "/srv/deep/key".into()],
            sealed: vec!["/project/a/b/.git".into(), "/project/.git".into()],
            ..Policy::default()
        };
        let folders = ["/project", "/project/.git", "/project/a", "/project/a/b"];
        assert!(above(&policy).eq(folders.map(Path::new)));
        let words = arguments(&policy);
        let at = |place: &str| words.iter().rposition(|word| word == place);
        assert!(at("/project/a/b") < at("/project/a/b/.git"));
        assert!(at("/project/.git") < at("/project/.git/key"));
    }
}
