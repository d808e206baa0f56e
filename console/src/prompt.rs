//! Questions: yes or no, a line, a secret. Never asked of a script, and never a secret on the command line.

use crate::{Arg, Console, Failure, Input, Output, failure};
use std::io::IsTerminal;
use zeroize::Zeroizing;

/// The longest line that is taken as an answer, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// The answer to a yes-or-no question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Go on.
    Yes,
    /// Leave it.
    No,
}

impl Console {
    /// Asks a yes-or-no question; only a clear yes is one. With `--yes` it is answered unasked.
    ///
    /// # Errors
    /// `answer-needed` if nobody can be asked (no terminal, `--no-input`, `--json`).
    pub fn confirm(&self, key: &str, args: &[(&str, Arg<'_>)]) -> Result<Answer, Failure> {
        if self.manner().input == Input::Yes {
            return Ok(Answer::Yes);
        }
        let question = self.text(key, args);
        let hint = self.text("answer-hint", &[]);
        let answer = self.ask(&format!("{question} {hint}"), || failure::answer_needed(question.clone()))?;
        let answer = answer.trim().to_lowercase();
        let yes = matches!(answer.as_str(), "y" | "yes" | "是" | "好" | "ｙ");
        Ok(if yes { Answer::Yes } else { Answer::No })
    }

    /// Asks for one line of text. `option` is what gives it without a question, for the failure to name.
    ///
    /// # Errors
    /// `option-needed` if nobody can be asked.
    pub fn ask_line(&self, key: &str, args: &[(&str, Arg<'_>)], option: &str) -> Result<String, Failure> {
        let answer = self.ask(&self.text(key, args), || failure::option_needed(option))?;
        Ok(answer.trim().to_owned())
    }

    /// Asks for a secret, which is not shown while it is typed. `option` names the flag of the file that may hold it.
    ///
    /// # Errors
    /// `option-needed` if nobody can be asked.
    pub fn secret(
        &self,
        key: &str,
        args: &[(&str, Arg<'_>)],
        option: &str,
    ) -> Result<Zeroizing<String>, Failure> {
        let question = self.text(key, args);
        if let Some(scripted) = self.scripted() {
            return scripted.map(Zeroizing::new).ok_or_else(|| failure::option_needed(option));
        }
        if !self.can_ask(AskFor::Secret) {
            return Err(failure::option_needed(option));
        }
        let typed = rpassword::prompt_password(format!("{question} "));
        typed.map(Zeroizing::new).map_err(|_| failure::option_needed(option))
    }

    /// Asks for a new secret twice.
    ///
    /// # Errors
    /// `option-needed` if nobody can be asked; `passphrases-differ` if the two are not the same.
    pub fn new_secret(
        &self,
        key: &str,
        args: &[(&str, Arg<'_>)],
        option: &str,
    ) -> Result<Zeroizing<String>, Failure> {
        let first = self.secret(key, args, option)?;
        let again = self.secret("secret-again", &[], option)?;
        if *first == *again { Ok(first) } else { Err(failure::passphrases_differ()) }
    }

    fn ask(&self, question: &str, refusal: impl Fn() -> Failure) -> Result<String, Failure> {
        if let Some(scripted) = self.scripted() {
            return scripted.ok_or_else(refusal);
        }
        if !self.can_ask(AskFor::Line) {
            return Err(refusal());
        }
        self.write_question(question);
        let mut line = String::new();
        let mut bounded = std::io::Read::take(std::io::stdin().lock(), ANSWER_BYTES_MAX);
        match std::io::BufRead::read_line(&mut bounded, &mut line) {
            Ok(1..) => Ok(line),
            Ok(0) | Err(_) => Err(refusal()),
        }
    }

    /// Somebody must be at the terminal, and must not have said that nothing is to be asked.
    fn can_ask(&self, what: AskFor) -> bool {
        let manner = self.manner();
        let allowed = match (manner.input, what) {
            (Input::Ask, _) | (Input::Yes, AskFor::Secret) => true,
            (Input::Yes, AskFor::Line) | (Input::Never, _) => false,
        };
        allowed && manner.output != Output::Json && std::io::stdin().is_terminal()
    }
}

#[derive(Clone, Copy)]
enum AskFor {
    Line,
    Secret,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FailureCode, Language, Manner, args, output::Colour};
    use std::time::Duration;

    fn console(input: Input, answers: &[&str]) -> Console {
        let manner =
            Manner { language: Language::English, output: Output::People, input, colour: Colour::Never };
        Console::captured(manner, || Duration::ZERO, answers).0
    }

    #[test]
    fn only_a_clear_yes_is_a_yes() {
        for (answer, meant) in [
            ("y\n", Answer::Yes),
            ("YES", Answer::Yes),
            (" 是 \n", Answer::Yes),
            ("", Answer::No),
            ("n", Answer::No),
            ("yess", Answer::No),
        ] {
            let asked = console(Input::Ask, &[answer]).confirm("enrol-confirm", args![]);
            assert_eq!(asked.unwrap(), meant, "{answer:?}");
        }
        assert_eq!(console(Input::Yes, &[]).confirm("enrol-confirm", args![]).unwrap(), Answer::Yes);
    }

    #[test]
    fn a_question_without_anybody_fails_by_name() {
        let refused = console(Input::Never, &[]).confirm("enrol-confirm", args![]).unwrap_err();
        assert_eq!(refused.code(), FailureCode::AnswerNeeded);
        let refused = console(Input::Ask, &[]).secret("secret-unlock", args![], "--key-file").unwrap_err();
        assert_eq!(refused.code(), FailureCode::OptionNeeded);
    }

    #[test]
    fn a_new_secret_is_typed_twice() {
        let asked = console(Input::Ask, &["one", "two"]).new_secret("secret-new", args![], "--x");
        assert_eq!(asked.unwrap_err().code(), FailureCode::PassphrasesDiffer);
        let asked = console(Input::Ask, &["one", "one"]).new_secret("secret-new", args![], "--x");
        assert_eq!(*asked.unwrap(), "one");
    }
}
