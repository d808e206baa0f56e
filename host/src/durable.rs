//! The proof that a sync has returned. Only this crate can begin one; carrying it on is free.

/// A value that rests on bytes whose sync has returned.
///
/// A function that must not act before the disk has (an acknowledgement, a receipt) takes a `Durable<_>` and can
/// then not be called too early. Nobody outside this crate can make one from nothing:
///
/// ```compile_fail,E0423
/// let forged: counterfoil_host::Durable<()> = counterfoil_host::Durable(());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Durable<T>(T);

impl<T> Durable<T> {
    /// Said by this crate alone, after a sync has returned without an error.
    pub(crate) const fn proven(value: T) -> Self {
        Self(value)
    }

    /// Looks at the value.
    pub const fn get(&self) -> &T {
        &self.0
    }

    /// Takes the value and ends the proof.
    pub fn into_inner(self) -> T {
        self.0
    }

    /// Carries the proof on to what the caller knows to rest on the same bytes.
    pub fn map<U>(self, onto: impl FnOnce(T) -> U) -> Durable<U> {
        Durable(onto(self.0))
    }

    /// Joins two proofs: both syncs have returned.
    pub fn and<U>(self, other: Durable<U>) -> Durable<(T, U)> {
        Durable((self.0, other.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_is_carried_on_and_joined() {
        let joined = Durable::proven(2).map(|n| n + 1).and(Durable::proven("b"));
        assert_eq!(joined.get(), &(3, "b"));
        assert_eq!(joined.into_inner(), (3, "b"));
    }
}
