//! A phone with an authenticator: enrolled through a companion as a person does it, and showing codes that were not
//! used before.

use std::path::{Path, PathBuf};
use std::time::Duration;

use certs::factor::{STEP_SECONDS, Secret};
use model::Timestamp;

use crate::Companion;

/// A phone, and the recovery codes that came with it.
pub struct Phone {
    secret: Secret,
    /// The step of the newest code that was shown.
    last: u64,
    /// Written down at enrolment.
    recovery: Vec<String>,
    place: PathBuf,
    files: u32,
}

impl Phone {
    /// Enrols a phone for the companion's person. `place` is a folder for files with codes.
    ///
    /// # Panics
    /// It is not enrolled.
    pub fn enrol(companion: &Companion, place: &Path) -> Self {
        std::fs::create_dir_all(place).expect("a folder for codes");
        let pipe = place.join("codes.pipe");
        let _ = std::fs::remove_file(&pipe);
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there");
        assert!(made.success());
        let running = companion.start(["factor", "enrol", "--code-file", crate::scene::text(&pipe)]);
        let said = running.wait_for("the secret", |event| event["of"] == "factor-secret");
        let secret = said["secret"].as_str().expect("a secret").to_owned();
        assert!(said["uri"].as_str().is_some_and(|uri| uri.starts_with("otpauth://totp/")));
        let secret = Secret::from_bytes(&base32(&secret)).expect("twenty bytes");
        let now = step();
        let mut phone =
            Self { secret, last: now, recovery: Vec::new(), place: place.to_path_buf(), files: 0 };
        let codes = format!("{}\n{}\n", phone.code_of(now - 1), phone.code_of(now));
        std::fs::write(&pipe, codes).expect("the companion reads codes");
        let ran = running.wait().expect(0);
        phone.recovery = ran
            .rows("recovery-code")
            .iter()
            .map(|row| row["code"].as_str().expect("a code").to_owned())
            .collect();
        assert_eq!(phone.recovery.len(), 10);
        phone
    }

    /// A code that was not used before; waits for it if need be.
    pub fn code(&mut self) -> String {
        loop {
            let now = step();
            let next = now.max(self.last + 1);
            if next <= now + 1 {
                self.last = next;
                return self.code_of(next);
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// The newest code that was shown, once more.
    pub fn last_code(&self) -> String {
        self.code_of(self.last)
    }

    /// A code that is none of this phone's about now.
    pub fn wrong_code(&self) -> String {
        let now = step();
        let near: Vec<String> = (now - 3..=now + 6).map(|at| self.code_of(at)).collect();
        (0..).map(|n| format!("{n:06}")).find(|code| !near.contains(code)).expect("of a million codes")
    }

    /// A recovery code that was not used before.
    ///
    /// # Panics
    /// All are used.
    pub fn recovery_code(&mut self) -> String {
        self.recovery.pop().expect("a recovery code is left")
    }

    /// A file with this code.
    ///
    /// # Panics
    /// It can not be written.
    pub fn file(&mut self, code: &str) -> String {
        self.files += 1;
        let path = self.place.join(format!("code-{}", self.files));
        std::fs::write(&path, format!("{code}\n")).expect("a file for a code");
        crate::scene::text(&path).to_owned()
    }

    fn code_of(&self, step: u64) -> String {
        self.secret.code_at(Timestamp::from_unix_seconds(step * STEP_SECONDS)).as_str().to_owned()
    }
}

fn step() -> u64 {
    host::Clock::system().unix_ms() / 1000 / STEP_SECONDS
}

/// RFC 4648, of whole groups of eight.
fn base32(text: &str) -> Vec<u8> {
    let value = |letter: u8| match letter {
        b'A'..=b'Z' => u64::from(letter - b'A'),
        b'2'..=b'7' => u64::from(letter - b'2') + 26,
        other => panic!("{other} is not base32"),
    };
    let group = |group: &[u8]| {
        let bits = group.iter().fold(0u64, |bits, letter| bits << 5 | value(*letter));
        bits.to_be_bytes()[3..].to_vec()
    };
    text.as_bytes().chunks(8).flat_map(group).collect()
}
