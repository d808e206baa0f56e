//! The head of a journal and the COSE Receipt (RFC 9942) that proves an entry under it. Not the receipt
//! file around it (see `receipt`), nor the head's other signature (see `checkpoint`).
//!
//! RFC 9942 leaves tree size and position outside the signature. So the size is repeated in the protected
//! header, and the header says nothing about the entry: one signature serves all entries of a head.

use model::{Sha256Digest, Timestamp};

use crate::cbor::{Reader, Writer};
use crate::es256::{Leaf, low_s, sha256};
use crate::merkle::{PATH_HASHES_MAX, leaf_hash, root_from_path};
use crate::statement::{URI_BYTES_MAX, label, to_be_signed};
use crate::{Error, Signer};

/// Our private CWT claim (RFC 8392 9.1: below -65536): number of entries under the signed root.
pub const TREE_SIZE_CLAIM: i64 = -65_537;
/// Verifiable data structure RFC9162_SHA256 (RFC 9942).
const RFC9162_SHA256: i64 = 1;
/// Inclusion proofs, in the map of verifiable data structure proofs.
const INCLUSION: i64 = -1;
/// Largest COSE Receipt.
pub const COSE_RECEIPT_BYTES_MAX: usize = 4 * 1024;
const WHAT: &str = "COSE receipt";

/// The head of a journal: so many entries, this root, at this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Entries.
    pub size: u64,
    /// Root over them.
    pub root: Sha256Digest,
    /// When it was made; receipts carry it to the second.
    pub time: Timestamp,
}

impl Head {
    /// The protected header of every COSE Receipt under this head, by the holder of this certificate.
    fn protected(&self, certificate: &[u8], uri: &str) -> Vec<u8> {
        let claims = Writer::new().map(4).int(label::ISS).text(uri).int(label::SUB).text(uri);
        let claims = claims.int(label::IAT).unsigned(self.time.unix_seconds());
        let claims = claims.int(TREE_SIZE_CLAIM).unsigned(self.size).end();
        let thumbprint =
            Writer::new().array(2).int(label::SHA_256).bytes(sha256(certificate).as_bytes()).end();
        Writer::new()
            .map(4)
            .int(label::ALG)
            .int(label::ES256)
            .int(label::CWT_CLAIMS)
            .item(&claims)
            .int(label::X5T)
            .item(&thumbprint)
            .int(label::VDS)
            .int(RFC9162_SHA256)
            .end()
    }
}

/// The one COSE signature of a head, stored with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptSignature {
    protected: Vec<u8>,
    size: u64,
    signature: [u8; 64],
}

impl ReceiptSignature {
    /// Signs a head with the receipt key.
    ///
    /// # Errors
    /// The key can not be used, or is not the certificate's.
    pub fn sign(head: &Head, signer: &dyn Signer) -> Result<Self, Error> {
        let protected = head.protected(signer.certificate(), signer.uri());
        let signature = signer.sign(&to_be_signed(&protected, head.root.as_bytes()))?;
        Self::restore(head, signer.certificate(), signature)
    }

    /// Takes up a stored signature and verifies it: an error means that this certificate did not make it.
    ///
    /// # Errors
    /// [`Error::Signature`], or a certificate that can not be read.
    pub fn restore(head: &Head, certificate: &[u8], signature: [u8; 64]) -> Result<Self, Error> {
        let leaf = Leaf::parse(certificate)?;
        let protected = head.protected(certificate, leaf.uri());
        leaf.verify(WHAT, &to_be_signed(&protected, head.root.as_bytes()), &signature)?;
        Ok(Self { protected, size: head.size, signature })
    }

    /// The 64 bytes to store.
    pub fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    /// The COSE Receipt of the entry at `index`, whose path under this head this is.
    pub fn cose_receipt(&self, index: u64, path: &[Sha256Digest]) -> Vec<u8> {
        encode(&self.protected, self.size, index, path, &self.signature)
    }
}

fn encode(protected: &[u8], size: u64, index: u64, path: &[Sha256Digest], signature: &[u8; 64]) -> Vec<u8> {
    let mut proof = Writer::new().array(3).unsigned(size).unsigned(index).array(path.len());
    for hash in path {
        proof = proof.bytes(hash.as_bytes());
    }
    Writer::new()
        .tag(label::COSE_SIGN1)
        .array(4)
        .bytes(protected)
        .map(1)
        .int(label::VDP)
        .map(1)
        .int(INCLUSION)
        .array(1)
        .bytes(&proof.end())
        .null()
        .bytes(signature)
        .end()
}

