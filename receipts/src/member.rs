//! How the members of a statement are written in JSON and read back. Not which members there are (see `event`).
//!
//! A reader takes what it needs and ignores the form: the statement is then written again and the bytes are
//! compared, so order, spaces, escapes, twice-named and unknown members need no rule of their own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use model::digest::hex;
use model::{
    BookId, DeviceId, InvitationId, Period, PersonId, PracticeId, Reason, Role, Sha256Digest, SubmissionId,
    Timestamp,
};
use serde_json::{Map, Value};

use crate::{Documents, Error, Vkey};

/// A value of a member. `None` where the JSON value is not one.
pub trait Member: Sized {
    fn write(&self, out: &mut String);
    fn read(value: &Value) -> Option<Self>;
}

/// A JSON object with fixed members in a fixed order.
pub trait Members: Sized {
    const NAMES: &'static [&'static str];
    fn write_members(&self, out: &mut Object<'_>);
    fn read_members(object: &Map<String, Value>) -> Result<Self, Error>;
}

/// Where the members of an object stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// A statement: a line each.
    Lines,
    /// Inside a line.
    Inline,
}

/// An object being written.
pub struct Object<'a> {
    out: &'a mut String,
    layout: Layout,
    empty: bool,
}

impl<'a> Object<'a> {
    pub fn open(out: &'a mut String, layout: Layout) -> Self {
        out.push('{');
        Self { out, layout, empty: true }
    }

    pub fn member<T: Member>(&mut self, name: &str, value: &T) {
        if !self.empty {
            self.out.push(',');
        }
        self.empty = false;
        if self.layout == Layout::Lines {
            self.out.push_str("\n  ");
        }
        text(name, self.out);
        self.out.push(':');
        if self.layout == Layout::Lines {
            self.out.push(' ');
        }
        value.write(self.out);
    }

    pub fn close(self) {
        self.out.push_str(if self.layout == Layout::Lines { "\n}\n" } else { "}" });
    }
}

/// One member of an object that was read.
pub fn member<T: Member>(object: &Map<String, Value>, name: &'static str) -> Result<T, Error> {
    object.get(name).and_then(T::read).ok_or(Error::Member { name })
}

/// A JSON string as serde_json escapes it: `"`, `\` and control characters, nothing else.
pub fn text(value: &str, out: &mut String) {
    out.push_str(&Value::from(value).to_string());
}

/// Declares an object: fields, their types, their names in JSON, in order.
macro_rules! members {
    ($($(#[$doc:meta])* struct $name:ident {
        $($(#[$about:meta])* $field:ident: $type:ty = $json:literal,)*
    })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $($(#[$about])* pub $field: $type,)*
        }

        impl $crate::member::Members for $name {
            const NAMES: &'static [&'static str] = &[$($json),*];

            #[allow(unused_variables)]
            fn write_members(&self, out: &mut $crate::member::Object<'_>) {
                $(out.member($json, &self.$field);)*
            }

            #[allow(unused_variables)]
            fn read_members(
                object: &serde_json::Map<String, serde_json::Value>,
            ) -> Result<Self, $crate::Error> {
                Ok(Self { $($field: $crate::member::member(object, $json)?,)* })
            }
        }
    )*};
}
pub(crate) use members;

impl<T: Members> Member for T {
    fn write(&self, out: &mut String) {
        let mut object = Object::open(out, Layout::Inline);
        self.write_members(&mut object);
        object.close();
    }

    fn read(value: &Value) -> Option<Self> {
        T::read_members(value.as_object()?).ok()
    }
}

/// `null` where there is none.
impl<T: Member> Member for Option<T> {
    fn write(&self, out: &mut String) {
        match self {
            Some(value) => value.write(out),
            None => out.push_str("null"),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::read(value).map(Some),
        }
    }
}

impl<T: Member> Member for Vec<T> {
    fn write(&self, out: &mut String) {
        out.push('[');
        for (at, value) in self.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            value.write(out);
        }
        out.push(']');
    }

    fn read(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(T::read).collect()
    }
}

impl Member for u32 {
    fn write(&self, out: &mut String) {
        out.push_str(&self.to_string());
    }

    fn read(value: &Value) -> Option<Self> {
        value.as_u64().and_then(|value| Self::try_from(value).ok())
    }
}

/// A type that is one JSON string: how it is written, how it is read.
macro_rules! strings {
    ($($type:ty: $write:expr, $read:expr;)*) => {$(
        impl Member for $type {
            fn write(&self, out: &mut String) {
                let write: fn(&$type) -> String = $write;
                text(&write(self), out);
            }

            fn read(value: &Value) -> Option<Self> {
                let read: fn(&str) -> Option<$type> = $read;
                read(value.as_str()?)
            }
        }
    )*};
}
pub(crate) use strings;

strings! {
    BookId: |id| id.to_hex(), |text| BookId::from_hex(text).ok();
    PersonId: |id| id.to_hex(), |text| PersonId::from_hex(text).ok();
    DeviceId: |id| id.to_hex(), |text| DeviceId::from_hex(text).ok();
    SubmissionId: |id| id.to_hex(), |text| SubmissionId::from_hex(text).ok();
    InvitationId: |id| id.to_string(), |text| InvitationId::parse(text).ok();
    PracticeId: |id| id.as_str().to_owned(), |text| PracticeId::parse(text).ok();
    Sha256Digest: |digest| digest.to_hex(), |text| Sha256Digest::from_hex(text).ok();
    Timestamp: |time| time.to_rfc3339(), |text| Timestamp::parse_rfc3339(text).ok();
    Period: |period| period.to_string(), |text| Period::parse(text).ok();
    Role: |role| role.as_str().to_owned(), |text| Role::parse(text).ok();
    Reason: |reason| reason.as_str().to_owned(), |text| Reason::parse(text).ok();
    [u8; 16]: |bytes| hex::encode(bytes), |text| hex::decode(text);
    Vec<u8>: |bytes| BASE64.encode(bytes), |text| BASE64.decode(text).ok();
    String: |text| text.clone(), |text| Some(text.to_owned());
}

impl Member for Documents {
    fn write(&self, out: &mut String) {
        let mut object = Object::open(out, Layout::Inline);
        object.member("count", &self.count);
        object.member("root", &self.root);
        object.close();
    }

    fn read(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        Some(Self { count: member(object, "count").ok()?, root: member(object, "root").ok()? })
    }
}

/// The member `log`: the origin stands beside the key that begins with it, for who reads it by eye.
impl Member for Vkey {
    fn write(&self, out: &mut String) {
        let mut object = Object::open(out, Layout::Inline);
        object.member("origin", &self.name().to_owned());
        object.member("vkey", &self.to_string());
        object.close();
    }

    fn read(value: &Value) -> Option<Self> {
        Self::parse(value.as_object()?.get("vkey")?.as_str()?).ok()
    }
}
