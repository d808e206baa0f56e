//! The issuing key in a token: made there, moved there and back, destroyed there; and a token that is of no use is said to
//! be, by name. The token is SoftHSM's.

use std::path::{Path, PathBuf};

use harness::files;
use harness::practice::{self, init_command};
use harness::scene;

/// A file with a PIN that nobody else may read.
fn pin_file(path: &Path, pin: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    files::write(path, pin.as_bytes());
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path.to_path_buf()
}

#[cfg(not(feature = "pkcs11"))]
#[test]
fn a_build_without_pkcs11_says_so_to_whom_asks_for_it() {
    let scene = scene::Scene::open();
    let pin = pin_file(&scene.path("pin"), "1234");
    let module = "/usr/lib/softhsm/libsofthsm2.so";
    let place = scene::place();
    let mut init = init_command(place.path(), scene::PRACTICE, practice::free_port());
    init.args(["--pkcs11-module", module, "--pkcs11-token", "box", "--pkcs11-pin-file", scene::text(&pin)]);
    harness::Running::start(&mut init).wait().expect_failure("token-not-built", 2);
    assert!(!place.path().join("practice").exists(), "nothing is begun");
    let path = scene.practice.folder.join("counterfoil.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let token = format!("[pkcs11]\nmodule = \"{module}\"\ntoken = \"box\"\n");
    std::fs::write(&path, text.replace("[pkcs11]\n", &token)).unwrap();
    let mut scene = scene;
    scene.gateway.sigterm().expect(0);
    scene.practice.run(["people"]).expect_failure("token-not-built", 2);
    // Without being required it is said in the log alone, and what is in the vault signs as before.
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("[pkcs11]\n", "[pkcs11]\nrequired = false\n")).unwrap();
    scene.practice.run(["people"]).expect(0);
}

#[cfg(feature = "pkcs11")]
mod with_a_token {
    use std::process::Command;

    use harness::practice::Practice;
    use harness::scene::{BOOK, PERIOD, Scene};
    use harness::{programs, skipped};

    use super::*;
    use crate::rotation::{Holder, phase};

    const PIN: &str = "7312 0045";

    /// A SoftHSM of the test's own.
    struct SoftHsm {
        module: PathBuf,
        conf: PathBuf,
        tokens: PathBuf,
        pin: PathBuf,
    }

    impl SoftHsm {
        /// One with a token called `box`.
        fn with_token(place: &Path) -> Option<Self> {
            let modules = ["/usr/lib/softhsm", "/usr/lib64/pkcs11", "/usr/local/lib/softhsm"];
            let module = modules.iter().map(|folder| Path::new(folder).join("libsofthsm2.so"));
            let module = module.into_iter().find(|module| module.is_file());
            let (Some(module), true) = (module, programs::is_installed("softhsm2-util")) else {
                skipped("token: SoftHSM is not installed");
                return None;
            };
            let tokens = place.join("tokens");
            std::fs::create_dir_all(&tokens).unwrap();
            let conf = format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display());
            let conf = files::write(&place.join("softhsm2.conf"), conf.as_bytes());
            let pin = pin_file(&place.join("pin"), &format!("{PIN}\n"));
            let made = Self { module, conf, tokens, pin };
            made.add_token("box");
            Some(made)
        }

        fn add_token(&self, label: &str) {
            let mut tool = Command::new("softhsm2-util");
            tool.env("SOFTHSM2_CONF", &self.conf).args(["--init-token", "--free", "--label", label]);
            let made = tool.args(["--so-pin", "00000000", "--pin", PIN]).output().unwrap();
            assert!(made.status.success(), "{made:?}");
        }

        /// Keys in it: each is two objects, and each token has one more.
        fn keys(&self) -> usize {
            let objects = files::tree(&self.tokens);
            objects.keys().filter(|name| name.ends_with(".object") && !name.ends_with("token.object")).count()
                / 2
        }

        fn environment(&self) -> Vec<(String, String)> {
            vec![("SOFTHSM2_CONF".to_owned(), scene::text(&self.conf).to_owned())]
        }

