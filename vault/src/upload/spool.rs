//! The spool of an open upload: all that is needed to go on after a restart, in one log. It is there before the
//! first object and after the last. Decides nothing: it writes what happened and reads it back.
//!
//! `spool/<upload id>`, format `counterfoil spool 1`. A frame of kind 1 has a domain u8, shelf id, shelf version
//! u32 and the spool key wrapped under that shelf's key (104 bytes); of several the last counts. A frame of
//! kind 2 is a record, sealed under the spool key with the frame's number and the BLAKE3 of length ‖ kind ‖ body
//! of the frame before. A record is `{0: 1, 1: what, 2: …}`:
//!
//! | what | 2 | meaning |
//! |---|---|---|
//! | 1 | [person, device, submission, book, period, kind, class, time, count] | opened, with so many documents |
//! | 2 | documents | [n, document id, object id, wrapped key, salt, name, name key, media type, length, root, values] |
//! | 3 | values | those of the last document that its row had no room for, in order |
//! | 4 | pieces | [n, index, commitment, chaining value, BLAKE3 of the sealed bytes, time] |
//! | 5 | numbers | these documents are withdrawn |
//! | 6 | numbers | these documents are about to be shelved |
//! | 7 | [] | the upload is dropped |

use std::sync::{Arc, Mutex};

use host::{Disk, Durable, FrameAt, Log, LogError};
use model::{
    Blake3Digest, BookId, ChainingValue, Class, DeviceId, DisplayName, DocumentId, Kind, Manifest, MediaType,
    ObjectId, Period, PersonId, ShelfId, SubmissionId, Timestamp, UploadId, VaultId, class::Domain,
};
use seal::{DocumentKey, SpoolKey, context};
use zeroize::Zeroizing;

use super::state::{DocumentState, State};
use super::{NewDocument, OpenDocument, PieceRecord, SealedPiece, Upload, UploadHead};
use crate::VaultError;
use crate::codec::{Cut, NotOurs, Reader, Writer};
use crate::document::wrap_key;
use crate::error::damaged;
use crate::keyring::{Keyring, Shelf};
use crate::pieces::{Object, padded_bytes};
use crate::shelf::DEK_BYTES;
use crate::vault::Rooms;

pub(super) const FORMAT: &str = "counterfoil spool 1";
const KEY: u8 = 1;
const RECORD: u8 = 2;
/// Plaintext of one record, about.
const RECORD_BYTES: usize = 4 << 20;
/// Chaining values in the row of a document; the rest follow in records of their own.
const ROW_VALUES_MAX: usize = 4 * 1024;

/// One record.
pub(super) enum Record {
    Opened { head: UploadHead, at: Timestamp, count: usize },
    Documents(Vec<Row>),
    Values(Vec<ChainingValue>),
    Pieces(Vec<PieceRecord>),
    Withdrawn(Vec<u32>),
    Shelving(Vec<u32>),
    Dropped,
}

/// A document in its record.
pub(super) struct Row {
    n: u32,
    document: DocumentId,
    object: ObjectId,
    dek: [u8; DEK_BYTES],
    salt: [u8; 16],
    name: DisplayName,
    name_key: [u8; 16],
    media_type: MediaType,
    length: u64,
    root: Blake3Digest,
    /// The first [`ROW_VALUES_MAX`] at most.
    values: Vec<ChainingValue>,
}

/// The one writer of a spool.
pub(super) struct SpoolFile {
    log: Log,
    key: SpoolKey,
    vault: VaultId,
    upload: UploadId,
    /// BLAKE3 of the last frame.
    previous: [u8; 32],
}

