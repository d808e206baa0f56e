//! The configuration of a practice: `counterfoil.toml`, environment and flags, each value with its source. Values may
//! tighten a limit, never loosen it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use certs::{Profile, Purpose};
use console::config::{Bound, Configuration, Given, Schema, Setting, Value, ValueKind};
use console::{Catalogue, Failure};
use model::{Timestamp, limits};

use crate::keys::token::TokenSettings;

/// The name of the file.
pub const FILE: &str = "counterfoil.toml";
/// The UDP port where nothing else is said.
pub const PORT_DEFAULT: u16 = 4433;

/// The lives of the profiles: they may be shortened, never lengthened.
const DEVICE_DAYS: u64 = Profile::Device.row().life_days;
const SIGNING_DAYS: u64 = Profile::Signer.row().life_days;

const SETTINGS: &[Setting] = &[
    Setting { key: "name", kind: ValueKind::Text, default: None, bound: Bound::Free },
    Setting { key: "host", kind: ValueKind::Text, default: None, bound: Bound::Free },
    Setting { key: "port", kind: ValueKind::Count, default: Some("4433"), bound: Bound::Between(1, 65_535) },
    Setting { key: "listen", kind: ValueKind::Address, default: Some("[::]:4433"), bound: Bound::Free },
    Setting { key: "unlock.key_file", kind: ValueKind::Path, default: None, bound: Bound::Free },
    Setting { key: "unlock.passphrase_file", kind: ValueKind::Path, default: None, bound: Bound::Free },
    Setting { key: "journal.second_place", kind: ValueKind::Path, default: None, bound: Bound::Free },
    Setting {
        key: "limits.document_bytes_max",
        kind: ValueKind::Bytes,
        default: Some("1 TiB"),
        bound: Bound::AtMost(limits::DOCUMENT_BYTES_MAX),
    },
    Setting {
        key: "limits.submission_bytes_max",
        kind: ValueKind::Bytes,
        default: Some("1 TiB"),
        bound: Bound::AtMost(limits::DOCUMENT_BYTES_MAX),
    },
    Setting {
        key: "limits.uploads_open_max",
        kind: ValueKind::Count,
        default: Some("16"),
        bound: Bound::AtMost(limits::UPLOADS_OPEN_MAX as u64),
    },
    Setting {
        key: "limits.device_bytes_per_day_max",
        kind: ValueKind::Bytes,
        default: Some("200 GiB"),
        bound: Bound::AtMost(limits::DEVICE_BYTES_PER_DAY_MAX),
    },
    Setting {
        key: "limits.device_documents_per_day_max",
        kind: ValueKind::Count,
        default: Some("100000"),
        bound: Bound::AtMost(limits::DEVICE_DOCUMENTS_PER_DAY_MAX),
    },
    Setting {
        key: "limits.upload_age_seconds_max",
        kind: ValueKind::Seconds,
        default: Some("7d"),
        bound: Bound::Between(60, limits::UPLOAD_AGE_SECONDS_MAX),
    },
    Setting {
        key: "log.level",
        kind: ValueKind::Word(&["error", "warn", "info", "debug"]),
        default: Some("info"),
        bound: Bound::Free,
    },
    Setting { key: "log.json", kind: ValueKind::Switch, default: Some("false"), bound: Bound::Free },
    Setting {
        key: "lives.device_days",
        kind: ValueKind::Count,
        default: Some("90"),
        bound: Bound::Between(1, DEVICE_DAYS),
    },
    Setting {
        key: "lives.signing_days",
        kind: ValueKind::Count,
        default: Some("400"),
        bound: Bound::Between(1, SIGNING_DAYS),
    },
    Setting { key: "renew.after", kind: ValueKind::Text, default: None, bound: Bound::Rule(is_time) },
    Setting { key: "renew.before", kind: ValueKind::Text, default: None, bound: Bound::Rule(is_time) },
    Setting { key: "renew.reason", kind: ValueKind::Text, default: None, bound: Bound::Free },
    Setting { key: "pkcs11.module", kind: ValueKind::Path, default: None, bound: Bound::Free },
    Setting { key: "pkcs11.token", kind: ValueKind::Text, default: None, bound: Bound::Free },
    Setting { key: "pkcs11.serial", kind: ValueKind::Text, default: None, bound: Bound::Free },
    Setting { key: "pkcs11.pin_file", kind: ValueKind::Path, default: None, bound: Bound::Free },
    Setting { key: "pkcs11.new_keys", kind: ValueKind::Switch, default: Some("true"), bound: Bound::Free },
    Setting { key: "pkcs11.required", kind: ValueKind::Switch, default: Some("true"), bound: Bound::Free },
];

