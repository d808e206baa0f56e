//! The ids of QUIC connections: drawn from so many that the one in a Retry never is that of a connection that lives, where
//! the answer to it would go and be lost; and marked as this practice's, so that only such are answered with a reset.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::hmac;
use quinn::{ConnectionId, ConnectionIdGenerator};
use quinn_proto::InvalidCid;

/// Bytes that are drawn.
const DRAWN_BYTES: usize = 8;
/// Bytes of the mark.
const MARK_BYTES: usize = 4;
const BYTES: usize = DRAWN_BYTES + MARK_BYTES;

/// Draws ids. Clones draw from the same.
#[derive(Clone)]
pub struct ConnectionIds {
    /// Of this process alone: nobody sees from two ids that they are of one connection.
    draw: hmac::Key,
    next: Arc<AtomicU64>,
    /// Of the practice, over restarts.
    mark: hmac::Key,
}

impl ConnectionIds {
    /// Marked by a secret of the practice.
    ///
    /// # Errors
    /// No randomness.
    pub fn new(secret: &[u8]) -> Result<Self, host::NoRandomness> {
        let draw = host::random::bytes::<32>()?;
        Ok(Self {
            draw: hmac::Key::new(hmac::HMAC_SHA256, &draw),
            next: Arc::default(),
            mark: hmac::Key::new(hmac::HMAC_SHA256, secret),
        })
    }

    fn marked(&self, drawn: &[u8]) -> [u8; BYTES] {
        let mark = hmac::sign(&self.mark, drawn);
        let mut id = [0; BYTES];
        let bytes = drawn.iter().take(DRAWN_BYTES).chain(mark.as_ref().iter().take(MARK_BYTES));
        id.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        id
    }
}

impl ConnectionIdGenerator for ConnectionIds {
    fn generate_cid(&mut self) -> ConnectionId {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        let drawn = hmac::sign(&self.draw, &count.to_be_bytes());
        let drawn: Vec<u8> = drawn.as_ref().iter().take(DRAWN_BYTES).copied().collect();
        ConnectionId::new(&self.marked(&drawn))
    }

    fn validate(&self, id: &ConnectionId) -> Result<(), InvalidCid> {
        let is_ours = id.split_at_checked(DRAWN_BYTES).is_some_and(|(drawn, _)| self.marked(drawn) == **id);
        if is_ours { Ok(()) } else { Err(InvalidCid) }
    }

    fn cid_len(&self) -> usize {
        BYTES
    }

    fn cid_lifetime(&self) -> Option<std::time::Duration> {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_id_comes_twice_also_not_from_clones() {
        let mut ids = ConnectionIds::new(b"secret").unwrap();
        let mut clone = ids.clone();
        let drawn: HashSet<Vec<u8>> =
            (0..20_000).flat_map(|_| [ids.generate_cid().to_vec(), clone.generate_cid().to_vec()]).collect();
        assert_eq!(drawn.len(), 40_000);
        // Not by their marks alone, which are short.
        let beginnings: HashSet<&[u8]> = drawn.iter().map(|id| &id[..DRAWN_BYTES]).collect();
        assert_eq!(beginnings.len(), 40_000);
    }

    #[test]
    fn an_id_is_known_over_restarts_and_no_other_practice_s_is() {
        let mut before = ConnectionIds::new(b"secret").unwrap();
        let (after, other) = (ConnectionIds::new(b"secret").unwrap(), ConnectionIds::new(b"other").unwrap());
        let id = before.generate_cid();
        assert_eq!(id.len(), before.cid_len());
        assert!(before.validate(&id).is_ok() && after.validate(&id).is_ok());
        assert!(other.validate(&id).is_err());
        let mut bent = id.to_vec();
        bent[0] ^= 1;
        assert!(after.validate(&ConnectionId::new(&bent)).is_err());
        for short in [&id[..0], &id[..DRAWN_BYTES], &id[..BYTES - 1]] {
            assert!(after.validate(&ConnectionId::new(short)).is_err());
        }
    }
}
