//! Documents at rest: their boxes opened, their pieces read. Knows no person and asks nobody; the caller has. V8: all
//! boxes are under the document's own key. V10: a piece is the very sealing that the manifest pins.
//!
//! Plaintext of `meta`: `{0: 1, 1: name, 2: name key, 3: media type, 4: salt, 5: device}`.
//! Plaintext of `manifest`: `{0: 1, 1: suite, 2: length, 3: BLAKE3 root, 4: SHA-256, 5: object id, 6: folder,
//! 7: per piece commitment ‖ chaining value ‖ BLAKE3 of the sealed bytes}`.

use std::sync::Arc;

use model::{
    Blake3Digest, ChainingValue, DeviceId, DisplayName, DocumentId, Manifest, MediaType, ObjectId,
    PieceIndex, Sha256Digest, VaultId, piece,
};
use seal::{ContentKey, DocumentKey, context};
use zeroize::Zeroizing;

use crate::VaultError;
use crate::codec::{Cut, NotOurs, Reader, Writer};
use crate::error::damaged;
use crate::keyring::Shelf;
use crate::pieces::{Object, Part, SUITE, padded_bytes};
use crate::shelf::{DEK_BYTES, SealedRecord, ShelfPosition};
use crate::upload::SealedPiece;
use crate::vault::Rooms;

/// The revision of every document so far; a document that is sealed anew gets the next.
const REVISION: u32 = 1;
/// The version of every `meta` so far.
const META_VERSION: u32 = 1;
/// What the manifest has of each piece.
const PIECE_ROW_BYTES: usize = 96;

/// What of a document lives only under its own key: it dies with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentMeta {
    /// Its name as sent.
    pub name: DisplayName,
    /// What its name is hashed with in its line.
    pub name_key: [u8; 16],
    /// Its media type as sent.
    pub media_type: MediaType,
    /// The salt of its line.
    pub salt: [u8; 16],
    /// The device that opened its upload.
    pub device: DeviceId,
}

/// A document on its shelf, its key unwrapped. The key lives as long as this value.
pub struct Document {
    rooms: Arc<Rooms>,
    shelf: Shelf,
    position: ShelfPosition,
    record: SealedRecord,
    key: DocumentKey,
}

/// The content of a document, its manifest opened. Pieces are read one by one.
pub struct Content {
    rooms: Arc<Rooms>,
    id: DocumentId,
    key: ContentKey,
    object: Object,
    sha256: Sha256Digest,
    manifest: Manifest,
    sealed: Vec<SealedPiece>,
}

impl Document {
    /// Reads a record and unwraps its key. Blocks on the disk.
    pub(crate) fn open(rooms: &Arc<Rooms>, position: &ShelfPosition) -> Result<Self, VaultError> {
        let shelf = rooms.keyring.shelf_version(position.shelf, position.version)?;
        let record = rooms.shelves.read(position)?;
        let key = unwrap_key(rooms.keyring.vault(), &shelf, position.document, &record.dek)
            .ok_or_else(|| damaged("document key", rooms.folder.shelf(position.shelf, position.version)))?;
        Ok(Self { rooms: Arc::clone(rooms), shelf, position: *position, record, key })
    }

    /// Its name and what else lives only here.
    ///
    /// # Errors
    /// [`VaultError::Damaged`].
    pub fn meta(&self) -> Result<DocumentMeta, VaultError> {
        let id = self.position.document;
        let context = meta_context(id);
        seal::open(&self.key.meta_key(id.as_bytes()), &context, &self.record.meta)
            .map_err(|_| NotOurs)
            .and_then(|plain| DocumentMeta::read(&plain))
            .map_err(|NotOurs| self.damaged("document meta"))
    }

    /// Its content. Blocks on the disk.
    ///
    /// # Errors
    /// [`VaultError::Damaged`], or the disk's refusal.
    pub fn content(&self) -> Result<Content, VaultError> {
        let id = self.position.document;
        let sealed = self.rooms.shelves.read_manifest(&self.position, &self.record)?;
        let plain = seal::open(&self.key.manifest_key(id.as_bytes()), &manifest_context(id), &sealed)
            .map_err(|_| self.damaged("document manifest"))?;
        let read = StoredManifest::read(&plain).map_err(|NotOurs| self.damaged("document manifest"))?;
        let object = Object {
            class: self.shelf.name.class,
            folder: read.folder,
            id: read.object,
            padded_bytes: padded_bytes(read.manifest.length()),
        };
        Ok(Content {
            rooms: Arc::clone(&self.rooms),
            id,
            key: self.key.content_key(id.as_bytes()),
            object,
            sha256: read.sha256,
            manifest: read.manifest,
            sealed: read.sealed,
        })
    }

