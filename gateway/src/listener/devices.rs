//! The devices of the practice as TLS asks for them. What the registry refuses is refused there already, so that all
//! who are refused for their certificate have one and the same answer; why, the log says.

use std::sync::{Arc, Weak};

use certs::admission::Refused;
use certs::tls::{Devices, Door, Lists};

use super::{ListenError, Lookup};
use crate::practice::Practice;

/// The devices that come in: none, until lists are held.
pub(super) fn of(practice: &Arc<Practice>) -> Result<Arc<Devices>, ListenError> {
    let keys = practice.keys();
    let door = Arc::new(ByRegistry(Arc::downgrade(practice)));
    let devices = Devices::new(keys.trust.practice().clone(), &keys.anchors(), Lists::Held(&[]), door);
    devices.map(Arc::new).map_err(ListenError::Tls)
}

/// Holds the authorities and lists of now against every handshake from now on.
pub(super) fn hold(practice: &Practice, devices: &Devices) -> Result<(), certs::CertsError> {
    let keys = practice.keys();
    devices.hold(&keys.anchors(), Lists::Held(&practice.crls.all(&keys)))
}

/// Weak, for connections hold it longer than the practice may be held when it stops.
struct ByRegistry(Weak<Practice>);

impl Door for ByRegistry {
    fn judge(&self, leaf: &[u8]) -> Result<(), Refused> {
        let practice = self.0.upgrade().ok_or(Refused::Unregistered)?;
        let (keys, now) = (practice.keys(), practice.now());
        certs::admission::admit_device(leaf, keys.trust.practice(), now, &Lookup(&practice)).map(|_| ())
    }

    fn refused(&self, why: Refused) {
        tracing::info!(rule = %why, "a connection is refused");
    }
}
