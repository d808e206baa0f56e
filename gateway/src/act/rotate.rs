//! Exchanging keys, as it is asked for.

use std::sync::Arc;

use certs::rotation::{Kind, Step};
use office::{Answer, Request};
use receipts::event::Actor;

use super::{ActError, failed};
use crate::practice::Practice;
use crate::rotation::{self, Stepped};

/// A step that somebody asks for.
pub struct Asked {
    kind: Kind,
    /// The one that is due, where none is named.
    step: Option<Step>,
    force: Option<u32>,
    stolen: bool,
    answer: Option<Vec<u8>>,
}

/// Reads a request for a step.
pub fn of(request: &Request) -> Option<Asked> {
    let Request::Rotate { kind, step, force, stolen, answer } = request else { return None };
    let step = match step.as_str() {
        "next" => None,
        word => Some(Step::parse(word)?),
    };
    let answer = match answer {
        Some(hex) => Some(bytes_of(hex)?),
        None => None,
    };
    Some(Asked { kind: Kind::parse(kind)?, step, force: *force, stolen: *stolen, answer })
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect()
}

/// Takes it.
///
/// # Errors
/// [`ActError`].
pub fn step(practice: &Arc<Practice>, asked: &Asked, by: Actor) -> Result<Answer, ActError> {
    let step = match asked.step {
        Some(step) => step,
        None => due(practice, asked.kind)?,
    };
    let asked = rotation::Asked {
        kind: asked.kind,
        step,
        stolen: asked.stolen,
        answer: asked.answer.as_deref(),
        force: asked.force,
    };
    let kind = asked.kind.word();
    match rotation::step(practice, &asked, by)? {
        Stepped::RootAsked(request) => {
            let request = request.iter().map(|byte| format!("{byte:02x}")).collect();
            Ok(Answer::RootAsked { kind: kind.to_owned(), request })
        }
        Stepped::Done(phase) => {
            let all = rotation::status(practice)?;
            let rotation = all.into_iter().find(|one| one.kind == kind);
            let rotation = rotation.ok_or_else(|| failed(&"its kind is not shown"))?;
            Ok(Answer::Rotated { rotation, reached: phase.word().to_owned() })
        }
    }
}

fn due(practice: &Practice, kind: Kind) -> Result<Step, ActError> {
    let all = rotation::all(practice).map_err(|error| failed(&error))?;
    let own = all.iter().rev().find(|one| one.kind == kind && one.is_open());
    let phase = own.and_then(|own| own.phase);
    kind.next(phase).ok_or_else(|| failed(&"no step is due"))
}
