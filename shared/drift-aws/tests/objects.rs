//! Large objects, on a served S3.

mod support;

use drift_aws::{ObjectError, Objects};
use drift_engine::ports::PortError;
use support::moto::Moto;

#[tokio::test]
async fn an_object_comes_chunk_by_chunk_and_what_cannot_be_read_says_which_action_on_which() {
    let Some(moto) = Moto::start() else { return };
    moto.python(
        "client('s3').create_bucket(Bucket='plugins'); client('s3').put_object(Bucket='plugins', Key='aws.zip', Body=b'x' * 3_000_000)",
    );
    let objects = Objects::new(&moto.config().await);

    let mut copied = Vec::new();
    objects.copy("plugins", "aws.zip", &mut copied).await.expect("it is there");
    assert_eq!(copied.len(), 3_000_000);

    let gone = objects.copy("plugins", "other.zip", &mut copied).await;
    let Err(ObjectError::Port(PortError::Permanent { what, why })) = gone else { panic!("{gone:?}") };
    assert!(what.contains("s3://plugins/other.zip") && why.contains("NoSuchKey"), "{what}: {why}");
}

#[tokio::test]
async fn what_the_disk_does_not_take_is_told_apart_from_what_s3_does_not_give() {
    let Some(moto) = Moto::start() else { return };
    moto.python("client('s3').create_bucket(Bucket='plugins'); client('s3').put_object(Bucket='plugins', Key='aws.zip', Body=b'x')");
    let full = Objects::new(&moto.config().await).copy("plugins", "aws.zip", &mut Full).await;
    let Err(ObjectError::Written { object, source }) = full else { panic!("{full:?}") };
    assert_eq!((object.as_str(), source.kind()), ("s3://plugins/aws.zip", std::io::ErrorKind::StorageFull));
}

/// A disk without room.
struct Full;

impl std::io::Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
