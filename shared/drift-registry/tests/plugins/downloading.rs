use std::{error::Error, fs};

use drift_registry::{Lock, Package, Platform, Registry, RegistryError, Rule, Wish, verify};
use insta::assert_snapshot;
use serde_json::json;

use crate::{
    server::{self, DESCRIPTION, DISCOVERY, Page, SUMS, VERSIONS, ZIP, sha256},
    world::{PLUGIN, World, package_zip, source, zip_of},
};

/// Downloads from a registry whose address the provider itself has.
fn download(world: &World, registry: &server::Registry, wish: &Wish, lock: Option<&Lock>) -> Result<Package, RegistryError> {
    let source = source(&format!("{}/hashicorp/aws", registry.host));
    let mut told = Vec::new();
    let package = world
        .plugins(&[], |plugins| Registry::new(plugins)?.download(&source, wish, lock, &mut |bytes, total| told.push((bytes, total))))?;
    let length = package_zip("aws", "5.2.0").len() as u64;
    assert_eq!(told.first(), Some(&(0, Some(length))));
    assert_eq!(told.last(), Some(&(length, Some(length))));
    Ok(package)
}

/// The error that a download of the newest comes to, with `HOST` for the registry; and that nothing of it was kept.
#[track_caller]
fn failing(registry: &server::Registry, lock: Option<&Lock>) -> String {
    refused(registry, &Wish::Newest, lock)
}

#[track_caller]
fn refused(registry: &server::Registry, wish: &Wish, lock: Option<&Lock>) -> String {
    let world = World::new();
    let error = download(&world, registry, wish, lock).expect_err("it fails");
    let files = fs::read_dir(world.path("cache")).map(|entries| entries.flatten().filter(|entry| entry.path().is_file()).count());
    assert_eq!(files.unwrap_or_default(), 0, "nothing is left behind");
    let source = source(&format!("{}/hashicorp/aws", registry.host));
    assert_eq!(world.plugins(&[], |plugins| plugins.search(&source)).candidates, []);
    let platform = Platform::current();
    let mut text = error.to_string();
    if let Some(cause) = error.source() {
        text = format!("{text}: {cause}");
    }
    let text = text.replace(&registry.host, "HOST").replace(&registry.host.replace('.', "_"), "HOST");
    world.hidden(&text.replace(&format!("-platform={platform}"), "-platform=PLATFORM"))
}

fn exact(version: &str) -> Wish {
    Wish::Exact(version.parse().expect("a version"))
}

fn lock(registry: &server::Registry, version: &str, hash: &str) -> Lock {
    let text = format!("provider \"{}/hashicorp/aws\" {{\n  version = \"{version}\"\n  hashes = [\"{hash}\"]\n}}\n", registry.host);
    Lock::parse(&text, ".terraform.lock.hcl".into()).expect("a lock file")
}

#[test]
fn the_newest_version_is_downloaded_checked_and_found_again() {
    let (world, registry) = (World::new(), server::Registry::new());
    let package = download(&world, &registry, &Wish::Newest, None).expect("a package");
    assert!(package.version.to_string() == "5.2.0" && package.origin.rule == Rule::Download);
    assert_eq!(fs::read(&package.executable).expect("a file"), PLUGIN);
    let asked: Vec<_> = registry.asked().into_iter().map(|(path, _)| path).collect();
    assert_eq!(asked, [DISCOVERY, VERSIONS, DESCRIPTION, SUMS, ZIP]);

    let search = world.search(&[], &package.source.to_string());
    let found = world.plugins(&[], |plugins| plugins.unpacked(&search.candidates[0])).expect("a package");
    assert_eq!((found.origin.rule, &found.executable, &found.sums), (Rule::OwnCache, &package.executable, &package.sums));
}

