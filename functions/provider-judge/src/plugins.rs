//! Where this function's plugins come from: the image, and S3.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
    sync::Arc,
};

use drift_aws::{Accounts, Objects};
use drift_lambda::{Aws, PluginPackage, environment};
use drift_model::Reason;
use drift_provider::{Plugin, Plugins, ProviderReader, Settings};

use crate::package::{Package, Store};

/// The plugins that this function was given.
#[derive(Debug)]
pub(crate) struct Given<S> {
    in_image: Vec<Plugin>,
    in_s3: Vec<Package<S>>,
}

impl<S: Store> Plugins for Given<S> {
    fn has(&self, provider: &str) -> bool {
        self.providers().any(|given| given == provider)
    }

    async fn candidates(&self, provider: &str) -> Result<Vec<Plugin>, Reason> {
        let mut found: Vec<Plugin> = self.in_image.iter().filter(|plugin| plugin.provider == provider).cloned().collect();
        for package in self.in_s3.iter().filter(|package| package.provider() == provider) {
            // One after the other: each takes its room on the disk twice until it is unpacked.
            found.push(package.plugin().await?);
        }
        found.sort_by(|a, b| a.version.cmp(&b.version));
        Ok(found)
    }

    fn hint(&self, provider: &str) -> Option<String> {
        (!self.has(provider)).then(|| format!("add a plugin of {provider} to provider-judge: DRIFTWIRE_PLUGINS"))
    }
}

impl<S: Store> Given<S> {
    fn providers(&self) -> impl Iterator<Item = &str> {
        self.in_image.iter().map(|plugin| plugin.provider.as_str()).chain(self.in_s3.iter().map(Package::provider))
    }
}

/// The reader of this function. `guard` is its own executable. Starts and fetches nothing.
pub(crate) fn reader(
    aws: &Aws,
    in_image: Vec<Plugin>,
    told: &drift_lambda::Settings,
    guard: PathBuf,
) -> ProviderReader<Given<Objects>, Accounts> {
    let store = Arc::new(Objects::new(&aws.config).in_regions(told.state_regions.clone()));
    // Whatever else is in the folder for temporary files is nobody's business here.
    let root = std::env::temp_dir().join("driftwire-plugins");
    let package = |package: &PluginPackage| Package::new(package.clone(), Arc::clone(&store), root.clone());
    let given = Given { in_image, in_s3: told.plugins.iter().map(package).collect() };
    let memory = environment("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|megabytes| megabytes.parse().ok());
    let settings = Settings {
        processes: memory.map_or(1, processes),
        endpoint_url: environment("AWS_ENDPOINT_URL"),
        environment: std::env::vars_os().filter(|(name, _)| is_for_plugins(name)).collect::<Vec<(OsString, OsString)>>(),
        ..Settings::new(guard)
    };
    ProviderReader::new(given, Arc::clone(&aws.accounts), settings)
}

/// How many plugins at a time there is memory for. hashicorp/aws takes 330 to 380 MB after some reads, and the function itself
/// a few dozen.
fn processes(megabytes: usize) -> usize {
    (megabytes.saturating_sub(128) / 400).clamp(1, 4)
}

/// Whether a plugin, which is somebody else's program, is given that variable: not what is Driftwire's own, nor Lambda's
/// runtime interface.
fn is_for_plugins(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    !["DRIFTWIRE_", "AWS_LAMBDA_", "_"].iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use drift_aws::ObjectError;
    use drift_engine::ports::PortError;
    use futures::FutureExt;

    use super::*;

    /// A bucket that is never reached.
    #[derive(Debug)]
    struct Unreachable;

    impl Store for Unreachable {
        async fn copy(&self, bucket: &str, key: &str, _: &mut (impl Write + Send)) -> Result<(), ObjectError> {
            Err(PortError::Retryable { what: format!("reading s3://{bucket}/{key}"), why: "no route to host".to_owned() }.into())
        }
    }

    fn given(in_s3: &[&str]) -> Given<Unreachable> {
        let plugin = |version: &str| Plugin {
            provider: "registry.terraform.io/hashicorp/aws".to_owned(),
            version: version.parse().expect("a version"),
            executable: PathBuf::from(version),
        };
        let package = |entry: &&str| {
            let entry = format!("{entry} s3://b/k sha256:{}", "0".repeat(64));
            Package::new(entry.parse().expect("it is a package"), Arc::new(Unreachable), PathBuf::from("/nowhere"))
        };
        Given { in_image: vec![plugin("6.0.0"), plugin("5.100.0")], in_s3: in_s3.iter().map(package).collect() }
    }

    #[test]
    fn what_is_in_the_image_is_offered_the_lowest_version_first_and_nothing_is_fetched_for_it() {
        let given = given(&["hashicorp/random 3.7.2"]);
        let found = given.candidates("registry.terraform.io/hashicorp/aws").now_or_never().expect("nothing is waited for");
        let versions: Vec<String> = found.expect("they are there").iter().map(|plugin| plugin.version.to_string()).collect();
        assert_eq!(versions, ["5.100.0", "6.0.0"]);
    }

    #[test]
    fn a_provider_that_was_not_given_is_hinted_at_by_name() {
        let given = given(&["hashicorp/random 3.7.2"]);
        assert!(given.has("registry.terraform.io/hashicorp/random") && given.has("registry.terraform.io/hashicorp/aws"));
        assert_eq!(given.hint("registry.terraform.io/hashicorp/aws"), None);
        let hint = given.hint("registry.opentofu.org/hashicorp/aws").expect("something can be done");
        assert!(hint.contains("registry.opentofu.org/hashicorp/aws") && hint.contains("DRIFTWIRE_PLUGINS"), "{hint}");
    }

    #[test]
    fn as_many_plugins_run_as_there_is_memory_for() {
        assert_eq!([128, 512, 1024, 2048, 10_240].map(processes), [1, 1, 2, 4, 4]);
    }

    #[test]
    fn a_plugin_is_told_of_aws_and_of_nothing_of_driftwires() {
        let told = |name: &str| is_for_plugins(OsStr::new(name));
        assert!(told("AWS_REGION") && told("HTTPS_PROXY") && told("PATH"));
        assert!(!told("DRIFTWIRE_EXTERNAL_ID") && !told("AWS_LAMBDA_RUNTIME_API") && !told("_HANDLER"));
    }
}
