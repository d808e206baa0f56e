//! Help and usage errors in the language chosen, for commands that are written with clap. Knows no command itself.
//!
//! clap speaks English only. So a program writes its commands with clap's derive and no help texts; this puts the
//! catalogue's in their place: `help-<program>-<command>` for a command, `help-<program>-<command>--<argument>` for an
//! argument, or `help-arg-<argument>` for one that means the same everywhere. A command that several programs have is
//! written once, as `help-office-<command>`, wherever it stands in a program. [`missing`] lists what is not written.

use crate::output::Colour;
use crate::{
    Arg, Catalogue, Console, Exit, Failure, Input, Language, Manner, Output, failure, output::glance,
};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsString;
use std::time::Duration;

/// How to speak stands after what the command is about.
const SPEECH: [&str; 6] = ["json", "quiet", "yes", "no_input", "no_color", "lang"];
const LAST: usize = 900;
/// Where the commands are written that several programs have.
const SHARED: &str = "help-office";

/// The flags by which every command of both programs can be told how to speak. Flatten it into the program's own.
#[derive(Debug, Clone, Default, clap::Args)]
#[allow(clippy::struct_excessive_bools)] // each is one flag on the command line
pub struct SpeechFlags {
    #[arg(long, global = true)]
    json: bool,
    #[arg(long, short, global = true)]
    quiet: bool,
    #[arg(long, short, global = true)]
    yes: bool,
    #[arg(long, global = true)]
    no_input: bool,
    #[arg(long, global = true)]
    no_color: bool,
    #[arg(long, global = true, value_name = "LANGUAGE")]
    lang: Option<String>,
}

impl SpeechFlags {
    /// How to speak.
    ///
    /// # Errors
    /// `language-unknown` for `--lang` with a language that is not spoken.
    pub fn manner(&self) -> Result<Manner, Failure> {
        if let Some(tag) = self.lang.as_deref()
            && Language::parse(tag).is_none()
        {
            return Err(failure::language_unknown(tag));
        }
        Ok(Manner {
            language: Language::detect(self.lang.as_deref()),
            output: match (self.json, self.quiet) {
                (true, _) => Output::Json,
                (false, true) => Output::Quiet,
                (false, false) => Output::People,
            },
            input: match (self.yes, self.no_input) {
                (true, _) => Input::Yes,
                (false, true) => Input::Never,
                (false, false) => Input::Ask,
            },
            colour: if self.no_color { Colour::Never } else { Colour::Auto },
        })
    }
}

impl Manner {
    /// How to speak before the command line is understood: its errors are to be in the right language and form too.
    pub fn of_raw(arguments: &[OsString]) -> Self {
        let before_end = arguments.iter().take_while(|argument| *argument != "--");
        let json = before_end.filter(|argument| *argument == "--json").count() > 0;
        Self {
            language: Language::from_arguments(arguments.iter().cloned()),
            output: if json { Output::Json } else { Output::People },
            input: Input::Never,
            colour: Colour::Auto,
        }
    }
}

/// Why a command line does not lead to a command.
#[derive(Debug)]
pub enum Stop {
    /// Help or the version was asked for: print it on stdout and end with this code.
    Show(String, Exit),
    /// The line is wrong.
    Failed(Failure),
}

/// Begins a program: reads its command line and opens the console that this asks for, with the time since any start.
///
/// # Errors
/// The exit code, where there is no command to run; what there was to say is said then.
pub fn begin<T>(
    arguments: &[OsString],
    speech: impl FnOnce(&T) -> &SpeechFlags,
    monotonic: impl Fn() -> Duration + Clone + Send + Sync + 'static,
) -> Result<(T, Console), Exit>
where
    T: clap::CommandFactory + clap::FromArgMatches,
{
    let raw = Manner::of_raw(arguments);
    let line = match parse(arguments, &Catalogue::new(raw.language)) {
        Ok(line) => line,
        Err(Stop::Show(text, exit)) => {
            Console::open(Manner { output: Output::People, ..raw }, monotonic).print(&text);
            return Err(exit);
        }
        Err(Stop::Failed(failure)) => return Err(Console::open(raw, monotonic).fail(&failure)),
    };
    match speech(&line).manner() {
        Ok(manner) => Ok((line, Console::open(manner, monotonic))),
        Err(failure) => Err(Console::open(raw, monotonic).fail(&failure)),
    }
}

