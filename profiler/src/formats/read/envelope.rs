//! Compressed files: gzip, zstd and xz, told apart by their first bytes.

use std::io::Read;

use super::ReadError;

/// What nothing is unpacked beyond.
const MOST_BYTES: u64 = 4 << 30;
/// What any file may unpack to, however small.
const LEAST_BYTES: u64 = 64 << 20;
/// Text packs to a fiftieth at best; ten times that is no profile.
const MOST_RATIO: u64 = 500;
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const XZ_MAGIC: [u8; 6] = [0xfd, b'7', b'z', b'X', b'Z', 0];
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Bytes that a file of `packed` bytes may unpack to.
pub(super) fn limit_bytes(packed: usize) -> u64 {
    (packed as u64)
        .saturating_mul(MOST_RATIO)
        .clamp(LEAST_BYTES, MOST_BYTES)
}

/// The contents of a packed file; `None` where it is not packed.
pub(super) fn unpack(bytes: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
    let limit = limit_bytes(bytes.len());
    if bytes.starts_with(&GZIP_MAGIC) {
        let packed = flate2::bufread::MultiGzDecoder::new(bytes);
        return read("gzip", packed, limit).map(Some);
    }
    if bytes.starts_with(&ZSTD_MAGIC) {
        return read("zstd", Zstd::new(bytes), limit).map(Some);
    }
    if bytes.starts_with(&XZ_MAGIC) {
        return read("xz", lzma_rust2::XzReader::new(bytes, true), limit).map(Some);
    }
    Ok(None)
}

fn read(format: &'static str, packed: impl Read, limit: u64) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    let read = packed.take(limit + 1).read_to_end(&mut bytes);
    read.map_err(|error| ReadError::Damaged {
        format,
        what: error.to_string(),
    })?;
    if bytes.len() as u64 > limit {
        return Err(ReadError::TooLarge { limit_bytes: limit });
    }
    Ok(bytes)
}

/// Frame after frame of a zstd file.
pub(super) struct Zstd<'a> {
    rest: &'a [u8],
    frame: Option<ruzstd::decoding::StreamingDecoder<&'a [u8], ruzstd::decoding::FrameDecoder>>,
}

impl<'a> Zstd<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            rest: bytes,
            frame: None,
        }
    }
}

impl Read for Zstd<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        loop {
            if self.frame.is_none() {
                if self.rest.is_empty() {
                    return Ok(0);
                }
                let frame = ruzstd::decoding::StreamingDecoder::new(self.rest);
                self.frame = Some(frame.map_err(std::io::Error::other)?);
            }
            let Some(frame) = &mut self.frame else {
                return Ok(0);
            };
            match frame.read(out)? {
                0 if !out.is_empty() => {
                    self.rest = frame.get_ref();
                    self.frame = None;
                }
                read => return Ok(read),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_file_that_unpacks_to_far_more_than_its_size_is_refused() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let zeros = vec![0; 1 << 20];
        for _ in 0..80 {
            packed.write_all(&zeros).expect("memory takes it");
        }
        let packed = packed.finish().expect("memory takes it");
        assert!(matches!(
            unpack(&packed),
            Err(ReadError::TooLarge { limit_bytes }) if limit_bytes == LEAST_BYTES
        ));
    }

    #[test]
    fn a_gzip_file_that_is_cut_short_is_damaged() {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed
            .write_all(b"main;work 12\n")
            .expect("memory takes it");
        let packed = packed.finish().expect("memory takes it");
        assert_eq!(
            unpack(&packed).expect("it is whole").as_deref(),
            Some(&b"main;work 12\n"[..])
        );
        let cut = unpack(&packed[..packed.len() - 9]).expect_err("its end is missing");
        assert!(
            cut.to_string().starts_with("the gzip file is damaged"),
            "{cut}"
        );
        assert_eq!(unpack(b"main;work 12\n").expect("it is not packed"), None);
    }
}
