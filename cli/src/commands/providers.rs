//! `driftwire providers`: the plugins on this disk, and staging one for `provider-judge`.

use std::{fmt::Write as _, path::PathBuf};

use anyhow::{Context as _, bail};
use drift_aws::Objects;
use drift_provider::{Description, Plugin, describe};
use drift_registry::{Lock, Package, Search, Source, Version, Wish, pack, verify};
use serde::Serialize;

use crate::{
    args::{CloudArgs, ListProvidersArgs, ProvidersArgs, ProvidersCommand, StageArgs},
    cloud,
    exit::ExitStatus,
    output::{self, Style, printable},
    plugins::{Where, download},
    progress::Progress,
    readers,
};

/// Runs `driftwire providers` and `driftwire providers stage`.
pub(crate) async fn run(args: ProvidersArgs, cloud: &CloudArgs) -> anyhow::Result<ExitStatus> {
    match args.command {
        Some(ProvidersCommand::Stage(stage)) => self::stage(stage, cloud).await,
        None => list(args.list, cloud).await,
    }
}

/// One plugin of the list.
#[derive(Debug, Serialize)]
struct Listed {
    provider: String,
    version: String,
    /// The plugin protocol's version: 5 or 6.
    protocol: Option<u8>,
    /// How many resource types it has.
    types: Option<usize>,
    /// By which rule it was found, and in which place.
    found_in: String,
    /// The program.
    #[serde(skip_serializing_if = "Option::is_none")]
    executable: Option<PathBuf>,
    /// Why it cannot be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    why_not: Option<String>,
}

#[derive(Debug, Serialize)]
struct List {
    providers: Vec<Listed>,
    /// Everywhere that was looked, and what was there.
    looked_in: Vec<String>,
}

async fn list(args: ListProvidersArgs, cloud: &CloudArgs) -> anyhow::Result<ExitStatus> {
    let places = Where::here(args.provider_dirs, args.working_dir)?;
    let settings = readers::settings(&cloud::config(cloud).await)?;
    let (search, packages) = places.with(|plugins| {
        let search = plugins.list();
        let packages: Vec<_> = search.candidates.iter().map(|candidate| plugins.unpacked(candidate)).collect();
        (search, packages)
    });
    let progress = Progress::new("asking plugins what they are", packages.len());
    let mut providers = Vec::new();
    for (candidate, package) in search.candidates.iter().zip(packages) {
        let program = package.as_ref().ok().map(|package| package.executable.clone());
        let asked = match package {
            Ok(Package { executable, .. }) => {
                let plugin = Plugin { provider: candidate.source.to_string(), version: candidate.version.clone(), executable };
                let described = readers::unless_interrupted(describe(&plugin, &settings)).await?;
                described.map_err(|reason| reason.message)
            }
            Err(error) => Err(format!("{:#}", anyhow::Error::from(error))),
        };
        progress.step();
        let (described, why_not) = match asked {
            Ok(described) => (Some(described), None),
            Err(why) => (None, Some(why)),
        };
        providers.push(Listed {
            provider: candidate.source.to_string(),
            version: candidate.version.to_string(),
            protocol: described.map(|Description { protocol, .. }| protocol),
            types: described.map(|Description { types, .. }| types),
            found_in: candidate.origin.to_string(),
            executable: program,
            why_not,
        });
    }
    drop(progress);
    let status = if providers.iter().any(|listed| listed.why_not.is_some()) { ExitStatus::Error } else { ExitStatus::InSync };
    if args.json {
        let looked_in = search.looked.iter().map(ToString::to_string).collect();
        output::json(&List { providers, looked_in })?;
    } else {
        output::text(&list_text(&providers, &search))?;
    }
    Ok(status)
}

