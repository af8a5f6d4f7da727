//! Bytes of files as people upload them: right in head and structure, random within.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use crate::dice::Dice;

/// What sort of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// An image of random pixels.
    Png,
    /// A photo, its scan random.
    Jpeg,
    /// A small animation.
    Gif,
    /// A document with one compressed stream.
    Pdf,
    /// An office document: an archive whose entries are stored or deflated.
    Zip,
    /// A web font's head and body.
    Woff2,
    /// A short piece of sound.
    Ogg,
}

impl Sort {
    pub(crate) fn find(name: &str) -> Option<Self> {
        Some(match name {
            "png" => Self::Png,
            "jpeg" => Self::Jpeg,
            "gif" => Self::Gif,
            "pdf" => Self::Pdf,
            "zip" => Self::Zip,
            "woff2" => Self::Woff2,
            "ogg" => Self::Ogg,
            _ => return None,
        })
    }

    /// One such file.
    #[must_use]
    pub fn write(self, dice: &mut Dice) -> Vec<u8> {
        match self {
            Self::Png => png(dice),
            Self::Jpeg => jpeg(dice),
            Self::Gif => gif(dice),
            Self::Pdf => pdf(dice),
            Self::Zip => zip(dice),
            Self::Woff2 => headed(dice, b"wOF2\x00\x01\x00\x00"),
            Self::Ogg => headed(dice, b"OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00"),
        }
    }
}

fn headed(dice: &mut Dice, head: &[u8]) -> Vec<u8> {
    let length = dice.between(400, 4000);
    let mut out = head.to_vec();
    out.extend(dice.bytes(length));
    out
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
    // Writing to memory cannot fail.
    encoder.write_all(bytes).ok();
    encoder.finish().unwrap_or_default()
}

fn crc(parts: &[&[u8]]) -> [u8; 4] {
    let mut crc = flate2::Crc::new();
    parts.iter().for_each(|part| crc.update(part));
    crc.sum().to_be_bytes()
}

fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

fn png(dice: &mut Dice) -> Vec<u8> {
    let (width, height) = (dice.between(8, 64), dice.between(8, 48));
    let mut head = Vec::new();
    for side in [width, height] {
        head.extend(u32::try_from(side).unwrap_or_default().to_be_bytes());
    }
    head.extend([8, 2, 0, 0, 0]);
    let row = |dice: &mut Dice| [vec![0], dice.bytes(width * 3)].concat();
    let rows: Vec<Vec<u8>> = (0..height).map(|_| row(dice)).collect();
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let chunks = [
        (b"IHDR", head),
        (b"IDAT", zlib(&rows.concat())),
        (b"IEND", Vec::new()),
    ];
    for (name, content) in chunks {
        out.extend(length(&content).to_be_bytes());
        out.extend_from_slice(name);
        out.extend_from_slice(&content);
        out.extend(crc(&[name, &content]));
    }
    out
}

fn jpeg(dice: &mut Dice) -> Vec<u8> {
    let mut out = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x48\x00\x48\x00\x00".to_vec();
    if dice.chance(60) {
        let maker = dice.text(&["Canon", "Apple", "SONY", "samsung", "HUAWEI", "Google"]);
        let exif = format!("Exif\0\0II*\0\u{8}\0\0\0{maker}\0");
        let size = u16::try_from(exif.len() + 2).unwrap_or_default();
        out.extend_from_slice(b"\xff\xe1");
        out.extend(size.to_be_bytes());
        out.extend_from_slice(exif.as_bytes());
    }
    out.extend_from_slice(b"\xff\xdb\x00\x43\x00");
    out.extend(dice.bytes(64));
    out.extend_from_slice(b"\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00");
    let length = dice.between(800, 8000);
    for byte in dice.bytes(length) {
        out.push(byte);
        if byte == 0xff {
            out.push(0);
        }
    }
    out.extend_from_slice(b"\xff\xd9");
    out
}

