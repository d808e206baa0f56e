//! PEM (RFC 7468) around certificates and revocation lists, for other people's programs. What is in it is read elsewhere.

use ::pem::{EncodeConfig, LineEnding, Pem};
use model::Malformed;

use crate::crl::CRL_BYTES_MAX;

/// Largest file that is looked at.
pub const PEM_BYTES_MAX: usize = 4 * CRL_BYTES_MAX;

const CERTIFICATE: &str = "CERTIFICATE";
const CRL: &str = "X509 CRL";

/// One thing in a PEM file, in DER.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Section {
    /// A certificate.
    Certificate(Vec<u8>),
    /// A revocation list.
    Crl(Vec<u8>),
}

/// Writes a file.
pub fn write(sections: &[Section]) -> String {
    let pems: Vec<Pem> = sections
        .iter()
        .map(|section| match section {
            Section::Certificate(der) => Pem::new(CERTIFICATE, der.clone()),
            Section::Crl(der) => Pem::new(CRL, der.clone()),
        })
        .collect();
    ::pem::encode_many_config(&pems, EncodeConfig::new().set_line_ending(LineEnding::LF))
}

/// Reads a file; what is neither is passed over.
///
/// # Errors
/// Too long, or no PEM.
pub fn read(bytes: &[u8]) -> Result<Vec<Section>, Malformed> {
    const HOW: Malformed = Malformed::new("PEM file", "it is none, or too long");
    if bytes.len() > PEM_BYTES_MAX {
        return Err(HOW);
    }
    let pems = ::pem::parse_many(bytes).map_err(|_| HOW)?;
    let section = |pem: Pem| match pem.tag() {
        CERTIFICATE => Some(Section::Certificate(pem.into_contents())),
        CRL => Some(Section::Crl(pem.into_contents())),
        _ => None,
    };
    Ok(pems.into_iter().filter_map(section).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_the_rest_is_passed_over() {
        let sections = vec![Section::Certificate(vec![1; 100]), Section::Crl(vec![2; 3])];
        let text = write(&sections);
        assert!(
            text.starts_with("-----BEGIN CERTIFICATE-----\n") && text.lines().all(|line| line.len() <= 64)
        );
        assert_eq!(read(text.as_bytes()), Ok(sections.clone()));
        let more = format!("words\n{text}-----BEGIN KEY-----\nAA==\n-----END KEY-----\n");
        assert_eq!(read(more.as_bytes()), Ok(sections));
        assert_eq!(read(b"garbage"), Ok(Vec::new()));
        assert!(read(b"-----BEGIN X509 CRL-----\n!\n-----END X509 CRL-----\n").is_err());
        assert!(read(&vec![b'-'; PEM_BYTES_MAX + 1]).is_err());
    }
}
