//! What looking at everything says beyond the verdicts: what nobody manages, and how much is managed.

use std::{collections::BTreeMap, fmt::Write as _};

use drift_model::{Judgement, Verdict};
use serde::{Deserialize, Serialize};

/// A live thing of a known type that no state manages.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unmanaged {
    /// The Terraform type that could manage it: `github_repository`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The id that an `import` block takes.
    pub id: String,
    /// What people call it. Untrusted text.
    pub name: String,
    /// Its page, where it has one.
    pub url: Option<String>,
}

impl Unmanaged {
    /// An address for it: its type, and a name made of its own, `github_repository.shop`.
    #[must_use]
    pub fn address(&self) -> String {
        let mut name = String::new();
        for letter in self.name.chars() {
            match letter {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => name.push(letter.to_ascii_lowercase()),
                _ if name.ends_with('_') => {}
                _ => name.push('_'),
            }
        }
        let name = name.trim_matches('_');
        let is_name = name.starts_with(|letter: char| letter.is_ascii_lowercase());
        format!("{}.{}{name}", self.type_name, if is_name { "" } else { "_" })
    }

    /// The `import` block (Terraform 1.5 and OpenTofu) that adopts it at that address.
    #[must_use]
    pub fn import_block(&self, address: &str) -> String {
        format!("import {{\n  to = {address}\n  id = {}\n}}\n", quoted(&self.id))
    }
}

/// Addresses for all of them, each once and none of those that are `held`: a number is added to a name that is taken.
#[must_use]
pub fn addresses(all: &[Unmanaged], held: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut taken: BTreeMap<String, usize> = held.into_iter().map(|address| (address, 1)).collect();
    let mut made = Vec::with_capacity(all.len());
    for one in all {
        let address = one.address();
        let mut unique = address.clone();
        while let Some(count) = taken.get_mut(&unique) {
            *count += 1;
            unique = format!("{address}_{count}");
        }
        taken.insert(unique.clone(), 1);
        made.push(unique);
    }
    made
}

/// A text as a literal of Terraform's language: nothing in it is a template, and nothing ends it.
fn quoted(text: &str) -> String {
    let mut literal = String::from("\"");
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' | '\\' => literal.extend(['\\', letter]),
            // `$${` and `%%{` are how the language writes these two.
            '$' | '%' if letters.peek() == Some(&'{') => literal.extend([letter, letter]),
            letter if letter.is_control() => {
                let _ = write!(literal, "\\u{:04x}", u32::from(letter));
            }
            letter => literal.push(letter),
        }
    }
    literal + "\""
}

/// How many of one type there are, by what is known of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// In some state, whatever became of it.
    pub managed: usize,
    /// Live, and in no state.
    pub unmanaged: usize,
    /// Of those that are managed: gone.
    pub missing: usize,
    /// Of those that are managed: different.
    pub drifted: usize,
    /// Of those that are managed: nothing could be concluded.
    pub unknown: usize,
}

impl Counts {
    fn and(self, other: Self) -> Self {
        Self {
            managed: self.managed + other.managed,
            unmanaged: self.unmanaged + other.unmanaged,
            missing: self.missing + other.missing,
            drifted: self.drifted + other.drifted,
            unknown: self.unknown + other.unknown,
        }
    }
}

/// How much of what is there is managed, by type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// The types that are in some state or were found unmanaged.
    pub types: BTreeMap<String, Counts>,
}

impl Coverage {
    /// Counts one verdict.
    pub fn judged(&mut self, judgement: &Judgement) {
        let counts = self.types.entry(judgement.type_name.clone()).or_default();
        counts.managed += 1;
        match judgement.verdict {
            Verdict::InSync => {}
            Verdict::Drifted { .. } => counts.drifted += 1,
            Verdict::Missing => counts.missing += 1,
            Verdict::Unknown { .. } => counts.unknown += 1,
        }
    }

    /// Adds what another part of the scan counted of a type.
    pub fn add(&mut self, type_name: String, more: Counts) {
        let counts = self.types.entry(type_name).or_default();
        *counts = counts.and(more);
    }

    /// Counts one live thing that nobody manages.
    pub fn unmanaged(&mut self, found: &Unmanaged) {
        self.types.entry(found.type_name.clone()).or_default().unmanaged += 1;
    }

    /// All types together.
    #[must_use]
    pub fn total(&self) -> Counts {
        self.types.values().fold(Counts::default(), |sum, counts| sum.and(*counts))
    }

    /// What is managed among what is live, in percent to one decimal; of nothing, 100. What is gone is no longer there to be managed.
    #[must_use]
    pub fn percent(&self) -> f64 {
        let total = self.total();
        let live = total.managed.saturating_sub(total.missing);
        let all = live + total.unmanaged;
        if all == 0 {
            return 100.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of things are far below what a double holds exactly")]
        let percent = live as f64 * 100.0 / all as f64;
        (percent * 10.0).floor() / 10.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unmanaged(type_name: &str, name: &str, id: &str) -> Unmanaged {
        Unmanaged { type_name: type_name.to_owned(), id: id.to_owned(), name: name.to_owned(), url: None }
    }

    #[test]
    fn what_nobody_manages_gets_an_address_of_its_own() {
        let all = [("Shop.Front", "a"), ("shop-front", "b"), ("4tune", "c"), ("ünicorn", "d"), ("shop_front_2", "e"), ("shop front", "f")];
        let all: Vec<Unmanaged> = all.iter().map(|(name, id)| unmanaged("github_repository", name, id)).collect();
        let held = ["github_repository.shop_front".to_owned()];
        insta::assert_snapshot!(addresses(&all, held).join("\n"), @r"
        github_repository.shop_front_2
        github_repository.shop_front_3
        github_repository._4tune
        github_repository.nicorn
        github_repository.shop_front_2_2
        github_repository.shop_front_4
        ");
    }

    #[test]
    fn an_import_block_takes_the_id_as_it_is_whatever_stands_in_it() {
        let one = unmanaged("github_repository_ruleset", "main", "shop:\"${x}\" 5% $5 %{y}");
        insta::assert_snapshot!(one.import_block(&one.address()), @r#"
        import {
          to = github_repository_ruleset.main
          id = "shop:\"$${x}\" 5% $5 %%{y}"
        }
        "#);
    }

    #[test]
    fn coverage_counts_what_is_live() {
        let mut coverage = Coverage::default();
        assert!((coverage.percent() - 100.0).abs() < f64::EPSILON);
        coverage.types.insert("github_team".to_owned(), Counts { managed: 3, missing: 1, ..Counts::default() });
        coverage.unmanaged(&unmanaged("github_repository", "a", "a"));
        assert!((coverage.percent() - 66.6).abs() < 1e-9, "{}", coverage.percent());
        assert_eq!(coverage.total(), Counts { managed: 3, unmanaged: 1, missing: 1, drifted: 0, unknown: 0 });
    }

    proptest! {
        #[test]
        fn addresses_are_unique_and_of_terraforms_form(names in prop::collection::vec(".{0,6}", 0..8)) {
            let all: Vec<Unmanaged> = names.iter().map(|name| unmanaged("github_team", name, "1")).collect();
            let made = addresses(&all, []);
            for address in &made {
                prop_assert!(address.parse::<drift_model::Address>().is_ok(), "{address}");
            }
            let unique: std::collections::BTreeSet<&String> = made.iter().collect();
            prop_assert_eq!(unique.len(), made.len());
        }
    }
}