/// Makes an upload: ids and keys are drawn, and all is in its spool when this returns.
pub(super) fn create(
    rooms: &Arc<Rooms>,
    shelf: Shelf,
    head: UploadHead,
    documents: Vec<NewDocument>,
    now: Timestamp,
) -> Result<Upload, VaultError> {
    let id = UploadId::from_bytes(host::random::bytes()?);
    let [folder, ..] = *id.as_bytes();
    let vault = rooms.keyring.vault();
    let mut open = Vec::with_capacity(documents.len());
    for announced in documents {
        let (document, object) = (host::random::bytes()?, host::random::bytes()?);
        let (document, object) = (DocumentId::from_bytes(document), ObjectId::from_bytes(object));
        let padded_bytes = padded_bytes(announced.manifest.length());
        let object = Object { class: head.class, folder, id: object, padded_bytes };
        let dek = wrap_key(vault, &shelf, document, &DocumentKey::random()?)?;
        open.push(OpenDocument { announced, id: document, object, dek });
    }
    let mut spool = SpoolFile::create(&rooms.disk, rooms, &shelf, id)?;
    let mut proof = spool.append(&Record::Opened { head: head.clone(), at: now, count: open.len() })?;
    for record in document_records(&open) {
        proof = proof.and(spool.append(&record)?).map(|_| ());
    }
    let states = open.iter().map(|document| DocumentState::new(document.announced.manifest.piece_count()));
    let state = State::new(states.collect());
    Ok(assemble(rooms, id, head, now, shelf, open, state, spool, proof))
}

#[allow(clippy::too_many_arguments)] // the fields of an upload, each once
pub(super) fn assemble(
    rooms: &Arc<Rooms>,
    id: UploadId,
    head: UploadHead,
    opened_at: Timestamp,
    shelf: Shelf,
    documents: Vec<OpenDocument>,
    state: State,
    spool: SpoolFile,
    proof: Durable<()>,
) -> Upload {
    let by_n = documents.iter().enumerate().map(|(at, document)| (document.announced.n, at)).collect();
    Upload {
        id,
        head,
        opened_at,
        shelf,
        documents,
        by_n,
        state: Mutex::new(state),
        changed: std::sync::Condvar::new(),
        spool: Mutex::new(spool),
        rooms: Arc::clone(rooms),
        proof,
    }
}

/// The documents in records of bounded length.
fn document_records(documents: &[OpenDocument]) -> Vec<Record> {
    let mut records = Vec::new();
    let (mut rows, mut bytes) = (Vec::new(), 0);
    for document in documents {
        let values = document.announced.manifest.values();
        let (inline, rest) = values.split_at(values.len().min(ROW_VALUES_MAX));
        let row = Row::of(document, inline);
        bytes += row.bytes();
        rows.push(row);
        if bytes > RECORD_BYTES || !rest.is_empty() {
            records.push(Record::Documents(std::mem::take(&mut rows)));
            bytes = 0;
        }
        records.extend(rest.chunks(RECORD_BYTES / 32).map(|values| Record::Values(values.to_vec())));
    }
    if !rows.is_empty() {
        records.push(Record::Documents(rows));
    }
    records
}

impl SpoolFile {
    fn create(disk: &Disk, rooms: &Rooms, shelf: &Shelf, upload: UploadId) -> Result<Self, VaultError> {
        let vault = rooms.keyring.vault();
        let key = SpoolKey::random()?;
        let wrapped = seal::seal_key(
            &shelf.key.spool_wrap_key(shelf.id.as_bytes()),
            &wrap_context(vault, shelf, upload),
            &key,
        )?;
        let body = [
            &[shelf.name.class.domain().code()],
            shelf.id.as_bytes().as_slice(),
            &shelf.version.to_be_bytes(),
            &wrapped,
        ]
        .concat();
        let mut log = Log::create(disk, &rooms.folder.spool(upload), FORMAT)?;
        let _durable = log.append(KEY, &body)?;
        Ok(Self { log, key, vault, upload, previous: frame_hash(KEY, &body) })
    }

    /// Appends a record.
    pub(super) fn append(&mut self, record: &Record) -> Result<Durable<()>, VaultError> {
        let context = context::Spool {
            vault_id: *self.vault.as_bytes(),
            upload_id: *self.upload.as_bytes(),
            sequence: self.log.frames(),
            previous: self.previous,
        };
        let body = seal::seal(&self.key, &context, &record.write())?;
        let appended = self.log.append(RECORD, &body)?;
        self.previous = frame_hash(RECORD, &body);
        Ok(appended.map(|_| ()))
    }

