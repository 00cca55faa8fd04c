//! A served AWS of a test's own: a moto server on a free port, ended when it goes out of scope.

use std::{
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use drift_aws::{ClientSettings, load};

/// The account whose resources moto serves to whoever does not say otherwise.
pub const ACCOUNT: &str = "123456789012";

/// A running moto server.
pub struct Moto {
    server: Child,
    url: String,
    bin: PathBuf,
}

impl Moto {
    /// Starts one; nothing, with a word on stderr, where moto is not installed. It is looked for where `DRIFTWIRE_MOTO` says,
    /// else in the workspace's `.venv`.
    #[expect(clippy::disallowed_methods, reason = "a test is at an edge")]
    pub fn start() -> Option<Self> {
        let program = std::env::var_os("DRIFTWIRE_MOTO")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.venv/bin/moto_server"), PathBuf::from);
        if !program.exists() {
            // Written directly, because the test harness would capture `eprintln!`.
            let _ = writeln!(std::io::stderr(), "skipped: {} is absent (make venv installs it)", program.display());
            return None;
        }
        let mut server = Command::new(&program)
            .args(["-H", "127.0.0.1", "-p", "0"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("moto starts");
        let mut lines = BufReader::new(server.stderr.take().expect("its stderr is piped")).lines();
        let url = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| Some(line.split_once("Running on ")?.1.trim().to_owned()))
            .expect("moto says where it listens");
        // It logs every request, and would stop at a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { server, url, bin: program.parent().expect("it is in a directory").to_owned() })
    }

    /// `http://127.0.0.1:40123`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The configuration of a client of it, with credentials of [`ACCOUNT`].
    pub async fn config(&self) -> aws_types::SdkConfig {
        let settings =
            ClientSettings { region: Some("us-east-1".to_owned()), endpoint_url: Some(self.url.clone()), ..ClientSettings::default() };
        let keys = aws_credential_types::Credentials::new("test", "test", None, None, "test");
        let provider = aws_credential_types::provider::SharedCredentialsProvider::new(keys);
        load(&settings).await.into_builder().credentials_provider(provider).build()
    }

    /// Runs a Python script against it, in which `client("ec2")` is a boto3 client; what it prints.
    pub fn python(&self, script: &str) -> String {
        let script = format!(
            "import boto3, json\ndef client(service, region='us-east-1'):\n    return boto3.client(service, region, endpoint_url='{}', \
             aws_access_key_id='test', aws_secret_access_key='test')\n{script}",
            self.url
        );
        let run = Command::new(self.bin.join("python")).args(["-c", &script]).output().expect("python starts");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).expect("UTF-8")
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
