//! Where sealed pieces are kept, behind one small trait. Sees ciphertext and random names only.

#[cfg(any(test, feature = "testing"))]
pub mod conformance;
mod files;
mod object;

pub use files::{Files, SyncThreads};
pub use object::{HEADER_BYTES, Object, PADDING_BYTES, Part, STRIDE_BYTES, SUITE, padded_bytes};

use host::Durable;
use model::{Class, ObjectId};

use crate::VaultError;

/// A store of sealed pieces. Its conformance suite is `conformance::all`.
///
/// A part has one writer at a time; different parts of one object may be written at once, in any order.
/// What was put is readable at once and survives a crash only after a [`PieceStore::sync`] that began later.
pub trait PieceStore: Send + Sync {
    /// Writes one part whole. Makes the object if it is not there.
    ///
    /// # Errors
    /// A part that the object does not have, bytes that are not as long as the part, or the disk's refusal.
    fn put(&self, object: &Object, part: Part, bytes: &[u8]) -> Result<(), VaultError>;

    /// Reads one part whole.
    ///
    /// # Errors
    /// [`VaultError::Damaged`] if the object's header is not its own, or the store ends before the part does;
    /// the disk's refusal. Whether the bytes are the right ones is for the seal to say.
    fn read(&self, object: &Object, part: Part) -> Result<Vec<u8>, VaultError> {
        let mut bytes = Vec::new();
        self.read_into(object, part, &mut bytes)?;
        Ok(bytes)
    }

    /// As [`PieceStore::read`], in place of what `out` held.
    ///
    /// # Errors
    /// As [`PieceStore::read`].
    fn read_into(&self, object: &Object, part: Part, out: &mut Vec<u8>) -> Result<(), VaultError>;

    /// Makes all that was put of these objects before this call durable, their names too.
    ///
    /// # Errors
    /// The disk's refusal; after a failed sync nothing is ever durable again.
    fn sync(&self, objects: &[Object]) -> Result<Durable<()>, VaultError>;

    /// Takes objects away, durably. One that is not there is removed already.
    ///
    /// # Errors
    /// The disk's refusal.
    fn remove(&self, objects: &[Object]) -> Result<Durable<()>, VaultError>;

    /// The folders and ids of all objects of a class, sorted.
    ///
    /// # Errors
    /// The disk's refusal.
    fn list(&self, class: Class) -> Result<Vec<(u8, ObjectId)>, VaultError>;
}
