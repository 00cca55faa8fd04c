use std::{fs, io, path::PathBuf};

use crate::{
    Looked, Origin, Outcome, Platform, Refused, Rule, Source, Surroundings, WhyNot,
    config::Config,
    installation::Filter,
    mirror::{Finding, Found},
};

/// One place where plugins may be, and how they lie there.
pub(crate) struct Place {
    rule: Rule,
    path: PathBuf,
    layout: Layout,
}

enum Layout {
    /// A mirror, or a folder of executables.
    Either,
    /// Terraform's mirror layout, of which a filter may leave something.
    Mirror(Filter),
    /// The folder of one provider's executable.
    Override(Source),
}

/// Every place, in the order in which they count.
pub(crate) fn places(provider_dirs: &[PathBuf], surroundings: &Surroundings<'_>, config: &Config) -> Vec<Place> {
    let mirror = |rule, path| Place { rule, path, layout: Layout::Mirror(Filter::default()) };
    let mut places: Vec<_> = provider_dirs.iter().map(|path| Place::provider_dir(surroundings.here(path))).collect();
    let data = surroundings.set("TF_DATA_DIR").unwrap_or_else(|| ".terraform".to_owned());
    places.push(mirror(Rule::WorkingDir, surroundings.here(data).join("providers")));
    places.extend(config.plugin_cache.iter().map(|path| mirror(Rule::PluginCache, path.clone())));
    if let Some(installation) = &config.installation {
        let overrides = installation.overrides.iter();
        places.extend(overrides.map(|(source, path)| Place {
            rule: Rule::DevOverride,
            path: path.clone(),
            layout: Layout::Override(source.clone()),
        }));
        let mirrors = installation.mirrors.iter();
        places.extend(mirrors.map(|(path, filter)| Place {
            rule: Rule::FilesystemMirror,
            path: path.clone(),
            layout: Layout::Mirror(filter.clone()),
        }));
    } else {
        places.extend(surroundings.implied_mirrors().into_iter().map(|path| mirror(Rule::ImpliedMirror, path)));
    }
    places.extend(surroundings.cache().map(|path| mirror(Rule::OwnCache, path)));
    places
}

impl Place {
    /// A folder that the caller names.
    pub(crate) fn provider_dir(path: PathBuf) -> Self {
        Self { rule: Rule::ProviderDir, path, layout: Layout::Either }
    }

    /// Whether this place can hold the provider at all.
    pub(crate) fn concerns(&self, source: &Source) -> bool {
        !matches!(&self.layout, Layout::Override(only) if only != source)
    }

    /// What is in this place: of one provider, or of all.
    pub(crate) fn look(&self, wanted: Option<&Source>, platform: &Platform) -> (Found, Looked) {
        let looked = |outcome, refused| Looked { rule: self.rule, path: self.path.clone(), outcome, refused };
        if let (Layout::Mirror(filter), Some(source)) = (&self.layout, wanted)
            && !filter.lets(source)
        {
            return (Found::default(), looked(Outcome::Excluded, Vec::new()));
        }
        let unreadable = |why| looked(Outcome::Nothing, vec![Refused { path: self.path.clone(), why: WhyNot::Unreadable(why) }]);
        match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return (Found::default(), looked(Outcome::Absent, Vec::new())),
            Err(error) => return (Found::default(), unreadable(error.to_string())),
            Ok(metadata) if !metadata.is_dir() => return (Found::default(), unreadable("it is no folder".to_owned())),
            Ok(_) => {}
        }
        let mut finding = Finding::new(platform, Origin { rule: self.rule, path: self.path.clone() }, wanted);
        match &self.layout {
            Layout::Either => {
                finding.flat(&self.path);
                finding.mirror(&self.path);
            }
            Layout::Mirror(_) => finding.mirror(&self.path),
            Layout::Override(source) => finding.overridden(source, &self.path),
        }
        let mut found = finding.found;
        if let Layout::Mirror(filter) = &self.layout {
            found.candidates.retain(|candidate| filter.lets(&candidate.source));
        }
        let outcome = if found.candidates.is_empty() { Outcome::Nothing } else { Outcome::Packages(found.candidates.len()) };
        let refused = std::mem::take(&mut found.refused);
        (found, looked(outcome, refused))
    }
}
