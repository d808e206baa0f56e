//! Configuration with sources: defaults, a TOML file, the environment, flags; the later wins. Knows no setting itself:
//! each program has its [`Schema`].
//!
//! A key that is not in the schema is an error that names the file and the line, for a misspelt setting that is
//! silently ignored seems to work. A value beyond its bound is refused: limits are made tighter, never looser.

mod file;
mod value;

pub use value::{Bound, Setting, Value, ValueKind};

use crate::{Catalogue, Column, Console, Event, Exit, Failure, Output, Table, failure, text};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The largest configuration file that is read.
pub const FILE_BYTES_MAX: u64 = 256 * 1024;

/// The settings of one program.
#[derive(Debug)]
pub struct Schema {
    /// What its environment variables begin with: `COUNTERFOIL_GATEWAY_` makes `limits.uploads_open_max` into
    /// `COUNTERFOIL_GATEWAY_LIMITS_UPLOADS_OPEN_MAX`. Any other variable that begins so is an error.
    pub variable_prefix: &'static str,
    /// Variables (or beginnings of variables, ending in `_`) under that prefix that are no settings.
    pub variables_else: &'static [&'static str],
    /// Every setting, in the order of the file.
    pub settings: &'static [Setting],
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The schema.
    Default,
    /// A line of a file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        variable: String,
    },
    /// A flag.
    Flag {
        /// As it was typed: `--listen`.
        flag: String,
    },
}

impl Source {
    /// The word in JSON.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File { .. } => "file",
            Self::Environment { .. } => "environment",
            Self::Flag { .. } => "flag",
        }
    }

    /// The file and line, the variable or the flag. `None` for a default.
    pub fn place(&self) -> Option<String> {
        match self {
            Self::Default => None,
            Self::File { path, line } => Some(format!("{}:{line}", path.display())),
            Self::Environment { variable } => Some(variable.clone()),
            Self::Flag { flag } => Some(flag.clone()),
        }
    }
}

/// A value given by a flag.
#[derive(Debug, Clone)]
pub struct Given {
    /// The setting's key.
    pub key: &'static str,
    /// The flag as typed: `--listen`.
    pub flag: &'static str,
    /// Its value as typed.
    pub value: String,
}

/// All values in force, each with its source.
#[derive(Debug, Clone)]
pub struct Configuration {
    values: BTreeMap<&'static str, (Value, Source)>,
    order: Vec<&'static str>,
}

impl Configuration {
    /// Lays defaults, file, environment and flags over each other. A file that is named must be there.
    ///
    /// # Errors
    /// `configuration-unreadable`, `configuration-malformed`, `setting-unknown`, `setting-wrong`, `setting-weakens`,
    /// each with its place.
    pub fn load(
        schema: &Schema,
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &[Given],
    ) -> Result<Self, Failure> {
        let order = schema.settings.iter().map(|setting| setting.key).collect();
        let mut configuration = Self { values: BTreeMap::new(), order };
        for setting in schema.settings {
            if let Some(default) = setting.default {
                configuration.set(setting, setting.kind.read(default), default, Source::Default)?;
            }
        }
        if let Some(path) = file {
            let text = read(path)?;
            configuration.lay_file(schema, path, &text)?;
        }
        for (variable, value) in environment {
            let Some(rest) = variable.strip_prefix(schema.variable_prefix) else { continue };
            if schema.is_else(&variable) {
                continue;
            }
            let Some(setting) = schema.settings.iter().find(|setting| setting.variable_rest() == rest) else {
                return Err(failure::setting_unknown(&variable, &variable));
            };
            let source = Source::Environment { variable };
            configuration.set(setting, setting.kind.read(&value), &value, source)?;
        }
        for Given { key, flag, value } in flags {
            let source = Source::Flag { flag: (*flag).to_owned() };
            match schema.setting(key) {
                Some(setting) => configuration.set(setting, setting.kind.read(value), value, source)?,
                None => return Err(failure::setting_unknown(*key, *flag)),
            }
        }
        Ok(configuration)
    }

    /// The value of a text, path, address or word setting. `None` where it has neither default nor value.
    pub fn string(&self, key: &str) -> Option<&str> {
        match self.values.get(key) {
            Some((Value::Text(text), _)) => Some(text),
            _ => None,
        }
    }

