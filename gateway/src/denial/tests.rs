//! Denials that can not be recorded yet, that a crash interrupts, and that are posted again.

use std::path::Path;
use std::sync::Arc;

use host::{Clock, Disk, How};
use model::Role;

use super::*;
use crate::act::book;
use crate::ledger::rows::{Key, Row, Table};
use crate::practice::{Opened, Practice};
use crate::testing;

const SLOT: u64 = 32 * 1024;

fn denial(what: What) -> Denial {
    Denial { what, reason: Reason::Stolen, since: None, note: None, by: Actor::AdminSocket }
}

fn row_count<R: Row>(practice: &Practice, table: Table) -> usize {
    practice.ledger.rows::<R>(&Key::of(table)).unwrap().len()
}

/// Everything that the ledger says of people, devices, books, grants and invitations.
fn rows_of(practice: &Practice) -> String {
    fn all<R: Row + std::fmt::Debug>(practice: &Practice, table: Table) -> String {
        let mut rows: Vec<String> = practice
            .ledger
            .rows::<R>(&Key::of(table))
            .unwrap()
            .iter()
            .map(|row| format!("{row:?}\n"))
            .collect();
        rows.sort();
        rows.concat()
    }
    all::<rows::Person>(practice, Table::Person)
        + &all::<rows::Device>(practice, Table::Device)
        + &all::<rows::Book>(practice, Table::Book)
        + &all::<rows::Grant>(practice, Table::Grant)
        + &all::<rows::Invitation>(practice, Table::Invitation)
}

struct People {
    opened: Opened,
    book: model::BookId,
    other: model::BookId,
    /// Of the book alone.
    client: DeviceId,
    /// Of both books.
    both: DeviceId,
    bookkeeper: DeviceId,
}

#[test]
fn who_has_no_other_book_goes_with_it_before_anything_is_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let people = People::new(&dir.path().join("practice"));
    let practice = people.practice();
    let stands = |device| practice.registry.device(device).unwrap().standing();
    let all = || [stands(people.client), stands(people.both), stands(people.bookkeeper)];
    let (suspend, close) = (What::SuspendBook(people.book), What::CloseBook(people.book));
    practice.registry.deny(&suspend, practice.now());
    assert_eq!(all(), [Standing::Suspended, Standing::Active, Standing::Active]);
    practice.registry.deny(&close, practice.now());
    assert_eq!(all(), [Standing::Revoked, Standing::Active, Standing::Active]);
    practice.registry.recorded(&suspend, &[close]);
    assert_eq!(all(), [Standing::Revoked, Standing::Active, Standing::Active]);
    // Whoever is denied for themselves stays so, whatever becomes of the book.
    let person = practice.registry.device(people.client).unwrap().person.id;
    practice.registry.deny(&What::SuspendPerson(person), practice.now());
    practice.registry.recorded(&close, &[What::SuspendPerson(person)]);
    assert_eq!(all(), [Standing::Suspended, Standing::Active, Standing::Active]);
    practice.registry.recorded(&What::SuspendPerson(person), &[]);
    assert_eq!(all(), [Standing::Active, Standing::Active, Standing::Active]);
    // Two books at once: only with both of them does a client of both go.
    let other = What::SuspendBook(people.other);
    practice.registry.deny(&suspend, practice.now());
    practice.registry.deny(&other, practice.now());
    assert_eq!(all(), [Standing::Suspended, Standing::Suspended, Standing::Active]);
    practice.registry.recorded(&suspend, &[other]);
    assert_eq!(stands(people.both), Standing::Suspended);
    practice.registry.recorded(&other, &[]);
    assert_eq!(all(), [Standing::Active, Standing::Active, Standing::Active]);
}

impl People {
    fn new(dir: &Path) -> Self {
        let opened = testing::opened(dir);
        let practice = &opened.practice;
        let add = |name: &str| book::add(practice, name, Actor::AdminSocket).unwrap().id;
        let (first, second) = (add("静安面馆"), add("徐汇书店"));
        let enrolled = |role, name, books: &[&String]| {
            let books: Vec<String> = books.iter().map(|book| (*book).clone()).collect();
            testing::enrolled(practice, role, name, &books)
        };
        let client = enrolled(Role::Client, "王芳", &[&first]);
        let both = enrolled(Role::Client, "李娜", &[&first, &second]);
        let bookkeeper = enrolled(Role::Bookkeeper, "张伟", &[&first]);
        let (book, other) = (BookId::parse(&first).unwrap(), BookId::parse(&second).unwrap());
        Self { opened, book, other, client, both, bookkeeper }
    }

    fn practice(&self) -> &Arc<Practice> {
        &self.opened.practice
    }

    fn standing(&self, device: DeviceId) -> Standing {
        self.practice().registry.device(device).unwrap().standing()
    }

    fn person(&self, device: DeviceId) -> PersonId {
        self.practice().registry.device(device).unwrap().person.id
    }
}

