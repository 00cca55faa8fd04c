//! What reaches the terminal, and what reaches machines.
//!
//! Names, tags and reasons come from the cloud: they are untrusted text, and pass through [`printable`] before a
//! terminal sees them. Colours are dropped where stdout or stderr is not a terminal.

mod differences;
mod json;
mod table;

use std::io::Write as _;

use anstyle::{AnsiColor, Effects};
use drift_model::{Severity, Timestamp};

pub(crate) use differences::{count, differences};
pub(crate) use drift_engine::alert::neutral as printable;
pub(crate) use json::json;
pub(crate) use table::table;

use crate::args::Color;

/// What a text means, by which it gets its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// An error, something lost.
    Bad,
    /// Something to look at.
    Warn,
    /// As it should be.
    Good,
    /// Of second rank.
    Dim,
    /// A heading, a name.
    Strong,
}

impl Style {
    /// The text in this style, for a stream of `anstream`, which drops what the terminal cannot show.
    pub(crate) fn paint(self, text: &str) -> String {
        let style = match self {
            Self::Bad => AnsiColor::Red.on_default() | Effects::BOLD,
            Self::Warn => AnsiColor::Yellow.on_default(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Dim => anstyle::Style::new() | Effects::DIMMED,
            Self::Strong => anstyle::Style::new() | Effects::BOLD,
        };
        format!("{style}{text}{style:#}")
    }
}

impl From<Severity> for Style {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Critical | Severity::High => Self::Bad,
            Severity::Medium => Self::Warn,
            Severity::Low => Self::Dim,
        }
    }
}

/// Sets for the whole process when colours are used.
pub(crate) fn choose_color(color: Color) {
    match color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
}

/// A moment to the second, as CloudTrail writes it.
pub(crate) fn second(at: Timestamp) -> String {
    at.strftime("%FT%TZ").to_string()
}

/// Prints a text that is already safe to print.
pub(crate) fn text(text: &str) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Says something on stderr; where that is gone as well, nobody is left to be told.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

/// Says on stderr what is no error, after a word for what it is: `note`, `warning`. The text may be untrusted.
pub(crate) fn remark(word: &str, text: &str) {
    complain(&format!("{} {}", Style::Warn.paint(&format!("{word}:")), printable(text)));
}
