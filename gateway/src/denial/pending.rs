//! The pending file `denied`: denials that are in force and not yet in the journal. Made in full size while there is
//! room and written in place from then on, so that a full disk takes it in. Not the denials themselves.
//!
//! Two slots of 32 KiB, written in turn: a write that is torn leaves the other.
//!
//! | offset in the slot | bytes | meaning |
//! |---|---|---|
//! | 0 | 4 | length of the box, big-endian; 0 in a slot that was never written |
//! | 4 | … | a box of the vault's private keys, purpose `denied`, key id of zeros (`vault/format.md`) |
//!
//! The box holds a CBOR map: 0 version (1), 1 sequence, 2 denials, oldest first. Of two slots that open, the one with
//! the greater sequence is in force. A file without a slot that opens holds nothing.

use std::path::Path;

use host::{Disk, DiskFile, Durable, How};
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use model::{BookId, DeviceId, InvitationId, KeyId, PersonId, Reason, Timestamp};
use receipts::event::{Actor, Factor, Label};
use vault::{Vault, VaultError};

use super::{Denial, What};
use crate::keys::purpose;

/// The file's name in the practice folder.
pub const NAME: &str = "denied";
const SLOT_BYTES: usize = 32 * 1024;
const HEAD_BYTES: usize = 4;

