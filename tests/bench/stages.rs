//! What each stage costs alone, in processor seconds, on one core.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use sha2::Digest as _;

use crate::raw_quinn::own_cpu;
use crate::{Outcome, noise};

/// One row a stage, for `bytes` of content.
pub fn table(folder: &Path, bytes: u64) -> Outcome<String> {
    let mut piece = vec![0u8; 1 << 20];
    noise(3, &mut piece);
    let pieces = bytes >> 20;
    let mut table = String::from("| stage | CPU seconds | seconds |\n|---|---|---|\n");
    stage(&mut table, "BLAKE3, once (each side does it once)", || {
        for _ in 0..pieces {
            std::hint::black_box(model::manifest::value_of(bytes, model::PieceIndex(0), &piece));
        }
        Ok(())
    })?;
    stage(&mut table, "SHA-256, once (each side does it once)", || {
        let mut hasher = sha2::Sha256::new();
        (0..pieces).for_each(|_| hasher.update(&piece));
        std::hint::black_box(hasher.finalize());
        Ok(())
    })?;
    let key = seal::DocumentKey::random().map_err(|error| error.to_string())?.content_key(&[1; 16]);
    let context = seal::context::Piece {
        document_id: [1; 16],
        revision: 1,
        index: 0,
        count: pieces,
        padded_bytes: bytes,
    };
    stage(&mut table, "seal", || {
        for _ in 0..pieces {
            std::hint::black_box(seal::seal(&key, &context, &piece).map_err(|error| error.to_string())?);
        }
        Ok(())
    })?;
    let path = folder.join("stage");
    stage(&mut table, "disk: write, one fdatasync", || {
        let mut file = std::fs::File::create(&path).map_err(|error| error.to_string())?;
        for _ in 0..pieces {
            file.write_all(&piece).map_err(|error| error.to_string())?;
        }
        sync(&path)
    })?;
    std::fs::remove_file(&path).map_err(|error| error.to_string())?;
    stage(&mut table, "QUIC, both ends", || crate::raw_quinn::send(bytes).map(drop))?;
    Ok(table)
}

fn stage(table: &mut String, name: &str, work: impl FnOnce() -> Outcome<()>) -> Outcome<()> {
    let (begun, cpu) = (Instant::now(), own_cpu());
    work()?;
    let (wall, cpu) = (begun.elapsed().as_secs_f64(), own_cpu().saturating_sub(cpu).as_secs_f64());
    let _ = writeln!(table, "| {name} | {cpu:.2} | {wall:.2} |");
    Ok(())
}

/// Through `host`, the only place that syncs.
fn sync(path: &Path) -> Outcome<()> {
    let file = host::Disk::real().open(path, host::How::ReadWrite).map_err(|error| error.to_string())?;
    file.sync().map(drop).map_err(|error| error.to_string())
}
