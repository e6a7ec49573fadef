//! The headers of incoming frames, judged by RFC 6455, section 5, and RFC 7692, section 6, before the framing library
//! reads them: it lets a reserved bit through on control and continuation frames, and lengths that are written too long.

use super::broken::Broken;

/// The longest header: two bytes, a length of eight, a mask of four.
const LONGEST: usize = 14;

const FIN: u8 = 0x80;
/// The bit of `permessage-deflate`; the other two are nobody's.
const COMPRESSED: u8 = 0x40;
const RESERVED: u8 = 0x30;
const MASKED: u8 = 0x80;

/// Where in its stream of frames the other side is.
#[derive(Debug)]
pub(super) struct Headers {
    /// Whether the other side masks: clients do, servers do not.
    masked: bool,
    /// Whether compression was agreed on.
    compression: bool,
    /// The longest message, in bytes.
    largest: u64,
    header: [u8; LONGEST],
    /// How much of the header is there.
    read: usize,
    /// What is left of the payload.
    payload: u64,
    /// A message has begun and not ended.
    in_message: bool,
}

impl Headers {
    pub(super) fn new(masked: bool, compression: bool, largest: u64) -> Self {
        Self {
            masked,
            compression,
            largest,
            header: [0; LONGEST],
            read: 0,
            payload: 0,
            in_message: false,
        }
    }

