//! Two network namespaces with a wire between them, on which packets can be made to vanish.
//!
//! No program can imitate a lost network: whatever ends or freezes a connection in a process still lets the kernel
//! acknowledge. Here the server's kernel has no way back to the client, and nobody says so. It needs the right to
//! make namespaces (root) and iproute2; nothing outside the two is touched.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::process::{self, without_proxy};

const LIMIT: Duration = Duration::from_secs(10);

/// Both ends' addresses, from the range for documentation (RFC 5737).
pub(super) const SERVER: &str = "192.0.2.1";
const CLIENT: &str = "192.0.2.2";

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Server,
    Client,
}

/// Both, and the wire. They go when this is dropped.
#[derive(Debug)]
pub(super) struct Namespaces {
    server: String,
    client: String,
}

impl Namespaces {
    /// Makes them. An error says why this machine has none for us.
    pub(super) fn make() -> Result<Self> {
        let id = std::process::id();
        let both = Self {
            server: format!("alipes-{id}-server"),
            client: format!("alipes-{id}-client"),
        };
        let (server, client) = (both.server.as_str(), both.client.as_str());
        ip(&["netns", "add", server])?;
        ip(&["netns", "add", client])?;
        let link = ["-n", server, "link", "add", "wire", "type", "veth"];
        ip(&[&link[..], &["peer", "name", "wire", "netns", client]].concat())?;
        for (name, address) in [(server, SERVER), (client, CLIENT)] {
            let address = format!("{address}/24");
            ip(&["-n", name, "address", "add", &address, "dev", "wire"])?;
            ip(&["-n", name, "link", "set", "wire", "up"])?;
            ip(&["-n", name, "link", "set", "lo", "up"])?;
        }
        Ok(both)
    }

    /// A command that runs on one side.
    pub(super) fn command(&self, side: Side, command: &Command) -> Command {
        let mut inside = Command::new("ip");
        without_proxy(&mut inside)
            .args(["netns", "exec", self.name(side)])
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        inside
    }

    /// Nothing the server sends arrives any more, and nobody is told.
    pub(super) fn lose(&self) -> Result<()> {
        ip(&["-n", &self.server, "route", "add", "blackhole", CLIENT])
    }

    /// The wire is whole again.
    pub(super) fn mend(&self) -> Result<()> {
        ip(&["-n", &self.server, "route", "delete", "blackhole", CLIENT])
    }

    fn name(&self, side: Side) -> &str {
        match side {
            Side::Server => &self.server,
            Side::Client => &self.client,
        }
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for name in [&self.server, &self.client] {
            let _ = ip(&["netns", "delete", name]);
        }
    }
}

fn ip(arguments: &[&str]) -> Result<()> {
    let what = format!("ip {}", arguments.join(" "));
    let ended = process::run(Command::new("ip").args(arguments), LIMIT);
    let ended = ended.context("network namespaces need the program ip (iproute2)")?;
    ended.succeeded(&what).map(|_| ())
}
