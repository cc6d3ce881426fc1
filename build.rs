//! Embeds what browsers fetch: compresses each file of the served asset folders once (brotli 11, gzip 9), names it by
//! its content, and writes a table of them for `src/web/assets.rs`. Nothing else of `assets/` goes into that table.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The folders of `assets/` that are served, all the rest is not.
const SERVED: [&str; 5] = ["css", "js", "icons", "fonts", "img"];
/// What gains from compression; pictures and fonts are compressed already.
const COMPRESSED: [&str; 7] = ["css", "js", "svg", "txt", "json", "webmanifest", "html"];
const BROTLI_WINDOW_BITS: u32 = 22;
const BROTLI_BUFFER_BYTES: usize = 64 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=assets");
    let assets = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("assets");
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut table = String::from("pub static EMBEDDED: &[Asset] = &[\n");
    for path in served_files(&assets)? {
        table.push_str(&row(&assets, &path, &out)?);
    }
    table.push_str("];\n");
    fs::write(out.join("assets.rs"), table)?;
    Ok(())
}

/// Sorted, so that the same sources give the same binary.
fn served_files(assets: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = SERVED.iter().map(|name| assets.join(name)).filter(|path| path.is_dir()).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if !is_hidden(&path) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'))
}

/// One row of the table, as Rust source.
fn row(assets: &Path, path: &Path, out: &Path) -> Result<String, Box<dyn Error>> {
    let bytes = fs::read(path)?;
    let hash: String = Sha256::digest(&bytes).iter().take(8).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let name = path.strip_prefix(assets)?.to_str().ok_or("an asset's name is not UTF-8")?;
    let (stem, extension) = name.rsplit_once('.').ok_or("an asset without extension")?;
    let (brotli, gzip) = if COMPRESSED.contains(&extension) {
        (shorter("br", &hash, &bytes, out, brotli)?, shorter("gz", &hash, &bytes, out, gzip)?)
    } else {
        ("None".to_owned(), "None".to_owned())
    };
    Ok(format!(
        "    Asset {{ name: {name:?}, url: \"/assets/{stem}-{hash}.{extension}\", etag: \"\\\"{hash}\\\"\", \
         plain: include_bytes!({path:?}), brotli: {brotli}, gzip: {gzip} }},\n"
    ))
}

type Compressor = fn(&[u8]) -> std::io::Result<Vec<u8>>;

/// The compressed file as a Rust expression, or `None` if it saves nothing. Kept by content from build to build.
fn shorter(kind: &str, hash: &str, bytes: &[u8], out: &Path, how: Compressor) -> Result<String, Box<dyn Error>> {
    let target = out.join(format!("{hash}.{kind}"));
    if !target.exists() {
        let unfinished = target.with_extension("part");
        fs::write(&unfinished, how(bytes)?)?;
        fs::rename(&unfinished, &target)?;
    }
    let saves = fs::metadata(&target)?.len() < bytes.len() as u64;
    Ok(if saves { format!("Some(include_bytes!({target:?}))") } else { "None".to_owned() })
}

fn brotli(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut writer = brotli::CompressorWriter::new(Vec::new(), BROTLI_BUFFER_BYTES, 11, BROTLI_WINDOW_BITS);
    writer.write_all(bytes)?;
    Ok(writer.into_inner())
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes)?;
    writer.finish()
}
