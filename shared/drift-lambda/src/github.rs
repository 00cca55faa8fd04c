//! What `github-scanner` is told by its environment beside what every judge is told.

use std::time::Duration;

use drift_aws::SecretArn;

use crate::{reading::Reading, shapes};

/// Which organisation of GitHub is scanned, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GithubSettings {
    /// `DRIFTWIRE_GITHUB_OWNER`: the organisation's login.
    pub owner: String,
    /// `DRIFTWIRE_GITHUB_SECRET`.
    pub secret: SecretArn,
    /// `DRIFTWIRE_GITHUB_BASE_URL`, without a slash at its end.
    pub base_url: String,
    /// `DRIFTWIRE_GITHUB_LOOK_AROUND`.
    pub look_around: Duration,
}

impl GithubSettings {
    /// The API of github.com.
    pub const BASE_URL: &str = "https://api.github.com";
    /// A day.
    pub const LOOK_AROUND: Duration = Duration::from_hours(24);

    /// Nothing for a function that has nothing to do with GitHub, and where something is missing, which is a problem by then.
    pub(crate) fn read(reading: &mut Reading<'_>) -> Option<Self> {
        let owner = reading.value("DRIFTWIRE_GITHUB_OWNER", shapes::login);
        let secret = reading.value("DRIFTWIRE_GITHUB_SECRET", shapes::secret);
        let base_url = reading.value("DRIFTWIRE_GITHUB_BASE_URL", shapes::api_url).unwrap_or_else(|| Self::BASE_URL.to_owned());
        let look_around = reading.value("DRIFTWIRE_GITHUB_LOOK_AROUND", shapes::seconds).unwrap_or(Self::LOOK_AROUND);
        Some(Self { owner: owner?, secret: secret?, base_url, look_around })
    }
}

#[cfg(test)]
mod tests {
    use drift_engine::work::Function;

    use super::*;
    use crate::{Settings, Variable};

    fn needed(name: &str) -> Option<String> {
        let variable = Variable::of(name)?;
        variable.needed_by.contains(&Function::GithubScanner.name()).then(|| variable.example.to_owned())
    }

    #[test]
    fn an_organisation_and_a_secret_are_enough_and_the_rest_is_as_documented() {
        let github = Settings::read(Function::GithubScanner, needed).expect("all that is needed is set").github.expect("it is of GitHub");
        assert_eq!((github.owner.as_str(), github.base_url.as_str()), ("acme", "https://api.github.com"));
        assert_eq!(github.look_around, Duration::from_hours(24));
        for (name, default) in [("DRIFTWIRE_GITHUB_BASE_URL", "https://api.github.com/"), ("DRIFTWIRE_GITHUB_LOOK_AROUND", "86400")] {
            assert!(Variable::of(name).is_some_and(|variable| variable.without.starts_with(default)), "{name}");
            let said = |asked: &str| if asked == name { Some(default.to_owned()) } else { needed(asked) };
            let settings = Settings::read(Function::GithubScanner, said).expect("the default is of its shape");
            assert_eq!(settings.github, Some(github.clone()), "{name}");
        }
    }

    #[test]
    fn a_token_in_place_of_its_secrets_arn_is_refused_and_not_repeated() {
        let token = "ghp_0123456789abcdefghijABCDEFGHIJ012345";
        let variable = |name: &str| if name == "DRIFTWIRE_GITHUB_SECRET" { Some(token.to_owned()) } else { needed(name) };
        let said = Settings::read(Function::GithubScanner, variable).expect_err("it is no ARN").to_string();
        assert!(said.starts_with("DRIFTWIRE_GITHUB_SECRET is not of its shape") && !said.contains("ghp_"), "{said}");
        let elsewhere = |name: &str| if name == "DRIFTWIRE_GITHUB_OWNER" { Some(token.to_owned()) } else { needed(name) };
        let said = Settings::read(Function::GithubScanner, elsewhere).expect_err("it is no login").to_string();
        assert!(said.starts_with("DRIFTWIRE_GITHUB_OWNER is `(sensitive value)`"), "{said}");
    }

    #[test]
    fn no_other_function_has_to_do_with_it() {
        let example = |name: &str| Variable::of(name).map(|variable| variable.example.to_owned());
        let settings = Settings::read(Function::EventDetector, example).expect("every example is of its shape");
        assert_eq!(settings.github, None);
        assert!(settings.github_queue.is_some_and(|url| url.ends_with("/driftwire-github")));
    }
}
