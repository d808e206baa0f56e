//! `init`: makes a practice and says what to do next. Shows the recovery kit once, before it is a practice.

use std::net::{IpAddr, Ipv6Addr};
use std::path::{Path, PathBuf};

use console::{Answer, Event, Exit, Failure, Output, args, event, failure, text};
use host::Disk;
use receipts::event::Label;
use seal::{Argon2Parameters, Unlock};

use super::unlock::{self, Chosen};
use super::{Context, failing};
use crate::config::PORT_DEFAULT;
use crate::keys::token::{Token, TokenSettings};
use crate::setup::{self, Made, Plan};

/// Longest host name (RFC 1035 section 2.3.4, without the last dot).
const HOST_BYTES_MAX: usize = 253;

#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    #[arg(long, value_name = "DIR", env = "COUNTERFOIL_GATEWAY_DIR")]
    dir: PathBuf,
    #[arg(long)]
    name: String,
    #[arg(long)]
    host: String,
    #[arg(long, default_value_t = PORT_DEFAULT, value_parser = clap::value_parser!(u16).range(1..))]
    port: u16,
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    key_file: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[arg(long, value_name = "FOLDER")]
    root_out: Option<PathBuf>,
    #[command(flatten)]
    token: TokenFlags,
    /// For trials: recovery kit and root files are sealed with a cheap work factor.
    #[arg(long, hide = true)]
    trial: bool,
}

/// The token that is to hold the issuing key.
#[derive(Debug, clap::Args)]
struct TokenFlags {
    #[arg(long, value_name = "FILE")]
    pkcs11_module: Option<PathBuf>,
    #[arg(long, value_name = "LABEL", requires = "pkcs11_module")]
    pkcs11_token: Option<String>,
    #[arg(long, value_name = "NUMBER", requires = "pkcs11_module")]
    pkcs11_serial: Option<String>,
    #[arg(long, value_name = "FILE", requires = "pkcs11_module")]
    pkcs11_pin_file: Option<PathBuf>,
}

impl TokenFlags {
    /// The token, spoken to once, so that nothing is made where it is of no use.
    fn settings(&self) -> Result<Option<TokenSettings>, Failure> {
        let Some(module) = &self.pkcs11_module else { return Ok(None) };
        if self.pkcs11_token.is_none() && self.pkcs11_serial.is_none() {
            return Err(failure::option_needed("--pkcs11-token"));
        }
        let settings = TokenSettings {
            module: failing::real(module),
            label: self.pkcs11_token.clone(),
            serial: self.pkcs11_serial.clone(),
            pin_file: self.pkcs11_pin_file.as_deref().map(failing::real),
            makes_keys: true,
            is_required: true,
        };
        Token::new(settings.clone()).open().map_err(|error| failing::of_token(&error))?;
        Ok(Some(settings))
    }
}

pub(super) fn run(context: &Context, flags: &Flags) -> Result<Exit, Failure> {
    let console = &context.console;
    let dir = failing::real(&flags.dir);
    let root_out = flags.root_out.as_deref().map_or_else(|| beside(&dir), failing::real);
    Label::parse(&flags.name).map_err(|_| failure::name_wrong())?;
    let host = host_of(&flags.host)?;
    refuse_early(&dir, &root_out)?;
    let token = flags.token.settings()?;
    let (unlock, chosen) = chosen(context, flags, &dir)?;
    let key_file = match &chosen {
        Chosen::KeyFile(path) | Chosen::NewKeyFile(path) => Some(path.as_path()),
        Chosen::Passphrase => None,
    };
    console.note("init-working", &[]);
    let (slot_cost, root_cost) = match flags.trial {
        true => (cheap()?, cheap()?),
        false => (Argon2Parameters::SLOT, Argon2Parameters::ROOT),
    };
    let plan = Plan {
        folder: &dir,
        root_out: &root_out,
        name: &flags.name,
        host: &host,
        port: flags.port,
        unlock: &unlock,
        key_file,
        token: token.as_ref(),
        slot_cost,
        root_cost,
    };
    let unfinished = setup::begin(&plan, &context.clock).map_err(|error| failing::of_setup(&error, &dir))?;
    // An empty folder that was there keeps its mode, which may let others in.
    close_to_others(&dir).map_err(|error| failure::disk_failed(&dir, error))?;
    show_kit(context, &plan, unfinished.made())?;
    let made = unfinished.finish(console.catalogue()).map_err(|error| failing::of_setup(&error, &dir))?;
    tell(context, flags, &plan, &chosen, &made);
    Ok(Exit::Done)
}

fn cheap() -> Result<Argon2Parameters, Failure> {
    Argon2Parameters::new(1024, 1, 1).map_err(|error| failure::unexpected(error.to_string()))
}

fn close_to_others(dir: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))
}

fn beside(dir: &Path) -> PathBuf {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push("-root");
    dir.with_file_name(name)
}

/// What an invitation can carry and a companion can look up: a name or an address, without a port.
fn host_of(typed: &str) -> Result<String, Failure> {
    let bare = typed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host = bare.filter(|bare| bare.parse::<Ipv6Addr>().is_ok()).unwrap_or(typed);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let is_name = !host.is_empty() && host.len() <= HOST_BYTES_MAX && host.bytes().all(plain);
    match is_name || host.parse::<IpAddr>().is_ok() {
        true => Ok(host.to_owned()),
        false => Err(failure::host_wrong(typed)),
    }
}