/// The file, open.
pub struct PendingFile {
    file: DiskFile,
    vault: Vault,
    sequence: u64,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Kept {
    #[n(0)]
    version: u8,
    #[n(1)]
    sequence: u64,
    #[n(2)]
    denials: Vec<Line>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct Line {
    /// 1 to 8, in the order of [`What`].
    #[n(1)]
    what: u8,
    /// Of a person, device or book.
    #[n(2)]
    id: Option<ByteArray<16>>,
    /// The book of a grant.
    #[n(3)]
    book: Option<ByteArray<16>>,
    #[n(4)]
    invitation: Option<u32>,
    #[n(5)]
    reason: u8,
    #[n(6)]
    since_ms: Option<u64>,
    #[n(7)]
    note: Option<String>,
    /// 0 the administration socket, 1 the gateway, 2 a device.
    #[n(8)]
    by: u8,
    #[n(9)]
    by_device: Option<ByteArray<16>>,
}

impl PendingFile {
    /// Opens the file in a practice folder, or makes it; with what it says.
    ///
    /// # Errors
    /// The disk's.
    pub fn open(disk: &Disk, folder: &Path, vault: &Vault) -> Result<(Self, Vec<Denial>), VaultError> {
        let path = folder.join(NAME);
        if !disk.exists(&path)? {
            // Written, not only lengthened: what was never written has no place on the disk.
            let _durable = disk.create_whole(&path, &vec![0; 2 * SLOT_BYTES])?;
        }
        let file = disk.open(&path, How::ReadWrite)?;
        let mut found = Kept { version: 1, sequence: 0, denials: Vec::new() };
        for slot in [0, 1] {
            let mut bytes = vec![0; SLOT_BYTES];
            if file.read_exact_at(slot * SLOT_BYTES as u64, &mut bytes).is_ok()
                && let Some(kept) = read(vault, &bytes)
                && kept.sequence > found.sequence
            {
                found = kept;
            }
        }
        let denials = found.denials.iter().filter_map(Line::denial).collect();
        Ok((Self { file, vault: vault.clone(), sequence: found.sequence }, denials))
    }

    /// Writes what waits in place of what waited.
    ///
    /// # Errors
    /// The disk's; more than a slot holds. The other slot is as it was.
    pub fn write(&mut self, denials: &[Denial]) -> Result<Durable<()>, VaultError> {
        let sequence = self.sequence.saturating_add(1);
        let kept = Kept { version: 1, sequence, denials: denials.iter().map(Line::of).collect() };
        // Encoding to memory can not fail.
        let plain = minicbor::to_vec(&kept).unwrap_or_default();
        let purpose = purpose::of(purpose::DENIED).map_err(|_| VaultError::NoRandomness)?;
        let sealed = self.vault.box_private(&purpose, key_id(), &plain)?;
        if sealed.len() > SLOT_BYTES - HEAD_BYTES {
            return Err(VaultError::TooLarge { what: "list of denials" });
        }
        let mut slot = u32::try_from(sealed.len()).unwrap_or(0).to_be_bytes().to_vec();
        slot.extend_from_slice(&sealed);
        slot.resize(SLOT_BYTES, 0);
        self.file.write_all_at((sequence % 2) * SLOT_BYTES as u64, &slot)?;
        let durable = self.file.sync()?;
        self.sequence = sequence;
        Ok(durable)
    }
}

fn key_id() -> KeyId {
    KeyId::from_bytes([0; 16])
}

fn read(vault: &Vault, slot: &[u8]) -> Option<Kept> {
    let (head, rest) = slot.split_first_chunk::<HEAD_BYTES>()?;
    let sealed = rest.get(..usize::try_from(u32::from_be_bytes(*head)).ok()?)?;
    let plain = vault.unbox_private(&purpose::of(purpose::DENIED).ok()?, key_id(), sealed)?;
    minicbor::decode::<Kept>(&plain).ok().filter(|kept| kept.version == 1)
}

impl Line {
    fn of(denial: &Denial) -> Self {
        let (what, id, book, invitation) = match denial.what {
            What::SuspendDevice(id) => (1, Some(*id.as_bytes()), None, None),
            What::RevokeDevice(id) => (2, Some(*id.as_bytes()), None, None),
            What::SuspendPerson(id) => (3, Some(*id.as_bytes()), None, None),
            What::RevokePerson(id) => (4, Some(*id.as_bytes()), None, None),
            What::SuspendBook(id) => (5, Some(*id.as_bytes()), None, None),
            What::CloseBook(id) => (6, Some(*id.as_bytes()), None, None),
            What::WithdrawGrant(person, book) => (7, Some(*person.as_bytes()), Some(*book.as_bytes()), None),
            What::RevokeInvitation(id) => (8, None, None, Some(id.get())),
        };
        let (by, by_device) = match denial.by {
            Actor::AdminSocket => (0, None),
            Actor::Gateway => (1, None),
            Actor::Device(device) => (2, Some(*device.as_bytes())),
            Actor::DeviceWith(device, Factor::Totp) => (3, Some(*device.as_bytes())),
            Actor::DeviceWith(device, Factor::Recovery) => (4, Some(*device.as_bytes())),
        };
        Self {
            what,
            id: id.map(Into::into),
            book: book.map(Into::into),
            invitation,
            reason: denial.reason.code(),
            since_ms: denial.since.map(Timestamp::unix_ms),
            note: denial.note.as_ref().map(|note| note.as_given().to_owned()),
            by,
            by_device: by_device.map(Into::into),
        }
    }

    /// `None` for what this version did not write.
    fn denial(&self) -> Option<Denial> {
        let id = self.id.map(<[u8; 16]>::from);
        let what = match self.what {
            1 => What::SuspendDevice(DeviceId::from_bytes(id?)),
            2 => What::RevokeDevice(DeviceId::from_bytes(id?)),
            3 => What::SuspendPerson(PersonId::from_bytes(id?)),
            4 => What::RevokePerson(PersonId::from_bytes(id?)),
            5 => What::SuspendBook(BookId::from_bytes(id?)),
            6 => What::CloseBook(BookId::from_bytes(id?)),
            7 => What::WithdrawGrant(PersonId::from_bytes(id?), BookId::from_bytes(self.book?.into())),
            8 => What::RevokeInvitation(InvitationId::new(self.invitation?).ok()?),
            _ => return None,
        };
        let by = match self.by {
            0 => Actor::AdminSocket,
            1 => Actor::Gateway,
            2 => Actor::Device(DeviceId::from_bytes(self.by_device?.into())),
            3 => Actor::DeviceWith(DeviceId::from_bytes(self.by_device?.into()), Factor::Totp),
            4 => Actor::DeviceWith(DeviceId::from_bytes(self.by_device?.into()), Factor::Recovery),
            _ => return None,
        };
        Some(Denial {
            what,
            reason: Reason::from_code(self.reason).ok()?,
            since: self.since_ms.map(Timestamp::from_unix_ms),
            note: self.note.as_deref().and_then(|note| Label::parse(note).ok()),
            by,
        })
    }
}
