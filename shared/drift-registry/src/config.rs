//! Terraform's CLI configuration, as far as plugins go.
//! Source: Terraform's "CLI Configuration File"; its `internal/command/cliconfig`.

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    Surroundings,
    installation::Installation,
    package::names_in,
    syntax::{each, labelled, parse},
};

/// What is wrong with a file of Terraform's CLI configuration. What it says there is passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The file.
    pub path: PathBuf,
    /// Counted from 1, where it is known.
    pub line: Option<usize>,
    /// What is wrong. Never holds the line itself.
    pub why: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line.map(|line| format!(", line {line}")).unwrap_or_default();
        write!(f, "Terraform's CLI configuration {}{line}: {}; this is passed over", self.path.display(), self.why)
    }
}

/// What all files of the configuration say together; where two disagree, the earlier.
#[derive(Debug, Default)]
pub(crate) struct Config {
    pub(crate) plugin_cache: Option<PathBuf>,
    pub(crate) installation: Option<Installation>,
    /// By host: the services that stand in for those it would tell of itself.
    pub(crate) hosts: BTreeMap<String, BTreeMap<String, String>>,
    tokens: BTreeMap<String, Token>,
}

/// A token, which no message shows.
struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Config {
    /// Reads what there is, and tells what of it is no use.
    pub(crate) fn read(surroundings: &Surroundings<'_>) -> (Self, Vec<ConfigProblem>) {
        let (mut config, mut problems) = (Self::default(), Vec::new());
        for (path, must_exist) in files(surroundings) {
            let problem = |line, why| ConfigProblem { path: path.clone(), line, why };
            match fs::read_to_string(&path) {
                Ok(text) => match parse(&text) {
                    Ok(value) => problems.extend(config.add(&value, &path, surroundings).into_iter().map(|why| problem(None, why))),
                    Err(error) => problems.push(problem((error.line > 0).then_some(error.line), error.why)),
                },
                Err(error) if error.kind() == io::ErrorKind::NotFound && !must_exist => {}
                Err(error) => problems.push(problem(None, error.to_string())),
            }
        }
        if let Some(folder) = surroundings.set("TF_PLUGIN_CACHE_DIR") {
            config.plugin_cache = Some(surroundings.here(folder));
        }
        (config, problems)
    }

    fn add(&mut self, value: &Value, path: &Path, surroundings: &Surroundings<'_>) -> Vec<String> {
        if let Some(folder) = value.get("plugin_cache_dir").and_then(Value::as_str).filter(|folder| !folder.is_empty()) {
            self.plugin_cache.get_or_insert_with(|| surroundings.here(surroundings.expand(folder)));
        }
        for (host, body) in labelled(value, "host") {
            let services = each(body, "services").into_iter().filter_map(Value::as_object).flatten();
            let services = services.filter_map(|(name, url)| Some((name.clone(), url.as_str()?.to_owned())));
            self.hosts.entry(host.to_ascii_lowercase()).or_insert_with(|| services.collect());
        }
        for (host, body) in labelled(value, "credentials") {
            if let Some(token) = body.get("token").and_then(Value::as_str) {
                self.tokens.entry(host.to_ascii_lowercase()).or_insert_with(|| Token(token.to_owned()));
            }
        }
        let mut problems = Vec::new();
        for block in each(value, "provider_installation") {
            let installation = self.installation.get_or_insert_with(|| Installation::of(path));
            problems.extend(installation.add(block, surroundings));
        }
        problems
    }

    /// The token for a host: the environment's, else that of a `credentials` block.
    pub(crate) fn token(&self, host: &str, surroundings: &Surroundings<'_>) -> Option<String> {
        let of_environment = token_variables(host).iter().find_map(|name| surroundings.set(name));
        of_environment.or_else(|| self.tokens.get(host).map(|token| token.0.clone()))
    }
}

/// The variables that may hold a host's token, the usual spelling first: dots may be written `_`, and hyphens `__`.
/// Source: Terraform's "CLI Configuration File", "Environment Variable Credentials".
pub(crate) fn token_variables(host: &str) -> [String; 4] {
    let name = |host: String| format!("TF_TOKEN_{host}");
    [name(host.replace('-', "__").replace('.', "_")), name(host.replace('.', "_")), name(host.replace('-', "__")), name(host.to_owned())]
}

