//! Bounded texts, bytes and lists: what a peer may send more of than fits is refused by its type.

use model::{ChainingValue, limits};

use crate::WireError;
use crate::codec::{Field, Reader, Writer};
use crate::field::DocumentNumber;

/// A text of at most `MAX` bytes of UTF-8. Foreign: make it safe before it is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// Takes a text that fits.
    ///
    /// # Errors
    /// A longer one.
    pub fn new(text: impl Into<String>) -> Result<Self, WireError> {
        let text = text.into();
        match text.len() <= MAX {
            true => Ok(Self(text)),
            false => Err(WireError::value("text", "too long")),
        }
    }

    /// As much of the text as fits, cut between characters.
    pub fn cut(text: &str) -> Self {
        Self(text.get(..text.floor_char_boundary(MAX)).unwrap_or_default().to_owned())
    }

    /// The text as sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> std::fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Text(…)") // it may be a name
    }
}

impl<const MAX: usize> Field for Text<MAX> {
    fn cddl() -> String {
        format!("tstr .size (0..{MAX})")
    }

    fn write(&self, out: &mut Writer) {
        out.text(&self.0);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.text(MAX).map(|text| Self(text.to_owned()))
    }
}

/// A name of a practice, person, book or device.
pub type Label = Text<{ limits::LABEL_BYTES_MAX }>;

/// At most `MAX` bytes, opaque here.
#[derive(Clone, PartialEq, Eq)]
pub struct Bytes<const MAX: usize>(Vec<u8>);

impl<const MAX: usize> Bytes<MAX> {
    /// Takes bytes that fit.
    ///
    /// # Errors
    /// More of them.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, WireError> {
        let bytes = bytes.into();
        match bytes.len() <= MAX {
            true => Ok(Self(bytes)),
            false => Err(WireError::TooLong { bytes: bytes.len() as u64, bytes_max: MAX as u64 }),
        }
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, taken out.
    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

impl<const MAX: usize> std::fmt::Debug for Bytes<MAX> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bytes({})", self.0.len())
    }
}

impl<const MAX: usize> Field for Bytes<MAX> {
    fn cddl() -> String {
        format!("bstr .size (0..{MAX})")
    }

    fn write(&self, out: &mut Writer) {
        out.bytes(&self.0);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.bytes(MAX).map(|bytes| Self(bytes.to_vec()))
    }
}

/// At most `MAX` items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List<T, const MAX: usize>(Vec<T>);

impl<T, const MAX: usize> List<T, MAX> {
    /// Takes items that are not too many.
    ///
    /// # Errors
    /// More of them.
    pub fn new(items: Vec<T>) -> Result<Self, WireError> {
        match items.len() <= MAX {
            true => Ok(Self(items)),
            false => Err(WireError::value("array", "too many items")),
        }
    }

    /// No item.
    pub const fn empty() -> Self {
        Self(Vec::new())
    }

    /// The items.
    pub fn as_slice(&self) -> &[T] {
        &self.0
    }

    /// The items, taken out.
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T, const MAX: usize> std::ops::Deref for List<T, MAX> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Field, const MAX: usize> Field for List<T, MAX> {
    fn cddl() -> String {
        format!("[0*{MAX} {}]", T::cddl())
    }

    fn write(&self, out: &mut Writer) {
        out.array(self.0.len());
        self.0.iter().for_each(|item| item.write(out));
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        // Grown as items are read, never by what the head announces.
        (0..input.array(MAX)?).map(|_| T::read(input)).collect::<Result<Vec<T>, _>>().map(Self)
    }
}

/// Numbers of documents: at most one submission's.
pub type DocumentNumbers = List<DocumentNumber, { limits::SUBMISSION_DOCUMENTS_MAX }>;

/// A run of 1 to 1,024 chaining values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values(Vec<ChainingValue>);

impl Values {
    /// Takes a run.
    ///
    /// # Errors
    /// None or too many.
    pub fn new(values: Vec<ChainingValue>) -> Result<Self, WireError> {
        match (1..=limits::OPEN_VALUES_MAX).contains(&values.len()) {
            true => Ok(Self(values)),
            false => Err(WireError::value("values", "not 1 to 1024")),
        }
    }

    /// The values, in order.
    pub fn as_slice(&self) -> &[ChainingValue] {
        &self.0
    }
}

impl Field for Values {
    fn cddl() -> String {
        "values".to_owned()
    }

    fn write(&self, out: &mut Writer) {
        let joined: Vec<u8> = self.0.iter().flat_map(|value| *value.as_bytes()).collect();
        out.bytes(&joined);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let (values, rest) = input.bytes(limits::OPEN_VALUES_MAX * 32)?.as_chunks::<32>();
        match rest.is_empty() {
            true => Self::new(values.iter().copied().map(ChainingValue::from_bytes).collect()),
            false => Err(WireError::value("values", "not whole values")),
        }
    }
}
