//! The arguments of `alipes serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::args::NetworkArgs;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ServeArgs {
    #[command(subcommand)]
    pub(crate) command: Option<ServeCommand>,

    /// The address to listen on [default: 127.0.0.1:8791]
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(crate) listen: Option<SocketAddr>,

    /// Speak TLS with this certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The certificate's key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Something in front of this speaks TLS: listen beyond this machine without it
    #[arg(long)]
    pub(crate) behind_proxy: bool,

    /// Print the lines that point a client here, and serve nothing
    #[arg(long, value_enum, value_name = "CLIENT")]
    pub(crate) print_config: Option<ClientKind>,

    /// Keep what is said to providers and by them on record, for a day
    #[arg(long)]
    pub(crate) record_bodies: bool,

    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServeCommand {
    /// Print the key that clients need, and make it if there is none
    Key,
}

/// A client whose settings we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ClientKind {
    /// The Codex CLI
    Codex,
    /// Hermes Agent
    Hermes,
    /// Claude Code
    ClaudeCode,
    /// opencode
    Opencode,
    /// The OpenAI SDK for Python
    OpenaiPython,
    /// curl
    Curl,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let expected = "an address with a port is expected, such as 127.0.0.1:8791";
    text.parse().map_err(|_| expected.to_owned())
}