/// The files, and whether their absence is worth a word.
fn files(surroundings: &Surroundings<'_>) -> Vec<(PathBuf, bool)> {
    if let Some(file) = surroundings.set("TF_CLI_CONFIG_FILE").or_else(|| surroundings.set("TERRAFORM_CONFIG")) {
        return vec![(surroundings.here(file), true)];
    }
    let mut files: Vec<_> = surroundings.config_files().into_iter().map(|file| (file, false)).collect();
    if let Some(folder) = surroundings.terraform_dir() {
        let names = names_in(&folder).unwrap_or_default();
        let configuration = names.iter().filter(|name| [".tfrc", ".tfrc.json"].iter().any(|ending| name.ends_with(ending)));
        files.extend(configuration.map(|name| (folder.join(name), false)));
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Platform;

    fn read(folder: &Path, variables: &[(&str, &str)]) -> (Config, Vec<String>, Option<String>) {
        let variable = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let home = folder.to_string_lossy().into_owned();
        let variable = move |name: &str| if name == "HOME" { Some(home.clone()) } else { variable(name) };
        let platform = Platform { os: "linux".to_owned(), arch: "amd64".to_owned() };
        let surroundings = Surroundings { variable: &variable, working_dir: folder.to_owned(), platform };
        let (config, problems) = Config::read(&surroundings);
        let token = config.token("tf.my-example.com", &surroundings);
        (config, problems.iter().map(ToString::to_string).collect(), token)
    }

    fn home() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    #[test]
    fn nothing_configured_is_no_problem() {
        let home = home();
        let (config, problems, token) = read(home.path(), &[]);
        assert!(config.plugin_cache.is_none() && config.installation.is_none() && config.hosts.is_empty() && token.is_none());
        assert_eq!(problems, Vec::<String>::new());
    }

    #[test]
    fn the_files_of_a_user_are_read_together() {
        let home = home();
        fs::write(home.path().join(".terraformrc"), "plugin_cache_dir = \"$HOME/a\"\n").expect("written");
        fs::write(
            home.path().join(".tofurc"),
            "plugin_cache_dir = \"/b\"\nhost \"H.com\" {\n services {\n \"providers.v1\" = \"x\"\n }\n}\n",
        )
        .expect("written");
        fs::create_dir(home.path().join(".terraform.d")).expect("made");
        let credentials = r#"{"credentials": {"tf.my-example.com": {"token": "t1"}}}"#;
        fs::write(home.path().join(".terraform.d/credentials.tfrc.json"), credentials).expect("written");
        let (config, problems, token) = read(home.path(), &[]);
        assert_eq!(config.plugin_cache, Some(home.path().join("a")));
        assert_eq!(config.hosts["h.com"]["providers.v1"], "x");
        assert_eq!(token.as_deref(), Some("t1"));
        assert_eq!(problems, Vec::<String>::new());
        assert!(!format!("{config:?}").contains("t1"));

        let (config, _, token) = read(home.path(), &[("TF_PLUGIN_CACHE_DIR", "/c"), ("TF_TOKEN_tf_my__example_com", "t2")]);
        assert_eq!(config.plugin_cache, Some("/c".into()));
        assert_eq!(token.as_deref(), Some("t2"));
    }

    #[test]
    fn a_file_that_is_named_stands_alone_and_its_absence_or_its_errors_are_told() {
        let home = home();
        fs::write(home.path().join(".terraformrc"), "plugin_cache_dir = \"/a\"\n").expect("written");
        let (config, problems, _) = read(home.path(), &[("TF_CLI_CONFIG_FILE", "ci.tfrc")]);
        assert!(config.plugin_cache.is_none());
        assert!(problems.len() == 1 && problems[0].contains("ci.tfrc") && problems[0].contains("passed over"), "{problems:?}");

        fs::write(home.path().join("ci.tfrc"), "plugin_cache_dir = \ntoken = \"secret\"\n").expect("written");
        let (config, problems, _) = read(home.path(), &[("TF_CLI_CONFIG_FILE", "ci.tfrc")]);
        assert!(config.plugin_cache.is_none());
        assert!(problems.len() == 1 && problems[0].contains("line 1") && !problems[0].contains("secret"), "{problems:?}");

        let installation =
            "provider_installation {\n filesystem_mirror {\n  include = [\"a/b\"]\n }\n direct {\n  exclude = [\"*\"]\n }\n}\n";
        fs::write(home.path().join("ci.tfrc"), installation).expect("written");
        let (config, problems, _) = read(home.path(), &[("TF_CLI_CONFIG_FILE", "ci.tfrc")]);
        assert!(problems.len() == 2 && problems[0].contains("no `path`") && problems[1].contains("\"*\""), "{problems:?}");
        let installation = config.installation.expect("an installation");
        assert!(!installation.allows_direct(&"a/b".parse().expect("a source")) && installation.path().ends_with("ci.tfrc"));
    }
}
