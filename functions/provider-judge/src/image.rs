//! The plugins that are in a container image: `DRIFTWIRE_PLUGIN_DIR`.

use std::path::{Path, PathBuf};

use drift_provider::Plugin;
use drift_registry::{Form, Platform, list_folder};

/// Why there is no plugin in the image, in words that go on from `DRIFTWIRE_PLUGIN_DIR`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImageError {
    /// Nothing there serves.
    #[error("has to hold HOST/NAMESPACE/TYPE/VERSION/{platform}/ with a plugin in it; {report}")]
    None {
        /// What this function runs on.
        platform: Platform,
        /// What is there instead.
        report: String,
    },
    /// Nothing is unpacked at the start, which Lambda ends after 10 seconds.
    #[error("holds {}, which is packed: unpack it, in the image, to VERSION/{platform}/ beside it", zip.display())]
    Packed {
        /// What this function runs on.
        platform: Platform,
        /// The first one.
        zip: PathBuf,
    },
}

/// Every unpacked plugin for this platform in a folder.
pub(crate) fn plugins(root: &Path) -> Result<Vec<Plugin>, ImageError> {
    let platform = Platform::current();
    let search = list_folder(root, &platform);
    let report = search.report();
    let (mut found, mut packed) = (Vec::new(), None);
    for candidate in search.candidates {
        match candidate.form {
            Form::Unpacked { executable, .. } => {
                found.push(Plugin { provider: candidate.source.to_string(), version: candidate.version, executable });
            }
            Form::Packed { zip } => packed = packed.or(Some(zip)),
        }
    }
    match packed {
        _ if !found.is_empty() => Ok(found),
        Some(zip) => Err(ImageError::Packed { platform, zip }),
        None => Err(ImageError::None { platform, report }),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File, Permissions},
        os::unix::fs::PermissionsExt,
    };

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    const AWS: &str = "registry.terraform.io/hashicorp/aws";

    fn put(root: &Path, path: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("creates");
        fs::write(&path, "").expect("writes");
        fs::set_permissions(path, Permissions::from_mode(0o755)).expect("allows");
    }

    #[track_caller]
    fn refused(root: &Path, said: &[&str]) {
        let error = plugins(root).err().map(|error| error.to_string()).unwrap_or_default();
        for part in said {
            assert!(error.contains(part), "{part} in {error}");
        }
    }

    #[test]
    fn plugins_are_found_where_a_mirror_has_them() {
        let root = tempfile::tempdir().expect("a folder");
        let platform = Platform::current().to_string();
        for (version, platform) in
            [("5.100.0", platform.as_str()), ("6.0.0", platform.as_str()), ("7.0.0", "plan9_mips"), ("notes", &platform)]
        {
            put(root.path(), &format!("{AWS}/{version}/{platform}/terraform-provider-aws_v{version}_x5"));
        }
        put(root.path(), "registry.terraform.io/README.md");
        let found = plugins(root.path()).expect("there are some");
        let found: Vec<String> = found.iter().map(|plugin| format!("{} {}", plugin.provider, plugin.version)).collect();
        assert_eq!(found, [format!("{AWS} 5.100.0"), format!("{AWS} 6.0.0")]);
    }

    #[test]
    fn a_folder_without_plugins_is_said_at_the_start() {
        let root = tempfile::tempdir().expect("a folder");
        refused(root.path(), &["has to hold HOST/", &Platform::current().to_string(), "nothing of it"]);
        refused(&root.path().join("nowhere"), &["nowhere: not there"]);
        put(root.path(), &format!("{AWS}/7.0.0/plan9_mips/terraform-provider-aws_v7.0.0_x5"));
        refused(root.path(), &["7.0.0: only for plan9_mips"]);
    }

    #[test]
    fn a_plugin_that_is_still_packed_is_told_to_be_unpacked() {
        let root = tempfile::tempdir().expect("a folder");
        let platform = Platform::current();
        let folder = root.path().join(AWS);
        fs::create_dir_all(&folder).expect("creates");
        let name = format!("terraform-provider-aws_5.100.0_{platform}.zip");
        let mut zip = ZipWriter::new(File::create(folder.join(&name)).expect("a file"));
        zip.start_file("terraform-provider-aws_v5.100.0_x5", SimpleFileOptions::default()).expect("begins");
        zip.finish().expect("ends");
        refused(root.path(), &[&name, "unpack it", &format!("VERSION/{platform}/")]);
    }
}
