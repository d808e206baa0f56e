//! `root`: what is done with the root keys, away from the gateway. Signs what the gateway asks, and says in words what
//! that is; copies a key file and reads it back; deletes one that has a copy. Opens no practice and no connection.

use std::path::{Path, PathBuf};

use certs::ceremony::{self, CEREMONY_BYTES_MAX, CeremonyError, Request, What};
use certs::{CertsError, PrivateKey, Root, root_file};
use console::{Answer, Exit, Failure, args, failure, fields};
use host::Disk;
use model::{Pin, Timestamp};
use seal::{Argon2Parameters, words};
use zeroize::Zeroizing;

use super::{Context, unlock};

/// Largest root or spare file.
const ROOT_FILE_BYTES_MAX: u64 = 64 * 1024;
/// What the new files are called, as `init` calls them.
const ROOT: &str = "counterfoil-root";
const SPARE: &str = "counterfoil-spare";

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    Sign(Sign),
    Export(Export),
    Forget(Forget),
}

#[derive(Debug, clap::Args)]
pub(super) struct Sign {
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    spare: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    answer: PathBuf,
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    words_file: Option<PathBuf>,
    /// For trials: new files are sealed with a cheap work factor.
    #[arg(long, hide = true)]
    trial: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct Export {
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
    #[arg(long, value_name = "FILE")]
    words_file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Forget {
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    #[arg(long, value_name = "FILE")]
    copy: PathBuf,
    #[arg(long, value_name = "FILE")]
    words_file: Option<PathBuf>,
}

pub(super) fn run(context: &Context, command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Sign(flags) => sign(context, flags),
        Command::Export(flags) => export(context, flags),
        Command::Forget(flags) => forget(context, flags),
    }
}

fn unusable(path: &Path, cause: &dyn std::fmt::Display) -> Failure {
    failure::root_file(path, cause.to_string())
}

fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    Disk::real().read_whole(path, bytes_max).map_err(|error| unusable(path, &error))
}

/// The words that open root and spare: of a file, or asked for.
fn words_of(context: &Context, file: Option<&Path>) -> Result<Zeroizing<String>, Failure> {
    let typed = match file {
        Some(path) => unlock::read_passphrase(path)?,
        None => context.console.secret("root-secret", &[], "--words-file")?,
    };
    words::normalise(&typed).map_err(|_| failure::kit_wrong())
}

fn sign(context: &Context, flags: &Sign) -> Result<Exit, Failure> {
    let console = &context.console;
    let request = read(&flags.request, CEREMONY_BYTES_MAX as u64)?;
    let request = Request::read(&request).map_err(|error| unusable(&flags.request, &error))?;
    say(context, &request);
    if console.confirm("root-sign-sure", &[])? == Answer::No {
        return Err(failure::declined());
    }
    let words = words_of(context, flags.words_file.as_deref())?;
    let missing = |option: &str| failure::option_needed(option);
    let root = match (&flags.root, request.what.needs_root()) {
        (Some(path), true) => Some(open_root(path, &words)?),
        (None, true) => return Err(missing("--root")),
        (_, false) => None,
    };
    let spare = match (&flags.spare, request.what.needs_spare()) {
        (Some(path), true) => Some(open_spare(path, &words)?),
        (None, true) => return Err(missing("--spare")),
        (_, false) => None,
    };
    let out = match (&flags.out, request.what.needs_spare()) {
        (Some(out), _) => Some(out),
        (None, true) => return Err(missing("--out")),
        (None, false) => None,
    };
    let pin = match (&flags.spare, &flags.root) {
        (Some(path), _) | (None, Some(path)) => pin_of(path)?,
        (None, None) => return Err(missing("--root")),
    };
    let now = Timestamp::from_unix_ms(context.clock.unix_ms());
    let signed = ceremony::sign(&request, root.as_ref(), spare, now).map_err(|error| refused(&error))?;
    if let Some(out) = out {
        keep(out, &signed, pin, &request, &words, flags.trial)?;
        console.say("root-sign-files", args![folder = out.as_path()]);
    }
    // Last: a new spare whose file is not there would be lost.
    let answer = signed.answer.encode();
    let _durable =
        Disk::real().write_whole(&flags.answer, &answer).map_err(|error| unusable(&flags.answer, &error))?;
    console.say("root-sign-done", args![path = flags.answer.as_path()]);
    context.summary("root-sign", fields! {"answer": flags.answer.display().to_string()});
    Ok(Exit::Done)
}

