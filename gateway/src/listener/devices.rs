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

/// Holds the authorities and lists of now against every handshake from now on. While the clock is held nobody knows
/// how late it is: then those lists count that were in force at the newest entry, so that who comes is told.
pub(super) fn hold(
    practice: &Practice,
    devices: &Devices,
    is_believed: bool,
) -> Result<(), certs::CertsError> {
    let keys = practice.keys();
    let mut lists = practice.crls.all(&keys);
    if is_believed {
        return devices.hold(&keys.anchors(), Lists::Held(&lists));
    }
    let believed = practice.clock.believed();
    lists.retain(|list| list.is_in_force(believed).is_ok());
    devices.hold(&keys.anchors(), Lists::Judged(&lists))
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
