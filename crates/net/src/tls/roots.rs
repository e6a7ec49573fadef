//! Where trusted authorities come from.
//!
//! `rustls_native_certs::load_native_certs` obeys `SSL_CERT_FILE` by itself, and lets it *replace*
//! the platform's authorities; then a company's own file turns every public server away. So where
//! we can, we name the platform's places ourselves, and an extra file only ever adds. On macOS and
//! Windows the system's store has no other door than that function.

use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};

use crate::error::{CaFileProblem, Failure, NetErrorKind};

/// Where systems without a directory of certificates keep their bundle (the BSDs, Alpine, RHEL).
#[cfg(all(unix, not(target_os = "macos")))]
const BUNDLES: [&str; 4] = [
    "/etc/ssl/cert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/usr/local/etc/ssl/cert.pem",
];

/// The platform's authorities; files among them that cannot be read are passed over.
#[cfg(all(unix, not(target_os = "macos")))]
pub(super) fn platform() -> Vec<CertificateDer<'static>> {
    use rustls_native_certs::load_certs_from_paths;
    let mut found: Vec<_> = openssl_probe::candidate_cert_dirs()
        .flat_map(|directory| load_certs_from_paths(None, Some(directory)).certs)
        .collect();
    if found.is_empty() {
        let bundle = BUNDLES.iter().map(Path::new).find(|bundle| bundle.exists());
        found = load_certs_from_paths(bundle, None).certs;
    }
    found
}

/// The platform's authorities.
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub(super) fn platform() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

/// The authorities in these PEM files; each must have at least one.
pub(super) fn from_files(paths: &[PathBuf]) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        let certificates = from_file(path).map_err(|problem| {
            Failure::new(NetErrorKind::CaFile { path: path.clone() }).caused_by(problem)
        })?;
        found.extend(certificates);
    }
    Ok(found)
}

/// The authorities in a PEM text.
pub(super) fn from_pem(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, Failure> {
    CertificateDer::pem_slice_iter(text)
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::new(NetErrorKind::CertificateOther).caused_by(error))
}

fn from_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, CaFileProblem> {
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| match error {
            pem::Error::Io(error) => CaFileProblem::Unreadable(error),
            _ => CaFileProblem::NoCertificate,
        })?;
    if certificates.is_empty() {
        return Err(CaFileProblem::NoCertificate);
    }
    let (_, unusable) =
        RootCertStore::empty().add_parsable_certificates(certificates.iter().cloned());
    if unusable > 0 {
        Err(CaFileProblem::BadCertificate)
    } else {
        Ok(certificates)
    }
}
