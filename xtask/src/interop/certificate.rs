//! A throw-away certificate authority and one server certificate, made by openssl: not by the library that our client
//! checks them with.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::process;

const LIMIT: Duration = Duration::from_secs(30);
const KEY: [&str; 4] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];

/// Writes `cert.pem` and `key.pem` for 127.0.0.1 into the folder; returns the authority's file.
pub(super) fn write(folder: &Path) -> Result<PathBuf> {
    let name = "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=critical,CA:FALSE\n";
    std::fs::write(folder.join("extensions.cnf"), name)?;
    openssl(folder, |command| {
        command
            .args([
                "req",
                "-x509",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=alipes interop authority",
            ])
            .args(KEY)
            .args(["-keyout", "ca-key.pem", "-out", "ca.pem"]);
    })?;
    openssl(folder, |command| {
        command
            .args(["req", "-nodes", "-subj", "/CN=alipes interop peer"])
            .args(KEY)
            .args(["-keyout", "key.pem", "-out", "request.pem"]);
    })?;
    openssl(folder, |command| {
        command
            .args([
                "x509",
                "-req",
                "-in",
                "request.pem",
                "-days",
                "2",
                "-extfile",
                "extensions.cnf",
            ])
            .args([
                "-CA",
                "ca.pem",
                "-CAkey",
                "ca-key.pem",
                "-CAcreateserial",
                "-out",
                "cert.pem",
            ]);
    })?;
    Ok(folder.join("ca.pem"))
}

fn openssl(folder: &Path, arguments: impl FnOnce(&mut Command)) -> Result<()> {
    let mut command = Command::new("openssl");
    command.current_dir(folder);
    arguments(&mut command);
    process::run(&mut command, LIMIT)
        .context("the program openssl makes the peer's certificate")?
        .succeeded("openssl")
        .map(|_| ())
}
