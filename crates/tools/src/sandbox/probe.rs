//! Finds out which sandbox works here, by running a command in it.

use super::{Found, Kind, Sandbox, SandboxChoice};
use crate::Root;

#[cfg(not(target_os = "linux"))]
pub(super) async fn find(sandbox: &Sandbox, _root: Root) -> Found {
    let refused = match sandbox.is_off() {
        true => Vec::new(),
        false => vec!["there is no sandbox for this operating system yet".to_owned()],
    };
    let _ = (sandbox.temp_base(), SandboxChoice::Auto);
    Found {
        kind: Kind::None,
        refused,
        temp: None,
    }
}

#[cfg(target_os = "linux")]
pub(super) use on_linux::find;

#[cfg(target_os = "linux")]
mod on_linux {
    use std::process::Stdio;
    use std::time::Duration;

    use tokio::task::spawn_blocking;
    use tokio::time::timeout;

    use super::super::bubblewrap;
    use super::super::policy::Policy;
    use super::super::temp::Temp;
    use super::{Found, Kind, Root, Sandbox, SandboxChoice};

    /// A sandbox that takes longer to do nothing does not work.
    const LIMIT: Duration = Duration::from_secs(10);

    pub(in super::super) async fn find(sandbox: &Sandbox, root: Root) -> Found {
        let none = |refused| Found {
            kind: Kind::None,
            refused,
            temp: None,
        };
        if sandbox.is_off() {
            return none(Vec::new());
        }
        let temp = match Temp::within(sandbox.temp_base()) {
            Ok(temp) => temp,
            Err(error) => return none(vec![format!("no temporary folder: {error}")]),
        };
        // Nothing waits for it, and what it does not get to is done by the next run.
        drop(spawn_blocking(temp.sweep()));
        let mut refused = Vec::new();
        for kind in candidates(sandbox.0.options.choice, &root, &mut refused) {
            match try_out(sandbox, &kind, &temp, &root).await {
                Ok(()) => {
                    return Found {
                        kind,
                        refused,
                        temp: Some(temp),
                    };
                }
                Err(reason) => refused.push(format!("{} does not work: {reason}", kind.as_str())),
            }
        }
        none(refused)
    }

    fn candidates(choice: SandboxChoice, root: &Root, refused: &mut Vec<String>) -> Vec<Kind> {
        let mut kinds = Vec::new();
        if matches!(choice, SandboxChoice::Auto | SandboxChoice::Bubblewrap) {
            match bubblewrap::find(root.path()) {
                Ok(path) => kinds.push(Kind::Bubblewrap(path)),
                Err(reason) => refused.push(reason),
            }
        }
        if matches!(choice, SandboxChoice::Auto | SandboxChoice::Landlock) {
            kinds.push(Kind::Landlock);
        }
        kinds
    }

    /// Runs a shell that does nothing. So nothing is looked up that it must not touch: in a large folder
    /// that would take longer than all the rest, and `status` waits for it.
    async fn try_out(
        sandbox: &Sandbox,
        kind: &Kind,
        temp: &Temp,
        root: &Root,
    ) -> Result<(), String> {
        let line = ["/bin/sh", "-c", ":"].map(Into::into).to_vec();
        let policy = Policy::unsurveyed(&sandbox.0.options, root, temp.path())
            .map_err(|error| error.to_string())?;
        let mut command = kind.under(&policy, line);
        command
            .current_dir(root.path())
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true);
        let output = timeout(LIMIT, command.output())
            .await
            .map_err(|_elapsed| format!("nothing happened for {LIMIT:?}"))?
            .map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr);
        match output.status.success() {
            true => Ok(()),
            false => Err(crate::text::one_line(said.trim(), 200)),
        }
    }
}