    /// The value of a count, size or time setting, in its unit (ones, bytes, seconds).
    pub fn number(&self, key: &str) -> Option<u64> {
        match self.values.get(key) {
            Some((Value::Number(number), _)) => Some(*number),
            _ => None,
        }
    }

    /// Whether a switch is on; off where it has no value.
    pub fn is_on(&self, key: &str) -> bool {
        matches!(self.values.get(key), Some((Value::Switch(true), _)))
    }

    /// The value of a path setting. What a file says relatively is relative to that file's folder.
    pub fn path(&self, key: &str) -> Option<PathBuf> {
        let (Value::Text(path), source) = self.values.get(key)? else { return None };
        match source {
            Source::File { path: file, .. } => file.parent().map(|folder| folder.join(path)),
            _ => Some(PathBuf::from(path)),
        }
    }

    /// Where a value comes from. `None` where it has none.
    pub fn source(&self, key: &str) -> Option<&Source> {
        self.values.get(key).map(|(_, source)| source)
    }

    /// Every value with its source, in the order of the schema.
    pub fn rows(&self) -> impl Iterator<Item = (&'static str, &Value, &Source)> {
        self.order.iter().filter_map(|key| self.values.get(key).map(|(value, source)| (*key, value, source)))
    }

    fn lay_file(&mut self, schema: &Schema, path: &Path, text: &str) -> Result<(), Failure> {
        for line in file::lines(text).map_err(|bad| bad.failure(path))? {
            let source = Source::File { path: path.to_owned(), line: line.number };
            let place = source.place().unwrap_or_default();
            let Some(setting) = schema.setting(&line.key) else {
                return Err(failure::setting_unknown(&line.key, place));
            };
            let read = line.value.as_ref().and_then(|value| setting.kind.accept(value));
            self.set(setting, read, &line.written, source)?;
        }
        Ok(())
    }

    fn set(
        &mut self,
        setting: &'static Setting,
        read: Option<Value>,
        written: &str,
        source: Source,
    ) -> Result<(), Failure> {
        let place = || source.place().unwrap_or_else(|| source.word().to_owned());
        let Some(value) = read else {
            return Err(failure::setting_wrong(setting.key, written, place(), setting.kind.expected()));
        };
        if let Some(bound) = setting.bound.broken_by(&value) {
            return Err(failure::setting_weakens(setting.key, written, place(), bound));
        }
        self.values.insert(setting.key, (value, source));
        Ok(())
    }
}

impl Schema {
    /// The setting by this key.
    pub fn setting(&self, key: &str) -> Option<&'static Setting> {
        self.settings.iter().find(|setting| setting.key == key)
    }

    /// A whole configuration file: every setting with its sentence in the language of the catalogue; what `set`
    /// names stands as a value, the rest as a comment with its default.
    pub fn commented(&self, catalogue: &Catalogue, set: &[(&str, Value)]) -> String {
        let mut lines: Vec<String> = vec![format!("# {}", catalogue.text("setting-file", &[]))];
        let mut section = "";
        for setting in self.settings {
            let (of, name) = setting.key.rsplit_once('.').unwrap_or(("", setting.key));
            if of != section {
                lines.push(String::new());
                lines.push(format!("[{of}]"));
                section = of;
            }
            lines.push(String::new());
            let about = catalogue.text(&setting.message(), &[]);
            lines.extend(about.lines().map(|line| format!("# {line}")));
            let value = set.iter().find(|(key, _)| *key == setting.key).map(|(_, value)| value.toml());
            lines.push(match (value, setting.default) {
                (Some(value), _) => format!("{name} = {value}"),
                (None, Some(default)) => {
                    let default = setting.kind.read(default).map_or_else(String::new, |value| value.toml());
                    format!("# {name} = {default}")
                }
                (None, None) => format!("# {name} ="),
            });
        }
        lines.push(String::new());
        lines.join("\n")
    }

    /// Settings whose sentence (`setting-` and the key with dashes) is not in the catalogue; for a program's tests.
    pub fn untold(&self, catalogue: &Catalogue) -> Vec<String> {
        let messages = self.settings.iter().map(Setting::message);
        messages.filter(|message| !catalogue.has(message)).collect()
    }

    fn is_else(&self, variable: &str) -> bool {
        self.variables_else.iter().any(|known| match known.strip_suffix('_') {
            Some(_) => variable.starts_with(known),
            None => variable == *known,
        })
    }
}

