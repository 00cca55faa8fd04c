//! One plugin's zip in S3: fetched when it is first asked for, checked, unpacked, and kept for as long as the execution
//! environment lives.

use std::{
    error::Error,
    fs,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use drift_aws::{ObjectError, Objects};
use drift_lambda::PluginPackage;
use drift_model::{Reason, ReasonKind};
use drift_provider::Plugin;
use drift_registry::{Hashing, RegistryError, Source, executable_in, unpack_once};
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use tokio::time::Instant;

/// For so long a failure stands, so that a batch of instances does not fetch the same in vain once for each.
const FAILURE_STANDS: Duration = Duration::from_secs(20);

/// What may hold a zip.
pub(crate) trait Store: Send + Sync + 'static {
    /// Writes an object to `sink` as it comes.
    fn copy(&self, bucket: &str, key: &str, sink: &mut (impl Write + Send)) -> impl Future<Output = Result<(), ObjectError>> + Send;
}

impl Store for Objects {
    async fn copy(&self, bucket: &str, key: &str, sink: &mut (impl Write + Send)) -> Result<(), ObjectError> {
        Self::copy(self, bucket, key, sink).await
    }
}

/// Why a plugin is not at hand.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error(transparent)]
    Object(#[from] ObjectError),
    #[error("s3://{}/{} has the SHA-256 {found}, and DRIFTWIRE_PLUGINS says {}: upload the right zip, or correct that", of.bucket, of.key, of.sha256)]
    Digest { of: PluginPackage, found: String },
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error("making room in {}", path.display())]
    Disk { path: PathBuf, source: io::Error },
    #[error("it was begun, and ended without a word")]
    Lost,
}

/// How a fetch ended, and when.
#[derive(Clone, Debug)]
struct Fetched {
    at: Instant,
    result: Result<PathBuf, Reason>,
}

type Fetch = Shared<BoxFuture<'static, Fetched>>;

/// A plugin's zip, and what became of it here.
#[derive(Debug)]
pub(crate) struct Package<S> {
    of: PluginPackage,
    store: Arc<S>,
    root: PathBuf,
    fetch: Mutex<Option<Fetch>>,
}

impl<S: Store> Package<S> {
    /// Fetches from `store` into folders of `root`.
    pub(crate) fn new(of: PluginPackage, store: Arc<S>, root: PathBuf) -> Self {
        Self { of, store, root, fetch: Mutex::default() }
    }

    /// The provider, as states name it.
    pub(crate) fn provider(&self) -> &str {
        &self.of.provider
    }

    /// The plugin, once it is here. Whoever asks meanwhile waits for the same fetch; one that failed is tried again after a while.
    pub(crate) async fn plugin(&self) -> Result<Plugin, Reason> {
        let executable = self.fetch().await.result?;
        Ok(Plugin { provider: self.of.provider.clone(), version: self.of.version.clone(), executable })
    }

    fn fetch(&self) -> Fetch {
        let failed_long_ago = |done: &Fetched| done.result.is_err() && done.at.elapsed() >= FAILURE_STANDS;
        // A panic elsewhere leaves what is held as it was.
        let mut held = self.fetch.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fetch) = held.as_ref().filter(|fetch| !fetch.peek().is_some_and(failed_long_ago)) {
            return fetch.clone();
        }
        // A task of its own: whoever asked may run out of time, and the next invocation goes on from where this one was.
        let (of, store, root) = (self.of.clone(), Arc::clone(&self.store), self.root.clone());
        let task = tokio::spawn(async move { fetched(&of, &*store, &root).await });
        let of = self.of.clone();
        let ended = async move {
            let result = task.await.unwrap_or(Err(FetchError::Lost)).map_err(|error| reason(&of, &error));
            Fetched { at: Instant::now(), result }
        };
        held.insert(ended.boxed().shared()).clone()
    }
}