fn gif(dice: &mut Dice) -> Vec<u8> {
    let mut out = b"GIF89a\x20\x00\x20\x00\xf7\x00\x00".to_vec();
    out.extend(dice.bytes(768));
    out.extend_from_slice(
        b"\x21\xf9\x04\x00\x0a\x00\x00\x00\x2c\x00\x00\x00\x00\x20\x00\x20\x00\x00\x08",
    );
    for _ in 0..dice.between(2, 6) {
        out.push(200);
        out.extend(dice.bytes(200));
    }
    out.extend_from_slice(b"\x00\x3b");
    out
}

fn pdf(dice: &mut Dice) -> Vec<u8> {
    let length = dice.between(500, 5000);
    let stream = zlib(&dice.bytes(length));
    let mut out =
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n\
        2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n\
        3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R >>\nendobj\n"
            .to_vec();
    let head = format!(
        "4 0 obj\n<< /Length {} /Filter /FlateDecode >>\nstream\n",
        stream.len()
    );
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(&stream);
    let tail = format!(
        "\nendstream\nendobj\ntrailer\n<< /Root 1 0 R /Size 5 >>\nstartxref\n{}\n%%EOF\n",
        out.len()
    );
    out.extend_from_slice(tail.as_bytes());
    out
}

/// What archives of one sort hold.
const ARCHIVES: [[&str; 4]; 4] = [
    [
        "[Content_Types].xml",
        "_rels/.rels",
        "word/document.xml",
        "word/styles.xml",
    ],
    [
        "[Content_Types].xml",
        "xl/workbook.xml",
        "xl/worksheets/sheet1.xml",
        "docProps/app.xml",
    ],
    ["src/main.js", "src/index.html", "package.json", "README.md"],
    ["IMG_0001.JPG", "IMG_0002.JPG", "thumbs/1.png", "notes.txt"],
];

fn zip(dice: &mut Dice) -> Vec<u8> {
    let names = dice.pick(&ARCHIVES).copied().unwrap_or_default();
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for name in names {
        let size = dice.between(200, 2500);
        let plain = dice.bytes(size);
        let packed = zlib(&plain);
        let packed = packed
            .get(2..packed.len().saturating_sub(4))
            .unwrap_or_default();
        let mut head = b"\x14\x00\x00\x00\x08\x00\x6d\x5a\x51\x59".to_vec();
        let mut sum = crc(&[&plain]);
        sum.reverse();
        head.extend(sum);
        head.extend(length(packed).to_le_bytes());
        head.extend(length(&plain).to_le_bytes());
        head.extend(u16::try_from(name.len()).unwrap_or_default().to_le_bytes());
        head.extend([0, 0]);
        let at = length(&out);
        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&head);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(packed);
        directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        directory.extend_from_slice(&head);
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
    }
    let count = u16::try_from(names.len()).unwrap_or_default().to_le_bytes();
    let at = length(&out);
    out.extend_from_slice(&directory);
    out.extend_from_slice(b"PK\x05\x06\x00\x00\x00\x00");
    out.extend([count, count].concat());
    out.extend(length(&directory).to_le_bytes());
    out.extend(at.to_le_bytes());
    out.extend([0, 0]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_begin_as_their_readers_expect() {
        let mut dice = Dice::new(1, 1);
        for (name, head) in [
            ("png", &b"\x89PNG\r\n\x1a\n"[..]),
            ("jpeg", b"\xff\xd8\xff"),
            ("gif", b"GIF89a"),
            ("pdf", b"%PDF-1.7"),
            ("zip", b"PK\x03\x04"),
            ("woff2", b"wOF2"),
            ("ogg", b"OggS"),
        ] {
            let bytes = Sort::find(name).unwrap().write(&mut dice);
            assert!(bytes.starts_with(head), "{name}");
            assert!(bytes.len() > 400, "{name}: {}", bytes.len());
        }
    }
}
