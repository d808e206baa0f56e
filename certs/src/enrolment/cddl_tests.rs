//! `enrolment.cddl` is true of the golden messages, and false of what the code refuses. The reader knows the part
//! of RFC 8610 that the file uses.

use std::collections::BTreeMap;

use minicbor::data::Type as Kind;

#[derive(Debug, Clone)]
enum Shape {
    Bytes(Bound, Option<String>),
    List(Vec<(Times, Shape)>),
    Map(BTreeMap<u64, (Times, Shape)>),
    Name(String),
    Number(Bound),
    Text(Bound),
}

type Bound = (u64, u64);
type Times = (u64, u64);

const ANY: Bound = (0, u64::MAX);

struct Reader<'a> {
    tokens: Vec<&'a str>,
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let mut tokens = Vec::new();
        for line in text.lines() {
            let mut rest = line.split(';').next().unwrap();
            while !rest.trim_start().is_empty() {
                rest = rest.trim_start();
                let end = match rest.find(|symbol: char| !(symbol.is_alphanumeric() || "-.".contains(symbol)))
                {
                    Some(0) => 1,
                    Some(end) => end,
                    None => rest.len(),
                };
                tokens.push(&rest[..end]);
                rest = &rest[end..];
            }
        }
        Self { tokens, at: 0 }
    }

    fn peek(&self, ahead: usize) -> &'a str {
        self.tokens.get(self.at + ahead).copied().unwrap_or("")
    }

    fn next(&mut self) -> &'a str {
        self.at += 1;
        self.tokens[self.at - 1]
    }

    fn expect(&mut self, token: &str) {
        assert_eq!(self.next(), token, "near token {}", self.at);
    }

    fn rules(&mut self) -> BTreeMap<String, Shape> {
        let mut rules = BTreeMap::new();
        while !self.peek(0).is_empty() {
            let name = self.next().to_owned();
            self.expect("=");
            let shape = self.shape();
            assert!(rules.insert(name.clone(), shape).is_none(), "{name} twice");
        }
        rules
    }

    fn shape(&mut self) -> Shape {
        match self.next() {
            "{" => {
                let mut map = BTreeMap::new();
                while self.peek(0) != "}" {
                    let times = self.times();
                    let key = self.next().parse().unwrap();
                    self.expect(":");
                    assert!(map.insert(key, (times, self.shape())).is_none());
                    self.comma("}");
                }
                self.expect("}");
                Shape::Map(map)
            }
            "[" => {
                let mut list = Vec::new();
                while self.peek(0) != "]" {
                    let times = self.times();
                    if self.peek(1) == ":" {
                        self.at += 2;
                    }
                    list.push((times, self.shape()));
                    self.comma("]");
                }
                self.expect("]");
                Shape::List(list)
            }
            "bstr" => match self.peek(0) {
                ".cbor" => {
                    self.at += 1;
                    Shape::Bytes(ANY, Some(self.next().to_owned()))
                }
                _ => Shape::Bytes(self.size(), None),
            },
            "tstr" => Shape::Text(self.size()),
            "uint" => Shape::Number(ANY),
            token if token.starts_with(|first: char| first.is_ascii_digit()) => Shape::Number(range(token)),
            name => Shape::Name(name.to_owned()),
        }
    }

    fn times(&mut self) -> Times {
        if self.peek(0) == "?" {
            self.at += 1;
            return (0, 1);
        }
        if self.peek(1) == "*" {
            let least = self.next().parse().unwrap();
            self.at += 1;
            return (least, self.next().parse().unwrap());
        }
        (1, 1)
    }

    fn size(&mut self) -> Bound {
        if self.peek(0) != ".size" {
            return ANY;
        }
        self.at += 1;
        if self.peek(0) != "(" {
            return range(self.next());
        }
        self.expect("(");
        let bound = range(self.next());
        self.expect(")");
        bound
    }

    fn comma(&mut self, end: &str) {
        if self.peek(0) != end {
            self.expect(",");
        }
    }
}

fn range(token: &str) -> Bound {
    match token.split_once("..") {
        Some((from, to)) => (from.parse().unwrap(), to.parse().unwrap()),
        None => (token.parse().unwrap(), token.parse().unwrap()),
    }
}

struct Matcher {
    rules: BTreeMap<String, Shape>,
    seen: std::cell::RefCell<std::collections::BTreeSet<String>>,
}

impl Matcher {
    fn new() -> Self {
        let rules = Reader::new(include_str!("../../enrolment.cddl")).rules();
        Self { rules, seen: Default::default() }
    }

    fn matches(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let mut decoder = minicbor::Decoder::new(bytes);
        self.shape(&Shape::Name(name.to_owned()), &mut decoder)?;
        match decoder.position() == bytes.len() {
            true => Ok(()),
            false => Err(format!("{name}: bytes left over")),
        }
    }

