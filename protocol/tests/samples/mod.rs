//! One full and one least sample of every message and record: what the golden bytes, the schema and the
//! evolution tests look at. Not random, so that bytes stay.
#![allow(dead_code)] // each test file uses its part

use counterfoil_protocol::codec::Map;
use counterfoil_protocol::field::{DocumentNumber, PieceBytes};
use counterfoil_protocol::message::*;
use counterfoil_protocol::record::*;
use counterfoil_protocol::{Bytes, Code, Lease, List, NameKey, Runs, Salt, Text, Values, enrol};
use model::{
    Blake3Digest, BookId, ChainingValue, Class, DeviceId, DisplayName, Kind, MediaType, Period, PersonId,
    PieceIndex, Role, Sha256Digest, SubmissionId, Timestamp,
};

/// A sample: its name in the schema, and its bytes with all members and with as few as may be.
pub struct Sample {
    pub set: &'static str,
    pub name: &'static str,
    pub full: Vec<u8>,
    pub least: Vec<u8>,
}

pub fn all() -> Vec<Sample> {
    let mut samples: Vec<Sample> = messages()
        .into_iter()
        .map(|(full, least)| {
            assert_eq!(full.number(), least.number());
            Sample { set: "message", name: full.name(), full: full.to_bytes(), least: least.to_bytes() }
        })
        .collect();
    samples.extend(enrolment().into_iter().map(|(full, least)| Sample {
        set: "enrol-message",
        name: full.name(),
        full: full.to_bytes(),
        least: least.to_bytes(),
    }));
    samples.extend(records());
    samples
}

pub fn submission() -> SubmissionId {
    SubmissionId::from_bytes([0x11; 16])
}

pub fn book() -> BookId {
    BookId::from_bytes([0x22; 16])
}

pub fn digest(byte: u8) -> Sha256Digest {
    Sha256Digest::from_bytes([byte; 32])
}

fn root() -> Blake3Digest {
    Blake3Digest::from_bytes([0xb3; 32])
}

fn time() -> Timestamp {
    Timestamp::from_unix_ms(1_795_597_200_123)
}

fn name() -> DisplayName {
    DisplayName::parse("2026/进项发票-06.pdf").unwrap()
}

fn text<const MAX: usize>(text: &str) -> Text<MAX> {
    Text::new(text).unwrap()
}

fn bytes<const MAX: usize>(bytes: &[u8]) -> Bytes<MAX> {
    Bytes::new(bytes).unwrap()
}

fn list<T, const MAX: usize>(items: Vec<T>) -> List<T, MAX> {
    List::new(items).unwrap()
}

fn n(number: u32) -> DocumentNumber {
    DocumentNumber(number)
}

fn values() -> Values {
    Values::new((1..=3).map(|byte| ChainingValue::from_bytes([byte; 32])).collect()).unwrap()
}

/// Twice the same, for what has no optional member.
fn same(message: impl Into<Message>) -> (Message, Message) {
    let message = message.into();
    (message.clone(), message)
}

pub fn messages() -> Vec<(Message, Message)> {
    let mut all = connection_messages();
    all.extend(upload_messages());
    all.extend(download_messages());
    all.extend(factor_and_office());
    all
}

fn connection_messages() -> Vec<(Message, Message)> {
    let refusal = Refusal {
        piece: Some(PieceIndex(300)),
        retry_after_ms: Some(60_000),
        limit: Some(1 << 40),
        versions: Some(list(vec![1, 2])),
        ..Refusal::new(Code::Busy).with_documents([n(1), n(24), n(10_000)])
    };
    let hello = Hello {
        versions: list(vec![1]),
        software: text("counterfoil 0.1.0"),
        root_record: 1,
        bundle: Some(7),
        platform: Some(text("linux x86_64")),
        key_store: Some(text("keychain")),
    };
    let welcome = Welcome {
        version: 1,
        software: text("counterfoil-gateway 0.1.0"),
        time: time(),
        person: PersonId::from_bytes([0x33; 16]),
        person_name: text("王芳"),
        role: Role::Client,
        device: DeviceId::from_bytes([0x44; 16]),
        standing: Standing::Active,
        practice_name: text("某某事务所"),
        checkpoint: bytes(b"example.org/journal\n1\n"),
        root_records: Some(list(vec![bytes(b"record 2"), bytes(b"record 3")])),
        bundle: Some(bytes(b"bundle 8")),
        renew: Some(renew_window()),
    };
    let renew = Renew { renew: bytes(b"renew"), announcement: Some(bytes(b"announcement")) };
    vec![
        (refusal.into(), Refusal::absent().into()),
        same(Done {}),
        same(LongHead { content: Content::Receipt, bytes: 70_000, sha256: digest(0x5a) }),
        same(Run { bytes: bytes(b"the next bytes") }),
        (hello.clone().into(), Hello { bundle: None, platform: None, key_store: None, ..hello }.into()),
        (
            welcome.clone().into(),
            Welcome { standing: Standing::Waiting, root_records: None, bundle: None, renew: None, ..welcome }
                .into(),
        ),
        same(Books {}),
        same(Confirm { accept: true }),
        (renew.clone().into(), Renew { announcement: None, ..renew }.into()),
        same(Renewed { renewed: bytes(b"renewed") }),
    ]
}

