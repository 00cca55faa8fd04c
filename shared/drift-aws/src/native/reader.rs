use std::sync::Arc;

use drift_catalog::{AwsCall, Catalog, Reading};
use drift_engine::ports::{LiveReader, LiveReading};
use drift_model::{Instance, Place, Reader, Reason, ReasonKind};

/// The catalog's own reads: the native reader.
#[derive(Clone, Debug)]
pub struct NativeReader<C> {
    catalog: Arc<Catalog>,
    calls: C,
}

impl<C: AwsCall> NativeReader<C> {
    /// Reads what the catalog describes through `calls`.
    pub fn new(catalog: Arc<Catalog>, calls: C) -> Self {
        Self { catalog, calls }
    }
}

impl<C: AwsCall> LiveReader for NativeReader<C> {
    fn reader(&self) -> Reader {
        Reader::Native
    }

    fn reads(&self, provider: &str, type_name: &str) -> bool {
        // Whatever registry or mirror it came from, a provider named `aws` has these types.
        provider.ends_with("/aws") && self.catalog.resource(type_name).is_some_and(drift_catalog::Resource::is_read)
    }

    async fn read(&self, place: Option<&Place>, instance: &Instance) -> LiveReading {
        let Some(place) = place else {
            let message = "in which account and region it lives is not known".to_owned();
            return LiveReading::Unknown(Reason { kind: ReasonKind::Place, message });
        };
        match self.catalog.read(place, instance, &self.calls).await {
            Reading::Found { facets, sensitivity } => LiveReading::Found { facets, computed: Vec::new(), sensitivity },
            Reading::Gone => LiveReading::Gone,
            Reading::Unknown(reason) => LiveReading::Unknown(reason),
        }
    }
}