impl Console {
    /// `config show`: every value and where it comes from.
    pub fn configuration(&self, configuration: &Configuration) {
        let titles = ["setting-title-key", "setting-title-value", "setting-title-source"];
        let mut titles = titles.into_iter().map(|key| self.text(key, &[]));
        let mut title = || titles.next().unwrap_or_default();
        let columns = vec![Column::fixed(title()), Column::text(title()), Column::text(title())];
        let mut table = Table::new(columns);
        for (key, value, source) in configuration.rows() {
            let place = source.place();
            let shown = place.clone().unwrap_or_else(|| self.text("setting-source-default", &[]));
            table.row([key, value.toml().as_str(), shown.as_str()]);
            let (key, value, source) = (key.to_owned(), value.json(), source.word().to_owned());
            self.emit(&Event::Setting { key, value, source, place });
        }
        if self.manner().output != Output::Json {
            self.table(&table);
        }
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    let unreadable = |cause: String| {
        failure::configuration_unreadable(path, text::safe(&cause).into_owned()).with_exit(Exit::Usage)
    };
    let opened = std::fs::File::open(path).map_err(|cause| unreadable(cause.to_string()))?;
    let mut content = String::new();
    let mut bounded = std::io::Read::take(opened, FILE_BYTES_MAX + 1);
    std::io::Read::read_to_string(&mut bounded, &mut content)
        .map_err(|cause| unreadable(cause.to_string()))?;
    if u64::try_from(content.len()).unwrap_or(u64::MAX) > FILE_BYTES_MAX {
        return Err(unreadable(format!("> {FILE_BYTES_MAX} B")));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FailureCode, Language};

    static SETTINGS: [Setting; 6] = [
        Setting { key: "listen", kind: ValueKind::Address, default: Some("[::]:4433"), bound: Bound::Free },
        Setting { key: "unlock.key_file", kind: ValueKind::Path, default: None, bound: Bound::Free },
        Setting {
            key: "limits.uploads",
            kind: ValueKind::Count,
            default: Some("16"),
            bound: Bound::AtMost(16),
        },
        Setting { key: "limits.bytes", kind: ValueKind::Bytes, default: Some("200 GiB"), bound: Bound::Free },
        Setting {
            key: "limits.age",
            kind: ValueKind::Seconds,
            default: Some("7d"),
            bound: Bound::Between(3600, 604_800),
        },
        Setting { key: "log.json", kind: ValueKind::Switch, default: Some("false"), bound: Bound::Free },
    ];
    static SCHEMA: Schema = Schema {
        variable_prefix: "CFTEST_",
        variables_else: &["CFTEST_HOME", "CFTEST_OTHER_"],
        settings: &SETTINGS,
    };

    fn load(text: &str, environment: &[(&str, &str)], flags: &[Given]) -> Result<Configuration, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        std::fs::write(&path, text).unwrap();
        let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Configuration::load(&SCHEMA, Some(&path), environment, flags)
    }

    #[test]
    fn the_later_source_wins_and_is_known() {
        let text = "listen = \"127.0.0.1:1\"\n[limits]\nuploads = 8\nage = \"2h\"\n";
        let flags = [Given { key: "listen", flag: "--listen", value: "127.0.0.1:0".into() }];
        let got = load(text, &[("CFTEST_LIMITS_UPLOADS", "4"), ("CFTEST_HOME", "/x"), ("PATH", "")], &flags);
        let got = got.unwrap();
        assert_eq!(got.string("listen"), Some("127.0.0.1:0"));
        assert_eq!(got.number("limits.uploads"), Some(4));
        assert_eq!(got.number("limits.age"), Some(7200));
        assert_eq!(got.number("limits.bytes"), Some(200 << 30));
        assert_eq!(got.string("unlock.key_file"), None);
        assert!(!got.is_on("log.json"));
        assert_eq!(got.source("listen").unwrap().place().unwrap(), "--listen");
        assert_eq!(got.source("limits.uploads").unwrap().place().unwrap(), "CFTEST_LIMITS_UPLOADS");
        assert!(got.source("limits.age").unwrap().place().unwrap().ends_with("c.toml:4"));
        assert_eq!(got.source("limits.bytes"), Some(&Source::Default));
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let zh = Catalogue::new(Language::Chinese);
        let bad = load("listen = \"127.0.0.1:1\"\n\n[limits]\nuplods = 3\n", &[], &[]).unwrap_err();
        assert_eq!(bad.code(), FailureCode::SettingUnknown);
        assert!(bad.what(&zh).contains("limits.uplods") && bad.what(&zh).contains("c.toml:4"));
        let bad = load("", &[("CFTEST_LIMITS_UPLODS", "3")], &[]).unwrap_err();
        assert_eq!(bad.code(), FailureCode::SettingUnknown);
        assert!(load("", &[("CFTEST_OTHER_THING", "3")], &[]).is_ok());
    }

