//! What works with a secret is made anew when the secret is another one.

use std::{future::Future, sync::Arc, time::Duration};

use drift_engine::ports::PortError;
use tokio::{sync::Mutex, time::Instant};

/// So long a secret is used before it is read anew.
const KEPT_FOR: Duration = Duration::from_mins(5);

/// What was made of a secret, as long as the secret is the same.
pub(crate) struct Kept<T>(Mutex<Option<Held<T>>>);

struct Held<T> {
    secret: String,
    read: Instant,
    value: Arc<T>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Kept<T> {
    /// What was made of the secret that is there now, or was minutes ago; else `make` makes it of what `read` reads.
    ///
    /// # Errors
    ///
    /// What these two say. What was made before is kept then, and is not given out.
    pub(crate) async fn current<R, M>(
        &self,
        read: impl FnOnce() -> R + Send,
        make: impl FnOnce(String) -> M + Send,
    ) -> Result<Arc<T>, PortError>
    where
        R: Future<Output = Result<String, PortError>> + Send,
        M: Future<Output = Result<T, PortError>> + Send,
    {
        let mut held = self.0.lock().await;
        if let Some(held) = held.as_ref().filter(|held| held.read.elapsed() < KEPT_FOR) {
            return Ok(Arc::clone(&held.value));
        }
        let secret = read().await?;
        let value = match held.as_ref() {
            Some(held) if held.secret == secret => Arc::clone(&held.value),
            _ => Arc::new(make(secret.clone()).await?),
        };
        *held = Some(Held { secret, read: Instant::now(), value: Arc::clone(&value) });
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    async fn current(kept: &Kept<String>, secret: &str, made: &AtomicUsize) -> Result<String, PortError> {
        let read = || async {
            match secret {
                "denied" => Err(PortError::Retryable { what: "reading".to_owned(), why: "denied".to_owned() }),
                secret => Ok(secret.to_owned()),
            }
        };
        let from = |secret: String| async move {
            made.fetch_add(1, Ordering::Relaxed);
            Ok(format!("made of {secret}"))
        };
        kept.current(read, from).await.map(|value| value.to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn a_secret_is_looked_at_again_after_minutes_and_what_it_makes_is_made_anew_where_it_is_another() {
        let (kept, made) = (Kept::default(), AtomicUsize::new(0));
        let now = |secret: &'static str| current(&kept, secret, &made);
        assert_eq!(now("a").await.as_deref(), Ok("made of a"));
        assert_eq!(now("b").await.as_deref(), Ok("made of a"), "it was read a moment ago");
        tokio::time::advance(KEPT_FOR).await;
        assert_eq!((now("a").await.as_deref(), made.load(Ordering::Relaxed)), (Ok("made of a"), 1));
        tokio::time::advance(KEPT_FOR).await;
        assert!(now("denied").await.is_err(), "what nobody may use any more is not used");
        assert_eq!((now("b").await.as_deref(), made.load(Ordering::Relaxed)), (Ok("made of b"), 2));
    }
}
