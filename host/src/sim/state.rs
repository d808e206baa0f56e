//! What the simulated file system holds: everything twice, as it reads now and as it lies on the disk.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path, PathBuf};

use super::chance::Chance;
use super::content::{FileChange, FileNode};
use super::{Event, Loss};
use crate::disk::{FolderFault, MediumVerdict, NotPlain, Onto, Space};

/// What a simulated file may grow to: a wrong offset is an error, not the end of the test machine's memory.
const FILE_BYTES_MAX: u64 = 1 << 32;
const ROOT: usize = 0;

pub(super) struct State {
    nodes: Vec<Node>,
    /// Changes of names that no folder sync has made durable, in order.
    names_pending: Vec<NameChange>,
    powered: bool,
    pub(super) epoch: u64,
    pub(super) chance: Chance,
    pub(super) cut_power_at: Option<u64>,
    pub(super) fail_sync_at: Option<u64>,
    pub(super) fail_write_at: Option<u64>,
    pub(super) denied: Option<PathBuf>,
    pub(super) operations: u64,
    pub(super) syncs: u64,
    pub(super) writes: u64,
    pub(super) events: Vec<Event>,
    pub(super) held: BTreeSet<usize>,
    pub(super) space: Space,
    pub(super) verdict: MediumVerdict,
}

enum Node {
    File(FileNode),
    Folder(FolderNode),
}

#[derive(Default)]
struct FolderNode {
    now: BTreeMap<OsString, usize>,
    on_disk: BTreeMap<OsString, usize>,
}

/// One step for the names of one or two folders: first `take`, then `put`.
struct NameChange {
    take: Option<(usize, OsString)>,
    put: Option<(usize, OsString, usize)>,
}

impl NameChange {
    fn folders(&self) -> impl Iterator<Item = usize> {
        let taken = self.take.as_ref().map(|(folder, _)| *folder);
        taken.into_iter().chain(self.put.as_ref().map(|(folder, _, _)| *folder))
    }
}

/// How a change goes when the power is cut at some operation.
#[derive(PartialEq, Eq)]
enum Power {
    /// It is done.
    On,
    /// It is begun, and the caller never hears of it.
    Failing,
}

