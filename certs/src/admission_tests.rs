//! The table ALPN × leaf, and what only the registry says. Handshakes before it are tested in `tls`.

use super::*;
use crate::testing::{DAY, DEVICE, NOW, Practice};

struct One(Option<Registered>, Sha256Digest);

impl Registry for One {
    fn find(&self, leaf: &Sha256Digest) -> Option<Registered> {
        self.0.filter(|_| *leaf == self.1)
    }
}

#[test]
fn only_two_cells_of_the_table_come_in() {
    let practice = Practice::new(1);
    let (_, device) = practice.device();
    let book = One(Some(Registered { device: DEVICE, standing: Standing::Active }), device.fingerprint());
    let alpns: [Option<&[u8]>; 6] = [
        None,
        Some(b""),
        Some(b"counterfoil/2"),
        Some(b"counterfoil-renew/1"),
        Some(ALPN_MAIN),
        Some(ALPN_ENROL),
    ];
    for alpn in alpns {
        for leaf in [None, Some(device.der()), Some(&b"garbage"[..])] {
            let found = admit(alpn, leaf, practice.root.practice(), NOW, &book);
            let wanted = match (alpn, leaf) {
                (Some(ALPN_MAIN), Some(leaf)) if leaf == device.der() => Admission::Main(DEVICE),
                (Some(ALPN_ENROL), None) => Admission::Enrol,
                _ => {
                    assert!(matches!(found, Admission::Refused(_)), "{alpn:?} {leaf:?}");
                    continue;
                }
            };
            assert_eq!(found, wanted);
        }
    }
}

#[test]
fn the_registry_decides_by_the_whole_certificate() {
    let practice = Practice::new(1);
    let (_, device) = practice.device();
    let with = |registered, fingerprint, now| {
        let book = One(registered, fingerprint);
        admit(Some(ALPN_MAIN), Some(device.der()), practice.root.practice(), now, &book)
    };
    let active = Registered { device: DEVICE, standing: Standing::Active };
    let own = device.fingerprint();
    assert_eq!(with(Some(active), own, NOW), Admission::Main(DEVICE));
    let refused = Admission::Refused;
    assert_eq!(with(None, own, NOW), refused(Refused::Unregistered));
    assert_eq!(with(Some(active), Sha256Digest::from_bytes([0; 32]), NOW), refused(Refused::Unregistered));
    let barred = Registered { standing: Standing::Barred, ..active };
    assert_eq!(with(Some(barred), own, NOW), refused(Refused::Barred));
    let other = Registered { device: DeviceId::from_bytes([0; 16]), ..active };
    assert_eq!(with(Some(other), own, NOW), refused(Refused::OtherDevice));
    assert_eq!(with(Some(active), own, NOW.plus_seconds(91 * DAY)), refused(Refused::NotInForce));
    let stranger = Practice::new(2);
    let book = One(Some(active), own);
    let found = admit(Some(ALPN_MAIN), Some(device.der()), stranger.root.practice(), NOW, &book);
    assert_eq!(found, refused(Refused::Certificate(CertificateFault::Names)));
    let gateway = admit(Some(ALPN_MAIN), Some(practice.gateway.der()), practice.root.practice(), NOW, &book);
    assert_eq!(gateway, refused(Refused::OtherPurpose));
}
