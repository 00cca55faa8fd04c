//! One instance from the bytes of its fragment, and its identifiers.
#![no_main]

use drift_catalog::Catalog;
use drift_engine::naming::identifiers;
use drift_model::{Address, InstanceKey};
use drift_state::{Outside, instance};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static CATALOG: LazyLock<Option<Catalog>> = LazyLock::new(|| Catalog::builtin().ok());

fuzz_target!(|bytes: &[u8]| {
    let key = InstanceKey::from(Address::new(None, "aws_lambda_function", "a", ""));
    let outside = Outside { key: &key, provider: "registry.terraform.io/hashicorp/aws", provider_config: "provider.aws", place: None };
    if let (Ok(instance), Some(catalog)) = (instance(bytes, outside), &*CATALOG) {
        assert!(identifiers(catalog, &instance).len() < 1_000);
    }
});
