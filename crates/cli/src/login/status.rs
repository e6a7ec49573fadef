//! `alipes login status`: who is signed in, whose tokens they are, and how long they last.

use std::time::Duration;

use alipes_auth::{AuthError, Logins, Owner, Status};
use alipes_models::OPENAI_CODEX;

use super::told;
use crate::failure::Failure;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Prints each sign-in, or fails if nobody is signed in.
pub(super) fn print(logins: &Logins) -> Result<(), Failure> {
    let names = logins.names();
    if names.is_empty() {
        // A file that cannot be read says so here.
        logins.status(OPENAI_CODEX)?;
        return Err(AuthError::NotSignedIn(OPENAI_CODEX.to_owned()).into());
    }
    names.iter().try_for_each(|name| print_one(name, logins))
}

fn print_one(name: &str, logins: &Logins) -> Result<(), Failure> {
    let status = logins.status(name)?;
    let status = status.ok_or_else(|| AuthError::NotSignedIn(name.to_owned()))?;
    let unknown = || "unknown".to_owned();
    let claims = &status.claims;
    told(&format!(
        "{name}: signed in as {}",
        claims.email.clone().unwrap_or_else(unknown)
    ))?;
    let rows = [
        ("plan", claims.plan.clone()),
        (
            "account",
            Some(claims.account_id.clone().unwrap_or_else(unknown)),
        ),
        ("region", claims.residency.clone()),
        ("served at", status.origin.clone()),
        ("owner", Some(owner(&status, logins))),
        ("token", Some(token(&status))),
    ];
    for (name, value) in rows {
        if let Some(value) = value {
            told(&format!("  {name:<9}  {value}"))?;
        }
    }
    Ok(())
}

fn owner(status: &Status, logins: &Logins) -> String {
    match &status.owner {
        Owner::Alipes => format!("alipes, in {}", logins.path().display()),
        Owner::Codex { home, .. } => format!(
            "the Codex CLI, in {}: only read here, and renewed by `codex`",
            home.display()
        ),
    }
}

fn token(status: &Status) -> String {
    let left = match status.works_for {
        Duration::ZERO => "has ended".to_owned(),
        left => format!("works for {}", length(left)),
    };
    match (&status.owner, &status.ended) {
        (
            Owner::Codex {
                problem: Some(problem),
                ..
            },
            _,
        ) => problem.to_string(),
        (_, Some(ending)) => {
            format!(
                "{left}, and there will be no other: {ending}; sign in again with `alipes login`"
            )
        }
        _ => format!("{left}, renewed when it is used"),
    }
}

/// Rounded down, in the unit that people would use.
fn length(length: Duration) -> String {
    let seconds = length.as_secs();
    let (number, unit) = match seconds {
        DAY.. => (seconds / DAY, "day"),
        HOUR.. => (seconds / HOUR, "hour"),
        MINUTE.. => (seconds / MINUTE, "minute"),
        _ => (seconds, "second"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_rounded_down_to_the_unit_that_people_use() {
        for (seconds, expected) in [
            (1, "1 second"),
            (59, "59 seconds"),
            (3_599, "59 minutes"),
            (3_600, "1 hour"),
            (10 * DAY - 1, "9 days"),
        ] {
            assert_eq!(length(Duration::from_secs(seconds)), expected);
        }
    }
}
