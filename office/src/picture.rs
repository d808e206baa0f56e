//! A text as a picture that a phone reads, on a terminal.

use std::io::IsTerminal as _;

use console::{Console, Output, Tone};
use qrcode::render::unicode::Dense1x2;

/// The picture of half blocks, where somebody looks at a terminal. In colour it is black on white whatever the
/// terminal's are; without, it takes the terminal to be light on dark, as most are.
pub fn qr(console: &Console, text: &str) -> Option<String> {
    let is_seen = console.manner().output == Output::People && std::io::stdout().is_terminal();
    if !is_seen {
        return None;
    }
    let code = qrcode::QrCode::new(text.as_bytes()).ok()?;
    let has_colour = !console.tinted(Tone::Bold, "").is_empty();
    let (dark, light) = match has_colour {
        true => (Dense1x2::Dark, Dense1x2::Light),
        false => (Dense1x2::Light, Dense1x2::Dark),
    };
    let picture = code.render::<Dense1x2>().dark_color(dark).light_color(light).quiet_zone(true).build();
    let line = |line: &str| match has_colour {
        true => format!("\u{1b}[30;107m{line}\u{1b}[0m"),
        false => line.to_owned(),
    };
    Some(picture.lines().map(line).collect::<Vec<_>>().join("\n"))
}
