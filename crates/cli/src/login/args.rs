//! What `alipes login` and `alipes logout` can be told.

use clap::{Args, Subcommand, ValueEnum};

use crate::args::{NetworkArgs, account};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct LoginArgs {
    #[command(subcommand)]
    pub(crate) command: Option<LoginCommand>,

    /// Type a code on another device; chosen by itself over SSH and without a display
    #[arg(long)]
    pub(crate) device: bool,

    /// Use a browser on this machine, whatever it looks like
    #[arg(long, conflicts_with = "device")]
    pub(crate) browser: bool,

    /// Sign in under this name, beside the sign-ins there are
    #[arg(long, value_name = "NAME", value_parser = account)]
    pub(crate) account: Option<String>,

    /// Borrow the sign-in of another program, which goes on renewing it
    #[arg(long, value_enum, value_name = "PROGRAM", conflicts_with_all = ["device", "browser"])]
    pub(crate) import: Option<Lender>,

    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LoginCommand {
    /// Say who is signed in, for how long, and what is left of each plan
    Status {
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lender {
    /// The Codex CLI
    Codex,
}

#[derive(Debug, Args)]
pub(crate) struct LogoutArgs {
    /// Take back the sign-in of this name
    #[arg(long, value_name = "NAME", value_parser = account)]
    pub(crate) account: Option<String>,

    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}
