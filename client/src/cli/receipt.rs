//! `counterfoil receipt`: lists, shows, gets and verifies receipts. Only `get` asks the gateway.

use std::path::{Path, PathBuf};

use certs::pem::{self, Section};
use console::event::{Fields, Json};
use console::{Arg, Column, Event, Exit, Output, Table, Tone, args, event, failure, fields, human, text};
use model::{SubmissionId, Timestamp, limits};
use protocol::Code;
use protocol::message::{Content, GetReceipt};
use receipts::Receipt;
use receipts::list::Line;
use receipts::verify::{Finding, LaterRevocations, Property};

use super::{Context, revocation};
use crate::link::Patience;
use crate::practice::Practice;
use crate::receipt_book::Names;
use crate::revocation::Lists;
use crate::trouble::{self, Told};
use crate::verify::{self, Compared, Conclusion, Judge, Judgement};
use crate::wire::WireFailure;

#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    List,
    Show {
        #[arg(value_name = "RECEIPT")]
        receipt: String,
        #[arg(long, value_name = "FILE")]
        certificates: Option<PathBuf>,
    },
    Get {
        #[arg(value_name = "SUBMISSION")]
        receipt: String,
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    Verify {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[arg(long, value_name = "PATH")]
        document: Vec<PathBuf>,
        #[arg(long, value_name = "FILE")]
        crl: Option<PathBuf>,
    },
}

pub(super) async fn run(context: &Context, flags: Flags) -> Told<Exit> {
    match flags.command {
        Command::List => list(context),
        Command::Show { receipt, certificates } => show(context, &receipt, certificates.as_deref()),
        Command::Get { receipt, to } => get(context, &receipt, to.as_deref()).await,
        Command::Verify { file, document, crl } => {
            tokio::task::block_in_place(|| verify(context, &file, &document, crl.as_deref()))
        }
    }
}

fn list(context: &Context) -> Told<Exit> {
    let console = &context.console;
    let practice = context.selected()?;
    let (book, books) = (practice.receipt_book()?, practice.known_books()?);
    let mut found = Vec::new();
    for submission in book.list()? {
        let path = book.path(submission);
        match verify::read_receipt(&path) {
            Ok(receipt) => found.push((submission, path, receipt, book.names(submission)?)),
            Err(failure) => console.warn(&failure),
        }
    }
    found.sort_by_key(|(_, _, receipt, _)| std::cmp::Reverse(receipt.acceptance().statement().time));
    let titles =
        ["title-id", "title-received", "title-book", "title-period", "title-documents", "title-size"];
    let [id, received, title_book, period, documents, size] = titles.map(|title| console.text(title, &[]));
    let mut table = Table::new(vec![
        Column::fixed(id),
        Column::fixed(received),
        Column::text(title_book),
        Column::fixed(period),
        Column::number(documents),
        Column::number(size),
    ]);
    for (submission, path, receipt, names) in &found {
        let Some((_, acceptance, _)) = receipt.events() else { continue };
        let name = names.as_ref().map(|names| names.book.clone()).filter(|name| !name.is_empty());
        let known = books.iter().find(|(id, _)| *id == acceptance.book).map(|(_, name)| name.clone());
        let book_name = name.or(known).unwrap_or_else(|| acceptance.book.to_string());
        let (language, lines) = (console.manner().language, receipt.list().lines());
        table.row([
            submission.to_string(),
            human::time(language, acceptance.submission_time),
            book_name.clone(),
            acceptance.period.to_string(),
            human::count(u64::try_from(lines.len()).unwrap_or(u64::MAX)),
            human::bytes(bytes_of(receipt)),
        ]);
        let fields = summary_fields(receipt, *submission, path, Some(&book_name));
        console.emit(&Event::Row { of: "receipt".to_owned(), fields });
    }
    match table.is_empty() {
        true => console.say("receipt-none", &[]),
        false => console.table(&table),
    }
    Ok(context.summary("receipt list", Exit::Done, fields! {"receipts": found.len()}))
}

fn bytes_of(receipt: &Receipt) -> u64 {
    receipt.list().lines().iter().fold(0, |sum: u64, line| sum.saturating_add(line.size))
}