/// Reads a command line of clap's derive, with help and errors in the catalogue's language.
///
/// # Errors
/// [`Stop::Show`] for `--help` and `--version`, [`Stop::Failed`] for a line that is wrong.
pub fn parse<T>(arguments: &[OsString], catalogue: &Catalogue) -> Result<T, Stop>
where
    T: clap::CommandFactory + clap::FromArgMatches,
{
    let command = translated(T::command(), catalogue);
    let matches = command.try_get_matches_from(arguments).map_err(|error| stop(&error, catalogue))?;
    T::from_arg_matches(&matches).map_err(|error| stop(&error, catalogue))
}

/// The command with the catalogue's words in place of clap's.
pub fn translated(command: clap::Command, catalogue: &Catalogue) -> clap::Command {
    let keys = Keys(vec![key_of("help", command.get_name())]);
    let with_version = command.get_version().is_some();
    let mut command = at_each_level(command, &keys, catalogue);
    if with_version {
        let help = catalogue.text("help-arg-version", &[]);
        let flag = clap::Arg::new("version").long("version").short('V').action(clap::ArgAction::Version);
        let heading = catalogue.text("help-options", &[]);
        command =
            command.disable_version_flag(true).arg(flag.help(help).help_heading(heading).display_order(LAST));
    }
    command.before_help(catalogue.text("help-other-language", &[]))
}

/// Keys that the command needs and the catalogue has not; for a program's tests.
pub fn missing(command: &clap::Command, catalogue: &Catalogue) -> Vec<String> {
    let mut missing = Vec::new();
    list_missing(command, &Keys(vec![key_of("help", command.get_name())]), catalogue, &mut missing);
    missing
}

/// The keys under which a command may be written: its own, then those of a command that several programs have, whose
/// words may begin anywhere in the line.
struct Keys(Vec<String>);

impl Keys {
    /// Those of a command below.
    fn below(&self, name: &str) -> Self {
        let longer = self.0.iter().map(|key| key_of(key, name));
        Self(longer.chain([key_of(SHARED, name)]).collect())
    }

    /// The first under which something is written.
    fn written(&self, ending: &str, catalogue: &Catalogue) -> Option<String> {
        self.0.iter().map(|key| format!("{key}{ending}")).find(|key| catalogue.has(key))
    }

    /// Its own.
    fn own(&self) -> &str {
        self.0.first().map_or("help", String::as_str)
    }
}

fn at_each_level(command: clap::Command, keys: &Keys, catalogue: &Catalogue) -> clap::Command {
    let options = catalogue.text("help-options", &[]);
    let arguments = catalogue.text("help-arguments", &[]);
    let help = clap::Arg::new("help").long("help").short('h').action(clap::ArgAction::Help);
    let usage = catalogue.text("help-usage", &[]);
    let mut command = command
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .subcommand_help_heading(catalogue.text("help-commands", &[]))
        .subcommand_value_name(catalogue.text("help-command-mark", &[]))
        .help_template(format!(
            "{{before-help}}{{about-with-newline}}\n{usage} {{usage}}\n\n{{all-args}}{{after-help}}"
        ))
        .mut_args(|arg| {
            let heading = if arg.is_positional() { arguments.clone() } else { options.clone() };
            let arg = if SPEECH.contains(&arg.get_id().as_str()) { arg.display_order(LAST) } else { arg };
            let arg = arg.help_heading(heading);
            match argument_key(keys, arg.get_id().as_str(), catalogue) {
                // clap would add its own English remarks on values; ours name them.
                Some(found) if arg.get_action().takes_values() => arg
                    .help(catalogue.text(&found, &[]))
                    .hide_default_value(true)
                    .hide_possible_values(true)
                    .hide_env(true),
                Some(found) => arg.help(catalogue.text(&found, &[])),
                None => arg,
            }
        })
        .arg(
            help.help(catalogue.text("help-arg-help", &[])).help_heading(options.clone()).display_order(LAST),
        );
    if let Some(key) = keys.written("", catalogue) {
        command = command.about(catalogue.text(&key, &[])).long_about(None);
    }
    if let Some(after) = keys.written("-after", catalogue) {
        command = command.after_help(catalogue.text(&after, &[]));
    }
    command.mut_subcommands(|sub| {
        let below = keys.below(sub.get_name());
        at_each_level(sub, &below, catalogue)
    })
}

