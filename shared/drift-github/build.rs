//! Builds in what stands in `queries/`: adding a query is adding a file.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=queries");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("queries");
    let mut files: Vec<_> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "graphql"));
    files.sort();
    let mut list = "&[\n".to_owned();
    for file in &files {
        let (name, file) = (file.file_stem().and_then(|name| name.to_str()).ok_or("a name")?, file.to_str().ok_or("a path")?);
        writeln!(list, "    ({name:?}, include_str!({file:?})),")?;
    }
    list.push_str("]\n");
    #[expect(clippy::disallowed_methods, reason = "so Cargo tells a build script where to write")]
    let out = env::var_os("OUT_DIR").ok_or("Cargo sets it")?;
    fs::write(Path::new(&out).join("queries.rs"), list)?;
    Ok(())
}
