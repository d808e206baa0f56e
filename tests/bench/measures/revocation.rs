//! How soon a revocation is felt: many live connections ask without pause, their book is closed, and each notes when it
//! was last given something and when it was told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use model::BookId;
use protocol::message::{Hello, ListDocuments, Which};
use protocol::{CloseCode, List, Message, Text, VERSIONS, frame};
use quinn::{Connection, ConnectionError};

use super::crowd::{BOOKS, Crowd};
use super::{Row, millis};
use crate::Outcome;
use crate::counterfoil::{Practice, program, run};

/// Between two requests of one connection: with a thousand of them there is one every millisecond.
const PAUSE: Duration = Duration::from_secs(1);
/// How long is waited for those who are not told.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than any answer.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Connections that are being made at once.
const AT_ONCE: usize = 16;

/// What one connection has seen.
struct Seen {
    /// When it was last given what it asked for.
    given: Option<Instant>,
    /// When it was told, and nothing else than that.
    told: Option<Instant>,
}

/// Connects `live` devices, closes their book, and waits for what they see.
pub async fn measure(practice: &Practice, crowd: &Crowd, live: usize) -> Outcome<Vec<Row>> {
    let mut tasks = Vec::new();
    let (over, book) = (Arc::new(AtomicBool::new(false)), crowd.book()?);
    // Each is another machine, with a socket of its own.
    for some in (0..live).collect::<Vec<_>>().chunks(AT_ONCE) {
        let mut joined = Vec::new();
        for at in some {
            let endpoint = client::endpoint::endpoint_for(practice.address());
            let endpoint = endpoint.map_err(|error| error.to_string())?;
            joined.push((endpoint.clone(), crowd.connect(&endpoint, practice.address(), *at).await?));
        }
        for (endpoint, connection) in joined {
            let (over, first) = (Arc::clone(&over), PAUSE.mul_f64(tasks.len() as f64 / live as f64));
            tasks.push(tokio::spawn(async move {
                let seen = watch(&connection, book, &over, first).await;
                drop(endpoint);
                seen
            }));
        }
    }
    // All of them have asked, and go on.
    tokio::time::sleep(PAUSE * 2).await;
    let mut close = program("counterfoil-gateway")?;
    close.args(["book", "close", BOOKS[0], "--yes", "--json", "--dir"]).arg(practice.dir());
    let begun = Instant::now();
    let closing = tokio::task::spawn_blocking(move || run(&mut close).map(|_| Instant::now()));
    let acknowledged = closing.await.map_err(|error| error.to_string())??;
    tokio::time::sleep(PATIENCE).await;
    over.store(true, Ordering::Release);
    let mut seen = Vec::new();
    for task in tasks {
        seen.push(task.await.map_err(|error| error.to_string())??);
    }
    let given = seen.iter().filter_map(|seen| seen.given).max().ok_or("nobody was given anything")?;
    let mut told: Vec<_> = seen.iter().filter_map(|seen| seen.told).collect();
    told.sort_unstable();
    let within = |at: &&Instant| at.saturating_duration_since(acknowledged) <= Duration::from_secs(1);
    let in_time = told.iter().filter(within).count();
    let last = told.last().map(|at| at.saturating_duration_since(begun)).unwrap_or_default();
    let after_begin = given.saturating_duration_since(begun);
    let more = format!(
        " after it was acknowledged; {} after the command began, which took {}",
        millis(after_begin),
        millis(acknowledged - begun)
    );
    Ok(vec![
        Row::at_most(
            format!("{live} live connections, their book is closed: the last that was given anything"),
            Duration::from_millis(100),
            given.saturating_duration_since(acknowledged),
            &more,
        ),
        Row {
            what: "the same: told so within a second".to_owned(),
            aim: "≥ 99 %".to_owned(),
            seen: format!(
                "{:.1} % ({} of {live} at all; the last {} after the command began)",
                in_time as f64 * 100.0 / live as f64,
                told.len(),
                millis(last)
            ),
            is_reached: in_time * 100 >= live * 99,
        },
    ])
}

/// Asks for the list of the book again and again until it is told, or it is over.
async fn watch(connection: &Connection, book: BookId, over: &AtomicBool, first: Duration) -> Outcome<Seen> {
    let text = |error: &dyn std::fmt::Debug| format!("{error:?}");
    let hello = Hello {
        versions: List::new(VERSIONS.to_vec()).map_err(|error| text(&error))?,
        software: Text::new("counterfoil-bench").map_err(|error| text(&error))?,
        root_record: 1,
        bundle: None,
        platform: None,
        key_store: None,
    };
    let mut seen = Seen { given: None, told: None };
    if !ask(connection, hello.into()).await {
        return Err("a device was not welcomed".to_owned());
    }
    tokio::time::sleep(first).await;
    while !over.load(Ordering::Acquire) {
        let asked =
            ListDocuments { book: Some(book), period: None, kind: None, which: Which::All, after: None };
        if ask(connection, asked.into()).await {
            seen.given = Some(Instant::now());
        }
        let pause = tokio::time::timeout(PAUSE, connection.closed()).await;
        let Ok(closed) = pause else { continue };
        let revoked = u64::from(CloseCode::Revoked.number());
        let is_told = matches!(
            &closed,
            ConnectionError::ApplicationClosed(close) if close.error_code.into_inner() == revoked
        );
        seen.told = is_told.then(Instant::now);
        break;
    }
    Ok(seen)
}

/// Whether it is given what it asks for.
async fn ask(connection: &Connection, message: Message) -> bool {
    let asked = async {
        let (mut asks, mut answers) = connection.open_bi().await.ok()?;
        asks.write_all(&frame::encode(&message)).await.ok()?;
        asks.finish().ok()?;
        let answer = answers.read_to_end(ANSWER_BYTES_MAX).await.ok()?;
        let mut decoder = frame::Decoder::new();
        decoder.feed(&answer);
        match decoder.next().ok()?? {
            Message::Refusal(_) => None,
            _ => Some(()),
        }
    };
    matches!(tokio::time::timeout(PATIENCE, asked).await, Ok(Some(())))
}