/// What a receipt says, but for its documents.
fn summary_fields(
    receipt: &Receipt,
    submission: SubmissionId,
    path: &Path,
    book_name: Option<&str>,
) -> Fields {
    let proof = receipt.cose_receipt();
    let mut fields = fields! {
        "id": submission.to_string(),
        "path": path.to_string_lossy().into_owned(),
        "practice_id": receipt.acceptance().practice().to_string(),
        "documents": receipt.list().lines().len(),
        "bytes": bytes_of(receipt),
        "entry": proof.index,
        "journal_size": proof.size,
        "signed_at": proof.time.to_rfc3339(),
        "book_name": book_name,
    };
    if let Some((_, acceptance, _)) = receipt.events() {
        fields.extend(fields! {
            "book": acceptance.book.to_string(),
            "period": acceptance.period.to_string(),
            "person": acceptance.sender.person.to_string(),
            "device": acceptance.sender.device.to_string(),
            "received_at": acceptance.submission_time.to_rfc3339(),
            "accepted_at": receipt.acceptance().statement().time.to_rfc3339(),
            "custody": "gateway",
        });
    }
    fields
}

/// A receipt, where it is, and what this device knows beside it.
struct Found {
    path: PathBuf,
    receipt: Receipt,
    names: Option<Names>,
    practice: Option<Practice>,
}

/// A file, or one of the receipts that are kept.
fn find(context: &Context, wanted: &str) -> Told<Found> {
    let as_file = Path::new(wanted);
    let (path, receipt) = match as_file.is_file() {
        true => (as_file.to_path_buf(), verify::read_receipt(as_file)?),
        false => {
            let book = context.selected()?.receipt_book()?;
            let path = book.path(book.find(wanted)?);
            let receipt = verify::read_receipt(&path)?;
            (path, receipt)
        }
    };
    let named = receipt.acceptance().practice();
    let practices = context.home.practices().unwrap_or_default();
    let practice = practices.into_iter().find(|practice| practice.about().practice == *named);
    let names = match (&practice, receipt.events()) {
        (Some(practice), Some((_, acceptance, _))) => {
            practice.receipt_book()?.names(acceptance.submission)?
        }
        _ => None,
    };
    Ok(Found { path, receipt, names, practice })
}

