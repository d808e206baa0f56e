//! The table behind codec and schema: what a message or record is made of. Decides no content.

use crate::message::Side;

/// One member of a message or record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its key in the map.
    pub key: u64,
    /// Its name, in code and schema.
    pub name: &'static str,
    /// Its type in the schema.
    pub cddl: String,
    /// Whether it may be left out.
    pub optional: bool,
    /// What it says.
    pub doc: String,
}

/// One message or record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name in code; in the schema the same in lower case with hyphens.
    pub name: &'static str,
    /// Its number, if it is a message.
    pub number: Option<u16>,
    /// Who sends it, if it is a message.
    pub by: Option<Side>,
    /// What it says.
    pub doc: String,
    /// Its members, keys rising.
    pub members: Vec<Member>,
}

/// `OpenHead` as the schema writes it: `open-head`.
pub fn kebab(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for (at, letter) in name.chars().enumerate() {
        if letter == '_' {
            out.push('-');
            continue;
        }
        if letter.is_ascii_uppercase() && at > 0 {
            out.push('-');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// Records: structs with integer keys, their codec and their entries in the schema, from one table.
macro_rules! records {
    ($(
        $(#[doc = $doc:literal])*
        $name:ident { $( $(#[doc = $member_doc:literal])* $key:literal $member:ident: $type:ty, )* }
    )*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name { $( $(#[doc = $member_doc])* pub $member: $type, )* }

        impl $crate::codec::Map for $name {
            const NAME: &'static str = stringify!($name);

            fn pairs(&self) -> u64 {
                0 $( + u64::from(!$crate::codec::Field::is_left_out(&self.$member)) )*
            }

            #[allow(unused_variables)]
            fn write_members(&self, out: &mut $crate::codec::Writer) {
                $( if !$crate::codec::Field::is_left_out(&self.$member) {
                    out.uint($key);
                    $crate::codec::Field::write(&self.$member, out);
                } )*
            }

            fn read_members(input: &mut $crate::codec::Reader<'_>, pairs: u64) -> Result<Self, $crate::WireError> {
                $( let mut $member: Option<$type> = None; )*
                for _ in 0..pairs {
                    match input.uint()? {
                        $( $key => {
                            let read = <$type as $crate::codec::Field>::read(input);
                            $member = Some(read.map_err(|error| error.within(stringify!($name), stringify!($member)))?);
                        } )*
                        _ => input.skip()?,
                    }
                }
                Ok(Self { $( $member: match $member.or_else(<$type as $crate::codec::Field>::left_out) {
                    Some(value) => value,
                    None => {
                        return Err($crate::WireError::Missing { of: stringify!($name), member: stringify!($member) });
                    }
                }, )* })
            }
        }

        impl $crate::codec::Field for $name {
            fn cddl() -> String {
                $crate::schema::kebab(stringify!($name))
            }

            fn write(&self, out: &mut $crate::codec::Writer) {
                out.map($crate::codec::Map::pairs(self));
                $crate::codec::Map::write_members(self, out);
            }

            fn read(input: &mut $crate::codec::Reader<'_>) -> Result<Self, $crate::WireError> {
                let pairs = input.map()?;
                $crate::codec::Map::read_members(input, pairs)
            }
        }

        impl $name {
            /// Its entry in the schema.
            pub fn schema() -> $crate::schema::Entry {
                $crate::schema::Entry {
                    name: stringify!($name),
                    number: None,
                    by: None,
                    doc: concat!($($doc, "\n",)* "").to_owned(),
                    members: vec![$( $crate::schema::Member {
                        key: $key,
                        name: stringify!($member),
                        cddl: <$type as $crate::codec::Field>::cddl(),
                        optional: <$type as $crate::codec::Field>::OPTIONAL,
                        doc: concat!($($member_doc, "\n",)* "").to_owned(),
                    }, )*],
                }
            }
        }
    )*};
}

/// Messages: records with a number (key 0), gathered in one enum.
macro_rules! messages {
    (
        $(#[$enum_doc:meta])*
        enum $set:ident;
        $(
            $(#[doc = $doc:literal])*
            $number:literal $name:ident by $side:ident { $($members:tt)* }
        )*
    ) => {
        $crate::schema::records! { $( $(#[doc = $doc])* $name { $($members)* } )* }

        $(#[$enum_doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $set { $( $(#[doc = $doc])* $name($name), )* }

        impl $set {
            /// Its number on the wire.
            pub const fn number(&self) -> u16 {
                match self { $( Self::$name(_) => $number, )* }
            }

            /// Its name in the schema.
            pub const fn name(&self) -> &'static str {
                match self { $( Self::$name(_) => stringify!($name), )* }
            }

            /// Who may send it.
            pub const fn by(&self) -> $crate::message::Side {
                match self { $( Self::$name(_) => $crate::message::Side::$side, )* }
            }

            /// The body of a frame.
            pub fn to_bytes(&self) -> Vec<u8> {
                let mut out = $crate::codec::Writer::new();
                match self { $( Self::$name(body) => {
                    out.map($crate::codec::Map::pairs(body) + 1);
                    out.uint(0);
                    out.uint($number);
                    $crate::codec::Map::write_members(body, &mut out);
                } )* }
                out.into_bytes()
            }

            /// Reads the body of a frame, which the frame has bounded already.
            ///
            /// # Errors
            /// Bytes that are not strict, an unknown number, a member that is missing or wrong.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, $crate::WireError> {
                let mut input = $crate::codec::Reader::checked(bytes)?;
                let pairs = input.map()?;
                let members = pairs.checked_sub(1).ok_or($crate::message::NO_NUMBER)?;
                // Keys rise, so the number is first or nowhere.
                match (input.uint()?, input.uint().map_err(|_| $crate::message::NO_NUMBER)?) {
                    $( (0, $number) => $crate::codec::Map::read_members(&mut input, members).map(Self::$name), )*
                    (0, number) => Err($crate::WireError::UnknownMessage { number }),
                    _ => Err($crate::message::NO_NUMBER),
                }
            }

            /// The schema of all messages, in the order of the table.
            pub fn schema() -> Vec<$crate::schema::Entry> {
                vec![$( $crate::schema::Entry {
                    number: Some($number),
                    by: Some($crate::message::Side::$side),
                    ..$name::schema()
                }, )*]
            }
        }

        $(
            impl $crate::message::Body<$set> for $name {
                fn from_message(message: $set) -> Result<Self, $set> {
                    match message {
                        $set::$name(body) => Ok(body),
                        other => Err(other),
                    }
                }
            }

            impl From<$name> for $set {
                fn from(body: $name) -> Self {
                    Self::$name(body)
                }
            }
        )*
    };
}

pub(crate) use {messages, records};