/// Before anybody is asked for a passphrase or a key file is made.
fn refuse_early(dir: &Path, root_out: &Path) -> Result<(), Failure> {
    let disk = Disk::real();
    let is_used = disk.exists(dir).and_then(|there| Ok(there && !disk.list(dir)?.is_empty()));
    match is_used {
        Ok(false) if root_out.starts_with(dir) => Err(failure::root_folder_unusable(root_out)),
        Ok(false) => Ok(()),
        Ok(true) => Err(failure::folder_exists(dir)),
        Err(error) => Err(failing::of_disk(&error, dir)),
    }
}

fn chosen(context: &Context, flags: &Flags, dir: &Path) -> Result<(Unlock, Chosen), Failure> {
    match (&flags.key_file, &flags.passphrase_file) {
        (Some(path), _) => {
            let path = failing::real(path);
            // Who has the folder would have the key.
            if path.starts_with(dir) {
                return Err(failure::key_file_inside(&path));
            }
            unlock::key_file_or_new(&path)
        }
        (None, Some(path)) => Ok((unlock::new_passphrase_file(path)?, Chosen::Passphrase)),
        (None, None) => Ok((unlock::new_passphrase(&context.console)?, Chosen::Passphrase)),
    }
}

fn tell(context: &Context, flags: &Flags, plan: &Plan<'_>, chosen: &Chosen, made: &Made) {
    let console = &context.console;
    console.say("init-done", args![name = plan.name, folder = plan.folder]);
    console.say("init-pin", args![pin = made.pin.to_string()]);
    console.say("init-host", args![address = address(plan)]);
    console.say("init-configuration", args![path = &made.configuration]);
    if let Chosen::NewKeyFile(path) = chosen {
        console.say("init-key-file-made", args![path]);
    }
    if let Some(token) = plan.token {
        console.say("init-token", args![token = token.name()]);
    }
    console.say("init-roots", args![folder = plan.root_out]);
    if flags.trial && console.manner().output != Output::Json {
        console.warn(&failure::trial_practice());
    }
    say_next(context, flags, plan);
}

/// Shows what is shown only once, while the practice is none yet: nobody must come to use one whose kit is lost.
fn show_kit(context: &Context, plan: &Plan<'_>, made: &Made) -> Result<(), Failure> {
    let console = &context.console;
    console.say("init-kit-title", &[]);
    console.print(&format!("    {}", made.kit.as_str()));
    console.say("init-kit-only-once", &[]);
    console.emit(&Event::Practice(event::Practice {
        folder: plan.folder.display().to_string(),
        name: plan.name.to_owned(),
        id: made.id.to_string(),
        pin: made.pin.to_string(),
        host: plan.host.to_owned(),
        configuration: made.configuration.display().to_string(),
        root_folder: plan.root_out.display().to_string(),
        kit: made.kit.as_str().to_owned(),
    }));
    let is_asked = console.manner().output == Output::People;
    if is_asked && matches!(console.confirm("init-kit-written", &[]), Ok(Answer::No)) {
        console.print(&format!("    {}", made.kit.as_str()));
    }
    match console.unsaid() {
        None => Ok(()),
        Some(cause) => Err(failure::kit_not_shown(plan.folder, plan.root_out, std::io::Error::from(cause))),
    }
}

fn address(plan: &Plan<'_>) -> String {
    match plan.host.contains(':') {
        true => format!("[{}]:{}", plan.host, plan.port),
        false => format!("{}:{}", plan.host, plan.port),
    }
}

/// The lines to run now, as they are to be typed.
fn say_next(context: &Context, flags: &Flags, plan: &Plan<'_>) {
    let console = &context.console;
    let dir = text::shell(&plan.folder.display().to_string());
    // A key file stands in the configuration; a passphrase's file does not.
    let unlock = flags.passphrase_file.as_deref().map_or_else(String::new, |path| {
        format!(" --passphrase-file {}", text::shell(&failing::real(path).display().to_string()))
    });
    console.say("init-next-title", &[]);
    let command = format!("counterfoil-gateway run --dir {dir}{unlock}");
    console.say("init-next-run", args![command]);
    let command =
        format!("counterfoil-gateway book add {} --dir {dir}", console.text("init-next-a-book", &[]));
    console.say("init-next-book", args![command]);
    let (person, book) = (console.text("init-next-a-client", &[]), console.text("init-next-a-book", &[]));
    let command =
        format!("counterfoil-gateway invite --role client --name {person} --book {book} --dir {dir}");
    console.say("init-next-invite", args![command]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_or_an_address_and_nothing_else() {
        for (typed, meant) in [
            ("gw.example.cn", "gw.example.cn"),
            ("192.0.2.7", "192.0.2.7"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
        ] {
            assert_eq!(host_of(typed).unwrap(), meant);
        }
        for typed in ["", "gw.example.cn:4433", "https://gw", "a b", "网关", "[gw]", &"a".repeat(254)] {
            assert!(host_of(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn the_root_keys_go_beside_the_practice() {
        assert_eq!(beside(Path::new("/srv/practice")), Path::new("/srv/practice-root"));
    }
}
