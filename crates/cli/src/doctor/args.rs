//! The arguments of `alipes doctor`.

use std::path::PathBuf;

use clap::Args;

use crate::args::NetworkArgs;

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The provider, or one of its models; without it the default model's
    #[arg(value_name = "PROVIDER")]
    pub(super) provider: Option<String>,

    /// Its base URL, in place of the configured one
    #[arg(long, value_name = "URL")]
    pub(super) base_url: Option<String>,

    /// Try a tiny turn by each route, too; it costs some tokens
    #[arg(long)]
    pub(super) live: bool,

    /// Mend what can be mended without harm: who may read keys and sign-ins
    #[arg(long)]
    pub(super) fix: bool,

    /// Write all of it into a file that can be shown to others, without secrets
    #[arg(long, value_name = "FILE")]
    pub(super) bundle: Option<PathBuf>,

    /// Print it as JSON
    #[arg(long)]
    pub(super) json: bool,

    #[command(flatten)]
    pub(super) network: NetworkArgs,
}