    /// Reads a spool after any stop, its records in order. The last frame has been written again and synced. `None`
    /// if it has no key: then nothing was ever sealed into it.
    pub(super) fn recover(
        disk: &Disk,
        rooms: &Rooms,
        upload: UploadId,
    ) -> Result<Option<(Self, Shelf, Vec<Record>)>, VaultError> {
        let path = rooms.folder.spool(upload);
        let wrong = || damaged("spool", path.clone());
        let mut frames: Vec<FrameAt> = Vec::new();
        let mut hashes: Vec<[u8; 32]> = Vec::new();
        let mut wrap: Option<Vec<u8>> = None;
        let (log, _) = Log::recover(disk, &path, FORMAT, 0, &mut |frame| {
            match frame.kind {
                KEY => wrap = Some(frame.body.to_vec()),
                RECORD => {}
                _ => return Err(frame.refuse("a spool has no frames of this kind")),
            }
            frames.push(frame.at);
            hashes.push(frame_hash(frame.kind, frame.body));
            Ok(())
        })?;
        let vault = rooms.keyring.vault();
        let Some(wrap) = wrap else { return Ok(None) };
        let (shelf, key) =
            unwrap(&rooms.keyring, vault, upload, &wrap).map_err(|cause| cause.unwrap_or_else(wrong))?;
        let mut records = Vec::new();
        for (at, (number, previous)) in frames.iter().zip((1..).zip(std::iter::once(&[0; 32]).chain(&hashes)))
        {
            let (kind, body) = log.read(*at)?;
            if kind != RECORD {
                continue;
            }
            let context = context::Spool {
                vault_id: *vault.as_bytes(),
                upload_id: *upload.as_bytes(),
                sequence: number,
                previous: *previous,
            };
            let plain = seal::open(&key, &context, &body).map_err(|_| wrong())?;
            records.push(Record::read(&plain).map_err(|NotOurs| wrong())?);
        }
        let previous = hashes.last().copied().unwrap_or_default();
        Ok(Some((Self { log, key, vault, upload, previous }, shelf, records)))
    }
}

/// The shelf under whose key each spool's own lies, of all spools that have one.
///
/// # Errors
/// The disk's refusal. A spool that can not be read names none.
pub(crate) fn shelves_of_spools(rooms: &Rooms) -> Result<Vec<(ShelfId, u32)>, VaultError> {
    let mut shelves = Vec::new();
    for name in rooms.disk.list(&rooms.folder.spools())? {
        let Some(id) = name.to_str().and_then(|name| UploadId::from_hex(name).ok()) else { continue };
        let survey = Log::survey(&rooms.disk, &rooms.folder.spool(id), FORMAT, &mut |frame| {
            if frame.kind == KEY {
                let mut cut = Cut(frame.body);
                let (_domain, shelf, version) = (cut.u8(), cut.array(), cut.u32());
                shelves.extend(shelf.map(ShelfId::from_bytes).zip(version));
            }
            Ok(())
        });
        if let Err(LogError::Disk(cause)) = survey {
            return Err(cause.into());
        }
    }
    Ok(shelves)
}

/// The spool key and its shelf. `Err(None)` if the frame is damaged.
fn unwrap(
    keyring: &Keyring,
    vault: VaultId,
    upload: UploadId,
    body: &[u8],
) -> Result<(Shelf, SpoolKey), Option<VaultError>> {
    let mut cut = Cut(body);
    let (domain, id, version) = (cut.u8(), cut.array(), cut.u32());
    let (Some(domain), Some(id), Some(version)) = (domain, id, version) else { return Err(None) };
    let domain = Domain::ALL.into_iter().find(|known| known.code() == domain).ok_or(None)?;
    if !keyring.is_unlocked(domain) {
        return Err(Some(VaultError::Locked(domain)));
    }
    let shelf = keyring.shelf_version(ShelfId::from_bytes(id), version).map_err(Some)?;
    let context = wrap_context(vault, &shelf, upload);
    let key =
        seal::open_key(&shelf.key.spool_wrap_key(shelf.id.as_bytes()), &context, cut.0).map_err(|_| None)?;
    Ok((shelf, key))
}