#[test]
fn the_pending_file_gives_back_what_it_was_given_and_a_torn_slot_leaves_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("p");
    let opened = testing::opened(&dir);
    let practice = &opened.practice;
    let whats = [
        What::SuspendDevice(DeviceId::from_bytes([1; 16])),
        What::RevokeDevice(DeviceId::from_bytes([2; 16])),
        What::SuspendPerson(PersonId::from_bytes([3; 16])),
        What::RevokePerson(PersonId::from_bytes([4; 16])),
        What::SuspendBook(BookId::from_bytes([5; 16])),
        What::CloseBook(BookId::from_bytes([6; 16])),
        What::WithdrawGrant(PersonId::from_bytes([7; 16]), BookId::from_bytes([8; 16])),
        What::RevokeInvitation(InvitationId::new(9).unwrap()),
    ];
    let actors = [Actor::AdminSocket, Actor::Gateway, Actor::Device(DeviceId::from_bytes([9; 16]))];
    let mut all: Vec<Denial> = whats.into_iter().map(denial).collect();
    for (at, denial) in all.iter_mut().enumerate() {
        denial.by = actors[at % 3];
        denial.note = (at % 2 == 0).then(|| Label::parse("包被偷了").unwrap());
        denial.since = (at % 3 == 0).then(|| Timestamp::from_unix_ms(7));
    }
    let read = || PendingFile::open(&practice.disk, &dir, &practice.vault).unwrap();
    let (mut file, found) = read();
    assert!(found.is_empty());
    let (first, both) = (all[..3].to_vec(), all.clone());
    let _ = file.write(&first).unwrap();
    assert_eq!(read().1, first);
    let _ = file.write(&both).unwrap();
    assert_eq!(read().1, both);
    // It never grows, and says nothing to who can not open it.
    let path = dir.join(pending::NAME);
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes.len() as u64, 2 * SLOT);
    assert!(!bytes.windows(12).any(|window| window == "包被偷了".as_bytes()));
    // The newer slot is torn.
    let plain = Disk::real().open(&path, How::ReadWrite).unwrap();
    plain.write_all_at(100, &[0x55]).unwrap();
    assert_eq!(read().1, first);
    plain.write_all_at(SLOT + 100, &[0x55]).unwrap();
    assert!(read().1.is_empty());
    // More than it holds is refused and changes nothing.
    let (mut file, _) = read();
    let _ = file.write(&first).unwrap();
    let many = vec![denial(What::CloseBook(BookId::from_bytes([6; 16]))); 2000];
    assert!(file.write(&many).is_err());
    assert_eq!(read().1, first);
    opened.close().unwrap();
}

#[test]
fn what_can_not_be_recorded_is_in_force_and_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("p");
    let people = People::new(&dir);
    let (client, person, bookkeeper) = (people.client, people.person(people.both), people.bookkeeper);
    people.opened.close().unwrap();
    // A clock that is held: nothing is stated before an admin has looked at it.
    let later = Clock::system().unix_ms() + 40 * 24 * 3600 * 1000;
    let opened = testing::open(&dir, Clock::manual(later));
    let practice = &opened.practice;
    let size = practice.journal.size();
    let device = |id| practice.registry.device(id).unwrap();
    let epochs = practice.registry.epochs(&device(client));
    assert_eq!(deny(practice, denial(What::RevokeDevice(client))), Recorded::Pending(Some(Code::ClockHeld)));
    assert_eq!(deny(practice, denial(What::SuspendPerson(person))), Recorded::Pending(Some(Code::ClockHeld)));
    assert_eq!((device(client).standing(), practice.journal.size()), (Standing::Revoked, size));
    assert!(practice.registry.epochs(&device(client)) != epochs);
    assert_eq!(
        (practice.denials.waiting(), settle(practice).unwrap_err().known()),
        (2, Some(Code::ClockHeld))
    );
    opened.close().unwrap();
    // Still held, and still denied: from the file alone.
    let opened = testing::reposted(&dir, Clock::manual(later));
    let practice = &opened.practice;
    assert_eq!(practice.journal.size(), size);
    assert_eq!(practice.registry.device(client).unwrap().standing(), Standing::Revoked);
    assert_eq!(practice.registry.person(person).unwrap().footing(), Footing::Suspended);
    assert_eq!(practice.registry.device(bookkeeper).unwrap().standing(), Standing::Active);
    practice.clock.confirm();
    settle(practice).unwrap();
    assert_eq!((practice.denials.waiting(), practice.journal.size()), (0, size + 2));
    opened.close().unwrap();
    let opened = testing::open(&dir, Clock::manual(later + 1));
    assert_eq!(opened.practice.denials.waiting(), 0);
    assert_eq!(opened.practice.registry.device(client).unwrap().standing(), Standing::Revoked);
    opened.close().unwrap();
}

