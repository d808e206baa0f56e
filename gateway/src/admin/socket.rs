//! The socket `admin.sock` in the practice folder: who may connect, how long a line may be and how long it may take.
//! One connection carries one request and one answer, each one JSON line. Does nothing itself.
//!
//! The system lets a socket's path have 107 bytes. Where the folder's is longer, the socket stands in a short private
//! folder for things that live as long as a run, and the file `admin.path` in the practice folder names it.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener as StdListener, UnixStream as StdStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use host::Disk;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use serde::Serialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::{Answer, Request, perform};
use crate::act::Actor;
use crate::practice::Practice;

/// The socket's name.
pub(super) const SOCKET: &str = "admin.sock";
/// The name of the file that says where the socket is, where its path would be too long.
pub(super) const POINTER: &str = "admin.path";
/// Bytes of a socket's path that the system takes.
pub(super) const PATH_BYTES_MAX: usize = 107;
/// Bytes of a request, its line end included.
pub(super) const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// Bytes of an answer that a command reads: all people of a large practice.
const ANSWER_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Connections that are served at once; more wait.
const CONNECTIONS_MAX: usize = 16;
/// How long a request may take to arrive, and an answer to be taken.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a command waits for the gateway to do what was asked.
const ANSWER_PATIENCE: Duration = Duration::from_secs(120);
/// After an accept that failed, such as for want of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Why the socket can not be served.
#[derive(Debug, thiserror::Error)]
#[error("the administration socket {} can not be served: {error}", path.display())]
pub struct ServeError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub error: std::io::Error,
}

