//! The messages, in one language at a time: Fluent files embedded in the program. Prints nothing.
//!
//! Every argument that is text is made safe before it enters a message, and numbers, sizes, times and the words of
//! the house are written as the language writes them, so a caller can not forget either.

#[cfg(test)]
mod checks;

use crate::{Language, human, text};
use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use model::{Class, Kind, Period, Role, Timestamp};
use std::{borrow::Cow, time::Duration};

/// The files of each language, in the order of `Language::ALL`. A key stands in one file only.
pub(crate) const FILES: [(Language, [(&str, &str); 7]); 2] = [
    (
        Language::Chinese,
        [
            ("common.ftl", include_str!("../locales/zh-CN/common.ftl")),
            ("help.ftl", include_str!("../locales/zh-CN/help.ftl")),
            ("gateway.ftl", include_str!("../locales/zh-CN/gateway.ftl")),
            ("companion.ftl", include_str!("../locales/zh-CN/companion.ftl")),
            ("receipt.ftl", include_str!("../locales/zh-CN/receipt.ftl")),
            ("failures.ftl", include_str!("../locales/zh-CN/failures.ftl")),
            ("quickstart.ftl", include_str!("../locales/zh-CN/quickstart.ftl")),
        ],
    ),
    (
        Language::English,
        [
            ("common.ftl", include_str!("../locales/en/common.ftl")),
            ("help.ftl", include_str!("../locales/en/help.ftl")),
            ("gateway.ftl", include_str!("../locales/en/gateway.ftl")),
            ("companion.ftl", include_str!("../locales/en/companion.ftl")),
            ("receipt.ftl", include_str!("../locales/en/receipt.ftl")),
            ("failures.ftl", include_str!("../locales/en/failures.ftl")),
            ("quickstart.ftl", include_str!("../locales/en/quickstart.ftl")),
        ],
    ),
];

/// One value in a message. It is formatted in the message's language.
#[derive(Debug, Clone, PartialEq)]
pub enum Arg<'a> {
    /// Foreign or our own text; made safe by [`text::safe`].
    Text(Cow<'a, str>),
    /// A count: grouped in thousands, and what plural forms are chosen by.
    Count(u64),
    /// A size: `41.2 MB`.
    Bytes(u64),
    /// A length of time: `2 分 5 秒`.
    Span(Duration),
    /// A date and time of day in the local time zone.
    Time(Timestamp),
    /// A date in the local time zone.
    Date(Timestamp),
    /// A month or a year.
    Period(Period),
    /// A role.
    Role(Role),
    /// A class of documents.
    Class(Class),
    /// A kind of documents.
    Kind(Kind),
    /// Another message of the catalogue, without arguments.
    Message(&'static str),
}

impl<'a> Arg<'a> {
    /// A count that is not a `u64` already.
    pub fn count(count: usize) -> Self {
        Self::Count(u64::try_from(count).unwrap_or(u64::MAX))
    }

    /// A path as the system writes it; what is not Unicode is shown by replacement characters.
    pub fn path(path: &'a std::path::Path) -> Self {
        Self::Text(path.to_string_lossy())
    }

    /// Anything that has a text of its own, such as an id, an address or a cause.
    pub fn shown(value: impl std::fmt::Display) -> Self {
        Self::Text(Cow::Owned(value.to_string()))
    }

    /// Why the system refused, in the language of the message where it is one of the common reasons.
    pub fn cause(error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        Self::Message(match error.kind() {
            ErrorKind::NotFound => "cause-absent",
            ErrorKind::PermissionDenied => "cause-denied",
            ErrorKind::AlreadyExists => "cause-exists",
            ErrorKind::NotADirectory => "cause-no-folder",
            ErrorKind::IsADirectory => "cause-is-folder",
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "cause-full",
            ErrorKind::ReadOnlyFilesystem => "cause-read-only",
            ErrorKind::ResourceBusy | ErrorKind::ExecutableFileBusy => "cause-busy",
            ErrorKind::InvalidData => "cause-encoding",
            ErrorKind::UnexpectedEof => "cause-cut",
            ErrorKind::TimedOut => "cause-timeout",
            ErrorKind::ConnectionRefused => "cause-refused",
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => "cause-lost",
            ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::NetworkDown => {
                "cause-network"
            }
            ErrorKind::AddrInUse => "cause-in-use",
            ErrorKind::AddrNotAvailable => "cause-no-address",
            _ => return Self::shown(error),
        })
    }

    /// The same value without a borrow.
    pub fn into_owned(self) -> Arg<'static> {
        match self {
            Self::Text(text) => Arg::Text(Cow::Owned(text.into_owned())),
            Self::Count(count) => Arg::Count(count),
            Self::Bytes(bytes) => Arg::Bytes(bytes),
            Self::Span(span) => Arg::Span(span),
            Self::Time(time) => Arg::Time(time),
            Self::Date(time) => Arg::Date(time),
            Self::Period(period) => Arg::Period(period),
            Self::Role(role) => Arg::Role(role),
            Self::Class(class) => Arg::Class(class),
            Self::Kind(kind) => Arg::Kind(kind),
            Self::Message(key) => Arg::Message(key),
        }
    }
}