fn show(context: &Context, wanted: &str, certificates: Option<&Path>) -> Told<Exit> {
    let Found { path, receipt, names, practice } = find(context, wanted)?;
    let console = &context.console;
    let Some((_, acceptance, _)) = receipt.events() else { return Err(failure::receipt_malformed(&path)) };
    if let Some(to) = certificates {
        write_certificates(context, &receipt, to)?;
    }
    let lines = receipt.list().lines();
    // A name is shown only where it is the one that the list hides.
    let differing = names.as_ref().map(|names| names.differing(receipt.list())).unwrap_or_default();
    let name_of = |line: &Line| {
        let kept = names.as_ref().filter(|_| !differing.contains(&line.n))?;
        kept.get(line.n).map(|name| name.as_sent().to_owned())
    };
    let about = practice.as_ref().map(Practice::about);
    let print = |key: &str, args: &[(&str, Arg<'_>)]| console.print(&console.text(key, args));
    let known_books = practice.as_ref().map(Practice::known_books).transpose()?.unwrap_or_default();
    let book_name = names.as_ref().map(|names| names.book.clone()).filter(|name| !name.is_empty());
    let book_name = book_name
        .or_else(|| known_books.into_iter().find(|(id, _)| *id == acceptance.book).map(|(_, name)| name))
        .unwrap_or_else(|| acceptance.book.to_string());
    print("receipt-heading", args![receipt = acceptance.submission.to_string()]);
    let unknown = receipt.acceptance().practice().to_string();
    let (practice_name, pin) =
        about.map_or((unknown.clone(), "-".to_owned()), |about| (about.name.clone(), about.pin.to_string()));
    print("receipt-practice", args![practice = practice_name, pin]);
    print("receipt-book", args![book = &book_name]);
    print("receipt-period", args![period = acceptance.period]);
    let person =
        about.filter(|about| about.person == acceptance.sender.person).map(|about| about.person_name.clone());
    let person = person.unwrap_or_else(|| acceptance.sender.person.to_string());
    print("receipt-sender", args![person, device = acceptance.sender.device.to_string()]);
    print("receipt-received-at", args![when = acceptance.submission_time]);
    print("receipt-accepted-at", args![when = receipt.acceptance().statement().time]);
    let proof = receipt.cose_receipt();
    print("receipt-entry", args![entry = proof.index, size = proof.size]);
    print("receipt-custody", &[]);
    print("receipt-documents", args![documents = lines.len(), bytes = Arg::Bytes(bytes_of(&receipt))]);
    for line in lines {
        let name = name_of(line).unwrap_or_else(|| "—".to_owned());
        console.print(&format!("    {}. {}  {}", line.n, text::safe(&name), human::bytes(line.size)));
        if let Some(held) = line.held {
            let state = console.text("state-held", &[]);
            console.print(&format!("      {state}: {}/{}", held.submission, held.n));
        }
        print("receipt-document-digest", args![sha256 = line.sha256.to_hex()]);
    }
    print("receipt-file", args![path = &path]);
    if names.as_ref().is_some_and(|names| !names.names.is_empty()) && !differing.is_empty() {
        console.note("receipt-name-differs", &[]);
    }
    console.say("receipt-verify-hint", args![path = &path]);
    for line in lines {
        console.emit(&Event::Row { of: "document".to_owned(), fields: line_fields(line, name_of(line)) });
    }
    let fields = summary_fields(&receipt, acceptance.submission, &path, Some(&book_name));
    Ok(context.summary("receipt show", Exit::Done, fields))
}

fn line_fields(line: &Line, name: Option<String>) -> Fields {
    fields! {
        "n": line.n,
        "name": name,
        "bytes": line.size,
        "media_type": line.content_type.as_str(),
        "kind": line.kind.as_str(),
        "class": line.class.as_str(),
        "sha256": line.sha256.to_hex(),
        "blake3": line.blake3.to_hex(),
        "held": line.held.map(|held| format!("{}/{}", held.submission, held.n)),
    }
}

/// Every certificate that a receipt has, for other people's programs: the sender's first.
fn write_certificates(context: &Context, receipt: &Receipt, to: &Path) -> Told<()> {
    let leaves =
        [receipt.origin().certificate(), receipt.acceptance().certificate(), receipt.receipt_certificate()];
    let all = leaves.into_iter().chain(receipt.issuing_certificates().iter().map(Vec::as_slice));
    let sections: Vec<Section> = all.map(|der| Section::Certificate(der.to_vec())).collect();
    let written = context.home.disk().write_whole(to, pem::write(&sections).as_bytes());
    written.map(drop).map_err(|error| crate::landing::of_disk(&error).with_exit(Exit::Failed))
}

/// The receipt from the gateway again: compared with the one kept, or kept now once it was judged.
async fn get(context: &Context, wanted: &str, to: Option<&Path>) -> Told<Exit> {
    let practice = context.selected()?;
    let book = practice.receipt_book()?;
    let submission = match SubmissionId::parse(wanted) {
        Ok(submission) => submission,
        Err(_) => book.find(wanted)?,
    };
    let bytes = ask(context, &practice, submission).await?;
    let receipt = Receipt::parse(bytes).map_err(|error| failure::answer_malformed(error.to_string()))?;
    let kept = book.receipt(submission)?;
    let is_same = kept.as_deref().map(|kept| kept == receipt.as_bytes());
    let is_about_it = receipt.events().is_some_and(|(_, acceptance, _)| acceptance.submission == submission);
    let trust = practice.trust()?;
    let verdict = crate::judging::verdict(&receipt, Some(practice.about().pin), Some(&trust));
    if is_same == Some(false) || !is_about_it || !verdict.holds() {
        return Err(failure::receipt_not_ours());
    }
    let mut path = match kept {
        Some(_) => book.path(submission),
        // The names may have stayed behind where the receipt was lost.
        None => book.store(submission, &book.names(submission)?.unwrap_or_default(), receipt.as_bytes())?,
    };
    if let Some(to) = to {
        let written = practice.disk().create_whole(to, receipt.as_bytes());
        let _durable = written.map_err(|error| crate::landing::of_disk(&error).with_exit(Exit::Failed))?;
        path = to.to_path_buf();
    }
    match is_same {
        Some(_) => context.console.say("receipt-fetched", args![path = &path]),
        None => context.console.say("receipt-saved", args![path = &path]),
    }
    if let Some((_, acceptance, _)) = receipt.events() {
        context.console.emit(&Event::Receipt(event::Receipt {
            submission: submission.to_string(),
            path: path.to_string_lossy().into_owned(),
            entry: receipt.cose_receipt().index,
            documents: u64::try_from(receipt.list().lines().len()).unwrap_or(u64::MAX),
            received_at: acceptance.submission_time.to_rfc3339(),
            accepted_at: receipt.acceptance().statement().time.to_rfc3339(),
        }));
    }
    let fields = fields! {"submission": submission.to_string(), "same_as_kept": is_same};
    Ok(context.summary("receipt get", Exit::Done, fields))
}

async fn ask(context: &Context, practice: &Practice, submission: SubmissionId) -> Told<Vec<u8>> {
    let (_device, mut link) = context.connect(practice, Patience::default()).await?;
    let bytes = loop {
        let connection = link.connection().await?;
        let request = GetReceipt { submission };
        match connection.ask_for(request, Content::Receipt, limits::RECEIPT_BYTES_MAX).await {
            Ok(bytes) => break bytes,
            Err(WireFailure::Refused(refusal)) if refusal.known() == Some(Code::Gone) => {
                return Err(failure::receipt_erased());
            }
            Err(WireFailure::Refused(refusal)) if refusal.known() == Some(Code::Absent) => {
                return Err(trouble::refused(&refusal));
            }
            Err(error) => link.again(&error).await?,
        }
    };
    link.close().await;
    Ok(bytes)
}

/// Offline; needs the receipt, the documents and the pin, and no home.
fn verify(context: &Context, file: &Path, documents: &[PathBuf], crl: Option<&Path>) -> Told<Exit> {
    let receipt = verify::read_receipt(file)?;
    let lists = crl.map(Lists::read).transpose()?;
    let by = Judge::find(context.practice.as_deref(), &receipt, &context.home)?;
    let mut digests = Vec::with_capacity(documents.len());
    for path in documents {
        let found = verify::digests_of(path);
        let found = found.map_err(|error| failure::file_unreadable(path, error).with_exit(Exit::Failed))?;
        digests.push((path.clone(), found));
    }
    let mut judgement = verify::judge(&receipt, digests, &by);
    let now = Timestamp::from_unix_ms(context.home.clock().unix_ms());
    judgement.revocation = lists.map(|lists| (lists.path().to_path_buf(), lists.ask(&receipt, now)));
    let conclusion = judgement.conclusion();
    let page = Page { context, receipt: &receipt, judgement: &judgement, by: &by };
    if context.console.manner().output != Output::Json {
        page.print(file);
        if let Some(failure) = judgement.failure(file) {
            return Ok(context.console.fail(&failure));
        }
        return Ok(Exit::Done);
    }
    Ok(context.summary("receipt verify", conclusion.exit(), page.fields(file)))
}

/// What is said of a judgement.
struct Page<'a> {
    context: &'a Context,
    receipt: &'a Receipt,
    judgement: &'a Judgement,
    by: &'a Judge,
}

impl Page<'_> {
    fn print(&self, file: &Path) {
        let console = &self.context.console;
        let print = |key: &str, args: &[(&str, Arg<'_>)]| console.print(&console.text(key, args));
        print("verify-title", args![path = file]);
        if let Judge::Enrolled(pin, _, practice) = self.by {
            print("verify-pin-enrolled", args![practice, pin = pin.to_string()]);
        }
        for (property, finding) in self.judgement.verdict.findings() {
            // Documents have lines of their own.
            if *property != Property::Document || self.judgement.documents.is_empty() {
                self.print_finding(*property, finding, None);
            }
        }
        for document in &self.judgement.documents {
            self.print_finding(Property::Document, &document.finding, Some(&document.path));
        }
        if let Some((path, asked)) = &self.judgement.revocation {
            revocation::sentences(console, path, asked.as_ref()).iter().for_each(|said| console.print(said));
        }
        match self.judgement.conclusion() {
            Conclusion::Valid => {
                print("verify-conclusion-valid", &[]);
                print("verify-conclusion-limits", &[]);
                if self.judgement.revocation.is_none() {
                    console.print(&self.later());
                }
            }
            Conclusion::Doubtful => print("verify-conclusion-doubtful", &[]),
            Conclusion::Invalid => print("verify-conclusion-invalid", &[]),
            Conclusion::Undecided => print("verify-conclusion-undecided", &[]),
        }
    }

    fn print_finding(&self, property: Property, finding: &Finding, document: Option<&Path>) {
        let console = &self.context.console;
        let (mark, tone) = match finding {
            Finding::Valid => ("verdict-valid", Tone::Good),
            Finding::Invalid(_) => ("verdict-invalid", Tone::Bad),
            Finding::NotChecked(_) => ("verdict-not-checked", Tone::Dim),
        };
        let mark = console.tinted(tone, &console.text(mark, &[]));
        let title = console.text(&format!("property-{}", verify::word(property)), &[]);
        console.print(&format!("  {mark}  {title}: {}", self.sentence(property, finding, document)));
        if let Finding::Invalid(reason) = finding {
            let (key, detail) = verify::reason(reason);
            let reason = console.text(key, &[]);
            console.print(&format!("      {}", console.text("verify-reason", args![reason, detail])));
        }
    }

    /// One sentence a property, in the language chosen.
    fn sentence(&self, property: Property, finding: &Finding, document: Option<&Path>) -> String {
        let key = format!("verify-{}-{}", verify::word(property), verify::finding_word(finding));
        let pin = self.by.pin().map_or_else(|| "-".to_owned(), |pin| pin.to_string());
        let name = document.map(|path| path.to_string_lossy().into_owned()).unwrap_or_else(|| "-".to_owned());
        let (proof, documents) = (self.receipt.cose_receipt(), self.receipt.list().lines().len());
        self.context.console.text(&key, args![pin, name, documents, entry = proof.index, size = proof.size])
    }

    fn later(&self) -> String {
        let console = &self.context.console;
        match (self.judgement.later_revocations(), self.by.known()) {
            (LaterRevocations::Checked, Some(known)) => {
                console.text("verify-revocations-known", args![number = known.number()])
            }
            _ => console.text("verify-revocations-not-checked", &[]),
        }
    }

    /// All of it in one object.
    fn fields(&self, file: &Path) -> Fields {
        let console = &self.context.console;
        // One verdict a property: of several documents the first that is not valid.
        let compared = &self.judgement.documents;
        let compared =
            compared.iter().find(|one| !matches!(one.finding, Finding::Valid)).or(compared.first());
        let property = |(property, finding): &(Property, Finding)| {
            let one = compared.filter(|_| *property == Property::Document);
            let (finding, path) = one.map_or((finding, None), |one| (&one.finding, Some(one.path.as_path())));
            let message = self.sentence(*property, finding, path);
            Json::Object(finding_fields(fields! {"property": verify::word(*property)}, finding, message))
        };
        let document = |document: &Compared| {
            let message = self.sentence(Property::Document, &document.finding, Some(&document.path));
            let fields = fields! {
                "path": document.path.to_string_lossy().into_owned(),
                "bytes": document.digests.size,
                "sha256": document.digests.sha256.to_hex(),
                "blake3": document.digests.blake3.to_hex(),
                "n": document.n,
            };
            Json::Object(finding_fields(fields, &document.finding, message))
        };
        let verdicts: Vec<Json> = self.judgement.verdict.findings().iter().map(property).collect();
        let documents: Vec<Json> = self.judgement.documents.iter().map(document).collect();
        let conclusion = self.judgement.conclusion();
        let events = self.receipt.events();
        let code = self.judgement.failure(file).map(|failure| failure.code().number());
        let is_valid = conclusion == Conclusion::Valid;
        let mut fields = fields! {
            "receipt": file.to_string_lossy().into_owned(),
            "submission": events.map(|(_, acceptance, _)| acceptance.submission.to_string()),
            "practice_id": self.receipt.acceptance().practice().to_string(),
            "pin": self.by.pin().map(|pin| pin.to_string()),
            "pin_from": match self.by {
                Judge::Nobody => None,
                Judge::Given(..) => Some("argument"),
                Judge::Enrolled(..) => Some("enrolment"),
            },
            "valid": is_valid,
            "conclusion": conclusion.word(),
            "verdicts": verdicts,
            "documents": documents,
            "later_revocations": match (&self.judgement.revocation, self.judgement.later_revocations()) {
                (Some((_, Some(_))), _) => "revocation-list",
                (_, LaterRevocations::Checked) => "root-records",
                (_, LaterRevocations::NotChecked) => "not-checked",
            },
            "revocation": self.judgement.revocation.as_ref()
                .map(|(path, asked)| revocation::object(path, asked.as_ref())),
            "proves": is_valid.then(|| console.text("verify-conclusion-valid", &[])),
            "does_not_prove": console.text("verify-conclusion-limits", &[]),
            "code": code,
        };
        // What has nothing to say is left out.
        fields.retain(|_, value| !value.is_null());
        fields
    }
}

fn finding_fields(mut fields: Fields, finding: &Finding, message: String) -> Fields {
    let reason = match finding {
        Finding::Valid => None,
        Finding::Invalid(reason) => Some(verify::reason(reason).1),
        Finding::NotChecked(why) => Some(verify::why(*why)),
    };
    fields.extend(fields! {"verdict": verify::finding_word(finding), "message": message, "reason": reason});
    fields.retain(|_, value| !value.is_null());
    fields
}