fn list_text(providers: &[Listed], search: &Search) -> String {
    if providers.is_empty() {
        return search.report().lines().fold("no plugins. Looked in:\n".to_owned(), |text, line| text + "  " + &printable(line) + "\n");
    }
    let number = |number: Option<usize>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let rows = providers.iter().map(|listed| {
        let (protocol, types) = (number(listed.protocol.map(usize::from)), number(listed.types));
        [listed.provider.clone(), listed.version.clone(), protocol, types, listed.found_in.clone()]
    });
    let mut text = output::table(["provider", "version", "protocol", "types", "found in"], rows);
    for why in providers.iter().filter_map(|listed| listed.why_not.as_ref()) {
        let _ = writeln!(text, "{} {}", Style::Warn.paint("warning:"), printable(why));
    }
    text
}

/// What was staged.
#[derive(Debug, Serialize)]
struct Staged {
    provider: String,
    version: String,
    platform: String,
    object: String,
    sha256: String,
    /// The entry of `DRIFTWIRE_PLUGINS`.
    entry: String,
}

async fn stage(args: StageArgs, cloud: &CloudArgs) -> anyhow::Result<ExitStatus> {
    let (bucket, prefix) = place(&args.to)?;
    let source = args.provider;
    let mut places = Where::new(&args.plugins)?;
    if let Some(platform) = args.platform {
        places.platform = platform;
    }
    let lock = Lock::read(&places.working_dir)?;
    let wished = args.version.or_else(|| lock.as_ref()?.get(&source).map(|locked| locked.version.clone()));
    let package = take(&places, &source, wished, lock.as_ref())?;
    if let Some(lock) = naming(lock.as_ref(), &source, &package.version) {
        verify(&package, lock)?;
    }
    let Package { version, .. } = &package;
    let file = format!("terraform-provider-{}_{version}_{}.zip", source.name(), places.platform);
    let folder = tempfile::tempdir().context("making a temporary folder")?;
    let zip = folder.path().join(&file);
    output::complain(&format!("packing {source} {version}"));
    let sha256 = pack(&package, &zip)?;
    let key = if prefix.is_empty() { file } else { format!("{prefix}/{file}") };
    let object = format!("s3://{bucket}/{key}");
    output::complain(&format!("writing {object}"));
    Objects::new(&cloud::config(cloud).await).in_regions(cloud::bucket_regions(cloud)?).put(bucket, &key, &zip, &sha256).await?;
    let entry = format!("{source} {version} {object} sha256:{sha256}");
    if args.json {
        let (provider, version, platform) = (source.to_string(), version.to_string(), places.platform.to_string());
        output::json(&Staged { provider, version, platform, object, sha256, entry })?;
    } else {
        output::text(&format!("DRIFTWIRE_PLUGINS={entry}\n"))?;
    }
    Ok(ExitStatus::InSync)
}

/// The package of the wished version, else the newest: from this disk, else from its registry where that was asked for.
fn take(places: &Where, source: &Source, wished: Option<Version>, lock: Option<&Lock>) -> anyhow::Result<Package> {
    places.with(|plugins| {
        let search = plugins.search(source);
        let fits = |version: &Version| wished.as_ref().is_none_or(|wished| wished == version);
        if let Some(candidate) = search.candidates.iter().rfind(|candidate| fits(&candidate.version)) {
            return Ok(plugins.unpacked(candidate)?);
        }
        if places.download {
            let lock = wished.as_ref().and_then(|version| naming(lock, source, version));
            return Ok(download(plugins, source, &wished.map_or(Wish::Newest, Wish::Exact), lock)?);
        }
        let version = wished.map(|version| format!(" {version}")).unwrap_or_default();
        bail!("{source}{version} is not on this disk: name a folder with --provider-dir, or let it be fetched with --download. Looked in:\n{}", search.report())
    })
}

/// The lock file, where it names this version: one that names another version, or none of the provider, is of other work.
fn naming<'a>(lock: Option<&'a Lock>, source: &Source, version: &Version) -> Option<&'a Lock> {
    lock.filter(|lock| lock.get(source).is_some_and(|locked| locked.version == *version))
}

fn place(to: &str) -> anyhow::Result<(&str, &str)> {
    let rest = to.strip_prefix("s3://").filter(|rest| !rest.is_empty());
    let rest = rest.with_context(|| format!("--to {to}: s3://BUCKET or s3://BUCKET/PREFIX is expected"))?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    Ok((bucket, prefix.trim_matches('/')))
}
