//! The plugins on this disk.
use drift_model::Reason;
use drift_provider::{Plugin, Plugins};

/// The plugins on this disk.
pub(crate) struct LocalPlugins {
    pub(crate) dirs: Vec<std::path::PathBuf>,
}

impl LocalPlugins {
    fn find(&self, provider: &str) -> Vec<Plugin> {
        let mut found = Vec::new();
        for dir in &self.dirs {
            let Ok(versions) = std::fs::read_dir(dir.join(provider)) else { continue };
            for version in versions.flatten() {
                let folder = version.path().join("linux_amd64");
                for file in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                    found.push(Plugin {
                        provider: provider.to_owned(),
                        version: version.file_name().to_string_lossy().parse().expect("v"),
                        executable: file.path(),
                    });
                }
            }
        }
        found
    }
}

impl Plugins for LocalPlugins {
    fn has(&self, provider: &str) -> bool {
        !self.find(provider).is_empty()
    }
    async fn candidates(&self, provider: &str) -> Result<Vec<Plugin>, Reason> {
        Ok(self.find(provider))
    }
}
