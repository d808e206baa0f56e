//! What becomes of the keys of invitations.

use super::*;
use crate::act::Actor;
use crate::testing;
use host::Clock;
use model::{Role, limits};

#[test]
fn the_keys_of_an_invitation_go_with_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("p");
    testing::make(&dir, &folder.path().join("root")).unwrap();
    let clock = Clock::manual(Clock::system().unix_ms());
    let opened = testing::open(&dir, clock.clone());
    let practice = &opened.practice;
    let invite = |role| act::invitation::invite(practice, role, "x", &[], Actor::AdminSocket).unwrap().id;
    let (staff, client) = (invite(Role::Admin), invite(Role::Client));
    let kept = || {
        let kept = practice.vault.list_private(&purpose::of(purpose::INVITE).unwrap()).unwrap();
        let mut ids: Vec<_> =
            kept.into_iter().filter_map(act::invitation::of_key).map(|id| id.to_string()).collect();
        ids.sort();
        ids
    };
    let mut both = vec![staff, client.clone()];
    both.sort();
    sweep(practice);
    assert_eq!(kept(), both);
    clock.advance(Duration::from_secs(limits::INVITATION_STAFF_SECONDS));
    sweep(practice);
    assert_eq!(kept(), [client]);
}