    #[test]
    fn a_limit_can_be_tightened_and_not_loosened() {
        assert_eq!(load("limits.uploads = 1", &[], &[]).unwrap().number("limits.uploads"), Some(1));
        for (text, environment) in [
            ("limits.uploads = 17", &[][..]),
            ("limits.age = \"8d\"", &[]),
            ("limits.age = 60", &[]),
            ("", &[("CFTEST_LIMITS_UPLOADS", "17")]),
        ] {
            let bad = load(text, environment, &[]).unwrap_err();
            assert_eq!(bad.code(), FailureCode::SettingWeakens, "{text}");
            assert_eq!(bad.exit(), Exit::Usage);
        }
    }

    #[test]
    fn a_value_of_another_kind_is_refused() {
        for text in [
            "limits.uploads = \"many\"",
            "limits.uploads = -1",
            "limits.uploads = [1]",
            "log.json = \"yes\"",
            "listen = 3",
            "listen = \"nowhere\"",
            "limits.bytes = \"2 elephants\"",
            "unlock = \"x\"",
        ] {
            let code = load(text, &[], &[]).unwrap_err().code();
            assert!(matches!(code, FailureCode::SettingWrong | FailureCode::SettingUnknown), "{text}");
        }
    }

    #[test]
    fn bad_toml_is_named_with_its_line() {
        let bad = load("listen = \"127.0.0.1:1\"\n[limits\n", &[], &[]).unwrap_err();
        assert_eq!(bad.code(), FailureCode::ConfigurationMalformed);
        assert!(bad.what(&Catalogue::new(Language::English)).contains("at line 2"), "{bad:?}");
        let absent = Configuration::load(&SCHEMA, Some(Path::new("/nowhere/c.toml")), [], &[]);
        assert_eq!(absent.unwrap_err().code(), FailureCode::ConfigurationUnreadable);
        let deep = format!("listen = {}1", "[".repeat(100_000));
        assert_eq!(load(&deep, &[], &[]).unwrap_err().code(), FailureCode::ConfigurationMalformed);
        let long = "#".repeat(300 * 1024);
        assert_eq!(load(&long, &[], &[]).unwrap_err().code(), FailureCode::ConfigurationUnreadable);
    }

    #[test]
    fn the_file_that_is_written_is_read_back() {
        let zh = Catalogue::new(Language::Chinese);
        let set = [("listen", Value::Text("0.0.0.0:4433".into())), ("limits.age", Value::Number(3600))];
        let text = SCHEMA.commented(&zh, &set);
        let got = load(&text, &[], &[]).unwrap();
        assert_eq!(got.string("listen"), Some("0.0.0.0:4433"));
        assert_eq!(got.number("limits.age"), Some(3600));
        assert_eq!(got.source("limits.uploads"), Some(&Source::Default));
        assert!(text.contains("\n# uploads = 16\n") && text.contains("\n[unlock]\n"), "{text}");
        assert!(SCHEMA.untold(&zh).contains(&"setting-limits-uploads".to_owned()));
    }

    #[test]
    fn a_path_in_a_file_is_relative_to_the_file() {
        let got = load("unlock.key_file = \"../keys/k\"", &[], &[]).unwrap();
        assert!(got.path("unlock.key_file").unwrap().is_absolute());
        let got = load("unlock.key_file = \"/etc/k\"", &[], &[]).unwrap();
        assert_eq!(got.path("unlock.key_file").unwrap(), Path::new("/etc/k"));
    }
}