/// Why a gateway that is there does not answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// It can not be reached, or breaks off.
    #[error("the gateway at {} does not answer: {error}", path.display())]
    Socket {
        /// The socket.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// What it says is no answer of this version.
    #[error("the gateway's answer can not be read: {0}")]
    Answer(#[from] serde_json::Error),
}

/// A socket that is served.
pub struct Serving {
    stop: watch::Sender<()>,
    accepting: JoinHandle<()>,
    at: Place,
    disk: Disk,
}

impl Serving {
    /// Stops: what was asked is done and answered, who has not asked yet is cut off, then the socket is gone.
    pub async fn stop(self) {
        drop(self.stop);
        let _ = self.accepting.await;
        self.at.clear(&self.disk);
    }
}

/// Serves the socket of a practice on the runtime that calls. Whoever calls holds the folder's lock.
///
/// # Errors
/// [`ServeError`].
pub fn serve(practice: Arc<Practice>) -> Result<Serving, ServeError> {
    let at = Place::of_practice(&practice.folder);
    let failed = |error: std::io::Error| ServeError { path: at.socket.clone(), error };
    let disk = practice.disk.clone();
    Place::clear_stale(&disk, &practice.folder);
    if let Some(pointer) = &at.pointer {
        make_runtime_folder(&at, pointer, &disk).map_err(failed)?;
    }
    let listener = bind(&at.socket).and_then(|listener| {
        listener.set_nonblocking(true)?;
        UnixListener::from_std(listener)
    });
    let listener = match listener {
        Ok(listener) => listener,
        Err(error) => {
            at.clear(&disk);
            return Err(failed(error));
        }
    };
    let (stop, stopped) = watch::channel(());
    let accepting = tokio::spawn(accept(listener, practice, stopped));
    Ok(Serving { stop, accepting, at, disk })
}

/// Asks the gateway that serves this folder. `None` if nobody does.
///
/// # Errors
/// [`AskError`].
pub fn ask(folder: &Path, request: &Request) -> Result<Option<Answer>, AskError> {
    let Some(path) = Place::to_ask(folder) else { return Ok(None) };
    let failed = |error: std::io::Error| AskError::Socket { path: path.clone(), error };
    let stream = match StdStream::connect(&path) {
        Ok(stream) => stream,
        // A socket that a gateway left behind when it was killed refuses.
        Err(error) if is_nobody(error.kind()) => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    stream.set_write_timeout(Some(PATIENCE)).map_err(failed)?;
    stream.set_read_timeout(Some(ANSWER_PATIENCE)).map_err(failed)?;
    (&stream).write_all(&line(request)?).map_err(failed)?;
    let mut said = Vec::new();
    let read = BufReader::new((&stream).take(ANSWER_BYTES_MAX)).read_until(b'\n', &mut said);
    match read {
        Ok(_) if said.ends_with(b"\n") => Ok(Some(serde_json::from_slice(&said)?)),
        Ok(_) => Err(failed(std::io::ErrorKind::UnexpectedEof.into())),
        Err(error) => Err(failed(error)),
    }
}

fn is_nobody(kind: std::io::ErrorKind) -> bool {
    matches!(kind, std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused)
}

fn line(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

/// Bound, then closed to others, and only then listening: before that a connection is refused by the system.
fn bind(path: &Path) -> std::io::Result<StdListener> {
    let address = SocketAddrUnix::new(path)?;
    let socket =
        rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    rustix::net::bind(&socket, &address)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    rustix::net::listen(&socket, i32::try_from(CONNECTIONS_MAX).unwrap_or(i32::MAX))?;
    Ok(socket.into())
}

/// Where a practice's socket is.
struct Place {
    socket: PathBuf,
    /// The file that names it, if it is not in the practice folder.
    pointer: Option<PathBuf>,
}

impl Place {
    /// Where a gateway puts it. A short folder is drawn anew for each run.
    fn of_practice(folder: &Path) -> Self {
        let socket = folder.join(SOCKET);
        if socket.as_os_str().as_bytes().len() <= PATH_BYTES_MAX {
            return Self { socket, pointer: None };
        }
        let name = match host::random::bytes::<8>() {
            Ok(bytes) => u64::from_be_bytes(bytes),
            // The name need not be secret: a folder that is there already is never used.
            Err(_) => u64::from(std::process::id()),
        };
        let runtime = runtime_folder().join(format!("counterfoil-{name:016x}"));
        Self { socket: runtime.join(SOCKET), pointer: Some(folder.join(POINTER)) }
    }

    /// Where a command finds it, if it is to be found.
    fn to_ask(folder: &Path) -> Option<PathBuf> {
        let socket = folder.join(SOCKET);
        if socket.as_os_str().as_bytes().len() <= PATH_BYTES_MAX {
            return Some(socket);
        }
        let owner = std::fs::metadata(folder).ok()?.uid();
        let named = named_by(&Disk::real(), &folder.join(POINTER))?;
        // Only a folder that belongs to whom the practice belongs to, and to nobody else, is taken for its own.
        let runtime = std::fs::symlink_metadata(named.parent()?).ok()?;
        let is_private = runtime.is_dir() && runtime.uid() == owner && runtime.mode() & 0o077 == 0;
        is_private.then_some(named)
    }

    /// What a gateway that was killed has left.
    fn clear_stale(disk: &Disk, folder: &Path) {
        let pointer = folder.join(POINTER);
        let socket = named_by(disk, &pointer).filter(|socket| socket.file_name() == Some(SOCKET.as_ref()));
        if let Some(socket) = socket {
            Self { socket, pointer: Some(pointer) }.clear(disk);
        }
        Self { socket: folder.join(SOCKET), pointer: None }.clear(disk);
    }

    fn clear(&self, disk: &Disk) {
        let _ = disk.remove_file(&self.socket);
        if let Some(pointer) = &self.pointer {
            if let Some(runtime) = self.socket.parent() {
                let _ = disk.remove_folder(runtime);
            }
            let _ = disk.remove_file(pointer);
        }
    }
}

fn named_by(disk: &Disk, pointer: &Path) -> Option<PathBuf> {
    let bytes = disk.read_whole(pointer, PATH_BYTES_MAX as u64).ok()?;
    let path = PathBuf::from(std::ffi::OsStr::from_bytes(&bytes));
    path.is_absolute().then_some(path)
}

/// A short folder for things that live as long as a run: the service manager's, the session's, or the system's.
fn runtime_folder() -> PathBuf {
    let named = |variable: &str| {
        let path = PathBuf::from(std::env::var_os(variable)?);
        let bytes = path.as_os_str().as_bytes().len();
        // `counterfoil-`, 16 digits, two separators and the socket's name.
        (path.is_absolute() && bytes + 30 + SOCKET.len() <= PATH_BYTES_MAX && path.is_dir()).then_some(path)
    };
    named("RUNTIME_DIRECTORY").or_else(|| named("XDG_RUNTIME_DIR")).unwrap_or_else(|| PathBuf::from("/tmp"))
}

fn make_runtime_folder(at: &Place, pointer: &Path, disk: &Disk) -> std::io::Result<()> {
    if let Some(runtime) = at.socket.parent() {
        std::fs::DirBuilder::new().mode(0o700).create(runtime)?;
    }
    let written = disk.write_whole(pointer, at.socket.as_os_str().as_bytes());
    written.map(|_durable| ()).map_err(std::io::Error::other)
}

async fn accept(listener: UnixListener, practice: Arc<Practice>, mut stopped: watch::Receiver<()>) {
    let turns = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stopped.changed() => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept_one(&listener, &turns) => accepted,
        };
        match accepted {
            Ok((stream, turn)) => {
                let (practice, stopped) = (Arc::clone(&practice), stopped.clone());
                connections.spawn(async move {
                    converse(stream, practice, stopped).await;
                    drop(turn);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the administration socket accepts nobody");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    // What was asked is done before the practice is closed.
    while connections.join_next().await.is_some() {}
}

type Turn = tokio::sync::OwnedSemaphorePermit;

async fn accept_one(listener: &UnixListener, turns: &Arc<Semaphore>) -> std::io::Result<(UnixStream, Turn)> {
    let turn = Arc::clone(turns).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    Ok((stream, turn))
}

/// Reads one request, does it, answers.
async fn converse(mut stream: UnixStream, practice: Arc<Practice>, mut stopped: watch::Receiver<()>) {
    let own = rustix::process::geteuid().as_raw();
    match stream.peer_cred() {
        Ok(peer) if may_ask(own, peer.uid()) => {}
        Ok(peer) => {
            return tracing::warn!(uid = peer.uid(), "a stranger at the administration socket is refused");
        }
        Err(error) => return tracing::warn!(%error, "who is at the administration socket can not be told"),
    }
    let read = tokio::select! {
        read = tokio::time::timeout(PATIENCE, read_line(&mut stream)) => read,
        _ = stopped.changed() => return,
    };
    let request = match read {
        Ok(Ok(Some(line))) => serde_json::from_slice::<Request>(&line).ok(),
        Ok(Ok(None)) => None,
        Ok(Err(_)) | Err(_) => return,
    };
    let answer = match request {
        Some(request) => {
            tracing::info!(act = request.word(), "administration at the socket");
            let done =
                tokio::task::spawn_blocking(move || perform(&practice, request, Actor::AdminSocket)).await;
            let Ok(answer) = done else { return };
            answer
        }
        None => {
            drop(practice);
            Answer::Malformed
        }
    };
    if let Ok(line) = line(&answer) {
        let said = async {
            stream.write_all(&line).await?;
            stream.shutdown().await
        };
        let _ = tokio::time::timeout(PATIENCE, said).await;
    }
}

/// The account that runs the gateway, and root, who may do anything anyway.
pub(super) fn may_ask(own_uid: u32, peer_uid: u32) -> bool {
    peer_uid == own_uid || peer_uid == 0
}

/// A line without its end. `None` if it is longer than a request may be.
async fn read_line(stream: &mut UnixStream) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let mut part = [0u8; 4096];
    loop {
        let read = stream.read(&mut part).await?;
        let Some(part) = part.get(..read).filter(|part| !part.is_empty()) else {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        };
        let end = part.iter().position(|byte| *byte == b'\n');
        line.extend_from_slice(part.get(..end.unwrap_or(part.len())).unwrap_or_default());
        if line.len() >= REQUEST_BYTES_MAX {
            return Ok(None);
        }
        if end.is_some() {
            return Ok(Some(line));
        }
    }
}