fn wrap_context(vault: VaultId, shelf: &Shelf, upload: UploadId) -> context::Spoolkey {
    context::Spoolkey {
        vault_id: *vault.as_bytes(),
        shelf_id: *shelf.id.as_bytes(),
        shelf_version: shelf.version,
        upload_id: *upload.as_bytes(),
    }
}

fn frame_hash(kind: u8, body: &[u8]) -> [u8; 32] {
    let length = (body.len() as u32).to_be_bytes();
    *blake3::Hasher::new().update(&length).update(&[kind]).update(body).finalize().as_bytes()
}

impl Row {
    fn of(document: &OpenDocument, inline: &[ChainingValue]) -> Self {
        let announced = &document.announced;
        Self {
            n: announced.n,
            document: document.id,
            object: document.object.id,
            dek: document.dek,
            salt: announced.salt,
            name: announced.name.clone(),
            name_key: announced.name_key,
            media_type: announced.media_type.clone(),
            length: announced.manifest.length(),
            root: announced.manifest.root(),
            values: inline.to_vec(),
        }
    }

    /// More than it takes in its record.
    fn bytes(&self) -> usize {
        512 + self.name.as_sent().len() + self.media_type.as_str().len() + self.values.len() * 32
    }

    fn write(&self, writer: &mut Writer) {
        writer.array(11).uint(self.n.into()).bytes(self.document.as_bytes()).bytes(self.object.as_bytes());
        writer.bytes(&self.dek).bytes(&self.salt).text(self.name.as_sent()).bytes(&self.name_key);
        writer.text(self.media_type.as_str()).uint(self.length).bytes(self.root.as_bytes());
        writer.bytes(&concat(&self.values));
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, NotOurs> {
        if reader.array()? != 11 {
            return Err(NotOurs);
        }
        Ok(Self {
            n: reader.number()?,
            document: DocumentId::from_bytes(reader.exactly()?),
            object: ObjectId::from_bytes(reader.exactly()?),
            dek: reader.exactly()?,
            salt: reader.exactly()?,
            name: DisplayName::parse(reader.text()?)?,
            name_key: reader.exactly()?,
            media_type: MediaType::parse(reader.text()?)?,
            length: reader.uint()?,
            root: Blake3Digest::from_bytes(reader.exactly()?),
            values: values_of(reader.bytes()?)?,
        })
    }

    /// More values of this document, from a record of their own.
    pub(super) fn add_values(&mut self, values: Vec<ChainingValue>) {
        self.values.extend(values);
    }

    /// Its object.
    pub(super) fn object(&self) -> ObjectId {
        self.object
    }

    /// Whether all its values are there.
    pub(super) fn is_whole(&self) -> bool {
        self.values.len() == model::piece::count(self.length) as usize
    }

    /// The document, once all its values are there.
    pub(super) fn into_document(self, class: Class, folder: u8) -> Result<OpenDocument, NotOurs> {
        let padded_bytes = padded_bytes(self.length);
        let manifest = Manifest::check(self.length, self.root, self.values)?;
        Ok(OpenDocument {
            announced: NewDocument {
                n: self.n,
                salt: self.salt,
                name: self.name,
                name_key: self.name_key,
                media_type: self.media_type,
                manifest,
            },
            id: self.document,
            object: Object { class, folder, id: self.object, padded_bytes },
            dek: self.dek,
        })
    }
}

impl Record {
    fn write(&self) -> Zeroizing<Vec<u8>> {
        let begin = |what: u64, capacity: usize| {
            let mut writer = Writer::map(3, capacity);
            writer.key(1).uint(what).key(2);
            writer
        };
        let numbers = |what: u64, numbers: &[u32]| {
            let mut writer = begin(what, 64 + numbers.len() * 5);
            writer.array(numbers.len());
            for n in numbers {
                writer.uint((*n).into());
            }
            writer
        };
        match self {
            Self::Opened { head, at, count } => {
                let mut writer = begin(1, 256);
                writer.array(9).bytes(head.person.as_bytes()).bytes(head.device.as_bytes());
                writer.bytes(head.submission.as_bytes()).bytes(head.book.as_bytes());
                writer.uint(head.period.code().into()).text(head.kind.as_str());
                writer.uint(head.class.code().into()).uint(at.unix_ms()).uint(*count as u64);
                writer
            }
            Self::Documents(rows) => {
                let mut writer = begin(2, 64 + rows.iter().map(Row::bytes).sum::<usize>());
                writer.array(rows.len());
                rows.iter().for_each(|row| row.write(&mut writer));
                writer
            }
            Self::Values(values) => {
                let mut writer = begin(3, 64 + values.len() * 32);
                writer.bytes(&concat(values));
                writer
            }
            Self::Pieces(pieces) => {
                let mut writer = begin(4, 64 + pieces.len() * 160);
                writer.array(pieces.len());
                pieces.iter().for_each(|piece| write_piece(&mut writer, piece));
                writer
            }
            Self::Withdrawn(withdrawn) => numbers(5, withdrawn),
            Self::Shelving(shelving) => numbers(6, shelving),
            Self::Dropped => numbers(7, &[]),
        }
        .finish()
    }

