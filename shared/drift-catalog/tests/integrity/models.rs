//! Botocore's service models, as the test tools install them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::BufReader,
    path::Path,
    sync::LazyLock,
};

use flate2::read::GzDecoder;
use serde_json::Value;

/// One service's model.
pub(crate) struct Model(Value);

/// The models of every service that the catalog names in a read or an exception.
pub(crate) struct Models(BTreeMap<String, Model>);

/// Read once for all tests: EC2's alone has millions of bytes. Nothing where botocore is not installed.
static MODELS: LazyLock<Option<Models>> = LazyLock::new(|| {
    let lib = crate::workspace().join(".venv/lib");
    let python = fs::read_dir(&lib).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    let folder = python.map(|path| path.join("site-packages/botocore/data")).find(|path| path.is_dir())?;
    let catalog = crate::catalog();
    let of_aws = catalog.resources().filter(|resource| !resource.is_github());
    let of_reads = of_aws.flat_map(|resource| {
        resource.reads.iter().map(|read| read.service.clone().unwrap_or_else(|| resource.service.clone())).collect::<Vec<_>>()
    });
    let of_exceptions = catalog
        .resources()
        .flat_map(|resource| resource.exceptions.iter().chain(&resource.hints))
        .filter_map(|event| event.split_once(':'));
    let services: BTreeSet<String> = of_reads.chain(of_exceptions.map(|(service, _)| service.to_owned())).collect();
    Some(Models(services.into_iter().map(|service| (service.clone(), newest(&folder.join(service)))).collect()))
});

fn newest(folder: &Path) -> Model {
    let versions = fs::read_dir(folder).unwrap_or_else(|error| panic!("botocore does not know {}: {error}", folder.display()));
    let newest = versions.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_dir()).max().expect("a version");
    let file = File::open(newest.join("service-2.json.gz")).expect("the model is there");
    Model(serde_json::from_reader(BufReader::new(GzDecoder::new(file))).expect("the model is JSON"))
}

impl Models {
    /// Nothing where botocore is not installed.
    pub(crate) fn installed() -> Option<&'static Self> {
        if MODELS.is_none() {
            crate::skip(".venv/lib/python3*/site-packages/botocore");
        }
        MODELS.as_ref()
    }

    /// The newest model of a service that the catalog names.
    pub(crate) fn of(&self, service: &str) -> &Model {
        self.0.get(service).unwrap_or_else(|| panic!("the catalog names no service `{service}`"))
    }
}

impl Model {
    pub(crate) fn operation(&self, name: &str) -> Option<&Value> {
        self.0["operations"].get(name)
    }

    /// The shape that a reference (`{"shape": "Name"}`) leads to.
    pub(crate) fn shape(&self, reference: &Value) -> &Value {
        reference["shape"].as_str().map_or(&Value::Null, |name| &self.0["shapes"][name])
    }

    /// The error codes that the model names anywhere.
    pub(crate) fn error_codes(&self) -> Vec<&str> {
        let shapes = self.0["shapes"].as_object().into_iter().flatten().filter(|(_, shape)| shape["exception"] == true);
        shapes.flat_map(|(name, shape)| [Some(name.as_str()), shape["error"]["code"].as_str()]).flatten().collect()
    }
}
