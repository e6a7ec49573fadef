//! The arguments of `alipes calls`.

use std::path::PathBuf;
use std::time::Duration;

use alipes_store::CallFilter;
use alipes_transport::Cause;
use clap::{Args, Subcommand};

use crate::args::{at_least_one, causes, duration};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct CallsArgs {
    #[command(subcommand)]
    pub(crate) command: Option<CallsCommand>,

    #[command(flatten)]
    pub(crate) filter: FilterArgs,

    /// How many
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20, value_parser = at_least_one())]
    pub(crate) most: usize,

    /// Print whole records as JSON lines
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which calls.
#[derive(Debug, Args)]
pub(crate) struct FilterArgs {
    /// Calls in which a fault of this cause happened, whatever came of it
    #[arg(long, value_name = "CAUSE", value_parser = causes())]
    pub(crate) fault: Option<Cause>,

    /// Calls in which this endpoint was asked; with --fault, in which it happened there
    #[arg(long, value_name = "NAME")]
    pub(crate) endpoint: Option<String>,

    /// Calls of the last so long, such as 90s, 10m, 2h or 3d
    #[arg(long, value_name = "TIME", value_parser = age)]
    pub(crate) since: Option<Duration>,

    /// Calls without an answer
    #[arg(long)]
    pub(crate) failed: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CallsCommand {
    /// Draw what a call went through
    Show {
        /// Its id, the beginning of it, or `last`
        #[arg(default_value = "last")]
        id: String,
    },
    /// Print calls as they are recorded, by whichever process
    Tail {
        #[command(flatten)]
        filter: FilterArgs,
        /// Print whole records as JSON lines
        #[arg(long)]
        json: bool,
    },
    /// Print a whole call, or write it to a file, without secrets
    #[command(group(clap::ArgGroup::new("shape").required(true)))]
    Export {
        /// Its id, the beginning of it, or `last`
        id: String,
        /// As a HAR, which a browser's network panel opens
        #[arg(long, group = "shape")]
        har: bool,
        /// As it is kept
        #[arg(long, group = "shape")]
        json: bool,
        /// The file to write, which must not exist
        #[arg(short, long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

impl FilterArgs {
    /// The filter, for somebody whose clock shows `now` in milliseconds since the Unix epoch.
    pub(crate) fn at(&self, now: u64) -> CallFilter {
        let millis = |age: Duration| u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
        CallFilter {
            cause: self.fault.map(|cause| cause.as_str().to_owned()),
            endpoint: self.endpoint.clone(),
            since_ms: self.since.map(|age| now.saturating_sub(millis(age))),
            unanswered: self.failed,
        }
    }
}

/// A length of time, which may be of days.
fn age(text: &str) -> Result<Duration, String> {
    let days = text.trim().strip_suffix('d').map(str::parse::<u32>);
    match days {
        Some(Ok(days)) if days > 0 => Ok(Duration::from_secs(24 * 3_600) * days),
        Some(_) => Err("expected a number of days such as 3d".to_owned()),
        None => duration(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_may_be_of_days() {
        assert_eq!(age("3d"), Ok(Duration::from_secs(259_200)));
        assert_eq!(age("2h"), Ok(Duration::from_secs(7_200)));
        for text in ["0d", "d", "-1d", "1.5d", "", "soon"] {
            assert!(age(text).is_err(), "{text:?}");
        }
    }
}