/// A COSE Receipt that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoseReceipt {
    /// SHA-256 of the certificate that signed it.
    pub thumbprint: Sha256Digest,
    /// The journal's URI, both `iss` and `sub`: that of the certificate.
    pub uri: String,
    /// Time of the head, to the second.
    pub time: Timestamp,
    /// Tree size as signed.
    pub signed_size: u64,
    /// Tree size as in the proof, unsigned: equal to the signed one in every valid receipt.
    pub size: u64,
    /// Position of the entry, from 0.
    pub index: u64,
    /// Path of the entry, its sibling first.
    pub path: Vec<Sha256Digest>,
    protected: Vec<u8>,
    signature: [u8; 64],
}

impl CoseReceipt {
    /// Reads one strictly: deterministic CBOR, exactly our headers, one inclusion proof, no payload.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > COSE_RECEIPT_BYTES_MAX {
            return Err(Error::TooLong { what: WHAT, bytes_max: COSE_RECEIPT_BYTES_MAX });
        }
        let mut outer = Reader::new(bytes, WHAT);
        outer.tag(label::COSE_SIGN1)?;
        outer.array(4, 4)?;
        let protected = outer.bytes(COSE_RECEIPT_BYTES_MAX)?;
        outer.map(1)?;
        outer.exactly(label::VDP)?;
        outer.map(1)?;
        outer.exactly(INCLUSION)?;
        outer.array(1, 1)?;
        let proof = outer.bytes(COSE_RECEIPT_BYTES_MAX)?;
        outer.null()?;
        let signature = outer.bytes_of::<64>()?;
        outer.end()?;
        low_s(WHAT, &signature)?;
        let (size, index, path) = read_proof(proof)?;
        let mut header = Reader::new(protected, "COSE receipt's header");
        header.map(4)?;
        header.exactly(label::ALG)?;
        header.exactly(label::ES256)?;
        header.exactly(label::CWT_CLAIMS)?;
        header.map(4)?;
        header.exactly(label::ISS)?;
        let uri = header.text(URI_BYTES_MAX)?;
        header.exactly(label::SUB)?;
        header.exactly_text(uri)?;
        header.exactly(label::IAT)?;
        let time = Timestamp::from_unix_seconds(header.unsigned()?);
        header.exactly(TREE_SIZE_CLAIM)?;
        let signed_size = header.unsigned()?;
        header.exactly(label::X5T)?;
        header.array(2, 2)?;
        header.exactly(label::SHA_256)?;
        let thumbprint = Sha256Digest::from_bytes(header.bytes_of()?);
        header.exactly(label::VDS)?;
        header.exactly(RFC9162_SHA256)?;
        header.end()?;
        let (uri, protected) = (uri.to_owned(), protected.to_vec());
        Ok(Self { thumbprint, uri, time, signed_size, size, index, path, protected, signature })
    }

    /// Verifies that this entry hash stands at its place under a root that this certificate signed, and
    /// gives that root. The signed size is compared, the certificate is not judged.
    ///
    /// # Errors
    /// Another certificate or URI, another size, a path that leads nowhere, a wrong signature.
    pub fn verify(&self, entry: &Sha256Digest, certificate: &[u8]) -> Result<Sha256Digest, Error> {
        let leaf = Leaf::parse(certificate)?;
        if sha256(certificate) != self.thumbprint {
            return Err(Error::differs("the certificate", "the COSE receipt", "the file"));
        }
        if leaf.uri() != self.uri {
            return Err(Error::differs("the journal's URI", "the COSE receipt", "the certificate"));
        }
        if self.size != self.signed_size {
            return Err(Error::differs("the tree size", "the proof", "the signed header"));
        }
        let root = root_from_path(&leaf_hash(entry.as_bytes()), self.index, self.size, &self.path)?;
        leaf.verify(WHAT, &to_be_signed(&self.protected, root.as_bytes()), &self.signature)?;
        Ok(root)
    }
}

/// `[size, index, [path]]`, as RFC 9942 4.2 has it.
fn read_proof(bytes: &[u8]) -> Result<(u64, u64, Vec<Sha256Digest>), Error> {
    let mut proof = Reader::new(bytes, "inclusion proof");
    proof.array(3, 3)?;
    let (size, index) = (proof.unsigned()?, proof.unsigned()?);
    let count = proof.array(0, PATH_HASHES_MAX)?;
    let path =
        (0..count).map(|_| proof.bytes_of().map(Sha256Digest::from_bytes)).collect::<Result<_, _>>()?;
    proof.end()?;
    Ok((size, index, path))
}
