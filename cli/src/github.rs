//! GitHub as the command line is told to reach it: by the variables that Terraform's provider reads.

use std::{process::Command, time::Duration};

use anyhow::{Context as _, bail};
use drift_github::{Credential, Github, Secret, Settings};

use crate::args::GithubArgs;

/// A limit of an hour is waited for on a laptop, and in CI.
const PATIENCE: Duration = Duration::from_mins(65);

/// The client.
pub(crate) fn client(args: &GithubArgs) -> anyhow::Result<Github> {
    let owner = owner(args)?;
    let base_url = args.base_url.clone().unwrap_or_else(|| Settings::DEFAULT_BASE_URL.to_owned());
    let credential = credential(&base_url)?;
    let settings = Settings::new(owner, &base_url, credential).context("reaching GitHub")?;
    Github::new(Settings { patience: PATIENCE, ..settings }).context("reaching GitHub")
}

/// `--owner`, else what the provider takes, in its order.
pub(crate) fn owner(args: &GithubArgs) -> anyhow::Result<String> {
    let owner = args.owner.clone().or_else(|| variable("GITHUB_ORGANIZATION")).or_else(|| variable("GITHUB_OWNER"));
    owner.context("whose GitHub is to be looked at is not known: give --owner, or set GITHUB_OWNER")
}

/// An App where all of it is set, as the provider has it since 6.13; else a token; else what `gh` is logged in with.
fn credential(base_url: &str) -> anyhow::Result<Credential> {
    let app = ["GITHUB_APP_ID", "GITHUB_APP_INSTALLATION_ID", "GITHUB_APP_PEM_FILE"].map(variable);
    match (app, variable("GITHUB_TOKEN")) {
        ([Some(app_id), Some(installation_id), Some(private_key)], _) => {
            Ok(Credential::App { app_id, installation_id, private_key: Secret::new(private_key) })
        }
        (_, Some(token)) => Ok(Credential::Token(Secret::new(token))),
        ([None, None, None], None) => of_gh(base_url),
        _ => bail!("of GITHUB_APP_ID, GITHUB_APP_INSTALLATION_ID and GITHUB_APP_PEM_FILE (the key itself, not its path) one is not set"),
    }
}

fn of_gh(base_url: &str) -> anyhow::Result<Credential> {
    const NONE: &str =
        "there is no credential for GitHub: set GITHUB_TOKEN, or the three GITHUB_APP_ variables, or log in with `gh auth login`";
    let host = host(base_url);
    let program = variable("GH_PATH").unwrap_or_else(|| "gh".to_owned());
    let Ok(output) = Command::new(program).args(["auth", "token", "--hostname", &host]).output() else { bail!(NONE) };
    let token = String::from_utf8(output.stdout).unwrap_or_default().trim().to_owned();
    if !output.status.success() || token.is_empty() {
        bail!(NONE)
    }
    Ok(Credential::Token(Secret::new(token)))
}

/// As `gh` names where it is logged in.
fn host(base_url: &str) -> String {
    let host = base_url.split_once("://").map_or(base_url, |(_, rest)| rest).split(['/', ':']).next().unwrap_or_default();
    host.strip_prefix("api.").unwrap_or(host).to_owned()
}

#[expect(clippy::disallowed_methods, reason = "this is where the environment comes in, by names that are the provider's")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gh_is_asked_for_the_host_that_people_know() {
        for (base_url, expected) in [
            ("https://api.github.com/", "github.com"),
            ("https://github.com", "github.com"),
            ("https://api.acme.ghe.com/", "acme.ghe.com"),
            ("https://github.acme.internal:8443/api/v3/", "github.acme.internal"),
        ] {
            assert_eq!(host(base_url), expected);
        }
    }
}