    /// Reads on.
    ///
    /// # Errors
    /// How many bytes there is nothing to say against, and what the one behind them breaks.
    pub(super) fn judge(&mut self, bytes: &[u8]) -> Result<(), (usize, Broken)> {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if self.payload > 0 {
                let left = bytes.len() - at;
                let taken = usize::try_from(self.payload).map_or(left, |payload| payload.min(left));
                self.payload -= taken as u64;
                at += taken;
                continue;
            }
            self.header[self.read] = *byte;
            self.read += 1;
            self.judge_header().map_err(|broken| (at, broken))?;
            if self.read == self.length() {
                self.begin_payload();
            }
            at += 1;
        }
        Ok(())
    }

    /// Whether a header may begin like this, as far as its last byte tells.
    fn judge_header(&self) -> Result<(), Broken> {
        let [_, second, ..] = self.header;
        let is_allowed = match self.read {
            1 => self.is_kind_allowed(),
            2 => {
                let is_short = second & !MASKED <= 125;
                (second & MASKED != 0) == self.masked && (is_short || !self.is_control())
            }
            _ => true,
        };
        if !is_allowed {
            return Err(Broken::Frame);
        }
        if self.read != 2 + self.length_bytes() {
            return Ok(());
        }
        // The length is written in as few bytes as it can be, and has 63 bits.
        let written = match self.length_bytes() {
            0 => 0..126,
            2 => 126..1 << 16,
            _ => 1 << 16..1 << 63,
        };
        match self.payload_length() {
            length if !written.contains(&length) => Err(Broken::Frame),
            length if length > self.largest && !self.is_control() => Err(Broken::TooLarge),
            _ => Ok(()),
        }
    }

    fn is_kind_allowed(&self) -> bool {
        let [first, ..] = self.header;
        let (is_last, is_compressed) = (first & FIN != 0, first & COMPRESSED != 0);
        first & RESERVED == 0
            && match first & 0x0f {
                0 => self.in_message && !is_compressed,
                1 | 2 => !self.in_message && (self.compression || !is_compressed),
                8..=10 => is_last && !is_compressed,
                _ => false,
            }
    }

    fn begin_payload(&mut self) {
        self.payload = self.payload_length();
        self.read = 0;
        if !self.is_control() {
            self.in_message = self.header[0] & FIN == 0;
        }
    }

    fn is_control(&self) -> bool {
        self.header[0] & 0x08 != 0
    }

    /// The bytes of the header, as far as it is known.
    fn length(&self) -> usize {
        match self.read {
            0 | 1 => 2,
            _ if self.masked => 2 + self.length_bytes() + 4,
            _ => 2 + self.length_bytes(),
        }
    }

    /// The bytes of the length behind its first seven bits.
    fn length_bytes(&self) -> usize {
        match self.header[1] & !MASKED {
            126 => 2,
            127 => 8,
            _ => 0,
        }
    }

    fn payload_length(&self) -> u64 {
        let [_, second, rest @ ..] = self.header;
        let [a, b, c, d, e, f, g, h, ..] = rest;
        match self.length_bytes() {
            0 => u64::from(second & !MASKED),
            2 => u64::from(u16::from_be_bytes([a, b])),
            _ => u64::from_be_bytes([a, b, c, d, e, f, g, h]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGEST: u64 = 100_000;

    /// What becomes of the frames of a client, byte by byte and at once.
    fn judged(frames: &[u8]) -> Result<(), (usize, Broken)> {
        let whole = Headers::new(true, true, LARGEST).judge(frames);
        let mut headers = Headers::new(true, true, LARGEST);
        let mut bytes = frames.iter().enumerate();
        let single = bytes.try_for_each(|(at, byte)| {
            let judged = headers.judge(&[*byte]);
            judged.map_err(|(_, broken)| (at, broken))
        });
        assert_eq!(single, whole, "{frames:x?}");
        whole
    }

    #[test]
    fn what_the_standard_allows_passes_whole() {
        let long = [&b"\x82\xff\0\0\0\0\0\x01\0\0mask"[..], &[7; 1 << 16]].concat();
        for frames in [
            &b"\x81\x85maskhello\x89\x80mask"[..],
            b"\xc1\x80mask\x81\x80mask",
            b"\x01\x81mask1\x89\x81mask2\x80\x81mask3\x88\x80mask",
            &[&b"\x81\xfe\0\x7emask"[..], &[7; 126]].concat(),
            &long,
        ] {
            assert_eq!(judged(frames), Ok(()), "{:x?}", &frames[..8]);
        }
    }

    #[test]
    fn it_ends_at_the_byte_that_breaks_the_standard() {
        for (frames, at) in [
            (&b"\xa1\x80mask"[..], 0),
            (b"\x91\x80mask", 0),
            // Opcodes that are nobody's.
            (b"\x83\x80mask", 0),
            (b"\x8b\x80mask", 0),
            // Control frames: compressed, in fragments, too long.
            (b"\xc9\x80mask", 0),
            (b"\x09\x80mask", 0),
            (b"\x89\xfe\0\x7emask", 1),
            // Fragments out of order, and the bit where it does not belong.
            (b"\x80\x80mask", 0),
            (b"\x01\x80mask\x01\x80mask", 6),
            (b"\x41\x80mask\xc0\x80mask", 6),
            // No mask.
            (b"\x81\x05hello", 1),
            // Lengths that are written too long, or have 64 bits.
            (b"\x81\xfe\0\x7dmask", 3),
            (b"\x81\xff\0\0\0\0\0\0\xff\xffmask", 9),
            (b"\x81\xff\x80\0\0\0\0\0\0\0mask", 9),
        ] {
            assert_eq!(judged(frames), Err((at, Broken::Frame)), "{frames:x?}");
        }
    }

    #[test]
    fn a_frame_over_the_bound_is_known_by_its_header() {
        let frame = b"\x81\xff\0\0\0\0\0\x01\x86\xa1mask";
        assert_eq!(judged(frame), Err((9, Broken::TooLarge)));
        assert_eq!(judged(b"\x81\xff\0\0\0\0\0\x01\x86\xa0mask"), Ok(()));
    }

    #[test]
    fn the_other_side_decides_about_masks_and_compression() {
        let judged = |frame| Headers::new(false, false, LARGEST).judge(frame);
        assert_eq!(judged(b"\x81\x02hi"), Ok(()));
        assert_eq!(judged(b"\x81\x82maskhi"), Err((1, Broken::Frame)));
        assert_eq!(judged(b"\xc1\x02hi"), Err((0, Broken::Frame)));
    }
}