#[test]
fn a_crash_between_the_journal_and_the_file_states_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("p");
    let people = People::new(&dir);
    let practice = people.practice();
    let revoke = denial(What::RevokeDevice(people.client));
    assert_eq!(deny(practice, revoke.clone()), Recorded::Journal);
    let size = practice.journal.size();
    // As a crash leaves it: the file says it still.
    let (mut file, _) = PendingFile::open(&practice.disk, &dir, &practice.vault).unwrap();
    let _ = file.write(&[revoke]).unwrap();
    people.opened.close().unwrap();
    let opened = testing::open(&dir, Clock::system());
    assert_eq!((opened.practice.denials.waiting(), opened.practice.journal.size()), (0, size));
    opened.close().unwrap();
}

#[test]
fn every_denial_stands_after_a_restart_and_after_a_repost() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("p");
    let people = People::new(&dir);
    let practice = people.practice();
    let client = people.person(people.client);
    let open = crate::act::invitation::invite(practice, Role::Client, "谢", &[], Actor::AdminSocket).unwrap();
    let invitation = InvitationId::parse(&open.id).unwrap();
    let bookkeeper = people.person(people.bookkeeper);
    let noted = Denial {
        note: Some(Label::parse("客户已注销").unwrap()),
        since: Some(Timestamp::from_unix_ms(5)),
        ..denial(What::SuspendDevice(people.both))
    };
    assert_eq!(deny(practice, noted), Recorded::Journal);
    assert_eq!(deny(practice, denial(What::WithdrawGrant(bookkeeper, people.book))), Recorded::Journal);
    assert_eq!(deny(practice, denial(What::RevokeInvitation(invitation))), Recorded::Journal);
    assert_eq!(deny(practice, denial(What::CloseBook(people.book))), Recorded::Journal);
    // With the book went the client who had no other; who has another lost this one alone.
    assert_eq!(practice.registry.person(client).unwrap().footing(), Footing::Ended);
    assert_eq!(people.standing(people.client), Standing::Revoked);
    assert_eq!(people.standing(people.both), Standing::Suspended);
    assert_eq!(people.standing(people.bookkeeper), Standing::Active);
    let now = practice.now();
    let both = people.person(people.both);
    assert!(!practice.registry.is_granted(both, people.book, now));
    assert!(practice.registry.is_granted(both, people.other, now));
    assert!(practice.registry.invitation(invitation).unwrap().is_revoked);
    // A device that is bound a moment later has no rights either, and no client's key is free again.
    let rows = rows_of(practice);
    let devices = row_count::<rows::Device>(practice, Table::Device);
    let (a, b) = (people.client, people.book);
    people.opened.close().unwrap();
    for reposted in [false, true] {
        let opened = match reposted {
            true => testing::reposted(&dir, Clock::system()),
            false => testing::open(&dir, Clock::system()),
        };
        let practice = &opened.practice;
        assert_eq!(rows_of(practice), rows);
        assert_eq!(row_count::<rows::Device>(practice, Table::Device), devices);
        assert_eq!(practice.registry.device(a).unwrap().standing(), Standing::Revoked);
        assert_eq!(practice.registry.book(b).unwrap().footing(), Footing::Ended);
        let mut keys = Vec::new();
        let burnt = &mut |row: rows::Certificate| keys.push(model::Sha256Digest::from_bytes(row.key.into()));
        practice.ledger.each(&key::certificates_of(a), burnt).unwrap();
        assert_eq!(keys.len(), 2);
        assert!(keys.iter().all(|key| practice.registry.knows_key(key)));
        opened.close().unwrap();
    }
}

#[test]
fn a_device_of_a_person_who_was_revoked_has_no_rights_however_late_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let people = People::new(&folder.path().join("p"));
    let practice = people.practice();
    let person = people.person(people.bookkeeper);
    let since = Some(Timestamp::from_unix_ms(1));
    let note = Some(Label::parse("离职").unwrap());
    let revoke = Denial { since, note, ..denial(What::RevokePerson(person)) };
    let size = practice.journal.size();
    assert_eq!(deny(practice, revoke), Recorded::Journal);
    // The person, the note, the device of the moment.
    assert_eq!(practice.journal.size(), size + 3);
    let row: rows::Device = practice.ledger.row(&key::device(people.bookkeeper)).unwrap().unwrap();
    assert_eq!(
        (Standing::from_code(row.standing), row.ended.unwrap().since_ms),
        (Standing::Revoked, Some(1))
    );
    let invitation = practice.registry.device(people.bookkeeper).unwrap().invitation;
    let late = testing::bound(practice, invitation);
    assert_eq!(people.standing(late), Standing::Revoked);
    assert_eq!(practice.registry.device(late).unwrap().own_standing(), Standing::Bound);
    // Twice is once.
    assert_eq!(deny(practice, denial(What::RevokePerson(person))), Recorded::Journal);
    assert_eq!(practice.journal.size(), size + 4);
    people.opened.close().unwrap();
}