    fn damaged(&self, what: &'static str) -> VaultError {
        damaged(what, self.rooms.folder.shelf(self.position.shelf, self.position.version))
    }
}

impl Content {
    /// Length, root and the value of each piece.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its SHA-256.
    pub fn sha256(&self) -> Sha256Digest {
        self.sha256
    }

    /// One piece's plaintext, wiped when dropped: the very sealing that the manifest pins, checked against its
    /// chaining value, its padding taken off. Blocks on the disk.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] for a piece beyond the last or one that is not what the manifest says; the disk's
    /// refusal.
    pub fn read_piece(&self, index: PieceIndex) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let wrong =
            || damaged("piece", self.rooms.folder.objects().join(crate::folder::object_file(&self.object)));
        let sealed = self.sealed.get(index.0 as usize).ok_or_else(wrong)?;
        let bytes = self.rooms.pieces.read(&self.object, Part::Piece(index))?;
        let mut plain = Zeroizing::new(Vec::new());
        let context = piece_context(self.id, &self.object, index);
        open_piece(&self.key, &context, index, &self.manifest, sealed, &bytes, &mut plain)
            .ok_or_else(wrong)?;
        Ok(plain)
    }
}

impl DocumentMeta {
    /// The `meta` box.
    pub(crate) fn seal(&self, key: &DocumentKey, id: DocumentId) -> Result<Vec<u8>, VaultError> {
        let mut writer = Writer::map(6, 256 + self.name.as_sent().len() + self.media_type.as_str().len());
        writer.key(1).text(self.name.as_sent());
        writer.key(2).bytes(&self.name_key);
        writer.key(3).text(self.media_type.as_str());
        writer.key(4).bytes(&self.salt);
        writer.key(5).bytes(self.device.as_bytes());
        Ok(seal::seal(&key.meta_key(id.as_bytes()), &meta_context(id), &writer.finish())?)
    }

    fn read(plain: &[u8]) -> Result<Self, NotOurs> {
        let mut reader = Reader::map(plain, 6)?;
        let meta = Self {
            name: DisplayName::parse(reader.key(1)?.text()?)?,
            name_key: reader.key(2)?.exactly()?,
            media_type: MediaType::parse(reader.key(3)?.text()?)?,
            salt: reader.key(4)?.exactly()?,
            device: DeviceId::from_bytes(reader.key(5)?.exactly()?),
        };
        reader.end()?;
        Ok(meta)
    }
}

/// What the manifest box holds.
pub(crate) struct StoredManifest {
    pub(crate) manifest: Manifest,
    pub(crate) sha256: Sha256Digest,
    pub(crate) object: ObjectId,
    pub(crate) folder: u8,
    pub(crate) sealed: Vec<SealedPiece>,
}

impl StoredManifest {
    /// The `manifest` box.
    pub(crate) fn seal(&self, key: &DocumentKey, id: DocumentId) -> Result<Vec<u8>, VaultError> {
        let mut rows = Zeroizing::new(Vec::with_capacity(self.sealed.len().saturating_mul(PIECE_ROW_BYTES)));
        for (sealed, value) in self.sealed.iter().zip(self.manifest.values()) {
            rows.extend_from_slice(&sealed.commitment);
            rows.extend_from_slice(value.as_bytes());
            rows.extend_from_slice(sealed.hash.as_bytes());
        }
        let mut writer = Writer::map(8, 256 + rows.len());
        writer.key(1).uint(SUITE.into());
        writer.key(2).uint(self.manifest.length());
        writer.key(3).bytes(self.manifest.root().as_bytes());
        writer.key(4).bytes(self.sha256.as_bytes());
        writer.key(5).bytes(self.object.as_bytes());
        writer.key(6).uint(self.folder.into());
        writer.key(7).bytes(&rows);
        Ok(seal::seal(&key.manifest_key(id.as_bytes()), &manifest_context(id), &writer.finish())?)
    }

