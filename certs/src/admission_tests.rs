//! The table ALPN × leaf, and what only the registry says. Handshakes before it are tested in `tls`.

use super::*;
use crate::testing::{DAY, DEVICE, NOW, Practice};

struct One(Option<Registered>, Sha256Digest);

impl Registry for One {
    fn find(&self, leaf: &Sha256Digest) -> Option<Registered> {
        self.0.filter(|_| *leaf == self.1)
    }
}

const ACTIVE: Registered =
    Registered { device: DEVICE, standing: Standing::Active, grace_seconds: 14 * DAY, ends: None };

#[test]
fn only_three_cells_of_the_table_come_in() {
    let practice = Practice::new(1);
    let (_, device) = practice.device();
    let book = One(Some(ACTIVE), device.fingerprint());
    let alpns: [Option<&[u8]>; 6] =
        [None, Some(b""), Some(b"counterfoil/2"), Some(ALPN_RENEW), Some(ALPN_MAIN), Some(ALPN_ENROL)];
    for alpn in alpns {
        for leaf in [None, Some(device.der()), Some(&b"garbage"[..])] {
            let found = admit(alpn, leaf, practice.root.practice(), NOW, &book);
            let wanted = match (alpn, leaf) {
                (Some(ALPN_MAIN), Some(leaf)) if leaf == device.der() => Admission::Main(DEVICE),
                (Some(ALPN_RENEW), Some(leaf)) if leaf == device.der() => Admission::Renew(DEVICE),
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
    let active = ACTIVE;
    let own = device.fingerprint();
    assert_eq!(with(Some(active), own, NOW), Admission::Main(DEVICE));
    let refused = Admission::Refused;
    assert_eq!(with(None, own, NOW), refused(Refused::Unregistered));
    assert_eq!(with(Some(active), Sha256Digest::from_bytes([0; 32]), NOW), refused(Refused::Unregistered));
    let barred = Registered { standing: Standing::Barred, ..active };
    assert_eq!(with(Some(barred), own, NOW), refused(Refused::Barred));
    let superseded = Registered { standing: Standing::Superseded, ..active };
    assert_eq!(with(Some(superseded), own, NOW), refused(Refused::Superseded));
    let other = Registered { device: DeviceId::from_bytes([0; 16]), ..active };
    assert_eq!(with(Some(other), own, NOW), refused(Refused::OtherDevice));
    assert_eq!(with(Some(active), own, NOW.plus_seconds(91 * DAY)), refused(Refused::RenewFirst));
    assert_eq!(with(None, own, NOW.plus_seconds(91 * DAY)), refused(Refused::NotInForce));
    let stranger = Practice::new(2);
    let book = One(Some(active), own);
    let found = admit(Some(ALPN_MAIN), Some(device.der()), stranger.root.practice(), NOW, &book);
    assert_eq!(found, refused(Refused::Certificate(CertificateFault::Names)));
    let gateway = admit(Some(ALPN_MAIN), Some(practice.gateway.der()), practice.root.practice(), NOW, &book);
    assert_eq!(gateway, refused(Refused::OtherPurpose));
}

#[test]
fn grace_is_the_roles_own_ends_with_the_person_and_opens_the_renewal_alone() {
    let practice = Practice::new(1);
    let (_, device) = practice.device();
    let admitted = |alpn, registered, days| {
        let book = One(Some(registered), device.fingerprint());
        let now = NOW.plus_seconds(days * DAY + 1);
        admit(Some(alpn), Some(device.der()), practice.root.practice(), now, &book)
    };
    let refused = Admission::Refused;
    for (days, main, renew) in [
        (89, Admission::Main(DEVICE), Admission::Renew(DEVICE)),
        (90, refused(Refused::RenewFirst), Admission::Renew(DEVICE)),
        (103, refused(Refused::RenewFirst), Admission::Renew(DEVICE)),
        (104, refused(Refused::NotInForce), refused(Refused::NotInForce)),
    ] {
        assert_eq!(admitted(ALPN_MAIN, ACTIVE, days), main, "{days}");
        assert_eq!(admitted(ALPN_RENEW, ACTIVE, days), renew, "{days}");
    }
    let barred = Registered { standing: Standing::Barred, ..ACTIVE };
    assert_eq!(admitted(ALPN_RENEW, barred, 91), refused(Refused::Barred));
    let ended = Registered { ends: Some(NOW.plus_seconds(91 * DAY)), ..ACTIVE };
    assert_eq!(admitted(ALPN_RENEW, ended, 90), Admission::Renew(DEVICE));
    assert_eq!(admitted(ALPN_RENEW, ended, 91), refused(Refused::NotInForce));
    // Before its life it is nobody's.
    let book = One(Some(ACTIVE), device.fingerprint());
    let early = NOW.minus_seconds(2 * DAY);
    let found = admit(Some(ALPN_RENEW), Some(device.der()), practice.root.practice(), early, &book);
    assert_eq!(found, refused(Refused::NotInForce));
}
