//! The second factor on this side: where a code comes from, and showing it on the connection that needs one. Keeps
//! nothing: no code and no secret is ever written down here.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use certs::factor::Code as Typed;
use console::{Console, Failure, failure};
use protocol::message::{Done, StepUp};
use protocol::{Code, Text};
use zeroize::{Zeroize as _, Zeroizing};

use crate::connection::Connection;
use crate::trouble::Told;
use crate::wire::WireFailure;

/// Bytes of all lines of a file with codes.
const FILE_BYTES_MAX: u64 = 4096;
/// How often a person is asked who mistypes or whose code was wrong.
const TRIES_MAX: usize = 3;

/// Where codes come from: a file with one a line, the input, or the person.
pub struct Codes {
    console: Console,
    file: Option<PathBuf>,
    /// Opened when the first code is needed: it may be made only then.
    lines: Mutex<Option<Box<dyn BufRead + Send>>>,
}

impl Codes {
    /// From `--code-file`, else from the person.
    pub fn new(console: Console, file: Option<PathBuf>) -> Self {
        Self { console, file, lines: Mutex::new(None) }
    }

    /// The next code; what is no code at all is not taken, so that no try is wasted on it.
    ///
    /// # Errors
    /// `factor-needed` where nobody can be asked; `factor-code-malformed`; a file that can not be read.
    pub fn next(&self, question: &str) -> Told<Zeroizing<String>> {
        for _ in 0..TRIES_MAX {
            let typed = match &self.file {
                Some(_) => self.line()?,
                None => {
                    self.console.secret(question, &[], "--code-file").map_err(|_| failure::factor_needed())?
                }
            };
            match (Typed::parse(&typed), &self.file) {
                (Ok(_), _) => return Ok(typed),
                (Err(_), Some(_)) => break,
                (Err(_), None) => self.console.warn(&failure::factor_code_malformed()),
            }
        }
        Err(failure::factor_code_malformed())
    }

    /// Whether another code can be had where one was wrong: a person has the next one soon.
    fn may_ask_again(&self) -> bool {
        self.file.is_none()
    }

    fn line(&self) -> Told<Zeroizing<String>> {
        let path = self.file.clone().unwrap_or_default();
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let reader = match &mut *lines {
            Some(reader) => reader,
            none => {
                let source: Box<dyn Read + Send> = match path.to_str() {
                    Some("-") => Box::new(std::io::stdin()),
                    _ => {
                        let file = std::fs::File::open(&path);
                        Box::new(file.map_err(|error| failure::disk_failed(path.as_path(), error))?)
                    }
                };
                none.insert(Box::new(BufReader::new(source.take(FILE_BYTES_MAX))))
            }
        };
        let mut line = String::new();
        let read = reader.read_line(&mut line);
        let typed = Zeroizing::new(line.trim().to_owned());
        line.zeroize();
        match read {
            Ok(0) => Err(failure::factor_needed()),
            Ok(_) => Ok(typed),
            Err(error) => Err(failure::disk_failed(path.as_path(), error)),
        }
    }
}

/// Shows a code on this connection: it is fresh there from now on for a while.
///
/// # Errors
/// The gateway does not take it; none can be had.
pub async fn step_up(connection: &Connection, codes: &Codes) -> Result<(), WireFailure> {
    for tried in 1.. {
        let code = ask(codes, "secret-code").map_err(WireFailure::Here)?;
        let shown = connection.ask_one::<Done>(StepUp { code: Text::cut(&code) }).await;
        match shown {
            Err(WireFailure::Refused(refusal))
                if refusal.known() == Some(Code::FactorWrong)
                    && codes.may_ask_again()
                    && tried < TRIES_MAX =>
            {
                codes.console.warn(&failure::factor_wrong());
            }
            other => return other.map(|Done {}| ()),
        }
    }
    Ok(())
}

/// Asks, and shows a code where the gateway wants one first. Nothing is asked a third time: what was asked may have
/// been done.
///
/// # Errors
/// As `request`; as [`step_up`].
pub async fn stepped<T>(
    connection: &Connection,
    codes: &Codes,
    request: impl AsyncFn() -> Result<T, WireFailure>,
) -> Result<T, WireFailure> {
    match request().await {
        Err(WireFailure::Refused(refusal)) if is_needed(&refusal) => {
            step_up(connection, codes).await?;
            request().await
        }
        other => other,
    }
}

/// Whether a code must be shown first.
pub fn is_needed(refusal: &protocol::Refusal) -> bool {
    refusal.known() == Some(Code::FactorNeeded)
}

/// A code, from a thread that may wait for a person.
///
/// # Errors
/// As [`Codes::next`].
pub fn ask(codes: &Codes, question: &str) -> Result<Zeroizing<String>, Failure> {
    tokio::task::block_in_place(|| codes.next(question))
}

#[cfg(test)]
mod tests {
    use super::*;
    use console::{Colour, FailureCode, Input, Language, Manner, Output};
    use std::time::Duration;

    fn codes(answers: &[&str], file: Option<PathBuf>) -> Codes {
        let manner = Manner {
            language: Language::English,
            output: Output::People,
            input: Input::Ask,
            colour: Colour::Never,
        };
        Codes::new(Console::captured(manner, || Duration::ZERO, answers).0, file)
    }

    #[test]
    fn a_person_who_mistypes_is_asked_again_and_a_file_is_not() {
        assert_eq!(codes(&["12345", "123456"], None).next("secret-code").unwrap().as_str(), "123456");
        let refused = codes(&[], None).next("secret-code").unwrap_err();
        assert_eq!(refused.code(), FailureCode::FactorNeeded);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("codes");
        std::fs::write(&path, "123 456\n654321\nnone\n").unwrap();
        let codes = codes(&[], Some(path));
        assert_eq!(codes.next("secret-code").unwrap().as_str(), "123 456");
        assert_eq!(codes.next("secret-code").unwrap().as_str(), "654321");
        assert_eq!(codes.next("secret-code").unwrap_err().code(), FailureCode::FactorCodeMalformed);
        assert_eq!(codes.next("secret-code").unwrap_err().code(), FailureCode::FactorNeeded);
    }
}
