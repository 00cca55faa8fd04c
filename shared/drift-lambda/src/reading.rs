//! Reads the environment by [`VARIABLES`](crate::VARIABLES), on after the first problem.

use std::fmt;

use drift_engine::alert::neutral;
use drift_model::Redaction;

use crate::{
    Variable,
    shapes::{self, Misfit},
};

/// One variable that is not as it must be. Says so in a sentence: which, what is wrong, its shape, and who sets it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {why}: it has to be {}, such as `{}`; {} sets it.", .variable.name, .variable.shape, .variable.example, .variable.set_by)]
pub struct WrongVariable {
    /// Which.
    pub variable: &'static Variable,
    /// What is wrong, in words that go on from its name.
    pub why: String,
}

/// All that is wrong with the environment, at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct SettingsError(pub Vec<WrongVariable>);

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentences: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&sentences.join(" "))
    }
}

impl SettingsError {
    /// Of one variable, that a function looked into further.
    ///
    /// # Panics
    ///
    /// Where no variable has that name.
    #[must_use]
    pub fn of(name: &str, why: impl Into<String>) -> Self {
        Self(vec![WrongVariable { variable: row(name), why: why.into() }])
    }
}

/// What a function's environment holds, and what is wrong with it so far.
pub(crate) struct Reading<'a> {
    function: &'a str,
    variable: &'a dyn Fn(&str) -> Option<String>,
    wrong: Vec<WrongVariable>,
}

impl<'a> Reading<'a> {
    /// Reads what `variable` gives for each name, as that function needs it. An empty variable counts as absent.
    pub(crate) fn new(function: &'a str, variable: &'a dyn Fn(&str) -> Option<String>) -> Self {
        let mut reading = Self { function, variable, wrong: Vec::new() };
        reading.value("DRIFTWIRE_LOG", shapes::levels);
        reading
    }

    /// The value of a variable, where this function has anything to do with it and it is of the right shape.
    pub(crate) fn value<T>(&mut self, name: &str, decode: impl FnOnce(&str) -> Result<T, Misfit>) -> Option<T> {
        let variable = row(name);
        let is_needed = variable.needed_by.contains(&self.function);
        if !is_needed && !variable.taken_by.contains(&self.function) {
            return None;
        }
        let Some(value) = self.text(name) else {
            if is_needed {
                self.complain(name, "is not set");
            }
            return None;
        };
        match decode(&value) {
            Ok(decoded) => Some(decoded),
            Err(misfit) => {
                self.complain(name, why(variable, &value, misfit));
                None
            }
        }
    }

    /// The value of a variable that holds a text; an empty one where it is missing, which is a problem by then.
    pub(crate) fn needed(&mut self, name: &str, decode: impl FnOnce(&str) -> Result<String, Misfit>) -> String {
        self.value(name, decode).unwrap_or_default()
    }

    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.text(name).is_some()
    }

    pub(crate) fn complain(&mut self, name: &str, why: impl Into<String>) {
        self.wrong.push(WrongVariable { variable: row(name), why: why.into() });
    }

    /// What was read, unless something is wrong.
    pub(crate) fn done<T>(self, settings: T) -> Result<T, SettingsError> {
        if self.wrong.is_empty() { Ok(settings) } else { Err(self.wrong()) }
    }

    /// What is wrong.
    pub(crate) fn wrong(self) -> SettingsError {
        SettingsError(self.wrong)
    }

    fn text(&self, name: &str) -> Option<String> {
        let value = (self.variable)(name)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }
}

#[expect(clippy::expect_used, reason = "a name that is not in the table is a mistake in this crate, which its tests find")]
fn row(name: &str) -> &'static Variable {
    Variable::of(name).expect("every variable is in the table")
}

/// So many letters of a value are shown.
const SHOWN: usize = 100;

fn why(variable: &Variable, value: &str, misfit: Misfit) -> String {
    if variable.hidden {
        return "is not of its shape (what it holds may be a secret, and is not shown)".to_owned();
    }
    match misfit {
        Misfit::Whole => format!("is `{}`", shown(value)),
        Misfit::Part(part) => format!("holds `{}`", shown(&part)),
        Misfit::Said(said) => neutral(&without_secrets(&said)),
    }
}

/// A value as it may be printed: whoever pastes a credential into the wrong variable does not find it in a log.
fn shown(value: &str) -> String {
    let safe = neutral(&without_secrets(value));
    match safe.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}...", &safe[..at]),
        None => safe,
    }
}

fn without_secrets(text: &str) -> String {
    let is_slacks = |word: &&str| ["hooks.slack", "xoxb-", "xoxp-", "xapp-"].iter().any(|mark| word.contains(mark));
    let slacks: Vec<String> = text.split_whitespace().filter(is_slacks).map(str::to_owned).collect();
    Redaction::default().and(slacks).apply(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "DRIFTWIRE_GRACE_SECONDS";

    #[track_caller]
    fn check(name: &str, value: &str, misfit: Misfit, expected: &str) {
        assert_eq!(why(row(name), value, misfit), expected);
    }

    #[test]
    fn a_value_is_shown_without_what_a_terminal_obeys_and_without_its_end() {
        check(NAME, "so\u{1b}on", Misfit::Whole, "is `so\\u{1b}on`");
        check(NAME, &"9".repeat(200), Misfit::Whole, &format!("is `{}...`", "9".repeat(100)));
        check(NAME, "1,soon", Misfit::Part("soon".to_owned()), "holds `soon`");
    }

    #[test]
    fn a_secret_is_shown_in_no_variable() {
        let webhook = "https://hooks.slack.com/services/T000/B000/abcdefghijkl";
        check(NAME, webhook, Misfit::Whole, "is `(sensitive value)`");
        check(NAME, "xoxb-123-456-abc", Misfit::Part("xoxb-123-456-abc".to_owned()), "holds `(sensitive value)`");
        check(NAME, "x", Misfit::Said(format!("holds `{webhook}` (it is none)")), "holds (sensitive value) (it is none)");
        for hidden in ["DRIFTWIRE_SLACK_SECRET", "DRIFTWIRE_EXTERNAL_ID", "DRIFTWIRE_SLACK_CHANNEL", "DRIFTWIRE_SLACK_API_URL"] {
            let said = why(row(hidden), "hunter2", Misfit::Part("hunter2".to_owned()));
            assert!(!said.contains("hunter2") && said.contains("not of its shape"), "{said}");
        }
    }

    #[test]
    fn a_sentence_names_the_variable_its_shape_and_who_sets_it() {
        assert_eq!(
            SettingsError::of(NAME, "is `soon`").to_string(),
            "DRIFTWIRE_GRACE_SECONDS is `soon`: it has to be a number of seconds, at most 1209600 (14 days), such as `120`; \
             the module's input `timing` sets it."
        );
    }
}
