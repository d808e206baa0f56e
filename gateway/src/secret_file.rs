//! A file with a secret: bounded, wiped, and refused where others may read it. What the secret is for is not known here.

use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use console::Arg;
use zeroize::{Zeroize as _, Zeroizing};

/// Where the service manager puts what it hands to the service alone (systemd.exec(5), CREDENTIALS).
pub const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
/// Everybody but the owner.
pub const OTHERS: u32 = 0o077;
/// Everybody but the owner and whom a credential's access list lets in: that shows as the group's right.
pub const OTHERS_OF_CREDENTIAL: u32 = 0o007;

/// Reads a file that those of `closed_to` may not. A link to one is followed.
///
/// # Errors
/// The cause, for people.
pub fn read(
    path: &Path,
    bytes_max: u64,
    too_long: &'static str,
    closed_to: u32,
) -> Result<Zeroizing<Vec<u8>>, Arg<'static>> {
    let file = std::fs::File::open(path).map_err(|error| Arg::cause(&error).into_owned())?;
    let about = file.metadata().map_err(|error| Arg::cause(&error).into_owned())?;
    if !about.is_file() {
        return Err(Arg::Message("cause-no-file"));
    }
    if about.mode() & closed_to != 0 {
        return Err(Arg::Message("cause-open-to-others"));
    }
    if about.len() > bytes_max {
        return Err(Arg::Message(too_long));
    }
    // With the room made before, no copy stays behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(bytes_max).unwrap_or(0) + 1));
    let read = file.take(bytes_max).read_to_end(&mut bytes);
    read.map_err(|error| Arg::cause(&error).into_owned())?;
    Ok(bytes)
}

/// A line of text without the line end that editors leave.
///
/// # Errors
/// The cause, for people: it is not UTF-8.
pub fn line(mut bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<String>, Arg<'static>> {
    for end in [b'\n', b'\r'] {
        if bytes.last() == Some(&end) {
            bytes.pop();
        }
    }
    let text = std::mem::take(&mut *bytes);
    String::from_utf8(text).map(Zeroizing::new).map_err(|error| {
        error.into_bytes().zeroize();
        Arg::Message("cause-encoding")
    })
}