macro_rules! arg_from {
    ($($type:ty => |$value:ident| $arg:expr;)*) => {
        $(impl<'a> From<$type> for Arg<'a> {
            fn from($value: $type) -> Self { $arg }
        })*
    };
}

arg_from! {
    &'a str => |value| Self::Text(Cow::Borrowed(value));
    &'a String => |value| Self::Text(Cow::Borrowed(value));
    String => |value| Self::Text(Cow::Owned(value));
    Cow<'a, str> => |value| Self::Text(value);
    &'a std::path::Path => |value| Self::path(value);
    &'a std::path::PathBuf => |value| Self::path(value);
    std::path::PathBuf => |value| Self::Text(Cow::Owned(value.to_string_lossy().into_owned()));
    &'a model::DisplayName => |value| Self::Text(Cow::Borrowed(value.as_sent()));
    std::io::Error => |value| Self::cause(&value);
    &'a std::io::Error => |value| Self::cause(value);
    std::net::SocketAddr => |value| Self::shown(value);
    u64 => |value| Self::Count(value);
    u32 => |value| Self::Count(u64::from(value));
    u8 => |value| Self::Count(u64::from(value));
    usize => |value| Self::count(value);
    Duration => |value| Self::Span(value);
    Timestamp => |value| Self::Time(value);
    Period => |value| Self::Period(value);
    Role => |value| Self::Role(value);
    Class => |value| Self::Class(value);
    Kind => |value| Self::Kind(value);
}

/// The messages of one language. Shared freely between threads.
pub struct Catalogue {
    language: Language,
    bundle: FluentBundle<FluentResource>,
}

