use std::fs;

use drift_registry::{Lock, Package, RegistryError, verify};
use insta::assert_snapshot;

use crate::world::{World, package_zip, source};

const AWS: &str = "registry.terraform.io/hashicorp/aws";

fn lock(version: &str, hashes: &[&str]) -> Lock {
    let hashes = hashes.join("\",\n    \"");
    let text = format!(
        "# This file is maintained automatically by \"terraform init\".\n\nprovider \"{AWS}\" {{\n  version     = \"{version}\"\n  constraints = \"~> 5.0\"\n  hashes = [\n    \"{hashes}\",\n  ]\n}}\n"
    );
    Lock::parse(&text, "work/.terraform.lock.hcl".into()).expect("a lock file")
}

fn of_mirror(world: &World) -> Package {
    world.package("mirror", AWS, "5.1.0", "linux_amd64");
    let search = world.search(&["mirror"], "aws");
    world.plugins(&["mirror"], |plugins| plugins.unpacked(&search.candidates[0])).expect("a package")
}

fn of_zip(world: &World) -> Package {
    world.write(&format!("mirror/{AWS}/terraform-provider-aws_5.1.0_linux_amd64.zip"), &package_zip("aws", "5.1.0"));
    let search = world.search(&["mirror"], "aws");
    world.plugins(&["mirror"], |plugins| plugins.unpacked(&search.candidates[0])).expect("a package")
}

#[track_caller]
fn error(package: &Package, lock: &Lock, world: &World) -> String {
    let error = verify(package, lock).expect_err("not proven").to_string();
    let platform = drift_registry::Platform::current().to_string();
    world.hidden(&error.replace(&platform, "PLATFORM"))
}

#[test]
fn a_lock_file_tells_version_and_hashes() {
    let world = World::new();
    assert_eq!(Lock::read(&world.path("work")).expect("no lock file is no error"), None);
    world.write("work/.terraform.lock.hcl", b"provider \"registry.terraform.io/hashicorp/aws\" {\n  version = \"5.1.0\"\n}\n");
    let lock = Lock::read(&world.path("work")).expect("a lock file").expect("it is there");
    let locked = lock.get(&source("aws")).expect("it names aws");
    assert!(locked.version.to_string() == "5.1.0" && locked.hashes.is_empty());
    assert_eq!(lock.iter().map(|(source, _)| source.to_string()).collect::<Vec<_>>(), [AWS]);
    assert!(lock.get(&source("acme/x")).is_none());
}

#[test]
fn a_broken_lock_file_is_an_error_that_says_where() {
    let broken = |text: &str| Lock::parse(text, ".terraform.lock.hcl".into()).expect_err("broken").to_string();
    assert!(broken("provider \"aws\" {\n  version =\n}\n").contains("line 2"));
    assert_snapshot!(broken("provider \"aws\" {\n  version = \"new\"\n}\n"), @r#".terraform.lock.hcl is no lock file of Terraform's: "new" is no version of registry.terraform.io/hashicorp/aws; `terraform init` writes it anew"#);
    assert_snapshot!(broken("provider \"a/b/c/d\" {\n  version = \"1.0.0\"\n}\n"), @r#".terraform.lock.hcl is no lock file of Terraform's: "a/b/c/d" is no provider's source address, it has more than three parts: it is written HOST/NAMESPACE/NAME, NAMESPACE/NAME or NAME, as registry.terraform.io/hashicorp/aws; `terraform init` writes it anew"#);
}

#[test]
fn the_files_of_a_package_prove_it() {
    let world = World::new();
    let package = of_mirror(&world);
    let found = error(&package, &lock("5.1.0", &["h1:AAAA", "zh:00"]), &world);
    assert_snapshot!(found, @"ROOT/mirror/registry.terraform.io/hashicorp/aws/5.1.0/PLATFORM has the hash h1:0+HRMU22ynk1El/nNx4IbBtrzQq7mMgf8CNWrqvg+aM=, which is none of those that work/.terraform.lock.hcl has for registry.terraform.io/hashicorp/aws 5.1.0: it is not what was locked, and is not used; if it is right, `terraform providers lock -platform=PLATFORM` adds its hash");
    let h1 = found.split("the hash ").nth(1).and_then(|rest| rest.split(',').next()).expect("its own hash").to_owned();
    verify(&package, &lock("5.1.0", &["zh:00", "h1:AAAA", &h1])).expect("proven");

    fs::write(package.folder.join("more"), "").expect("written");
    error(&package, &lock("5.1.0", &[&h1]), &world);
}

#[test]
fn hashes_of_zips_prove_only_what_driftwire_unpacked_itself() {
    let world = World::new();
    let package = of_mirror(&world);
    assert_snapshot!(error(&package, &lock("5.1.0", &["zh:00"]), &world), @"work/.terraform.lock.hcl has no hash of registry.terraform.io/hashicorp/aws 5.1.0 that could be compared with an unpacked folder (h1:): `terraform providers lock -platform=PLATFORM` adds it");
    assert_snapshot!(error(&package, &lock("5.1.0", &["h2:00"]), &world), @"work/.terraform.lock.hcl has no hash of registry.terraform.io/hashicorp/aws 5.1.0 that could be compared with an unpacked folder (h1:): `terraform providers lock -platform=PLATFORM` adds it");

    let world = World::new();
    let package = of_zip(&world);
    let zh = package.sums.as_ref().expect("remembered").zh.clone();
    verify(&package, &lock("5.1.0", &[&zh])).expect("proven");
    error(&package, &lock("5.1.0", &["zh:00"]), &world);
    fs::write(&package.executable, "something else").expect("written");
    error(&package, &lock("5.1.0", &[&zh]), &world);
}

#[test]
fn another_version_or_no_word_of_the_provider_proves_nothing() {
    let world = World::new();
    let package = of_mirror(&world);
    assert_snapshot!(error(&package, &lock("5.2.0", &["h1:AAAA"]), &world), @"work/.terraform.lock.hcl names version 5.2.0 of registry.terraform.io/hashicorp/aws, not 5.1.0: take that one, or let `terraform init -upgrade` change the lock");
    let silent = Lock::parse("", "work/.terraform.lock.hcl".into()).expect("an empty lock file");
    assert!(matches!(verify(&package, &silent), Err(RegistryError::NotLocked { .. })));
}
