use std::{fmt, path::PathBuf};

use crate::{Candidate, Rule};

/// What looking for plugins found, and everywhere it looked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// By source, then in ascending order of versions; each version once, from the first place that has it.
    pub candidates: Vec<Candidate>,
    /// Every place, in the order in which they count.
    pub looked: Vec<Looked>,
}

impl Search {
    /// One line a place, and below it what was refused there and why: what a message shows where nothing served.
    #[must_use]
    pub fn report(&self) -> String {
        let lines: Vec<_> = self.looked.iter().map(ToString::to_string).collect();
        lines.join("\n")
    }
}

/// One place that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// Which rule named it.
    pub rule: Rule,
    /// Where it is.
    pub path: PathBuf,
    /// What was there.
    pub outcome: Outcome,
    /// What was there and did not serve.
    pub refused: Vec<Refused>,
}

/// What was in a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The place does not exist.
    Absent,
    /// The CLI configuration keeps this provider from being taken from there.
    Excluded,
    /// Nothing of this provider that serves.
    Nothing,
    /// So many packages that serve.
    Packages(usize),
}

/// Something that looked like a package, and does not serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The file or folder.
    pub path: PathBuf,
    /// Why it does not serve.
    pub why: WhyNot,
}

/// Why a package does not serve.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhyNot {
    /// It is of these platforms alone.
    OtherPlatform(Vec<String>),
    /// No file in it has the executable's name.
    NoExecutable,
    /// The executable may not be started.
    NotExecutable,
    /// Its name tells no version.
    NoVersion,
    /// The disk refused; what it said.
    Unreadable(String),
    /// A zip that cannot be unpacked; why.
    BrokenZip(String),
}

impl fmt::Display for Looked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.rule, self.path.display())?;
        match self.outcome {
            Outcome::Absent => f.write_str("not there")?,
            Outcome::Excluded => f.write_str("kept out by its include and exclude")?,
            Outcome::Nothing if self.refused.is_empty() => f.write_str("nothing of it")?,
            Outcome::Nothing => f.write_str("nothing that serves")?,
            Outcome::Packages(1) => f.write_str("1 package")?,
            Outcome::Packages(count) => write!(f, "{count} packages")?,
        }
        self.refused.iter().try_for_each(|refused| write!(f, "\n  {refused}"))
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.why)
    }
}

impl fmt::Display for WhyNot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherPlatform(platforms) if platforms.is_empty() => f.write_str("an empty folder"),
            Self::OtherPlatform(platforms) => write!(f, "only for {}", platforms.join(", ")),
            Self::NoExecutable => f.write_str("holds no executable of this provider"),
            Self::NotExecutable => f.write_str("may not be executed; `chmod +x` it"),
            Self::NoVersion => f.write_str("its name tells no version, as terraform-provider-NAME_vVERSION does"),
            Self::Unreadable(why) => write!(f, "cannot be read: {why}"),
            Self::BrokenZip(why) => write!(f, "cannot be unpacked: {why}"),
        }
    }
}