async fn fetched(of: &PluginPackage, store: &impl Store, root: &Path) -> Result<PathBuf, FetchError> {
    let provider: Source = of.provider.parse()?;
    let folder = root.join(&of.sha256);
    if let Ok(executable) = executable_in(&folder, &provider) {
        return Ok(executable);
    }
    let began = Instant::now();
    let disk = |source| FetchError::Disk { path: root.to_owned(), source };
    fs::create_dir_all(root).map_err(disk)?;
    // Without a name: a function that is killed leaves nothing of it.
    let mut zip = Hashing::new(tempfile::tempfile_in(root).map_err(disk)?);
    store.copy(&of.bucket, &of.key, &mut zip).await?;
    let (zip, found) = zip.finish();
    if found != of.sha256 {
        return Err(FetchError::Digest { of: of.clone(), found });
    }
    let object = format!("s3://{}/{}", of.bucket, of.key);
    let named = PathBuf::from(&object);
    let unpacked = tokio::task::spawn_blocking(move || unpack_once(zip, &named, &provider, &folder));
    let executable = unpacked.await.map_err(|_| FetchError::Lost)??;
    let (provider, version) = (&of.provider, &of.version);
    tracing::info!(provider, %version, object, seconds = began.elapsed().as_secs_f64(), "a plugin was fetched");
    Ok(executable)
}

/// What a reader tells of it. It may pass, as far as anybody can tell here: it is tried again.
fn reason(of: &PluginPackage, error: &FetchError) -> Reason {
    let PluginPackage { provider, version, bucket, key, .. } = of;
    let why = said(error);
    tracing::error!(provider, %version, object = format!("s3://{bucket}/{key}"), why, "a plugin cannot be had");
    Reason { kind: ReasonKind::Error, message: format!("the plugin of {provider} {version} cannot be had: {why}") }
}

