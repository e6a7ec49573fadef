//! Where trusted authorities come from.
//!
//! `rustls_native_certs::load_native_certs` obeys `SSL_CERT_FILE` by itself, and lets it *replace*
//! the platform's authorities; then a company's own file turns every public server away. So where
//! we can, we name the platform's places ourselves, and an extra file only ever adds. On macOS and
//! Windows the system's store has no other door than that function.

use std::path::Path;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::CaFile;
use crate::error::{CaFileProblem, Failure, NetErrorKind};

/// The largest CA file, in bytes; a platform's whole bundle has a quarter of a megabyte.
const LARGEST: u64 = 16 << 20;

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

/// The authorities in a PEM file; there must be at least one.
pub(super) fn from_file(file: &CaFile) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let read = read(&file.path).and_then(|text| certificates(&text, file.is_optional));
    read.map_err(|problem| {
        let (path, named_by) = (file.path.clone(), file.named_by.clone());
        Failure::new(NetErrorKind::CaFile { path, named_by }).caused_by(problem)
    })
}

/// The authorities in a PEM text.
pub(super) fn from_pem(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, Failure> {
    CertificateDer::pem_slice_iter(text)
        .collect::<Result<_, _>>()
        .map_err(|error| Failure::new(NetErrorKind::CertificateOther).caused_by(error))
}

fn read(path: &Path) -> Result<Vec<u8>, CaFileProblem> {
    // Asked before opening: opening a FIFO would wait for its writer.
    let facts = std::fs::metadata(path).map_err(CaFileProblem::Unreadable)?;
    if !facts.is_file() {
        return Err(CaFileProblem::NotAFile);
    }
    if facts.len() > LARGEST {
        return Err(CaFileProblem::TooLarge);
    }
    let text = std::fs::read(path).map_err(CaFileProblem::Unreadable)?;
    match text.trim_ascii().is_empty() {
        true => Err(CaFileProblem::Empty),
        false => Ok(text),
    }
}

/// The certificates in a text. A bundle for other programs may hold some that we cannot use.
fn certificates(
    text: &[u8],
    some_are_enough: bool,
) -> Result<Vec<CertificateDer<'static>>, CaFileProblem> {
    let certificates = CertificateDer::pem_slice_iter(text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_not_pem| CaFileProblem::NoCertificate)?;
    if certificates.is_empty() {
        return Err(CaFileProblem::NoCertificate);
    }
    let mut store = RootCertStore::empty();
    let (usable, unusable) = store.add_parsable_certificates(certificates.iter().cloned());
    if usable == 0 || unusable > 0 && !some_are_enough {
        Err(CaFileProblem::BadCertificate)
    } else {
        Ok(certificates)
    }
}
