//! What is read from files and from standard input: compressed or not.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

use anyhow::{Context as _, ensure};
use flate2::read::MultiGzDecoder;

/// A file of 10 KB can hold gigabytes of zeros: what is unpacked ends here.
const UNPACKED_LIMIT: u64 = 4 << 30;

/// The bytes of a file, or of standard input for `-`; unpacked where they are gzip, whatever the name says.
pub(crate) fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let bytes = if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).context("reading standard input")?;
        bytes
    } else {
        fs::read(path).with_context(|| format!("reading {}", path.display()))?
    };
    unpacked(bytes).with_context(|| format!("unpacking {}", path.display()))
}

fn unpacked(bytes: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    MultiGzDecoder::new(bytes.as_slice()).take(UNPACKED_LIMIT).read_to_end(&mut plain)?;
    ensure!((plain.len() as u64) < UNPACKED_LIMIT, "it holds more than {} GiB", UNPACKED_LIMIT >> 30);
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    #[test]
    fn what_is_compressed_reads_like_what_is_not() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(b"{}").expect("memory takes it");
        let packed = encoder.finish().expect("memory takes it");
        assert_eq!(unpacked(packed).expect("it unpacks"), b"{}");
        assert_eq!(unpacked(b"{}".to_vec()).expect("it is plain"), b"{}");
    }

    #[test]
    fn half_of_a_compressed_file_is_an_error() {
        assert!(unpacked(vec![0x1f, 0x8b, 8]).is_err());
    }
}