impl Catalogue {
    /// Reads the embedded files of one language; tests prove that they have no errors.
    pub fn new(language: Language) -> Self {
        let tag = language.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new_concurrent(vec![tag]);
        // No isolation marks: they are invisible characters, and our own output is to have none.
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(grouped));
        let files = FILES.iter().filter(|(of, _)| *of == language).flat_map(|(_, files)| files);
        for (_, source) in files {
            let resource = match FluentResource::try_new((*source).to_owned()) {
                Ok(resource) | Err((resource, _)) => resource,
            };
            bundle.add_resource_overriding(resource);
        }
        Self { language, bundle }
    }

    /// The language of these messages.
    pub fn language(&self) -> Language {
        self.language
    }

    /// Whether there is a message by this key.
    pub fn has(&self, key: &str) -> bool {
        self.bundle.get_message(key).is_some_and(|message| message.value().is_some())
    }

    /// The message by this key with these arguments. Never fails: a key that does not exist is shown as itself, an
    /// argument that is missing as its name in braces. A test compares the keys in the sources with the files.
    pub fn text(&self, key: &str, args: &[(&str, Arg<'_>)]) -> String {
        let message = self.bundle.get_message(key);
        let Some(pattern) = message.as_ref().and_then(fluent_bundle::FluentMessage::value) else {
            return format!("[{}]", text::safe(key));
        };
        let mut values = FluentArgs::with_capacity(args.len());
        for (name, arg) in args {
            values.set(*name, self.value(arg));
        }
        let mut errors = Vec::new();
        self.bundle.format_pattern(pattern, Some(&values), &mut errors).into_owned()
    }

    fn value<'v>(&self, arg: &'v Arg<'_>) -> FluentValue<'v> {
        let written = match arg {
            Arg::Text(text) => return FluentValue::String(text::safe(text)),
            Arg::Count(count) => {
                #[allow(clippy::cast_precision_loss)] // counts beyond 2^53 do not occur
                return FluentValue::from(*count as f64);
            }
            Arg::Bytes(bytes) => human::bytes(*bytes),
            Arg::Span(span) => human::span(self.language, *span),
            Arg::Time(time) => human::time(self.language, *time),
            Arg::Date(time) => human::date(self.language, *time),
            Arg::Period(period) => human::period(self.language, *period),
            Arg::Role(role) => self.text(role_key(*role), &[]),
            Arg::Class(class) => self.text(class_key(*class), &[]),
            Arg::Kind(kind) => self.text(kind_key(*kind), &[]),
            Arg::Message(key) => self.text(key, &[]),
        };
        FluentValue::String(Cow::Owned(written))
    }
}

/// Fluent chooses plural forms by the number, and would print it without groups.
fn grouped<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    match value {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // it was a u64 below 2^53
        FluentValue::Number(number) => Some(human::count(number.value as u64)),
        _ => None,
    }
}

/// The key of a role's word.
pub const fn role_key(role: Role) -> &'static str {
    match role {
        Role::Client => "role-client",
        Role::Bookkeeper => "role-bookkeeper",
        Role::Supervisor => "role-supervisor",
        Role::Admin => "role-admin",
        Role::Auditor => "role-auditor",
        Role::Partner => "role-partner",
    }
}

/// The key of a class's word.
pub const fn class_key(class: Class) -> &'static str {
    match class {
        Class::Public => "class-public",
        Class::Internal => "class-internal",
        Class::Confidential => "class-confidential",
    }
}

/// The key of a kind's word.
pub const fn kind_key(kind: Kind) -> &'static str {
    match kind {
        Kind::Invoice => "kind-invoice",
        Kind::Voucher => "kind-voucher",
        Kind::BankStatement => "kind-bank-statement",
        Kind::Contract => "kind-contract",
        Kind::Payroll => "kind-payroll",
        Kind::TaxReturn => "kind-tax-return",
        Kind::Ledger => "kind-ledger",
        Kind::InterimReport => "kind-interim-report",
        Kind::AnnualReport => "kind-annual-report",
        Kind::Other => "kind-other",
    }
}

/// The arguments of a message: `args![name, count = files.len()]` is
/// `&[("name", Arg::from(name)), ("count", Arg::from(files.len()))]`.
#[macro_export]
macro_rules! args {
    ($($name:ident $(= $value:expr)?),* $(,)?) => {
        &[$((stringify!($name), $crate::args!(@one $name $(, $value)?))),*] as &[(&str, $crate::Arg<'_>)]
    };
    (@one $name:ident) => { $crate::Arg::from($name) };
    (@one $name:ident, $value:expr) => { $crate::Arg::from($value) };
}

/// One message as a `String`: `say!(console, "sent-all", count = n, receipt = &number)`.
///
/// The first argument is a [`Console`](crate::Console) or a [`Catalogue`].
#[macro_export]
macro_rules! say {
    ($to:expr, $key:literal $(, $name:ident $(= $value:expr)?)* $(,)?) => {
        $to.text($key, $crate::args![$($name $(= $value)?),*])
    };
}