fn is_time(value: &Value) -> Result<(), &'static str> {
    match value {
        Value::Text(text) if Timestamp::parse_rfc3339(text).is_ok() => Ok(()),
        _ => Err("2026-12-01T00:00:00.000Z"),
    }
}

/// When devices are to renew by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenewSetting {
    /// The first moment.
    pub after: Timestamp,
    /// The last one.
    pub before: Timestamp,
    /// Why, for people.
    pub reason: String,
}

/// Everything that can be set.
pub static SCHEMA: Schema = Schema {
    variable_prefix: "COUNTERFOIL_GATEWAY_",
    variables_else: &["COUNTERFOIL_GATEWAY_DIR"],
    settings: SETTINGS,
};

/// The configuration in force.
#[derive(Debug, Clone)]
pub struct Config {
    /// The practice's name.
    pub name: String,
    /// Where companions reach the gateway: a host name or an address.
    pub host: String,
    /// The port that they reach it at.
    pub port: u16,
    /// Where the gateway listens.
    pub listen: SocketAddr,
    /// The key file that unlocks it.
    pub key_file: Option<PathBuf>,
    /// The file with the passphrase that unlocks it.
    pub passphrase_file: Option<PathBuf>,
    /// The second place of the journal's head, if it is not the default.
    second_place: Option<PathBuf>,
    /// Largest document.
    pub document_bytes_max: u64,
    /// Largest submission.
    pub submission_bytes_max: u64,
    /// Open uploads of one person.
    pub uploads_open_max: usize,
    /// Bytes accepted from one device a day.
    pub device_bytes_per_day_max: u64,
    /// Documents accepted from one device a day.
    pub device_documents_per_day_max: u64,
    /// How long after its last piece an upload ends.
    pub upload_age_seconds_max: u64,
    /// What is logged.
    pub log_level: String,
    /// Whether the log is JSON.
    pub log_json: bool,
    /// When devices are to renew by themselves, if they are.
    pub renew: Option<RenewSetting>,
    /// Days that a device's TLS certificate lives.
    pub device_days: u64,
    /// Days that its signing certificate does.
    pub signing_days: u64,
    /// The token that holds issuing keys, if there is one.
    pub pkcs11: Option<TokenSettings>,
}

impl Config {
    /// Reads the configuration of a practice folder, its environment and flags over it.
    ///
    /// # Errors
    /// A file that can not be read, an unknown key, a value that is wrong or weakens: by file and line.
    pub fn load(
        folder: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &[Given],
    ) -> Result<(Self, Configuration), Failure> {
        let path = folder.join(FILE);
        let read = Configuration::load(&SCHEMA, Some(&path), environment, flags)?;
        let text = |key: &str| read.string(key).map(str::to_owned);
        let missing =
            |key: &str| console::failure::setting_wrong(key, "", path.display().to_string(), "text");
        let number = |key: &str, default: u64| read.number(key).unwrap_or(default);
        let listen = text("listen").unwrap_or_default();
        let config = Self {
            name: text("name").ok_or_else(|| missing("name"))?,
            host: text("host").ok_or_else(|| missing("host"))?,
            port: u16::try_from(number("port", u64::from(PORT_DEFAULT))).unwrap_or(PORT_DEFAULT),
            listen: listen.parse().map_err(|_| missing("listen"))?,
            key_file: read.path("unlock.key_file"),
            passphrase_file: read.path("unlock.passphrase_file"),
            second_place: read.path("journal.second_place"),
            document_bytes_max: number("limits.document_bytes_max", limits::DOCUMENT_BYTES_MAX),
            submission_bytes_max: number("limits.submission_bytes_max", limits::DOCUMENT_BYTES_MAX),
            uploads_open_max: usize::try_from(number("limits.uploads_open_max", 1)).unwrap_or(1),
            device_bytes_per_day_max: number(
                "limits.device_bytes_per_day_max",
                limits::DEVICE_BYTES_PER_DAY_MAX,
            ),
            device_documents_per_day_max: number(
                "limits.device_documents_per_day_max",
                limits::DEVICE_DOCUMENTS_PER_DAY_MAX,
            ),
            upload_age_seconds_max: number("limits.upload_age_seconds_max", limits::UPLOAD_AGE_SECONDS_MAX),
            log_level: text("log.level").unwrap_or_else(|| "info".to_owned()),
            log_json: read.is_on("log.json"),
            renew: renew_setting(&read)?,
            device_days: number("lives.device_days", DEVICE_DAYS),
            signing_days: number("lives.signing_days", SIGNING_DAYS),
            pkcs11: token_settings(&read)?,
        };
        Ok((config, read))
    }

