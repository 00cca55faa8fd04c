//! The plugins that are in a container image: `DRIFTWIRE_PLUGIN_DIR`, laid out as a mirror of Terraform's
//! (`HOST/NAMESPACE/TYPE/VERSION/OS_ARCH/`, <https://developer.hashicorp.com/terraform/cli/config/config-file#filesystem_mirror>).

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use drift_provider::Plugin;

use crate::unpack::executable;

/// Why the plugins of the image cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImageError {
    /// A folder cannot be read.
    #[error("DRIFTWIRE_PLUGIN_DIR: reading {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// There is none.
    #[error("DRIFTWIRE_PLUGIN_DIR: {} holds no plugin for {platform}: it has to hold HOST/NAMESPACE/TYPE/VERSION/OS_ARCH/", path.display())]
    None {
        /// Where.
        path: PathBuf,
        /// What this function runs on: `linux_arm64`.
        platform: String,
    },
}

/// Every plugin for this platform below a folder.
pub(crate) fn plugins(root: &Path) -> Result<Vec<Plugin>, ImageError> {
    let mut found = Vec::new();
    for (host, namespaces) in folders(root)? {
        for (namespace, types) in folders(&namespaces)? {
            for (type_name, versions) in folders(&types)? {
                for (version, platforms) in folders(&versions)? {
                    let Ok(version) = version.parse() else { continue };
                    if let Some(executable) = executable(&platforms.join(platform()), &type_name) {
                        found.push(Plugin { provider: format!("{host}/{namespace}/{type_name}"), version, executable });
                    }
                }
            }
        }
    }
    if found.is_empty() {
        return Err(ImageError::None { path: root.to_owned(), platform: platform() });
    }
    Ok(found)
}

fn folders(path: &Path) -> Result<Vec<(String, PathBuf)>, ImageError> {
    let failed = |source| ImageError::Read { path: path.to_owned(), source };
    let mut folders = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if let Some(name) = path.file_name().and_then(|name| name.to_str()).filter(|_| path.is_dir()) {
            folders.push((name.to_owned(), path));
        }
    }
    Ok(folders)
}

/// As providers name it: Go's words.
fn platform() -> String {
    let system = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{system}_{machine}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(root: &Path, path: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("creates");
        fs::write(path, "").expect("writes");
    }

    #[test]
    fn plugins_are_found_where_a_mirror_has_them() {
        let root = tempfile::tempdir().expect("a folder");
        let platform = platform();
        for (version, platform) in
            [("5.100.0", platform.as_str()), ("6.0.0", platform.as_str()), ("7.0.0", "plan9_mips"), ("notes", &platform)]
        {
            put(root.path(), &format!("registry.terraform.io/hashicorp/aws/{version}/{platform}/terraform-provider-aws_v{version}_x5"));
        }
        put(root.path(), "registry.terraform.io/README.md");
        let mut found: Vec<String> =
            plugins(root.path()).expect("there are some").iter().map(|plugin| format!("{} {}", plugin.provider, plugin.version)).collect();
        found.sort();
        assert_eq!(found, ["registry.terraform.io/hashicorp/aws 5.100.0", "registry.terraform.io/hashicorp/aws 6.0.0"]);
    }

    #[test]
    fn a_folder_without_plugins_is_said_at_the_start() {
        let root = tempfile::tempdir().expect("a folder");
        let error = plugins(root.path()).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("holds no plugin for") && error.contains(&platform()), "{error}");
        let error = plugins(&root.path().join("nowhere")).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains("nowhere"), "{error}");
    }
}
