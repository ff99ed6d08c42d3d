//! One chunk of an event log: its header is made to say that all of it is records.

#![no_main]

use libfuzzer_sys::fuzz_target;

const CHUNK_BYTES: usize = 65_536;

fuzz_target!(|data: &[u8]| {
    let mut chunk = b"ElfChnk\0".to_vec();
    chunk.resize(32, 0);
    chunk.extend(u64::MAX.to_le_bytes());
    chunk.resize(48, 0);
    chunk.extend((CHUNK_BYTES as u32).to_le_bytes());
    chunk.resize(512, 0);
    chunk.extend_from_slice(data);
    chunk.resize(CHUNK_BYTES, 0);
    cordon_fuzz::read(&chunk, b"");
});
