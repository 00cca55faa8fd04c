use std::path::{Path, PathBuf};

use crate::Platform;

/// What the search is told of where it runs.
#[derive(Clone)]
pub struct Surroundings<'a> {
    /// The environment: the value of a variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
    /// The working directory, as Terraform would be run in.
    pub working_dir: PathBuf,
    /// What plugins are to run on.
    pub platform: Platform,
}

impl Surroundings<'_> {
    /// A variable that is set, and not to nothing.
    pub(crate) fn set(&self, name: &str) -> Option<String> {
        (self.variable)(name).filter(|value| !value.trim().is_empty())
    }

    fn folder(&self, name: &str) -> Option<PathBuf> {
        self.set(name).map(PathBuf::from)
    }

    fn on(&self, os: &str) -> bool {
        self.platform.os == os
    }

    /// A path as the working directory sees it.
    pub(crate) fn here(&self, path: impl AsRef<Path>) -> PathBuf {
        self.working_dir.join(path)
    }

    fn home(&self) -> Option<PathBuf> {
        if self.on("windows") { self.folder("USERPROFILE") } else { self.folder("HOME") }
    }

    /// Where Terraform keeps its own files of a user: `~/.terraform.d`, `%APPDATA%\terraform.d`.
    pub(crate) fn terraform_dir(&self) -> Option<PathBuf> {
        if self.on("windows") {
            self.folder("APPDATA").map(|dir| dir.join("terraform.d"))
        } else {
            self.home().map(|dir| dir.join(".terraform.d"))
        }
    }

    /// The CLI configuration's files of a user, Terraform's and OpenTofu's.
    /// Source: Terraform's "CLI Configuration File"; OpenTofu's `internal/command/cliconfig`.
    pub(crate) fn config_files(&self) -> Vec<PathBuf> {
        if self.on("windows") {
            return self.folder("APPDATA").map(|dir| vec![dir.join("terraform.rc"), dir.join("tofu.rc")]).unwrap_or_default();
        }
        let mut files = self.home().map(|home| vec![home.join(".terraformrc"), home.join(".tofurc")]).unwrap_or_default();
        files.extend(self.folder("XDG_CONFIG_HOME").map(|dir| dir.join("opentofu/tofurc")));
        files
    }

    /// The mirrors that are searched without being named.
    /// Source: Terraform's "CLI Configuration File", "Implied Local Mirror Directories"; for OpenTofu's its `dataDirs`.
    pub(crate) fn implied_mirrors(&self) -> Vec<PathBuf> {
        let mut dirs = vec![self.here("terraform.d")];
        dirs.extend(self.terraform_dir());
        match self.platform.os.as_str() {
            "windows" => dirs.extend(self.folder("APPDATA").map(|dir| dir.join("HashiCorp").join("Terraform"))),
            "darwin" => {
                let support = Path::new("Library/Application Support/io.terraform");
                dirs.extend(self.home().map(|home| home.join(support)));
                dirs.push(Path::new("/").join(support));
            }
            _ => {
                let data = self.folder("XDG_DATA_HOME");
                let opentofu = data.as_ref().map(|dir| dir.join("opentofu"));
                dirs.extend(data.or_else(|| self.home().map(|home| home.join(".local/share"))).map(|dir| dir.join("terraform")));
                let all = self.set("XDG_DATA_DIRS").unwrap_or_else(|| "/usr/local/share:/usr/share".to_owned());
                dirs.extend(all.split(':').filter(|dir| !dir.is_empty()).map(|dir| Path::new(dir).join("terraform")));
                dirs.extend(opentofu);
            }
        }
        dirs.into_iter().map(|dir| dir.join("plugins")).collect()
    }

    /// Driftwire's own cache: `DRIFTWIRE_PROVIDER_CACHE`, else in the user's cache folder.
    pub(crate) fn cache(&self) -> Option<PathBuf> {
        let users = || match self.platform.os.as_str() {
            "windows" => self.folder("LOCALAPPDATA"),
            "darwin" => self.home().map(|home| home.join("Library/Caches")),
            _ => self.folder("XDG_CACHE_HOME").or_else(|| self.home().map(|home| home.join(".cache"))),
        };
        self.folder("DRIFTWIRE_PROVIDER_CACHE")
            .or_else(|| users().map(|dir| dir.join("driftwire").join("providers")))
            .map(|dir| self.here(dir))
    }

    /// `$NAME` and `${NAME}` replaced by what is set. What is not set becomes nothing, as with Go's `os.ExpandEnv`.
    pub(crate) fn expand(&self, text: &str) -> String {
        let (mut expanded, mut rest) = (String::new(), text);
        while let Some(dollar) = rest.find('$') {
            expanded.push_str(&rest[..dollar]);
            rest = &rest[dollar + 1..];
            let braced = rest.strip_prefix('{').and_then(|inner| inner.split_once('}'));
            let (name, after) = braced.unwrap_or_else(|| {
                let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
                rest.split_at(end)
            });
            if name.is_empty() {
                expanded.push('$');
            }
            expanded.push_str(&(self.variable)(name).unwrap_or_default());
            rest = after;
        }
        expanded + rest
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    fn on(os: &str, look: impl Fn(&Surroundings<'_>) -> Vec<PathBuf>) -> String {
        let variable = |name: &str| match name {
            "HOME" | "USERPROFILE" => Some("/home/ann".to_owned()),
            "APPDATA" => Some("/roaming".to_owned()),
            "LOCALAPPDATA" => Some("/local".to_owned()),
            _ => None,
        };
        let platform = Platform { os: os.to_owned(), arch: "amd64".to_owned() };
        let surroundings = Surroundings { variable: &variable, working_dir: "/work".into(), platform };
        let lines: Vec<_> = look(&surroundings).iter().map(|path| path.display().to_string()).collect();
        lines.join("\n")
    }

    fn all(surroundings: &Surroundings<'_>) -> Vec<PathBuf> {
        let mut all = surroundings.config_files();
        all.extend(surroundings.implied_mirrors());
        all.extend(surroundings.cache());
        all
    }

    #[test]
    fn each_system_has_its_own_folders() {
        assert_snapshot!(on("linux", all), @"
        /home/ann/.terraformrc
        /home/ann/.tofurc
        /work/terraform.d/plugins
        /home/ann/.terraform.d/plugins
        /home/ann/.local/share/terraform/plugins
        /usr/local/share/terraform/plugins
        /usr/share/terraform/plugins
        /home/ann/.cache/driftwire/providers
        ");
        assert_snapshot!(on("darwin", all), @"
        /home/ann/.terraformrc
        /home/ann/.tofurc
        /work/terraform.d/plugins
        /home/ann/.terraform.d/plugins
        /home/ann/Library/Application Support/io.terraform/plugins
        /Library/Application Support/io.terraform/plugins
        /home/ann/Library/Caches/driftwire/providers
        ");
        assert_snapshot!(on("windows", all), @"
        /roaming/terraform.rc
        /roaming/tofu.rc
        /work/terraform.d/plugins
        /roaming/terraform.d/plugins
        /roaming/HashiCorp/Terraform/plugins
        /local/driftwire/providers
        ");
    }

    #[test]
    fn variables_in_paths_are_replaced() {
        let variable = |name: &str| (name == "HOME").then(|| "/home/ann".to_owned());
        let surroundings = Surroundings { variable: &variable, working_dir: "/".into(), platform: Platform::current() };
        assert_eq!(surroundings.expand("$HOME/a"), "/home/ann/a");
        assert_eq!(surroundings.expand("${HOME}x/$NOT_SET/b"), "/home/annx//b");
        assert_eq!(surroundings.expand("/a$/b$"), "/a$/b$");
    }
}