fn list_missing(command: &clap::Command, keys: &Keys, catalogue: &Catalogue, missing: &mut Vec<String>) {
    if keys.written("", catalogue).is_none() {
        missing.push(keys.own().to_owned());
    }
    for argument in command.get_arguments().map(|argument| argument.get_id().as_str()) {
        if argument_key(keys, argument, catalogue).is_none() && !matches!(argument, "help" | "version") {
            missing.push(format!("{}--{}", keys.own(), argument.replace('_', "-")));
        }
    }
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        list_missing(sub, &keys.below(sub.get_name()), catalogue, missing);
    }
}

fn argument_key(keys: &Keys, argument: &str, catalogue: &Catalogue) -> Option<String> {
    let argument = argument.replace('_', "-");
    let common = format!("help-arg-{argument}");
    keys.written(&format!("--{argument}"), catalogue).or_else(|| catalogue.has(&common).then_some(common))
}

fn key_of(prefix: &str, name: &str) -> String {
    format!("{prefix}-{name}")
}

/// What clap says, as one of our failures.
fn stop(error: &clap::Error, catalogue: &Catalogue) -> Stop {
    let shown = || {
        // The one word of clap's that can not be set.
        let options = catalogue.text("help-options-mark", &[]);
        error.to_string().trim_end().replacen("[OPTIONS]", &options, 1)
    };
    let text = |kind| error.get(kind).map(context_text).unwrap_or_default();
    let argument = text(ContextKind::InvalidArg);
    let value = text(ContextKind::InvalidValue);
    Stop::Failed(match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            return Stop::Show(shown(), Exit::Done);
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            return Stop::Show(shown(), Exit::Usage);
        }
        ErrorKind::UnknownArgument => failure::argument_unknown(argument),
        ErrorKind::InvalidSubcommand => failure::command_unknown(text(ContextKind::InvalidSubcommand)),
        ErrorKind::MissingSubcommand => failure::argument_missing(text(ContextKind::ValidSubcommand)),
        ErrorKind::MissingRequiredArgument => failure::argument_missing(argument),
        ErrorKind::ArgumentConflict => failure::arguments_conflict(argument, text(ContextKind::PriorArg)),
        ErrorKind::InvalidValue if value.is_empty() => {
            failure::argument_wrong(argument, value, Arg::Message("expected-value"))
        }
        ErrorKind::InvalidValue => failure::argument_wrong(argument, value, text(ContextKind::ValidValue)),
        ErrorKind::ValueValidation => {
            let source = std::error::Error::source(error).map(|source| glance(&source.to_string()));
            failure::argument_wrong(argument, value, source.unwrap_or_default())
        }
        _ => failure::usage_wrong(glance(error.to_string().lines().next().unwrap_or_default())),
    })
}

