//! A registry on this machine, as far as one provider needs it.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::world::package_zip;

/// What is answered at one path.
#[derive(Clone)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// How many bytes the answer says it has, if not as many as it has.
    pub(crate) says: Option<usize>,
}

impl Page {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.into(), says: None }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), says: None }
    }

    pub(crate) fn redirect(to: &str) -> Self {
        Self { headers: vec![("Location", to.to_owned())], ..Self::status(302) }
    }
}

/// A path that was asked for, and the token with which.
type Asked = (String, Option<String>);

/// A registry; it serves until the test's process ends.
pub(crate) struct Registry {
    pub(crate) host: String,
    pages: Arc<Mutex<BTreeMap<String, Page>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

pub(crate) const ZIP: &str = "/files/terraform-provider-aws_5.2.0_linux_amd64.zip";
pub(crate) const SUMS: &str = "/files/SHA256SUMS";
pub(crate) const VERSIONS: &str = "/v1/providers/hashicorp/aws/versions";
pub(crate) const DESCRIPTION: &str = "/v1/providers/hashicorp/aws/5.2.0/download/linux/amd64";
pub(crate) const DISCOVERY: &str = "/.well-known/terraform.json";

impl Registry {
    /// One that has hashicorp/aws 5.1.0, 5.2.0 and 5.3.0-rc.1; 5.2.0 can be downloaded.
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let host = listener.local_addr().expect("an address").to_string();
        let registry = Self { host, pages: Arc::default(), asked: Arc::default() };
        let (pages, asked) = (Arc::clone(&registry.pages), Arc::clone(&registry.asked));
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                // A client that goes away is no concern of the others.
                let _ = answer(connection, &pages, &asked);
            }
        });
        let platforms = json!([{"os": "linux", "arch": "amd64"}, {"os": "darwin", "arch": "arm64"}]);
        let version =
            |version: &str, platforms: &serde_json::Value| json!({"version": version, "protocols": ["5.0"], "platforms": platforms});
        let versions = [
            version("5.3.0-rc.1", &platforms),
            version("5.2.0", &platforms),
            version("nonsense", &platforms),
            version("5.1.0", &platforms),
            version("5.0.0", &json!([{"os": "plan9", "arch": "386"}])),
        ];
        let zip = package_zip("aws", "5.2.0");
        registry.put(DISCOVERY, Page::ok(json!({"modules.v1": "/v1/modules/", "providers.v1": "/v1/providers/"}).to_string()));
        registry.put(VERSIONS, Page::ok(json!({"versions": versions, "warnings": null}).to_string()));
        registry.put(SUMS, Page::ok(format!("{}  other.zip\n{}  {}\n", "0".repeat(64), sha256(&zip), file(ZIP))));
        registry.describe(&sha256(&zip));
        registry.put(ZIP, Page::ok(zip));
        registry
    }

    pub(crate) fn describe(&self, shasum: &str) {
        let description = json!({
            "protocols": ["5.0"], "os": "linux", "arch": "amd64", "filename": file(ZIP), "shasum": shasum,
            // One whole, one relative.
            "download_url": format!("http://{}{ZIP}", self.host), "shasums_url": SUMS,
        });
        self.put(DESCRIPTION, Page::ok(description.to_string()));
    }

    pub(crate) fn put(&self, path: &str, page: Page) {
        self.pages.lock().expect("no test fails in here").insert(path.to_owned(), page);
    }

    /// The paths that were asked for, with their tokens.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no test fails in here").clone()
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn file(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn answer(mut connection: TcpStream, pages: &Mutex<BTreeMap<String, Page>>, asked: &Mutex<Vec<Asked>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(connection.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut token = None;
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("authorization")
        {
            token = Some(value.trim().to_owned());
        }
    }
    let page = pages.lock().expect("no test fails in here").get(&path).cloned().unwrap_or_else(|| Page::status(404));
    asked.lock().expect("no test fails in here").push((path, token));
    let headers = page.headers.iter().fold(String::new(), |text, (name, value)| text + &format!("{name}: {value}\r\n"));
    let length = page.says.unwrap_or(page.body.len());
    write!(connection, "HTTP/1.1 {} X\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n", page.status)?;
    connection.write_all(&page.body)
}