#[test]
fn the_version_that_is_wished_for_is_chosen() {
    let (world, registry) = (World::new(), server::Registry::new());
    for wish in [exact("5.2.0"), Wish::Below("5.3.0".parse().expect("a version"))] {
        assert_eq!(download(&world, &registry, &wish, None).expect("a package").version.to_string(), "5.2.0");
    }
    let provider = source(&format!("{}/hashicorp/aws", registry.host));
    let offered = world.plugins(&[], |plugins| Registry::new(plugins).and_then(|registry| registry.versions(&provider))).expect("versions");
    let offered: Vec<_> = offered.iter().map(|one| format!("{} for {} platforms", one.version, one.platforms.len())).collect();
    assert_eq!(offered, ["5.0.0 for 1 platforms", "5.1.0 for 2 platforms", "5.2.0 for 2 platforms", "5.3.0-rc.1 for 2 platforms"]);
}

#[test]
fn what_the_registry_does_not_have_is_told() {
    let registry = server::Registry::new();
    assert_snapshot!(refused(&registry, &exact("4.9.9"), None), @"HOST has no version of HOST/hashicorp/aws that is 4.9.9: it has 4, the newest 5.3.0-rc.1");
    assert_snapshot!(refused(&registry, &exact("5.0.0"), None), @"HOST has HOST/hashicorp/aws 5.0.0 for other platforms than linux_amd64: plan9_386");
    assert_snapshot!(refused(&registry, &Wish::Below("5.0.0".parse().expect("a version")), None), @"HOST has no version of HOST/hashicorp/aws that is the newest below 5.0.0: it has 4, the newest 5.3.0-rc.1");
    assert_snapshot!(refused(&registry, &exact("5.1.0"), None), @"HOST has HOST/hashicorp/aws 5.1.0 for other platforms than linux_amd64: it does not say which");
    registry.put(VERSIONS, Page::status(404));
    assert_snapshot!(failing(&registry, None), @"HOST knows no provider HOST/hashicorp/aws: is the address right? A private one needs a token, in a `credentials` block or in TF_TOKEN_HOST");
    registry.put(DISCOVERY, Page::ok(r#"{"modules.v1": "/"}"#));
    assert_snapshot!(failing(&registry, None), @"HOST offers no provider registry (providers.v1): is that host right? A `host` block of Terraform's CLI configuration can say where its registry is");
    registry.put(DISCOVERY, Page::ok("<html>log in</html>"));
    assert_snapshot!(failing(&registry, None), @"HOST answered what HOST offers with something else: expected value at line 1 column 1; is there a proxy or a login page in between?");
    registry.put(DISCOVERY, Page::status(503));
    assert_snapshot!(failing(&registry, None), @"HOST answered HTTP 503 to what HOST offers: it is in trouble; try again later");
    registry.put(DISCOVERY, Page::status(401));
    assert_snapshot!(failing(&registry, None), @"HOST refused what HOST offers (HTTP 401): it wants a token that it accepts, in a `credentials` block of Terraform's CLI configuration or in TF_TOKEN_HOST");
}

#[test]
fn another_platforms_package_is_refused() {
    let registry = server::Registry::new();
    let description = json!({"os": "windows", "arch": "amd64", "filename": "x", "shasum": "0", "download_url": ZIP, "shasums_url": SUMS});
    registry.put(DESCRIPTION, Page::ok(description.to_string()));
    assert_snapshot!(failing(&registry, None), @"HOST has HOST/hashicorp/aws 5.2.0 for other platforms than linux_amd64: windows_amd64");
}

#[test]
fn checksums_that_disagree_are_refused() {
    let registry = server::Registry::new();
    registry.put(SUMS, Page::ok(format!("{}  terraform-provider-aws_5.2.0_linux_amd64.zip\n", "0".repeat(64))));
    let said = failing(&registry, None);
    assert!(said.contains("SHA256SUMS of HOST says 0000"), "{said}");
    assert!(!registry.asked().iter().any(|(path, _)| path == ZIP), "nothing was downloaded for that");
    registry.put(SUMS, Page::ok("nothing of it\n"));
    assert_snapshot!(failing(&registry, None), @"HOST answered the checksums (SHA256SUMS) of terraform-provider-aws_5.2.0_linux_amd64.zip with something else: they do not name it; is there a proxy or a login page in between?");

    let registry = server::Registry::new();
    registry.put(ZIP, Page::ok(package_zip("aws", "5.2.1")));
    let said = failing(&registry, None);
    assert!(said.starts_with("the checksum of what HOST sent as HOST/hashicorp/aws 5.2.0 is "), "{said}");
}

#[test]
fn a_body_that_ends_early_is_told_as_such() {
    let registry = server::Registry::new();
    let zip = package_zip("aws", "5.2.0");
    registry.put(ZIP, Page { says: Some(zip.len() + 100), ..Page::ok(zip) });
    assert_snapshot!(failing(&registry, None), @"HOST/hashicorp/aws 5.2.0 did not come from HOST: is there a network, and a proxy to go through (HTTPS_PROXY)? Trying again may help: Peer disconnected");
}

#[test]
fn the_lock_file_is_obeyed() {
    let (world, registry) = (World::new(), server::Registry::new());
    let zh = format!("zh:{}", sha256(&package_zip("aws", "5.2.0")));
    let good = lock(&registry, "5.2.0", &zh);
    let package = download(&world, &registry, &Wish::Newest, Some(&good)).expect("a package");
    verify(&package, &good).expect("proven by the zip that it came from");
    let h1 = package.sums.expect("remembered").h1;
    download(&world, &registry, &exact("5.2.0"), Some(&lock(&registry, "5.2.0", &h1))).expect("proven by its files");
    let silent = Lock::parse("", ".terraform.lock.hcl".into()).expect("a lock file");
    download(&world, &registry, &Wish::Newest, Some(&silent)).expect("a lock that does not name it says nothing");

    let said = failing(&registry, Some(&lock(&registry, "5.2.0", &format!("zh:{}", "0".repeat(64)))));
    assert!(said.contains("which is none of those that .terraform.lock.hcl has for HOST/hashicorp/aws 5.2.0"), "{said}");
    assert_snapshot!(failing(&registry, Some(&lock(&registry, "5.2.0", "h9:0"))), @".terraform.lock.hcl has no hash of HOST/hashicorp/aws 5.2.0 that could be compared with a zip (zh:): `terraform providers lock -platform=PLATFORM` adds it");
    assert_snapshot!(failing(&registry, Some(&lock(&registry, "5.1.0", &zh))), @".terraform.lock.hcl names version 5.1.0 of HOST/hashicorp/aws, not 5.2.0: take that one, or let `terraform init -upgrade` change the lock");
}

#[test]
fn a_zip_that_would_write_elsewhere_is_refused_even_with_the_right_checksum() {
    let registry = server::Registry::new();
    let zip = zip_of(&[("terraform-provider-aws", PLUGIN, 0o755), ("../../escaped", b"x", 0o644)]);
    registry.describe(&sha256(&zip));
    registry.put(SUMS, Page::ok(format!("{}  terraform-provider-aws_5.2.0_linux_amd64.zip\n", sha256(&zip))));
    registry.put(ZIP, Page::ok(zip));
    let said = failing(&registry, None);
    assert!(said.contains("\"../../escaped\" would be written outside"), "{said}");
}

#[test]
fn a_host_block_leads_to_another_registry_with_the_hosts_own_token() {
    let (mut world, registry) = (World::new(), server::Registry::new());
    world.configure(&format!(
        "host \"registry.terraform.io\" {{\n  services = {{\n    \"providers.v1\" = \"http://{}/v1/providers\"\n  }}\n}}\n",
        registry.host
    ));
    world.set("TF_TOKEN_registry_terraform_io", "t-1");
    let package = world.plugins(&[], |plugins| {
        Registry::new(plugins).and_then(|registry| registry.download(&source("aws"), &Wish::Newest, None, &mut |_, _| {}))
    });
    assert_eq!(package.expect("a package").source.to_string(), "registry.terraform.io/hashicorp/aws");
    let token = Some("Bearer t-1".to_owned());
    let expected = [(VERSIONS, token.clone()), (DESCRIPTION, token), (SUMS, None), (ZIP, None)];
    assert_eq!(registry.asked(), expected.map(|(path, token)| (path.to_owned(), token)), "no discovery, and no token to where files are");
}

#[test]
fn a_redirect_is_followed_without_the_token_and_never_out_of_tls() {
    let (mut world, registry, other) = (World::new(), server::Registry::new(), server::Registry::new());
    world.configure(&format!("credentials \"{}\" {{\n  token = \"t-2\"\n}}\n", registry.host));
    world.set("HTTPS_PROXY", "http://127.0.0.1:9");
    registry.put(VERSIONS, Page::redirect(&format!("http://{}{VERSIONS}", other.host)));
    download(&world, &registry, &Wish::Newest, None).expect("a package, and this machine is not asked through the proxy");
    assert_eq!(registry.asked()[1], (VERSIONS.to_owned(), Some("Bearer t-2".to_owned())));
    assert_eq!(other.asked(), [(VERSIONS.to_owned(), None)]);

    registry.put(VERSIONS, Page::redirect("http://example.com/v1"));
    assert_snapshot!(failing(&registry, None), @"the versions of HOST/hashicorp/aws would be fetched from example.com without TLS: only https is used, except on loopback addresses");
    registry.put(VERSIONS, Page::redirect(VERSIONS));
    assert_snapshot!(failing(&registry, None), @"HOST answered HTTP 302 to the versions of HOST/hashicorp/aws: it redirects too often, or to nowhere");
}

#[test]
fn what_is_not_on_this_machine_is_asked_through_the_proxy() {
    let (mut world, proxy) = (World::new(), server::Registry::new());
    world.set("https_proxy", &format!("http://{}", proxy.host));
    let provider = source("registry.invalid/hashicorp/aws");
    let error = world.plugins(&[], |plugins| Registry::new(plugins).and_then(|registry| registry.versions(&provider)));
    assert!(matches!(error, Err(RegistryError::Network { ref host, .. }) if host == "registry.invalid"), "{error:?}");
    assert_eq!(proxy.asked(), [("registry.invalid:443".to_owned(), None)]);
}

#[test]
fn a_configuration_without_direct_installation_forbids_downloads() {
    let (world, registry) = (World::new(), server::Registry::new());
    world.configure("provider_installation {\n  filesystem_mirror {\n    path = \"/none\"\n  }\n}\n");
    let error = download(&world, &registry, &Wish::Newest, None).expect_err("forbidden").to_string();
    assert_snapshot!(world.hidden(&error.replace(&registry.host, "HOST")), @"the provider_installation of ROOT/home/.terraformrc does not let HOST/hashicorp/aws be fetched from its registry: put the package where it says, or add a `direct` block that includes it");
    assert_eq!(registry.asked(), []);
}

#[test]
fn nobody_there_is_told_as_a_network_that_fails() {
    let registry = server::Registry::new();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").to_string();
    registry.put(DISCOVERY, Page::ok(json!({"providers.v1": format!("http://{closed}/")}).to_string()));
    let said = failing(&registry, None).replace(&closed, "CLOSED");
    assert!(said.starts_with("the versions of HOST/hashicorp/aws did not come from CLOSED: is there a network"), "{said}");
    // Plain HTTP where TLS is spoken.
    registry.put(DISCOVERY, Page::ok(json!({"providers.v1": format!("https://{}/", registry.host)}).to_string()));
    let said = failing(&registry, None);
    assert!(said.starts_with("the versions of HOST/hashicorp/aws did not come from HOST: "), "{said}");
    let mut world = World::new();
    world.set("https_proxy", "::");
    let error = download(&world, &registry, &Wish::Newest, None).expect_err("no proxy");
    assert!(matches!(error, RegistryError::Proxy { .. }), "{error}");
}