impl State {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            nodes: vec![Node::Folder(FolderNode::default())],
            names_pending: Vec::new(),
            powered: true,
            epoch: 0,
            chance: Chance::new(seed),
            cut_power_at: None,
            fail_sync_at: None,
            fail_write_at: None,
            denied: None,
            operations: 0,
            syncs: 0,
            writes: 0,
            events: Vec::new(),
            held: BTreeSet::new(),
            space: Space { free_bytes: 1 << 40, total_bytes: 1 << 41 },
            verdict: MediumVerdict::CanForget,
        }
    }

    // ---- crash, restart, rot ----

    pub(super) fn crash(&mut self, loss: Loss) {
        self.settle_names(loss);
        for node in &mut self.nodes {
            match node {
                Node::File(file) => {
                    file.settle(loss, &mut self.chance);
                    file.now.clone_from(&file.on_disk);
                }
                Node::Folder(folder) => folder.now.clone_from(&folder.on_disk),
            }
        }
        self.restart();
    }

    pub(super) fn restart(&mut self) {
        self.epoch = self.epoch.saturating_add(1);
        self.held.clear();
        self.powered = true;
        self.cut_power_at = None;
    }

    pub(super) fn rot(&mut self, path: &Path, offset: u64, mask: u8) -> bool {
        let Ok(node) = self.find_file(path) else { return false };
        let Ok(file) = self.file_mut(node) else { return false };
        let Ok(offset) = usize::try_from(offset) else { return false };
        let Some(byte) = file.now.get_mut(offset) else { return false };
        *byte ^= mask;
        if let Some(byte) = file.on_disk.get_mut(offset) {
            *byte ^= mask;
        }
        true
    }

    pub(super) fn content(&self, path: &Path) -> Option<Vec<u8>> {
        self.find_file(path).and_then(|node| Ok(self.file(node)?.now.clone())).ok()
    }

    pub(super) fn plant(&mut self, path: &Path, content: &[u8]) -> bool {
        let Ok((folder, name)) = self.place(path) else { return false };
        let planted = FileNode { now: content.to_vec(), on_disk: content.to_vec(), pending: Vec::new() };
        let node = self.add(Node::File(planted));
        let Ok(folder) = self.folder_mut(folder) else { return false };
        folder.now.insert(name.clone(), node);
        folder.on_disk.insert(name, node);
        true
    }

    // ---- names ----

    pub(super) fn find_file(&self, path: &Path) -> io::Result<usize> {
        let node = self.find(path)?;
        match self.nodes.get(node) {
            Some(Node::File(_)) => Ok(node),
            _ => Err(NotPlain::error()),
        }
    }

    pub(super) fn create_file(&mut self, path: &Path) -> io::Result<usize> {
        let (folder, name) = self.free_place(path)?;
        let power = self.begin()?;
        let node = self.add(Node::File(FileNode::default()));
        self.change_names(NameChange { take: None, put: Some((folder, name, node)) })?;
        self.end(&power, Event::Created(path.to_owned()))?;
        Ok(node)
    }

    pub(super) fn make_folder(&mut self, path: &Path) -> io::Result<()> {
        let (folder, name) = self.free_place(path)?;
        let power = self.begin()?;
        let node = self.add(Node::Folder(FolderNode::default()));
        self.change_names(NameChange { take: None, put: Some((folder, name, node)) })?;
        self.end(&power, Event::FolderMade(path.to_owned()))
    }

    pub(super) fn names(&self, path: &Path) -> io::Result<Vec<OsString>> {
        Ok(self.folder(self.find(path)?)?.now.keys().cloned().collect())
    }

    pub(super) fn exists(&self, path: &Path) -> io::Result<bool> {
        found(self.find(path))
    }

    pub(super) fn is_folder(&self, path: &Path) -> io::Result<bool> {
        found(self.find(path).and_then(|node| self.folder(node).map(|_| node)))
    }

    pub(super) fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        self.find_file(path)?;
        self.remove(path)
    }

    pub(super) fn remove_folder(&mut self, path: &Path) -> io::Result<()> {
        if !self.folder(self.find(path)?)?.now.is_empty() {
            return Err(io::ErrorKind::DirectoryNotEmpty.into());
        }
        self.remove(path)
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path, onto: Onto) -> io::Result<()> {
        let node = self.find(from)?;
        let (from_folder, from_name) = self.place(from)?;
        let (to_folder, to_name) = self.place(to)?;
        if let Some(there) = self.folder(to_folder)?.now.get(&to_name) {
            if onto == Onto::Nothing {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            if *there == node {
                return Ok(());
            }
            if self.folder(*there).is_ok() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
        }
        let power = self.begin()?;
        let change =
            NameChange { take: Some((from_folder, from_name)), put: Some((to_folder, to_name, node)) };
        self.change_names(change)?;
        self.end(&power, Event::Renamed { from: from.to_owned(), to: to.to_owned() })
    }

    pub(super) fn lock(&mut self, path: &Path) -> io::Result<usize> {
        let node = match self.find_file(path) {
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => self.create_file(path)?,
            found => found?,
        };
        if self.held.insert(node) { Ok(node) } else { Err(io::ErrorKind::WouldBlock.into()) }
    }

    pub(super) fn sync_folder(&mut self, path: &Path) -> Result<(), FolderFault> {
        let node = self.find(path).map_err(FolderFault::Unreached)?;
        self.folder(node).map_err(FolderFault::Unreached)?;
        if self.denied.as_deref() == Some(path) {
            return Err(FolderFault::Unreached(io::ErrorKind::PermissionDenied.into()));
        }
        let outcome = self.begin_sync(path).map_err(FolderFault::Failed)?;
        let (concerned, others) = self.names_concerning(node);
        self.names_pending = others;
        if outcome == SyncOutcome::Fails {
            // The names read on as they are and never reach the disk.
            return Err(FolderFault::Failed(failed_sync()));
        }
        for change in &concerned {
            self.put_names_on_disk(change).map_err(FolderFault::Failed)?;
        }
        self.events.push(Event::FolderSynced(path.to_owned()));
        Ok(())
    }

    fn remove(&mut self, path: &Path) -> io::Result<()> {
        let (folder, name) = self.place(path)?;
        let power = self.begin()?;
        self.change_names(NameChange { take: Some((folder, name)), put: None })?;
        self.end(&power, Event::Removed(path.to_owned()))
    }

    fn change_names(&mut self, change: NameChange) -> io::Result<()> {
        if let Some((folder, name)) = &change.take {
            self.folder_mut(*folder)?.now.remove(name);
        }
        if let Some((folder, name, node)) = &change.put {
            self.folder_mut(*folder)?.now.insert(name.clone(), *node);
        }
        self.names_pending.push(change);
        Ok(())
    }

    fn put_names_on_disk(&mut self, change: &NameChange) -> io::Result<()> {
        if let Some((folder, name)) = &change.take {
            self.folder_mut(*folder)?.on_disk.remove(name);
        }
        if let Some((folder, name, node)) = &change.put {
            self.folder_mut(*folder)?.on_disk.insert(name.clone(), *node);
        }
        Ok(())
    }

    /// Takes out the pending changes of a folder, and the earlier ones of folders that share a step with it:
    /// each folder's changes reach the disk in their order.
    fn names_concerning(&mut self, folder: usize) -> (Vec<NameChange>, Vec<NameChange>) {
        let mut folders = BTreeSet::from([folder]);
        let (mut concerned, mut others) = (Vec::new(), Vec::new());
        for change in std::mem::take(&mut self.names_pending).into_iter().rev() {
            if change.folders().any(|one| folders.contains(&one)) {
                folders.extend(change.folders());
                concerned.push(change);
            } else {
                others.push(change);
            }
        }
        concerned.reverse();
        others.reverse();
        (concerned, others)
    }

    fn settle_names(&mut self, loss: Loss) {
        let mut stopped: BTreeSet<usize> = BTreeSet::new();
        for change in std::mem::take(&mut self.names_pending) {
            let kept = match loss {
                Loss::Chance => self.chance.one_in(2),
                Loss::Everything => false,
                Loss::Nothing => true,
            };
            if kept && !change.folders().any(|folder| stopped.contains(&folder)) {
                // A node that is gone can not be named; nothing else can fail here.
                let _ignored = self.put_names_on_disk(&change);
            } else {
                stopped.extend(change.folders());
            }
        }
    }

    // ---- content ----

    pub(super) fn read_at(&self, node: usize, offset: u64, out: &mut [u8]) -> io::Result<usize> {
        let now = &self.file(node)?.now;
        let offset = usize::try_from(offset).unwrap_or(usize::MAX).min(now.len());
        let rest = now.get(offset..).unwrap_or_default();
        let count = rest.len().min(out.len());
        for (to, from) in out.iter_mut().zip(rest) {
            *to = *from;
        }
        Ok(count)
    }

    pub(super) fn len(&self, node: usize) -> io::Result<u64> {
        Ok(u64::try_from(self.file(node)?.now.len()).unwrap_or(u64::MAX))
    }

    pub(super) fn write_at(&mut self, node: usize, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let bytes_count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let offset_in_memory = bounded(offset.saturating_add(bytes_count)).and_then(|_| bounded(offset))?;
        let power = self.begin()?;
        self.writes = self.writes.saturating_add(1);
        let fails = self.fail_write_at == Some(self.writes);
        let written = if fails { self.chance.below(bytes.len()) } else { bytes.len() };
        let part = bytes.get(..written).unwrap_or_default().to_vec();
        self.file_mut(node)?.change(FileChange::Write { offset: offset_in_memory, bytes: part });
        if fails {
            self.events.push(Event::WriteFailed(path.to_owned()));
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.end(&power, Event::Written { path: path.to_owned(), offset, bytes: bytes_count })
    }

    pub(super) fn set_len(&mut self, node: usize, path: &Path, bytes: u64) -> io::Result<()> {
        let length = bounded(bytes)?;
        let power = self.begin()?;
        self.file_mut(node)?.change(FileChange::Length(length));
        self.end(&power, Event::Resized { path: path.to_owned(), bytes })
    }

    pub(super) fn sync_file(&mut self, node: usize, path: &Path) -> io::Result<()> {
        let outcome = self.begin_sync(path)?;
        let Some(Node::File(file)) = self.nodes.get_mut(node) else { return Err(NotPlain::error()) };
        if outcome == SyncOutcome::Fails {
            file.settle(Loss::Chance, &mut self.chance);
            return Err(failed_sync());
        }
        file.settle(Loss::Nothing, &mut self.chance);
        self.events.push(Event::Synced(path.to_owned()));
        Ok(())
    }

    // ---- power and faults ----

    fn begin(&mut self) -> io::Result<Power> {
        if !self.powered {
            return Err(no_power());
        }
        self.operations = self.operations.saturating_add(1);
        if self.cut_power_at.is_some_and(|at| at <= self.operations) {
            self.powered = false;
            return Ok(Power::Failing);
        }
        Ok(Power::On)
    }

    fn end(&mut self, power: &Power, event: Event) -> io::Result<()> {
        if *power == Power::Failing {
            return Err(no_power());
        }
        self.events.push(event);
        Ok(())
    }

    /// A sync that the power cut meets does nothing by itself: the crash decides what was kept.
    fn begin_sync(&mut self, path: &Path) -> io::Result<SyncOutcome> {
        if self.begin()? == Power::Failing {
            return Err(no_power());
        }
        self.syncs = self.syncs.saturating_add(1);
        if self.fail_sync_at == Some(self.syncs) {
            self.events.push(Event::SyncFailed(path.to_owned()));
            return Ok(SyncOutcome::Fails);
        }
        Ok(SyncOutcome::Holds)
    }

    // ---- the tree ----

    fn add(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len().saturating_sub(1)
    }

    fn file(&self, node: usize) -> io::Result<&FileNode> {
        match self.nodes.get(node) {
            Some(Node::File(file)) => Ok(file),
            _ => Err(NotPlain::error()),
        }
    }

    fn file_mut(&mut self, node: usize) -> io::Result<&mut FileNode> {
        match self.nodes.get_mut(node) {
            Some(Node::File(file)) => Ok(file),
            _ => Err(NotPlain::error()),
        }
    }

    fn folder(&self, node: usize) -> io::Result<&FolderNode> {
        match self.nodes.get(node) {
            Some(Node::Folder(folder)) => Ok(folder),
            _ => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn folder_mut(&mut self, node: usize) -> io::Result<&mut FolderNode> {
        match self.nodes.get_mut(node) {
            Some(Node::Folder(folder)) => Ok(folder),
            _ => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        let mut node = ROOT;
        for component in path.components() {
            match component {
                Component::Normal(name) => node = self.entry(node, name)?,
                Component::CurDir | Component::RootDir => {}
                Component::ParentDir | Component::Prefix(_) => return Err(io::ErrorKind::InvalidInput.into()),
            }
        }
        Ok(node)
    }

    fn entry(&self, folder: usize, name: &OsStr) -> io::Result<usize> {
        self.folder(folder)?.now.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// The folder and the name that a path stands for, whether or not the name is taken.
    fn place(&self, path: &Path) -> io::Result<(usize, OsString)> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let folder = self.find(path.parent().unwrap_or(Path::new("")))?;
        self.folder(folder)?;
        Ok((folder, name.to_owned()))
    }

    fn free_place(&self, path: &Path) -> io::Result<(usize, OsString)> {
        let (folder, name) = self.place(path)?;
        if self.folder(folder)?.now.contains_key(&name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        Ok((folder, name))
    }
}

#[derive(PartialEq, Eq)]
enum SyncOutcome {
    Fails,
    Holds,
}

fn found(lookup: io::Result<usize>) -> io::Result<bool> {
    match lookup {
        Ok(_) => Ok(true),
        Err(fault) if matches!(fault.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(false)
        }
        Err(fault) => Err(fault),
    }
}

fn bounded(bytes: u64) -> io::Result<usize> {
    match usize::try_from(bytes) {
        Ok(fits) if bytes <= FILE_BYTES_MAX => Ok(fits),
        _ => Err(io::ErrorKind::FileTooLarge.into()),
    }
}

fn no_power() -> io::Error {
    io::Error::other("the power is off")
}

fn failed_sync() -> io::Error {
    io::Error::other("simulated: the sync failed")
}
