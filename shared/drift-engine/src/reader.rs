use drift_model::{Instance, Place, Reader};

use crate::ports::{LiveReader, LiveReading};

/// Two readers as one: the first where it reads the type, else the second.
#[derive(Clone, Copy, Debug)]
pub struct First<A, B>(pub A, pub B);

impl<A: LiveReader, B: LiveReader> LiveReader for First<A, B> {
    fn reader(&self) -> Reader {
        self.0.reader()
    }

    fn reads(&self, provider: &str, type_name: &str) -> bool {
        self.reader_of(provider, type_name).is_some()
    }

    fn reader_of(&self, provider: &str, type_name: &str) -> Option<Reader> {
        self.0.reader_of(provider, type_name).or_else(|| self.1.reader_of(provider, type_name))
    }

    fn hint(&self, provider: &str, type_name: &str) -> Option<String> {
        self.0.hint(provider, type_name).or_else(|| self.1.hint(provider, type_name))
    }

    async fn read(&self, place: Option<&Place>, instance: &Instance) -> LiveReading {
        if self.0.reads(&instance.provider, &instance.type_name) {
            self.0.read(place, instance).await
        } else {
            self.1.read(place, instance).await
        }
    }
}