    /// The first configuration file of a practice.
    pub fn first(
        catalogue: &Catalogue,
        name: &str,
        host: &str,
        port: u16,
        key_file: Option<&Path>,
        token: Option<&TokenSettings>,
    ) -> String {
        let mut set = vec![
            ("name", Value::Text(name.to_owned())),
            ("host", Value::Text(host.to_owned())),
            ("port", Value::Number(u64::from(port))),
            ("listen", Value::Text(format!("[::]:{port}"))),
        ];
        if let Some(path) = key_file {
            set.push(("unlock.key_file", Value::Text(path.display().to_string())));
        }
        if let Some(token) = token {
            set.push(("pkcs11.module", Value::Text(token.module.display().to_string())));
            let texts = [
                ("pkcs11.token", token.label.clone()),
                ("pkcs11.serial", token.serial.clone()),
                ("pkcs11.pin_file", token.pin_file.as_ref().map(|path| path.display().to_string())),
            ];
            set.extend(texts.into_iter().filter_map(|(key, text)| Some((key, Value::Text(text?)))));
        }
        SCHEMA.commented(catalogue, &set)
    }

    /// When a certificate for this purpose ends at the latest that is issued to a device now.
    pub fn ends(&self, purpose: Purpose, now: Timestamp) -> Timestamp {
        let days = match purpose {
            Purpose::Signer(_) => self.signing_days,
            _ => self.device_days,
        };
        now.plus_seconds(days * 24 * 3600)
    }

