//! Which language is spoken: the flag, then the environment, then the system. Holds no messages.

/// The environment variable that chooses the language.
pub const LANGUAGE_VARIABLE: &str = "COUNTERFOIL_LANG";

/// The languages of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// zh-CN: for every system that speaks Chinese.
    Chinese,
    /// en: for every other.
    English,
}

impl Language {
    /// Both languages, the first written first.
    pub const ALL: [Self; 2] = [Self::Chinese, Self::English];

    /// The tag of BCP 47, which is also the name of the folder under `locales/`.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// Reads a tag as people and systems write it: `zh-CN`, `zh_CN.UTF-8`, `zh`, `en`, `en-GB`.
    /// `None` for any other language.
    pub fn parse(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_', '.', '@']).next().unwrap_or_default();
        match primary.to_ascii_lowercase().as_str() {
            "zh" => Some(Self::Chinese),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    /// The first of flag, environment and system that names something: a `zh` tag means Chinese, every other
    /// English, and so does nothing at all.
    pub fn choose(flag: Option<&str>, environment: Option<&str>, system: Option<&str>) -> Self {
        let named = [flag, environment, system].into_iter().flatten().find(|tag| !tag.trim().is_empty());
        named.and_then(|tag| Self::parse(tag.trim())).unwrap_or(Self::English)
    }

    /// Chooses by `--lang` (as given, if given), `COUNTERFOIL_LANG` and the system's locale.
    pub fn detect(flag: Option<&str>) -> Self {
        let environment = std::env::var(LANGUAGE_VARIABLE).ok();
        Self::choose(flag, environment.as_deref(), sys_locale::get_locale().as_deref())
    }

    /// Finds `--lang X` or `--lang=X` among raw arguments, so that even help and usage errors are in the language
    /// asked for. Looks no further than `--`.
    pub fn from_arguments<I>(arguments: I) -> Self
    where
        I: IntoIterator<Item = std::ffi::OsString>,
    {
        let mut flag = None;
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some("--") => break,
                Some("--lang") => flag = arguments.next().and_then(|tag| tag.into_string().ok()),
                Some(text) => {
                    if let Some(tag) = text.strip_prefix("--lang=") {
                        flag = Some(tag.to_owned());
                    }
                }
                None => {}
            }
        }
        Self::detect(flag.as_deref())
    }
}

impl std::fmt::Display for Language {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.tag())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_wins_then_the_environment_then_the_system() {
        let cases = [
            (Some("en"), Some("zh-CN"), Some("zh-CN"), Language::English),
            (None, Some("zh_CN.UTF-8"), Some("en-US"), Language::Chinese),
            (None, Some(""), Some("zh-TW"), Language::Chinese),
            (None, None, Some("de-DE"), Language::English),
            (None, None, Some("C"), Language::English),
            (None, None, None, Language::English),
            (Some("ZH"), None, None, Language::Chinese),
        ];
        for (flag, environment, system, language) in cases {
            assert_eq!(Language::choose(flag, environment, system), language);
        }
    }

    #[test]
    fn the_flag_is_found_before_anything_is_parsed() {
        let found = |line: &[&str]| Language::from_arguments(line.iter().map(Into::into));
        assert_eq!(found(&["counterfoil", "send", "--lang", "zh-CN"]), Language::Chinese);
        assert_eq!(found(&["counterfoil", "--lang=zh", "send"]), Language::Chinese);
        assert_eq!(found(&["counterfoil", "--lang=en", "send", "--", "--lang=zh"]), Language::English);
    }

    #[test]
    fn another_language_is_not_read_as_one_of_ours() {
        assert_eq!(Language::parse("de"), None);
        assert_eq!(Language::parse(""), None);
        assert_eq!(Language::parse("zhx"), None);
    }
}
