//! CA certificates from a file.

use crate::line::deepest;
use crate::outside::OutsideError;
use reqwest::Certificate;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::Path;

/// Every certificate of a PEM file, each checked to be one that a peer can be verified with.
pub(crate) fn read_roots(path: &Path) -> Result<Vec<Certificate>, OutsideError> {
    let wrong = |reason: String| OutsideError::CaFile { path: path.to_owned(), reason };
    let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let mut roots = Vec::new();
    for der in CertificateDer::pem_slice_iter(&pem) {
        let der = der.map_err(|error| wrong(error.to_string()))?;
        // The client itself would tell only at the first sign-in.
        RootCertStore::empty().add(der.clone()).map_err(|error| wrong(error.to_string()))?;
        roots.push(Certificate::from_der(&der).map_err(|error| wrong(deepest(&error)))?);
    }
    if roots.is_empty() {
        return Err(wrong("it holds no certificate".into()));
    }
    Ok(roots)
}