    fn read(plain: &[u8]) -> Result<Self, NotOurs> {
        let mut reader = Reader::map(plain, 8)?;
        // The suite is read here and nowhere else: an object's clear header must merely agree.
        if reader.key(1)?.number::<u16>()? != SUITE {
            return Err(NotOurs);
        }
        let length = reader.key(2)?.uint()?;
        let root = Blake3Digest::from_bytes(reader.key(3)?.exactly()?);
        let sha256 = Sha256Digest::from_bytes(reader.key(4)?.exactly()?);
        let object = ObjectId::from_bytes(reader.key(5)?.exactly()?);
        let folder = reader.key(6)?.number()?;
        let rows = reader.key(7)?.bytes()?;
        reader.end()?;
        let mut values = Vec::with_capacity(rows.len() / PIECE_ROW_BYTES);
        let mut sealed = Vec::with_capacity(rows.len() / PIECE_ROW_BYTES);
        let mut cut = Cut(rows);
        while !cut.0.is_empty() {
            let commitment = cut.array().ok_or(NotOurs)?;
            values.push(ChainingValue::from_bytes(cut.array().ok_or(NotOurs)?));
            sealed.push(SealedPiece {
                commitment,
                hash: Blake3Digest::from_bytes(cut.array().ok_or(NotOurs)?),
            });
        }
        Ok(Self { manifest: Manifest::check(length, root, values)?, sha256, object, folder, sealed })
    }
}

/// Wraps a new document's key under its shelf's.
pub(crate) fn wrap_key(
    vault: VaultId,
    shelf: &Shelf,
    id: DocumentId,
    key: &DocumentKey,
) -> Result<[u8; DEK_BYTES], VaultError> {
    let wrapped =
        seal::seal_key(&shelf.key.dek_key(shelf.id.as_bytes()), &dek_context(vault, shelf, id), key)?;
    wrapped.try_into().map_err(|_| VaultError::TooLarge { what: "wrapped key" })
}

/// Unwraps a document's key; nothing if it is not of this document on this shelf.
pub(crate) fn unwrap_key(
    vault: VaultId,
    shelf: &Shelf,
    id: DocumentId,
    dek: &[u8; DEK_BYTES],
) -> Option<DocumentKey> {
    seal::open_key(&shelf.key.dek_key(shelf.id.as_bytes()), &dek_context(vault, shelf, id), dek).ok()
}

/// Seals one piece, the last one padded, into `out`, which is empty.
pub(crate) fn seal_piece(
    key: &ContentKey,
    id: DocumentId,
    object: &Object,
    index: PieceIndex,
    bytes: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), VaultError> {
    let wanted = object.piece_bytes(index).filter(|wanted| bytes.len() <= *wanted);
    let wanted = wanted.ok_or(VaultError::TooLarge { what: "piece" })?;
    let context = piece_context(id, object, index);
    if bytes.len() == wanted {
        return Ok(seal::seal_into(key, &context, bytes, out)?);
    }
    let mut padded = Zeroizing::new(Vec::with_capacity(wanted));
    padded.extend_from_slice(bytes);
    padded.resize(wanted, 0);
    Ok(seal::seal_into(key, &context, &padded, out)?)
}

/// Opens one piece into `plain`, which is empty: the very sealing that is known, the bytes that the manifest names,
/// padding taken off.
pub(crate) fn open_piece(
    key: &ContentKey,
    context: &context::Piece,
    index: PieceIndex,
    manifest: &Manifest,
    known: &SealedPiece,
    sealed: &[u8],
    plain: &mut Vec<u8>,
) -> Option<()> {
    if seal::commitment(sealed)? != known.commitment {
        return None;
    }
    seal::open_into(key, context, sealed, plain).ok()?;
    let true_bytes = piece::bytes(manifest.length(), index)?;
    if plain.get(true_bytes..)?.iter().any(|padding| *padding != 0) {
        return None;
    }
    // What is cut off stays in the same allocation: zeros.
    plain.truncate(true_bytes);
    manifest.admits(index, plain).then_some(())
}

fn dek_context(vault: VaultId, shelf: &Shelf, id: DocumentId) -> context::Dek {
    context::Dek {
        vault_id: *vault.as_bytes(),
        shelf_id: *shelf.id.as_bytes(),
        shelf_version: shelf.version,
        class: shelf.name.class.code(),
        document_id: *id.as_bytes(),
        revision: REVISION,
    }
}

fn meta_context(id: DocumentId) -> context::Meta {
    context::Meta { document_id: *id.as_bytes(), revision: REVISION, meta_version: META_VERSION }
}

fn manifest_context(id: DocumentId) -> context::Manifest {
    context::Manifest { document_id: *id.as_bytes(), revision: REVISION }
}

pub(crate) fn piece_context(id: DocumentId, object: &Object, index: PieceIndex) -> context::Piece {
    context::Piece {
        document_id: *id.as_bytes(),
        revision: REVISION,
        index: index.0.into(),
        count: object.piece_count().into(),
        padded_bytes: object.padded_bytes,
    }
}