        fn flags(&self) -> [&str; 6] {
            let (module, pin) = (scene::text(&self.module), scene::text(&self.pin));
            ["--pkcs11-module", module, "--pkcs11-token", "box", "--pkcs11-pin-file", pin]
        }

        /// What a configuration says of it.
        fn settings(&self) -> String {
            let (module, pin) = (scene::text(&self.module), scene::text(&self.pin));
            format!("[pkcs11]\nmodule = \"{module}\"\ntoken = \"box\"\npin_file = \"{pin}\"\n")
        }

        /// A practice with its issuing key in it.
        fn practice(&self, place: &Path) -> (Holder, Practice) {
            let port = practice::free_port();
            let mut init = init_command(place, scene::PRACTICE, port);
            init.args(self.flags()).envs(self.environment());
            let (holder, mut practice) = Holder::of(place, port, init);
            practice.environment = self.environment();
            (holder, practice)
        }
    }

    /// Puts other lines in the place of the configuration's about the token.
    fn configure(practice: &Practice, lines: &str) {
        let path = practice.folder.join("counterfoil.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        let (before, after) = text.split_once("[pkcs11]\n").expect("a commented configuration");
        let rest = after.lines().filter(|line| line.starts_with('#') || line.trim().is_empty());
        let rest: Vec<_> = rest.collect();
        std::fs::write(&path, format!("{before}{lines}{}\n", rest.join("\n"))).unwrap();
    }

    /// Exchanges the issuing key; whom it would cut off renews before the end.
    fn exchange(scene: &Scene, holder: &mut Holder, devices: &[&harness::Companion]) {
        holder.prepare(&scene.practice, "issuing", false);
        scene.practice.run(["rotate", "next", "issuing"]).expect(0);
        scene.practice.run(["rotate", "next", "issuing"]).expect(0);
        for device in devices {
            device.run(["cert", "renew"]).expect(0);
            device.run(["status"]).expect(0);
        }
        scene.practice.run(["rotate", "next", "issuing"]).expect(0);
        assert_eq!(phase(&scene.practice, "issuing"), "none");
    }

    #[test]
    fn a_practice_with_its_issuing_key_in_a_token_enrols_renews_and_exchanges_it() {
        let place = scene::place();
        let Some(token) = SoftHsm::with_token(place.path()) else { return };
        let (mut holder, practice) = token.practice(place.path());
        assert_eq!(token.keys(), 1);
        let mut scene = Scene::of(place, practice, None);
        let (client, bookkeeper) = scene.people();
        let document = files::write(&scene.path("a.pdf"), b"from before");
        client.send(&[&document], BOOK, PERIOD).expect(0);
        client.run(["cert", "renew"]).expect(0);
        scene.gateway.kill9();
        scene.gateway.start();
        exchange(&scene, &mut holder, &[&client, &bookkeeper]);
        assert_eq!(token.keys(), 1, "the new key is there, and the old one is destroyed");
        // Begun and taken back: nothing is left of it.
        holder.prepare(&scene.practice, "issuing", false);
        assert_eq!(token.keys(), 2);
        scene.practice.run(["rotate", "back", "issuing"]).expect(0);
        assert_eq!(token.keys(), 1);
        scene.client("late", &[BOOK]).send(&[&document], BOOK, PERIOD).expect(0);
        bookkeeper.fetch_new(&scene.path("inbox")).expect(0);
        let told = scene.practice.run(["config", "show"]).expect(0);
        let row = told.all("setting").into_iter().find(|row| row["key"] == "pkcs11.token");
        assert_eq!(row.expect("a setting")["value"], "box", "{told}");
    }

    #[test]
    fn an_issuing_key_moves_into_a_token_and_back_out_by_being_exchanged() {
        let place = scene::place();
        let Some(token) = SoftHsm::with_token(place.path()) else { return };
        let port = practice::free_port();
        let (mut holder, mut practice) =
            Holder::of(place.path(), port, init_command(place.path(), scene::PRACTICE, port));
        practice.environment = token.environment();
        let mut scene = Scene::of(place, practice, None);
        let (client, bookkeeper) = scene.people();
        let restart = |scene: &mut Scene, lines: &str| {
            scene.gateway.sigterm().expect(0);
            configure(&scene.practice, lines);
            scene.gateway.start();
        };
        restart(&mut scene, &token.settings());
        assert_eq!(token.keys(), 0, "nothing moves by itself");
        exchange(&scene, &mut holder, &[&client, &bookkeeper]);
        assert_eq!(token.keys(), 1);
        restart(&mut scene, &format!("{}new_keys = false\n", token.settings()));
        exchange(&scene, &mut holder, &[&client, &bookkeeper]);
        assert_eq!(token.keys(), 0);
        restart(&mut scene, "[pkcs11]\n");
        scene.client("late", &[BOOK]).run(["status"]).expect(0);
    }

    #[test]
    fn a_token_that_is_of_no_use_is_named_and_can_be_done_without() {
        let place = scene::place();
        let Some(token) = SoftHsm::with_token(place.path()) else { return };
        let (mut holder, practice) = token.practice(place.path());
        let mut scene = Scene::of(place, practice, None);
        let (client, bookkeeper) = scene.people();
        scene.gateway.sigterm().expect(0);
        let refused = |scene: &Scene, word: &str, code: i32| {
            scene.practice.run(["run"]).expect_failure(word, code);
        };
        let with = |scene: &Scene, from: &str, to: &str| {
            configure(&scene.practice, &token.settings().replace(from, to));
        };
        with(&scene, "\"box\"", "\"other\"");
        refused(&scene, "token-absent", 1);
        with(&scene, "libsofthsm2.so", "libother.so");
        refused(&scene, "token-module-unusable", 1);
        with(&scene, "pin_file", "#");
        refused(&scene, "token-pin-missing", 2);
        configure(&scene.practice, "[pkcs11]\n");
        refused(&scene, "token-not-configured", 2);
        configure(&scene.practice, &token.settings());
        pin_file(&token.pin, "7312 0046");
        refused(&scene, "token-pin-wrong", 1);
        let mode = |mode| {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&token.pin, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        mode(0o644);
        refused(&scene, "token-pin-unusable", 1);
        mode(0o600);
        pin_file(&token.pin, PIN);
        scene.gateway.start();
        client.run(["status"]).expect(0);
        scene.gateway.sigterm().expect(0);
        // The token is lost. Another one of the same name has no such key.
        std::fs::remove_dir_all(&token.tokens).unwrap();
        std::fs::create_dir(&token.tokens).unwrap();
        token.add_token("box");
        refused(&scene, "token-key-unusable", 13);
        // Who can do without goes on without issuing, and exchanges the key for one in the new token.
        configure(&scene.practice, &format!("{}required = false\n", token.settings()));
        scene.gateway.start();
        let document = files::write(&scene.path("a.pdf"), b"in the meantime");
        client.send(&[&document], BOOK, PERIOD).expect(0);
        let stranger = scene.stranger("stranger");
        let word = scene.practice.invite("client", "stranger", &[BOOK]).word;
        assert_ne!(stranger.enrol(&word).ended, harness::Ended::Code(0));
        holder.prepare(&scene.practice, "issuing", false);
        for _ in 0..2 {
            scene.practice.run(["rotate", "next", "issuing"]).expect(0);
        }
        assert_eq!(token.keys(), 1);
        stranger.enrol(&word).expect(0);
        for device in [&client, &bookkeeper] {
            device.run(["cert", "renew"]).expect(0);
            device.run(["status"]).expect(0);
        }
        // The old authority's last list would need the key that is lost: it ends without only where that is meant.
        scene.practice.run(["rotate", "next", "issuing"]).expect(1);
        assert_eq!(phase(&scene.practice, "issuing"), "switched");
        scene.practice.run(["rotate", "retire", "issuing", "--force", "0"]).expect(0);
        assert_eq!(phase(&scene.practice, "issuing"), "none");
        configure(&scene.practice, &token.settings());
        scene.gateway.sigterm().expect(0);
        scene.gateway.start();
        bookkeeper.fetch_new(&scene.path("inbox")).expect(0);
    }
}
