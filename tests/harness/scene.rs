//! A practice whose gateway serves, and its people, in a folder that goes with it: what most tests begin with.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::practice::{self, Practice};
use crate::{Companion, Gateway, Relay};

/// The name of the practice.
pub const PRACTICE: &str = "白鹭会计师事务所";
/// The name of the book that most tests send to.
pub const BOOK: &str = "静安面馆";
/// The period that most tests send for.
pub const PERIOD: &str = "2026-11";

/// A practice, its gateway and the way to it.
pub struct Scene {
    /// The gateway.
    pub gateway: Gateway,
    /// The practice.
    pub practice: Practice,
    relay: Option<Relay>,
    // Last: it goes when nobody writes in it any more.
    place: TempDir,
}

impl Scene {
    /// A gateway that companions reach directly.
    ///
    /// # Panics
    /// Something of it does not come about.
    pub fn open() -> Self {
        let place = place();
        let practice = Practice::init(place.path(), PRACTICE, practice::free_port());
        let gateway = Gateway::run(&practice);
        Self { gateway, practice, relay: None, place }
    }

    /// A gateway of a practice that the test has made in `place`, reached through a relay where there is one.
    ///
    /// # Panics
    /// It does not come to serve.
    pub fn of(place: TempDir, practice: Practice, relay: Option<Relay>) -> Self {
        let gateway = match &relay {
            Some(relay) => {
                let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, practice::free_port()));
                let gateway = Gateway::run_at(&practice, listen);
                relay.lead_to(gateway.address);
                gateway
            }
            None => Gateway::run(&practice),
        };
        Self { gateway, practice, relay, place }
    }

    /// A gateway that companions reach through a relay.
    ///
    /// # Panics
    /// Something of it does not come about.
    pub fn behind_relay(seed: u64) -> Self {
        let place = place();
        let folder = place.path().to_path_buf();
        Self::relayed(place, &folder, seed)
    }

    /// As [`Scene::behind_relay`], with the practice, and nothing else, in `folder`.
    ///
    /// # Panics
    /// Something of it does not come about.
    pub fn with_practice_in(folder: &Path, seed: u64) -> Self {
        Self::relayed(place(), folder, seed)
    }

    fn relayed(place: TempDir, folder: &Path, seed: u64) -> Self {
        let relay = Relay::open(seed);
        let practice = Practice::init(folder, PRACTICE, relay.address().port());
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, practice::free_port()));
        let gateway = Gateway::run_at(&practice, listen);
        relay.lead_to(gateway.address);
        Self { gateway, practice, relay: Some(relay), place }
    }

    /// The relay.
    ///
    /// # Panics
    /// There is none.
    pub fn relay(&self) -> &Relay {
        self.relay.as_ref().expect("a scene with a relay")
    }

    /// A path in the scene's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// A companion in a home of this name, not enrolled.
    pub fn stranger(&self, home: &str) -> Companion {
        Companion::new(self.path(home))
    }

    /// A client of these books, enrolled, in a home of this name.
    ///
    /// # Panics
    /// The enrolment fails.
    pub fn client(&self, home: &str, books: &[&str]) -> Companion {
        let companion = self.stranger(home);
        companion.enrol(&self.practice.invite("client", home, books).word).expect(0);
        companion
    }

    /// A member of staff, enrolled and confirmed, in a home of this name.
    ///
    /// # Panics
    /// Enrolment or confirmation fails.
    pub fn staff(&self, role: &str, home: &str, books: &[&str]) -> Companion {
        let companion = self.stranger(home);
        let invitation = self.practice.invite(role, home, books);
        let ran = companion.enrol(&invitation.word).expect(0);
        let digits = ran.only("identity")["digits"].as_str().expect("staff compare digits").to_owned();
        self.practice.confirm(&invitation.id, &digits).expect(0);
        companion
    }

    /// A client and a bookkeeper of a new book, [`BOOK`]: the people of most tests.
    ///
    /// # Panics
    /// As [`Scene::staff`].
    pub fn people(&self) -> (Companion, Companion) {
        self.practice.add_book(BOOK);
        (self.client("client", &[BOOK]), self.bookkeeper("bookkeeper", &[BOOK]))
    }

    /// A bookkeeper of these books.
    ///
    /// # Panics
    /// As [`Scene::staff`].
    pub fn bookkeeper(&self, home: &str, books: &[&str]) -> Companion {
        self.staff("bookkeeper", home, books)
    }
}

/// A folder for a test, short enough for the admin socket to lie in it.
///
/// # Panics
/// The system gives none.
pub fn place() -> TempDir {
    tempfile::Builder::new().prefix("cf-").tempdir().expect("a folder for the test")
}

/// What a test needs of a path.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("the test's own paths are UTF-8")
}
