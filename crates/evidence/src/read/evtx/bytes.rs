//! Little-endian numbers and UTF-16 text in a chunk.

/// What is wrong with the bytes of a record.
pub(super) type Broken = &'static str;

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A place in a chunk, from which numbers are read one after another.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    chunk: &'a [u8],
    pub(super) at: usize,
    pub(super) end: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(chunk: &'a [u8], at: usize, end: usize) -> Self {
        let end = end.min(chunk.len());
        Self { chunk, at, end }
    }

    pub(super) fn done(&self) -> bool {
        self.at >= self.end
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Broken> {
        let end = self.at.checked_add(count).ok_or("a size overflows")?;
        if end > self.end {
            return Err("it ends too early");
        }
        let taken = self.chunk.get(self.at..end).ok_or("it ends too early")?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Broken> {
        self.take(N)?.first_chunk().copied().ok_or("it ends too early")
    }

    pub(super) fn u8(&mut self) -> Result<u8, Broken> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Broken> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Broken> {
        self.array().map(u32::from_le_bytes)
    }

    /// A length in characters and as many UTF-16 units.
    pub(super) fn counted_text(&mut self) -> Result<String, Broken> {
        let count = usize::from(self.u16()?);
        let bytes = self.take(count * 2)?;
        let mut text = String::with_capacity(count);
        push_utf16(bytes, &mut text);
        Ok(text)
    }

    /// A name by its offset; where it is first used it stands in line and is stepped over.
    pub(super) fn name(&mut self) -> Result<String, Broken> {
        let offset = self.u32()? as usize;
        let mut own = Cursor::new(self.chunk, offset, self.chunk.len());
        own.take(6)?;
        let name = own.counted_text()?;
        if offset == self.at {
            self.at = own.at + 2;
        }
        Ok(name)
    }
}

/// Appends UTF-16 text up to its end or the first zero; halves of a pair alone become replacement characters.
pub(super) fn push_utf16(bytes: &[u8], text: &mut String) {
    let mut ascii = [0_u8; 128];
    let (mut filled, mut rest) = narrow(bytes, &mut ascii);
    if filled == ascii.len() {
        push_ascii(&ascii, filled, text);
        filled = 0;
    }
    while let Some((unit, behind)) = rest.split_first_chunk::<2>() {
        let [low, 0] = *unit else { break };
        if low == 0 || low >= 0x80 {
            break;
        }
        if let Some(slot) = ascii.get_mut(filled) {
            *slot = low;
        }
        filled += 1;
        rest = behind;
        if filled == ascii.len() {
            push_ascii(&ascii, filled, text);
            filled = 0;
        }
    }
    push_ascii(&ascii, filled, text);
    if rest.len() >= 2 && !rest.starts_with(&[0, 0]) {
        push_wide(rest, text);
    }
}

/// UTF-16 units narrowed at a time, which compilers turn into vector instructions.
const NARROWED: usize = 16;

/// Fills `ascii` from the start of a text as long as nothing else comes; how many bytes, and what is left of the text.
fn narrow<'a>(bytes: &'a [u8], ascii: &mut [u8; 128]) -> (usize, &'a [u8]) {
    let (mut filled, mut rest) = (0, bytes);
    for room in ascii.as_chunks_mut::<NARROWED>().0 {
        let Some((block, behind)) = rest.split_first_chunk::<{ 2 * NARROWED }>() else {
            break;
        };
        let mut other = false;
        for (slot, [low, high]) in room.iter_mut().zip(block.as_chunks::<2>().0) {
            *slot = *low;
            other |= (*high != 0) | (low.wrapping_sub(1) >= 0x7f);
        }
        if other {
            break;
        }
        filled += NARROWED;
        rest = behind;
    }
    (filled, rest)
}

fn push_ascii(ascii: &[u8], filled: usize, text: &mut String) {
    if let Some(Ok(own)) = ascii.get(..filled).map(str::from_utf8) {
        text.push_str(own);
    }
}

fn push_wide(bytes: &[u8], text: &mut String) {
    let units = bytes
        .chunks_exact(2)
        .map(|two| {
            two.iter()
                .rev()
                .fold(0_u16, |sum, byte| sum << 8 | u16::from(*byte))
        })
        .take_while(|unit| *unit != 0);
    for letter in char::decode_utf16(units) {
        text.push(letter.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(bytes: &[u8]) -> String {
        let mut text = String::new();
        push_utf16(bytes, &mut text);
        text
    }

    #[test]
    fn texts_of_any_length_end_at_their_zero_and_keep_other_letters() {
        for length in (0..40).chain(120..150).chain([300]) {
            for other in ["", "é", "żółw 🐢", "\0cut off"] {
                let text = "x".repeat(length) + other + "tail of ASCII that is long enough";
                let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
                let expected = text.split('\0').next().unwrap();
                assert_eq!(pushed(&bytes), expected);
            }
        }
    }

    #[test]
    fn half_a_pair_alone_is_replaced_and_half_a_unit_dropped() {
        assert_eq!(pushed(&[0x41, 0, 0x3d, 0xd8, 0x42, 0, 0x43]), "A\u{fffd}B");
    }
}