    fn read(plain: &[u8]) -> Result<Self, NotOurs> {
        let mut reader = Reader::map(plain, 3)?;
        let what = reader.key(1)?.uint()?;
        reader.key(2)?;
        let record = match what {
            1 => read_opened(&mut reader)?,
            2 => Self::Documents(many(&mut reader, Row::read)?),
            3 => Self::Values(values_of(reader.bytes()?)?),
            4 => Self::Pieces(many(&mut reader, read_piece)?),
            5 => Self::Withdrawn(many(&mut reader, Reader::number)?),
            6 => Self::Shelving(many(&mut reader, Reader::number)?),
            7 if reader.array()? == 0 => Self::Dropped,
            _ => return Err(NotOurs),
        };
        reader.end()?;
        Ok(record)
    }
}

fn read_opened(reader: &mut Reader<'_>) -> Result<Record, NotOurs> {
    if reader.array()? != 9 {
        return Err(NotOurs);
    }
    let head = UploadHead {
        person: PersonId::from_bytes(reader.exactly()?),
        device: DeviceId::from_bytes(reader.exactly()?),
        submission: SubmissionId::from_bytes(reader.exactly()?),
        book: BookId::from_bytes(reader.exactly()?),
        period: Period::from_code(reader.number()?)?,
        kind: Kind::parse(reader.text()?)?,
        class: Class::from_code(reader.number()?)?,
    };
    Ok(Record::Opened { head, at: Timestamp::from_unix_ms(reader.uint()?), count: reader.number()? })
}

fn write_piece(writer: &mut Writer, piece: &PieceRecord) {
    writer.array(6).uint(piece.n.into()).uint(piece.index.into());
    writer.bytes(&piece.sealed.commitment).bytes(piece.value.as_bytes());
    writer.bytes(piece.sealed.hash.as_bytes()).uint(piece.at.unix_ms());
}

fn read_piece(reader: &mut Reader<'_>) -> Result<PieceRecord, NotOurs> {
    if reader.array()? != 6 {
        return Err(NotOurs);
    }
    let (n, index, commitment) = (reader.number()?, reader.number()?, reader.exactly()?);
    let value = ChainingValue::from_bytes(reader.exactly()?);
    let hash = Blake3Digest::from_bytes(reader.exactly()?);
    let at = Timestamp::from_unix_ms(reader.uint()?);
    Ok(PieceRecord { n, index, sealed: SealedPiece { commitment, hash }, value, at })
}

fn many<'b, T>(
    reader: &mut Reader<'b>,
    one: impl Fn(&mut Reader<'b>) -> Result<T, NotOurs>,
) -> Result<Vec<T>, NotOurs> {
    let count = reader.array()?;
    (0..count).map(|_| one(reader)).collect()
}

fn concat(values: &[ChainingValue]) -> Vec<u8> {
    values.iter().flat_map(|value| *value.as_bytes()).collect()
}

fn values_of(bytes: &[u8]) -> Result<Vec<ChainingValue>, NotOurs> {
    if !bytes.len().is_multiple_of(32) {
        return Err(NotOurs);
    }
    let value = |bytes: &[u8]| bytes.try_into().map(ChainingValue::from_bytes).map_err(|_| NotOurs);
    bytes.chunks_exact(32).map(value).collect()
}
