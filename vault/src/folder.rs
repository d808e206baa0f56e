//! Where everything of the vault lies in the practice folder. Knows names, opens nothing.

use std::path::{Path, PathBuf};

use model::{ShelfId, SlotId, UploadId, class::Domain, digest::hex};

use crate::pieces::Object;

/// The practice folder, as far as the vault owns it.
#[derive(Debug, Clone)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The vault's names in this practice folder.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// `vault.json`
    pub fn vault_json(&self) -> PathBuf {
        self.root.join("vault.json")
    }

    /// `slots/`
    pub fn slots(&self) -> PathBuf {
        self.root.join("slots")
    }

    /// `slots/<slot id>`
    pub fn slot(&self, id: SlotId) -> PathBuf {
        self.slots().join(id.to_hex())
    }

    /// `shred/`
    pub fn shred(&self) -> PathBuf {
        self.root.join("shred")
    }

    /// `shred/seed`
    pub fn seed(&self) -> PathBuf {
        self.shred().join("seed")
    }

    /// `ring/`
    pub fn rings(&self) -> PathBuf {
        self.root.join("ring")
    }

    /// `ring/<domain>.<generation>`
    pub fn ring(&self, domain: Domain, generation: u64) -> PathBuf {
        self.rings().join(format!("{}.{generation}", domain.as_str()))
    }

    /// `shelves/`
    pub fn shelves(&self) -> PathBuf {
        self.root.join("shelves")
    }

    /// `shelves/<shelf id>.<version>`
    pub fn shelf(&self, id: ShelfId, version: u32) -> PathBuf {
        self.shelves().join(format!("{}.{version}", id.to_hex()))
    }

    /// `objects/`
    pub fn objects(&self) -> PathBuf {
        self.root.join("objects")
    }

    /// `spool/`
    pub fn spools(&self) -> PathBuf {
        self.root.join("spool")
    }

    /// `spool/<upload id>`
    pub fn spool(&self, id: UploadId) -> PathBuf {
        self.spools().join(id.to_hex())
    }

    /// `keys/`
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }
}

/// `<class>/<xx>` below `objects/`.
pub(crate) fn object_folder(object: &Object) -> PathBuf {
    Path::new(object.class.as_str()).join(hex::encode(&[object.folder]))
}

/// `<class>/<xx>/<id>` below `objects/`.
pub(crate) fn object_file(object: &Object) -> PathBuf {
    object_folder(object).join(object.id.to_hex())
}