/// An error with what is behind it, and what to do about a full disk.
fn said(error: &FetchError) -> String {
    let mut text = error.to_string();
    let mut full = false;
    let mut next = error.source();
    while let Some(source) = next {
        text = format!("{text}: {source}");
        full |= source.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::StorageFull);
        next = source.source();
    }
    if full {
        text.push_str("; give the function more ephemeral storage: a version of hashicorp/aws takes 850 MB, 3072 MB are enough for three");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use drift_engine::ports::PortError;
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    /// What is in the bucket, or why it is not given; and how often it was asked for.
    #[derive(Default)]
    struct Bucket {
        answers: Mutex<Vec<Result<Vec<u8>, ObjectError>>>,
        asked: AtomicUsize,
    }

    impl Store for Bucket {
        async fn copy(&self, _: &str, _: &str, sink: &mut (impl Write + Send)) -> Result<(), ObjectError> {
            self.asked.fetch_add(1, Relaxed);
            // Whoever asks meanwhile finds it under way.
            tokio::time::sleep(Duration::from_secs(1)).await;
            let answer = self.answers.lock().expect("no test panics here").pop().expect("there is an answer");
            for chunk in answer?.chunks(7) {
                sink.write_all(chunk).map_err(|source| ObjectError::Written { object: "s3://b/k".to_owned(), source })?;
            }
            Ok(())
        }
    }

    /// The plugin of a zip, in a bucket that gives these answers, the last first.
    fn package(zip: &[u8], answers: Vec<Result<Vec<u8>, ObjectError>>) -> (Package<Bucket>, tempfile::TempDir) {
        let root = tempfile::tempdir().expect("a folder");
        let mut hashing = Hashing::new(io::sink());
        hashing.write_all(zip).expect("writes");
        let of = format!("hashicorp/aws 5.100.0 s3://b/k sha256:{}", hashing.finish().1).parse().expect("it is a package");
        let bucket = Bucket { answers: Mutex::new(answers), ..Bucket::default() };
        (Package::new(of, Arc::new(bucket), root.path().join("plugins")), root)
    }

    fn asked(package: &Package<Bucket>) -> usize {
        package.store.asked.load(Relaxed)
    }

    /// A zip of one file, in memory.
    fn zip(name: &str, text: &str) -> Vec<u8> {
        let mut writer = ZipWriter::new(io::Cursor::new(Vec::new()));
        writer.start_file(name, SimpleFileOptions::default()).expect("begins");
        writer.write_all(text.as_bytes()).expect("writes");
        writer.finish().expect("ends").into_inner()
    }

    fn plugin() -> Vec<u8> {
        zip("terraform-provider-aws_v5.100.0_x5", "binary")
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_asks_at_once_or_later_shares_one_fetch() {
        let (package, root) = package(&plugin(), vec![Ok(plugin())]);
        let (one, other) = futures::join!(package.plugin(), package.plugin());
        let executable = one.expect("it is fetched").executable;
        assert_eq!(fs::read_to_string(&executable).expect("reads"), "binary");
        assert_eq!(other.map(|plugin| plugin.executable), Ok(executable.clone()));
        assert_eq!(package.plugin().await.map(|plugin| plugin.executable), Ok(executable.clone()));
        assert_eq!(asked(&package), 1);
        // Another process in the same execution environment.
        let again = Package::new(package.of.clone(), Arc::new(Bucket::default()), root.path().join("plugins"));
        assert_eq!((again.plugin().await.map(|plugin| plugin.executable), asked(&again)), (Ok(executable), 0));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_gives_up_waiting_loses_nothing_of_the_fetch() {
        let (package, _root) = package(&plugin(), vec![Ok(plugin())]);
        assert!(tokio::time::timeout(Duration::from_millis(10), package.plugin()).await.is_err());
        assert!(package.plugin().await.is_ok());
        assert_eq!(asked(&package), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn another_zip_than_the_one_that_was_meant_is_refused_by_name_and_tried_again_later() {
        let (package, root) = package(&plugin(), vec![Ok(plugin()), Ok(zip("terraform-provider-aws", "evil"))]);
        let reason = package.plugin().await.expect_err("it is another one");
        assert_eq!(reason.kind, ReasonKind::Error);
        for part in ["registry.terraform.io/hashicorp/aws 5.100.0", "s3://b/k has the SHA-256", &package.of.sha256] {
            assert!(reason.message.contains(part), "{part} in {}", reason.message);
        }
        assert_eq!(fs::read_dir(root.path().join("plugins")).expect("reads").count(), 0, "nothing of it is kept");
        assert_eq!(package.plugin().await.err(), Some(reason), "it stands for a moment");
        tokio::time::advance(FAILURE_STANDS).await;
        assert!(package.plugin().await.is_ok());
        assert_eq!(asked(&package), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_s3_denies_and_a_full_disk_say_what_to_do() {
        let denied = PortError::Permanent {
            what: "reading s3://b/k".to_owned(),
            why: "AccessDenied (HTTP 403): no; allow s3:GetObject on arn:aws:s3:::b/k to the identity that Driftwire runs as".to_owned(),
        };
        let full = ObjectError::Written { object: "s3://b/k".to_owned(), source: ErrorKind::StorageFull.into() };
        for (error, said) in [(denied.into(), "allow s3:GetObject on arn:aws:s3:::b/k"), (full, "more ephemeral storage")] {
            let (package, _root) = package(&plugin(), vec![Err(error)]);
            let reason = package.plugin().await.expect_err("it fails");
            assert!(reason.message.contains("s3://b/k") && reason.message.contains(said), "{}", reason.message);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_unpacked_says_so_by_the_objects_name() {
        for (name, said) in [
            ("terraform-provider-awscc_v1", "s3://b/k holds no executable whose name begins with terraform-provider-aws:"),
            ("../terraform-provider-aws", "s3://b/k was not unpacked: its entry \"../terraform-provider-aws\""),
        ] {
            let other = zip(name, "binary");
            let (package, _root) = package(&other, vec![Ok(other.clone())]);
            let reason = package.plugin().await.expect_err(name);
            assert!(reason.message.contains(said), "{}", reason.message);
        }
    }

    #[test]
    fn a_disk_that_is_full_while_unpacking_says_what_to_set() {
        let full = RegistryError::Disk { doing: "writing", path: "/tmp/x".into(), source: ErrorKind::StorageFull.into() };
        assert!(said(&full.into()).ends_with("3072 MB are enough for three"));
    }
}