    /// Where companions reach the gateway: `host:port`.
    pub fn address(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    /// Where the journal's head is kept a second time.
    pub fn second_place(&self, folder: &Path) -> PathBuf {
        self.second_place.clone().unwrap_or_else(|| journal::second_place_default(&folder.join("journal")))
    }
}

/// Both ends of the window, or neither.
fn renew_setting(read: &Configuration) -> Result<Option<RenewSetting>, Failure> {
    let time = |key: &str| read.string(key).and_then(|text| Timestamp::parse_rfc3339(text).ok());
    let reason = read.string("renew.reason").unwrap_or("").to_owned();
    match (time("renew.after"), time("renew.before")) {
        (None, None) => Ok(None),
        (Some(after), Some(before)) if after <= before => Ok(Some(RenewSetting { after, before, reason })),
        (after, before) => {
            let (key, value) = match (after, before) {
                (None, _) => ("renew.after", ""),
                (_, None) => ("renew.before", ""),
                _ => ("renew.before", read.string("renew.before").unwrap_or("")),
            };
            Err(console::failure::setting_wrong(key, value, FILE, ">= renew.after"))
        }
    }
}

/// A token is named by its module, and by its label, its serial number or both.
fn token_settings(read: &Configuration) -> Result<Option<TokenSettings>, Failure> {
    let text = |key: &str| read.string(key).filter(|text| !text.is_empty()).map(str::to_owned);
    let (module, label, serial) = (read.path("pkcs11.module"), text("pkcs11.token"), text("pkcs11.serial"));
    let pin_file = read.path("pkcs11.pin_file");
    let wrong = |key: &str, wanted: &str| Err(console::failure::setting_wrong(key, "", FILE, wanted));
    match module {
        None if label.is_some() || serial.is_some() || pin_file.is_some() => {
            wrong("pkcs11.module", "/usr/lib/softhsm/libsofthsm2.so")
        }
        None => Ok(None),
        Some(_) if label.is_none() && serial.is_none() => wrong("pkcs11.token", "text"),
        Some(module) => Ok(Some(TokenSettings {
            module,
            label,
            serial,
            pin_file,
            makes_keys: read.is_on("pkcs11.new_keys"),
            is_required: read.is_on("pkcs11.required"),
        })),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use console::Language;

    #[test]
    fn the_first_file_is_read_back_and_every_setting_has_its_sentence() {
        let folder = tempfile::tempdir().unwrap();
        for language in [Language::Chinese, Language::English] {
            let catalogue = Catalogue::new(language);
            assert!(SCHEMA.untold(&catalogue).is_empty(), "{:?}", SCHEMA.untold(&catalogue));
            let text = Config::first(&catalogue, "某某事务所 \"一\"", "127.0.0.1", 4433, None, None);
            std::fs::write(folder.path().join(FILE), text).unwrap();
            let (config, _) = Config::load(folder.path(), [], &[]).unwrap();
            assert_eq!((config.name.as_str(), config.port), ("某某事务所 \"一\"", 4433));
            assert_eq!(config.address(), "127.0.0.1:4433");
        }
    }

    #[test]
    fn a_renewal_window_has_both_ends_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let load = |renew: &str| {
            let text = format!("name = \"x\"\nhost = \"h\"\n[renew]\n{renew}");
            std::fs::write(folder.path().join(FILE), text).unwrap();
            Config::load(folder.path(), [], &[]).map(|(config, _)| config.renew)
        };
        let (first, last) = ("2026-12-01T00:00:00.000Z", "2026-12-15T00:00:00.000Z");
        let window = load(&format!("after = \"{first}\"\nbefore = \"{last}\"\nreason = \"r\"\n")).unwrap();
        assert_eq!(window.unwrap().before.to_rfc3339(), last);
        assert_eq!(load("").unwrap(), None);
        for wrong in [
            format!("after = \"{first}\"\n"),
            format!("before = \"{first}\"\n"),
            format!("after = \"{last}\"\nbefore = \"{first}\"\n"),
            format!("after = \"soon\"\nbefore = \"{last}\"\n"),
        ] {
            assert!(load(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_token_is_named_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let load = |pkcs11: &str| {
            let text = format!("name = \"x\"\nhost = \"h\"\n[pkcs11]\n{pkcs11}");
            std::fs::write(folder.path().join(FILE), text).unwrap();
            Config::load(folder.path(), [], &[]).map(|(config, _)| config.pkcs11)
        };
        assert_eq!(load("").unwrap(), None);
        let token = load("module = \"/m.so\"\ntoken = \"box\"\npin_file = \"/p\"\n").unwrap().unwrap();
        assert!(token.makes_keys && token.is_required);
        let text = Config::first(&Catalogue::new(Language::English), "x", "h", 1, None, Some(&token));
        std::fs::write(folder.path().join(FILE), text).unwrap();
        assert_eq!(Config::load(folder.path(), [], &[]).unwrap().0.pkcs11, Some(token));
        let away = load("module = \"/m.so\"\nserial = \"1\"\nrequired = false\n").unwrap().unwrap();
        assert!(!away.is_required && away.pin_file.is_none());
        for wrong in ["module = \"/m.so\"\n", "token = \"box\"\n", "pin_file = \"/p\"\n"] {
            assert!(load(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_limit_can_not_be_loosened() {
        let folder = tempfile::tempdir().unwrap();
        let text = "name = \"x\"\nhost = \"h\"\n[limits]\nuploads_open_max = 17\n";
        std::fs::write(folder.path().join(FILE), text).unwrap();
        assert!(Config::load(folder.path(), [], &[]).is_err());
    }
}