fn context_text(value: &ContextValue) -> String {
    match value {
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(texts) => texts.join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FailureCode, catalogue};
    use clap::Parser;

    #[derive(Debug, Parser)]
    #[command(name = "counterfoil", version)]
    struct Line {
        #[command(flatten)]
        speech: SpeechFlags,
        #[command(subcommand)]
        command: Sub,
    }

    #[derive(Debug, clap::Subcommand)]
    enum Sub {
        Send {
            #[arg(required = true)]
            paths: Vec<String>,
            #[arg(long)]
            period: String,
            #[arg(long, value_parser = ["public", "internal", "confidential"])]
            class: Option<String>,
        },
    }

    fn read(line: &[&str], language: Language) -> Result<Line, Stop> {
        let arguments: Vec<OsString> = line.iter().map(Into::into).collect();
        parse(&arguments, &catalogue::Catalogue::new(language))
    }

    #[test]
    fn help_is_in_the_language_asked_for() {
        for (language, usage, period) in
            [(Language::Chinese, "用法：", "所属期"), (Language::English, "Usage:", "The period")]
        {
            let Err(Stop::Show(text, Exit::Done)) = read(&["counterfoil", "send", "--help"], language) else {
                panic!("no help")
            };
            assert!(text.contains(usage) && text.contains(period), "{text}");
            assert!(text.contains("--json") && text.contains("--lang"), "{text}");
            assert!(!text.contains("Print help"), "{text}");
            assert_eq!(text.contains("[OPTIONS]"), language == Language::English, "{text}");
            assert!(text.find("--period <").unwrap() < text.find("--json").unwrap(), "{text}");
        }
        let Err(Stop::Show(text, Exit::Done)) = read(&["counterfoil", "--version"], Language::English) else {
            panic!("no version")
        };
        assert!(text.contains(env!("CARGO_PKG_VERSION")), "{text}");
    }

    #[test]
    fn usage_errors_are_failures_of_ours() {
        let code = |line: &[&str]| match read(line, Language::Chinese) {
            Err(Stop::Failed(failure)) => failure.code(),
            other => panic!("{other:?}"),
        };
        assert_eq!(code(&["counterfoil", "send", "a", "--perod", "x"]), FailureCode::ArgumentUnknown);
        assert_eq!(code(&["counterfoil", "send", "a"]), FailureCode::ArgumentMissing);
        assert_eq!(code(&["counterfoil", "sned"]), FailureCode::CommandUnknown);
        let line = ["counterfoil", "send", "a", "--period", "2026-11", "--class", "secret"];
        assert_eq!(code(&line), FailureCode::ArgumentWrong);
        let Err(Stop::Show(_, Exit::Usage)) = read(&["counterfoil"], Language::Chinese) else {
            panic!("a bare command shows help")
        };
    }

    #[test]
    fn the_manner_comes_from_the_flags() {
        let line = ["counterfoil", "--json", "send", "a", "--period", "2026-11", "--yes", "--lang", "en"];
        let manner = read(&line, Language::English).unwrap().speech.manner().unwrap();
        assert_eq!((manner.output, manner.input), (Output::Json, Input::Yes));
        let line = ["counterfoil", "send", "a", "--period", "2026-11", "--lang", "tlh"];
        let bad = read(&line, Language::English).unwrap().speech.manner().unwrap_err();
        assert_eq!(bad.code(), FailureCode::LanguageUnknown);
        let raw: Vec<OsString> = ["x", "--json", "--lang", "zh"].iter().map(Into::into).collect();
        let manner = Manner::of_raw(&raw);
        assert_eq!((manner.output, manner.language), (Output::Json, Language::Chinese));
    }

    #[test]
    fn a_command_of_several_programs_is_written_once() {
        let book = clap::Command::new("book").subcommand(clap::Command::new("list"));
        let admin = clap::Command::new("admin").subcommand(book.clone());
        let catalogue = Catalogue::new(Language::English);
        let missing_in = |name: &'static str, sub: clap::Command| {
            let command = <Line as clap::CommandFactory>::command().name(name).subcommand(sub);
            missing(&command, &catalogue).into_iter().filter(|key| key.contains("book")).count()
        };
        assert_eq!((missing_in("counterfoil-gateway", book), missing_in("counterfoil", admin)), (0, 0));
    }

    #[test]
    fn what_is_not_written_is_listed() {
        let command = <Line as clap::CommandFactory>::command().subcommand(clap::Command::new("frobnicate"));
        let catalogue = Catalogue::new(Language::English);
        assert_eq!(missing(&command, &catalogue), ["help-counterfoil-frobnicate"]);
    }
}