fn renew_window() -> RenewWindow {
    RenewWindow { after: time(), before: time().plus_seconds(14 * 24 * 3600), reason: text("rotation") }
}

fn upload_messages() -> Vec<(Message, Message)> {
    let lease = Lease(0x0123_4567_89ab_cdef);
    let head = OpenHead {
        submission: submission(),
        book: book(),
        period: Period::parse("2026-11").unwrap(),
        kind: Kind::Invoice,
        class: Class::Confidential,
        documents: 2,
        bytes: 3_145_729,
    };
    let document = OpenDocument {
        n: n(1),
        salt: Salt::from_bytes([0x55; 16]),
        name_key: NameKey::from_bytes([0x66; 16]),
        name: name(),
        media_type: MediaType::parse("application/pdf").unwrap(),
        length: 3_145_728,
        root: root(),
    };
    vec![
        same(head),
        same(document),
        same(OpenValues { values: values() }),
        same(OpenEnd {}),
        same(Pieces { submission: submission(), lease }),
        same(PieceHead { n: n(1), index: PieceIndex(2), bytes: PieceBytes::new(1 << 20).unwrap() }),
        same(PieceAck { n: n(1), index: PieceIndex(2) }),
        same(Withdraw { submission: submission(), lease, documents: list(vec![n(2)]) }),
        same(Close { submission: submission(), lease, origin: bytes(b"origin statement") }),
        same(GetReceipt { submission: submission() }),
    ]
}

fn download_messages() -> Vec<(Message, Message)> {
    let list_all = ListDocuments { book: None, period: None, kind: None, which: Which::All, after: None };
    let list_some = ListDocuments {
        book: Some(book()),
        period: Some(Period::parse("2026").unwrap()),
        kind: Some(Kind::BankStatement),
        which: Which::New,
        after: Some(bytes(b"cursor")),
    };
    let fetch = Fetch { take: digest(0x77), n: n(1), from: PieceIndex(0), count: Some(2), manifest: true };
    let status = Status { book: Some(book()), submission: Some(submission()), after: Some(bytes(b"cursor")) };
    vec![
        (list_some.into(), list_all.into()),
        same(Take { statement: bytes(b"take statement") }),
        same(TakeAnswer { take: digest(0x77), until: time() }),
        (fetch.clone().into(), Fetch { count: None, manifest: false, ..fetch }.into()),
        same(FetchHead { length: 3_145_728, root: root() }),
        same(FetchValues { values: values() }),
        same(Report { take: digest(0x77), documents: list(vec![n(1), n(2)]) }),
        same(Reported { handover: digest(0x88) }),
        (status.into(), Status { book: None, submission: None, after: None }.into()),
    ]
}

fn factor_and_office() -> Vec<(Message, Message)> {
    let state = FactorState { enrolled: true, recovery_left: 9, locked: false };
    let office = Office {
        request: bytes(b"{\"do\":\"people\"}"),
        code: Some(text("123456")),
        act: Some(digest(0x99)),
    };
    vec![
        same(FactorShow {}),
        (state.into(), FactorState { enrolled: false, recovery_left: 0, locked: false }.into()),
        same(FactorBegin {}),
        same(FactorSecret { secret: bytes(b"12345678901234567890") }),
        same(FactorConfirm { first: text("287082"), second: text("359152") }),
        same(RecoveryCodes { codes: list(vec![text("0123-4567-89AB")]) }),
        same(FactorCodes {}),
        same(FactorRemove {}),
        same(StepUp { code: text("287082") }),
        (office.clone().into(), Office { code: None, act: None, ..office }.into()),
        same(DeviceAdd {}),
        same(DeviceInvited {
            invitation: text("ABC-DEF"),
            word: text("CF1ABC"),
            code: text("01234-56789-ABCDE-FGHJK-MNPQR"),
            address: text("gw.example.cn:4433"),
            expires: time(),
        }),
    ]
}

