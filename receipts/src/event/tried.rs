//! What statements say of who tried to be let in by an invitation, and was not.

use model::{DeviceId, InvitationId, Sha256Digest};

use crate::member::members;

members! {
    /// The secret of an invitation was proven wrongly too often: it lets nobody in any more.
    struct InvitationLocked {
        /// The invitation.
        invitation: InvitationId = "invitation",
        /// How many proofs were wrong.
        wrong: u32 = "wrong",
    }

    /// Who has an invitation's secret came with other keys than the device that it had let in: one of the two is not
    /// whom it was for.
    struct InvitationContested {
        /// The invitation.
        invitation: InvitationId = "invitation",
        /// The device that it had let in.
        device: DeviceId = "device",
        /// SHA-256 of the SPKI of the other's TLS key.
        tls_key: Sha256Digest = "tls_key",
        /// SHA-256 of the SPKI of the other's signing key.
        signing_key: Sha256Digest = "signing_key",
    }
}
