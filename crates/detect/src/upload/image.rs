//! The size a picture says it has.

/// Pictures and what else begins with bytes of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// GIF.
    Gif,
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
    /// BMP, WebP, TIFF, icons.
    OtherImage,
    /// PDF.
    Pdf,
    /// A ZIP archive, and what is built on it: documents, JAR.
    Zip,
    /// A program.
    Program,
    /// A document of the older Office.
    Ole,
}

impl Kind {
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        Some(match bytes {
            [b'G', b'I', b'F', b'8', ..] => Self::Gif,
            [0x89, b'P', b'N', b'G', ..] => Self::Png,
            [0xff, 0xd8, 0xff, ..] => Self::Jpeg,
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ]
            | [b'I', b'I', b'*', 0, ..]
            | [b'M', b'M', 0, b'*', ..]
            | [0, 0, 1, 0, ..] => Self::OtherImage,
            [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Self::OtherImage,
            [b'%', b'P', b'D', b'F', ..] => Self::Pdf,
            [b'P', b'K', 3, 4, ..] => Self::Zip,
            [0x7f, b'E', b'L', b'F', ..] => Self::Program,
            [b'M', b'Z', _, _, ..] if bytes.len() > 64 && is_program(bytes) => Self::Program,
            [0xd0, 0xcf, 0x11, 0xe0, ..] => Self::Ole,
            _ => return None,
        })
    }

    pub(super) fn is_image(self) -> bool {
        match self {
            Self::Gif | Self::Png | Self::Jpeg | Self::OtherImage => true,
            Self::Pdf | Self::Zip | Self::Program | Self::Ole => false,
        }
    }
}

fn is_program(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(512)).unwrap_or_default();
    memchr::memmem::find(head, b"PE\0\0").is_some()
        || memchr::memmem::find(head, b"This program").is_some()
}

fn pair(bytes: &[u8], at: usize, little: bool) -> Option<u64> {
    let two: [u8; 2] = bytes.get(at..at + 2)?.try_into().ok()?;
    let own = if little {
        u16::from_le_bytes(two)
    } else {
        u16::from_be_bytes(two)
    };
    Some(u64::from(own))
}

fn four(bytes: &[u8], at: usize) -> Option<u64> {
    let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u64::from(u32::from_be_bytes(four)))
}

/// How many pixels a picture says it has.
pub(super) fn pixels(kind: Kind, bytes: &[u8]) -> Option<u64> {
    let (width, height) = match kind {
        Kind::Gif => (pair(bytes, 6, true)?, pair(bytes, 8, true)?),
        Kind::Png => (four(bytes, 16)?, four(bytes, 20)?),
        Kind::Jpeg => jpeg(bytes)?,
        Kind::OtherImage | Kind::Pdf | Kind::Zip | Kind::Program | Kind::Ole => return None,
    };
    width.checked_mul(height)
}

/// The size in the frame header of a JPEG.
fn jpeg(bytes: &[u8]) -> Option<(u64, u64)> {
    /// Segments looked through.
    const MOST: usize = 128;
    let mut at = 2;
    for _ in 0..MOST {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        match marker {
            0xff => at += 1,
            0xd0..=0xd9 | 0x01 => at += 2,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Some((pair(bytes, at + 7, false)?, pair(bytes, at + 5, false)?));
            }
            _ => at += 2 + usize::try_from(pair(bytes, at + 2, false)?).ok()?,
        }
    }
    None
}
