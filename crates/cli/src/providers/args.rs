//! What `alipes providers` can be told.

use std::path::PathBuf;

use alipes_models::Dialect;
use clap::{Args, Subcommand};

use crate::args::{NetworkArgs, account, dialects};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct ProvidersArgs {
    #[command(subcommand)]
    pub(crate) command: Option<ProvidersCommand>,

    /// List those that have no key yet and those that do not run here, too
    #[arg(long)]
    pub(crate) all: bool,

    /// Print them as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ProvidersCommand {
    /// Ask for a provider's key, try it, and save it
    Add(AddArgs),
    /// Forget a provider, and the keys that were saved for it
    Remove {
        /// The provider's name
        name: String,

        /// Forget only this account with it, and its key
        #[arg(long, value_name = "NAME", value_parser = account)]
        account: Option<String>,
    },
    /// Print a provider's effective endpoint profile, and where each value came from
    Show {
        /// The provider's name, or that of a built-in profile
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// The provider: one of `alipes providers --all`, or a new name with --base-url or --like
    pub(crate) name: String,

    /// Read the key from standard input
    #[arg(long, group = "key")]
    pub(crate) key_stdin: bool,

    /// Take the key from this variable
    #[arg(long, group = "key", value_name = "VAR")]
    pub(crate) key_env: Option<String>,

    /// Take the key from this file
    #[arg(long, group = "key", value_name = "PATH")]
    pub(crate) key_file: Option<PathBuf>,

    /// Its address, where that is not the known one
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,

    /// The known provider that it is like
    #[arg(long, value_name = "NAME")]
    pub(crate) like: Option<String>,

    /// The protocol it speaks
    #[arg(long, value_parser = dialects())]
    pub(crate) dialect: Option<Dialect>,

    /// Save the key as one of several accounts with the provider
    #[arg(long, value_name = "NAME", value_parser = account)]
    pub(crate) account: Option<String>,

    /// Save it without a test call
    #[arg(long)]
    pub(crate) unchecked: bool,

    #[command(flatten)]
    pub(crate) network: NetworkArgs,
}