/// In words, what will be signed.
fn say(context: &Context, request: &Request) {
    let console = &context.console;
    console.say("root-sign-title", args![practice = request.practice.as_str()]);
    let generation = u64::from(request.generation);
    let key = request.issuing_key.as_ref().map_or(String::new(), |key| key.key_hash().to_hex());
    match request.what {
        What::Issuing => console.say("root-sign-issuing", args![generation, key = key.as_str()]),
        What::Root => console.say("root-sign-root", args![generation]),
        What::RootStolen => console.say("root-sign-root-stolen", args![generation]),
        What::IssuingStolen => console.say("root-sign-issuing-stolen", args![generation, key = key.as_str()]),
    }
}

fn refused(error: &CeremonyError) -> Failure {
    failure::root_answer(error.to_string())
}

fn open_root(path: &Path, words: &Zeroizing<String>) -> Result<Root, Failure> {
    let opened = root_file::open_root(&read(path, ROOT_FILE_BYTES_MAX)?, words);
    opened.map_err(|error| unusable(path, &error))
}

fn open_spare(path: &Path, words: &Zeroizing<String>) -> Result<PrivateKey, Failure> {
    let opened = root_file::open_spare(&read(path, ROOT_FILE_BYTES_MAX)?, words);
    opened.map(|(_, key)| key).map_err(|error| unusable(path, &error))
}

fn pin_of(path: &Path) -> Result<Pin, Failure> {
    root_file::pin_of(&read(path, ROOT_FILE_BYTES_MAX)?).map_err(|error| unusable(path, &error))
}

/// New root and spare, sealed and read back.
fn keep(
    out: &Path,
    signed: &ceremony::Signed,
    pin: Pin,
    request: &Request,
    words: &Zeroizing<String>,
    trial: bool,
) -> Result<(), Failure> {
    let disk = Disk::real();
    let cost = match trial {
        true => Argon2Parameters::new(1024, 1, 1).map_err(|error| failure::unexpected(error.to_string()))?,
        false => Argon2Parameters::ROOT,
    };
    let _durable = disk.create_folder(out).map_err(|error| unusable(out, &error))?;
    let put = |name: &str, sealed: Result<Vec<u8>, CertsError>| -> Result<PathBuf, Failure> {
        let path = out.join(name);
        let sealed = sealed.map_err(|error| unusable(&path, &error))?;
        // Never over one that is there: it may be the only one.
        let _durable = disk.create_whole(&path, &sealed).map_err(|error| unusable(&path, &error))?;
        Ok(path)
    };
    if let Some(root) = &signed.root {
        open_root(&put(ROOT, root_file::seal_root(root, pin, words, cost))?, words)?;
    }
    if let Some(spare) = &signed.spare {
        open_spare(&put(SPARE, root_file::seal_spare(spare, pin, &request.practice, words, cost))?, words)?;
    }
    Ok(())
}

/// Whether a file opens, as whichever of the two it is; its key's hash.
fn opens(path: &Path, words: &Zeroizing<String>) -> Result<model::Sha256Digest, Failure> {
    match open_root(path, words) {
        Ok(root) => Ok(root.key().key_hash()),
        Err(as_root) => open_spare(path, words).map(|spare| spare.key_hash()).map_err(|_| as_root),
    }
}

fn export(context: &Context, flags: &Export) -> Result<Exit, Failure> {
    let words = words_of(context, flags.words_file.as_deref())?;
    let key = opens(&flags.from, &words)?;
    let bytes = read(&flags.from, ROOT_FILE_BYTES_MAX)?;
    let _durable =
        Disk::real().create_whole(&flags.to, &bytes).map_err(|error| unusable(&flags.to, &error))?;
    if opens(&flags.to, &words)? != key {
        return Err(unusable(&flags.to, &"it does not read back as it was written"));
    }
    context.console.say("root-exported", args![path = flags.to.as_path()]);
    context.summary("root-export", fields! {});
    Ok(Exit::Done)
}

fn forget(context: &Context, flags: &Forget) -> Result<Exit, Failure> {
    let words = words_of(context, flags.words_file.as_deref())?;
    let is_same = std::fs::canonicalize(&flags.file).ok() == std::fs::canonicalize(&flags.copy).ok();
    if is_same || opens(&flags.file, &words)? != opens(&flags.copy, &words)? {
        return Err(unusable(&flags.copy, &"it is no copy of the file to be deleted"));
    }
    let removed = Disk::real().remove_file(&flags.file);
    removed.map_err(|error| unusable(&flags.file, &error))?;
    context.console.say("root-forgotten", args![path = flags.file.as_path(), copy = flags.copy.as_path()]);
    context.summary("root-forget", fields! {});
    Ok(Exit::Done)
}
