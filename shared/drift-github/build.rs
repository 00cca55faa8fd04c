//! Builds in what stands in `queries/`: adding a query is adding a file. A fragment that it spreads, `...Rule`, comes from
//! `queries/fragments/Rule.graphql`, with those that it spreads itself.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

type Files = Vec<(String, String)>;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=queries");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("queries");
    let fragments = files(&folder.join("fragments"))?;
    let mut list = "&[\n".to_owned();
    for (name, mut text) in files(&folder)? {
        // A fragment may spread others, so that the text grows while it is looked through.
        let mut spread = Vec::new();
        while let Some((fragment, body)) = fragments.iter().find(|(fragment, _)| !spread.contains(&fragment) && spreads(&text, fragment)) {
            text.push_str(body);
            spread.push(fragment);
        }
        writeln!(list, "    ({name:?}, {text:?}),")?;
    }
    list.push_str("]\n");
    #[expect(clippy::disallowed_methods, reason = "so Cargo tells a build script where to write")]
    let out = env::var_os("OUT_DIR").ok_or("Cargo sets it")?;
    fs::write(Path::new(&out).join("queries.rs"), list)?;
    Ok(())
}

/// The files of a folder by their names without extension, in order.
fn files(folder: &Path) -> Result<Files, Box<dyn Error>> {
    let mut files = Files::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "graphql") {
            let name = path.file_stem().and_then(|name| name.to_str()).ok_or("a name")?;
            files.push((name.to_owned(), fs::read_to_string(&path)?));
        }
    }
    files.sort();
    Ok(files)
}

fn spreads(text: &str, fragment: &str) -> bool {
    text.split("...").skip(1).any(|rest| {
        let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
        name == fragment
    })
}