    fn shape(&self, shape: &Shape, decoder: &mut minicbor::Decoder<'_>) -> Result<(), String> {
        let within = |value: u64, (least, most): &Bound, what: &str| match (*least..=*most).contains(&value) {
            true => Ok(()),
            false => Err(format!("{what} {value} is not in {least}..{most}")),
        };
        let kind = decoder.datatype().map_err(|error| error.to_string())?;
        match (shape, kind) {
            (Shape::Name(name), _) => {
                self.seen.borrow_mut().insert(name.clone());
                let rule = self.rules.get(name).ok_or(format!("no rule {name}"))?;
                self.shape(rule, decoder).map_err(|error| format!("{name}: {error}"))
            }
            (Shape::Number(bound), Kind::U8 | Kind::U16 | Kind::U32 | Kind::U64) => {
                within(decoder.u64().unwrap(), bound, "number")
            }
            (Shape::Bytes(bound, inside), Kind::Bytes) => {
                let bytes = decoder.bytes().unwrap();
                within(bytes.len() as u64, bound, "length")?;
                inside.as_ref().map_or(Ok(()), |name| self.matches(name, bytes))
            }
            (Shape::Text(bound), Kind::String) => {
                within(decoder.str().unwrap().len() as u64, bound, "length")
            }
            (Shape::List(members), Kind::Array) => {
                let mut left = decoder.array().unwrap().unwrap();
                for (times, member) in members {
                    let count = if times.1 == 1 { 1 } else { left };
                    within(count, times, "count")?;
                    left = left.checked_sub(count).ok_or("too few members")?;
                    (0..count).try_for_each(|_| self.shape(member, decoder))?;
                }
                within(left, &(0, 0), "members left")
            }
            (Shape::Map(members), Kind::Map) => {
                let mut found = std::collections::BTreeSet::new();
                for _ in 0..decoder.map().unwrap().unwrap() {
                    let key = decoder.u64().map_err(|error| error.to_string())?;
                    let (_, member) = members.get(&key).ok_or(format!("no key {key}"))?;
                    self.shape(member, decoder).map_err(|error| format!("key {key}: {error}"))?;
                    found.insert(key);
                }
                let absent = members.iter().find(|(key, (times, _))| times.0 == 1 && !found.contains(key));
                absent.map_or(Ok(()), |(key, _)| Err(format!("key {key} is absent")))
            }
            (shape, kind) => Err(format!("{kind:?} is not {shape:?}")),
        }
    }
}

fn golden(file: &str, name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} = "))).unwrap();
    (0..line.len()).step_by(2).map(|at| u8::from_str_radix(&line[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn the_golden_messages_are_as_the_cddl_says() {
    let cddl = Matcher::new();
    for (file, name, rule) in [
        ("enrolment.txt", "hello", "hello"),
        ("enrolment.txt", "offer", "offer"),
        ("enrolment.txt", "request", "request"),
        ("enrolment.txt", "reply", "reply"),
        ("renewal.txt", "renew", "renew"),
        ("renewal.txt", "renewed", "renewed"),
        ("root-record.txt", "record 1", "root-record"),
        ("trust-bundle.txt", "bundle 1", "trust-bundle"),
    ] {
        assert_eq!(cddl.matches(rule, &golden(file, name)), Ok(()), "{rule}");
    }
    assert!(cddl.matches("hello", &golden("enrolment.txt", "offer")).is_err());
    assert!(cddl.matches("reply", &golden("enrolment.txt", "request")).is_err());
    let refused = super::messages::ReplyBody {
        status: super::Status::Taken,
        bound: None,
        retry_after_seconds: Some(600),
        taken_by: Some(super::TakenBy { at: super::NOW, label: "x".to_owned() }),
    };
    let refused = super::messages::write_reply_body(&refused).unwrap();
    assert_eq!(cddl.matches("reply-body", &refused), Ok(()));
    let unused: Vec<_> = cddl.rules.keys().filter(|rule| !cddl.seen.borrow().contains(*rule)).collect();
    assert!(unused.is_empty(), "no message uses {unused:?}");
}

/// Every required key that the CDDL names is required by the code, and every bound is the code's.
#[test]
fn the_cddl_and_the_code_refuse_alike() {
    let cddl = Matcher::new();
    let hello = golden("enrolment.txt", "hello");
    for (key, from, to) in [(0, 1, 3), (1, 3, 9), (2, 9, 27)] {
        // A map of two: the pair of `key` cut out.
        let mut cut = [&[0xa2], &hello[1..from], &hello[to..]].concat();
        assert!(cddl.matches("hello", &cut).is_err(), "key {key}");
        assert!(super::Hello::read(&cut).is_err(), "key {key}");
        cut.push(0);
        assert!(super::Hello::read(&cut).is_err());
    }
    let status = super::Status::ALL.iter().map(|status| u64::from(status.code()));
    assert!(status.eq(0..=7), "0..7 is all of them");
}