fn enrolment() -> Vec<(enrol::Message, enrol::Message)> {
    let refusal = enrol::Refusal::new(Code::TooFast);
    let same = |message: enrol::Message| (message.clone(), message);
    vec![
        same(enrol::Hello { body: bytes(b"hello") }.into()),
        same(enrol::Offer { body: bytes(b"offer") }.into()),
        same(enrol::Request { body: bytes(b"request") }.into()),
        same(enrol::Reply { body: bytes(b"reply") }.into()),
        (refusal.clone().after_ms(600_000).into(), refusal.into()),
    ]
}

fn record<T: Map>(full: &T, least: &T) -> Sample {
    Sample { set: "record", name: T::NAME, full: full.to_bytes(), least: least.to_bytes() }
}

pub fn open_answer() -> OpenAnswer {
    let held = Held { submission: SubmissionId::from_bytes([0x99; 16]), n: n(4), at: time() };
    let runs: Runs = [0, 1, 2, 5].into_iter().map(PieceIndex).collect();
    let row = |number, has| DocumentAnswer { n: n(number), has };
    OpenAnswer {
        lease: Lease(7),
        documents: list(vec![
            row(1, Has::Pieces(runs)),
            row(2, Has::Held(held)),
            row(3, Has::Withdrawn),
            row(5, Has::Pieces(Runs::none())),
        ]),
    }
}

fn records() -> Vec<Sample> {
    let named = Who { person: PersonId::from_bytes([0x33; 16]), name: Some(text("王芳")) };
    let unnamed = Who { name: None, ..named.clone() };
    let fetched = FetchRow { by: named.clone(), taken_at: time(), fetched_at: Some(time()) };
    let fetching = FetchRow { by: unnamed.clone(), fetched_at: None, ..fetched.clone() };
    let row = ListingRow {
        submission: submission(),
        n: n(1),
        book: book(),
        period: Period::parse("2026-11").unwrap(),
        kind: Kind::Invoice,
        class: Class::Internal,
        name: Some(name()),
        media_type: MediaType::unknown(),
        length: 54_321,
        sha256: digest(0x5a),
        blake3: root(),
        received_at: time(),
        state: State::Fetched,
        sender: named.clone(),
        fetches: list(vec![fetched.clone(), fetching.clone()]),
    };
    let locked = ListingRow {
        name: None,
        state: State::Locked,
        sender: unnamed.clone(),
        fetches: List::empty(),
        ..row.clone()
    };
    let document = StatusDocument {
        n: n(1),
        name: Some(name()),
        length: 54_321,
        state: State::Arriving,
        pieces: Some(1),
        fetches: list(vec![fetching.clone()]),
    };
    let gone = StatusDocument {
        name: None,
        state: State::Gone,
        pieces: None,
        fetches: List::empty(),
        ..document.clone()
    };
    let status = StatusRow {
        submission: submission(),
        book: book(),
        period: Period::parse("2026-11").unwrap(),
        kind: Kind::Payroll,
        class: Class::Public,
        sender: named.clone(),
        accepted_at: Some(time()),
        expires_at: Some(time()),
        documents: list(vec![document.clone(), gone.clone()]),
    };
    let least_status =
        StatusRow { accepted_at: None, expires_at: None, documents: List::empty(), ..status.clone() };
    let answer = open_answer();
    let book_row = BookRow { book: book(), name: text("静安面馆"), until: Some(time()) };
    let next = Some(bytes(b"cursor"));
    vec![
        record(&answer, &OpenAnswer { documents: List::empty(), ..answer.clone() }),
        record(&answer.documents[0], &answer.documents[2]),
        record(
            &Held { submission: submission(), n: n(4), at: time() },
            &Held { submission: submission(), n: n(4), at: time() },
        ),
        record(
            &Listing { rows: list(vec![row.clone(), locked.clone()]), next: next.clone() },
            &Listing { rows: List::empty(), next: None },
        ),
        record(&row, &locked),
        record(&named, &unnamed),
        record(&fetched, &fetching),
        record(
            &StatusPage { rows: list(vec![status.clone()]), next },
            &StatusPage { rows: List::empty(), next: None },
        ),
        record(&status, &least_status),
        record(&document, &gone),
        record(&BookList { books: list(vec![book_row.clone()]) }, &BookList { books: List::empty() }),
        record(&book_row, &BookRow { until: None, ..book_row.clone() }),
        record(&renew_window(), &renew_window()),
    ]
}
