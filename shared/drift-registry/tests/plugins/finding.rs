use std::{fs, io::Write, thread};

use drift_registry::{Form, Platform, Plugins, Rule, Surroundings, list_folder};
use insta::assert_snapshot;

use crate::world::{World, package_zip, source};

const AWS: &str = "registry.terraform.io/hashicorp/aws";

#[test]
fn a_disk_without_plugins_tells_everywhere_that_was_looked() {
    let world = World::new();
    assert_snapshot!(world.hidden(&world.search(&[], "aws").report()), @"
    working directory ROOT/work/.terraform/providers: not there
    implied mirror ROOT/work/terraform.d/plugins: not there
    implied mirror ROOT/home/.terraform.d/plugins: not there
    implied mirror ROOT/home/.local/share/terraform/plugins: not there
    implied mirror ROOT/share/terraform/plugins: not there
    Driftwire's cache ROOT/cache: not there
    ");
}

#[test]
fn a_folder_is_listed_alone_whatever_else_is_on_the_disk() {
    let world = World::new();
    world.package("dir", AWS, "5.10.0", "linux_amd64");
    world.package("dir", AWS, "5.9.0", "linux_amd64");
    world.package("dir", AWS, "6.0.0", "linux_arm64");
    world.package("cache", AWS, "7.0.0", "linux_amd64");
    let platform = Platform { os: "linux".to_owned(), arch: "amd64".to_owned() };
    assert_snapshot!(world.shown(list_folder(&world.path("dir"), &platform)), @"
    registry.terraform.io/hashicorp/aws 5.9.0 by provider folder ROOT/dir
    registry.terraform.io/hashicorp/aws 5.10.0 by provider folder ROOT/dir
    looked at
    provider folder ROOT/dir: 2 packages
      ROOT/dir/registry.terraform.io/hashicorp/aws/6.0.0: only for linux_arm64
    ");
    assert_snapshot!(world.shown(list_folder(&world.path("nowhere"), &platform)), @"looked at");
}

#[test]
fn each_version_comes_once_from_the_first_place_that_has_it() {
    let world = World::new();
    world.package("dir", AWS, "5.10.0", "linux_amd64");
    world.package("work/.terraform/providers", AWS, "5.10.0", "linux_amd64");
    world.package("work/.terraform/providers", AWS, "5.9.0", "linux_amd64");
    world.package("plugin-cache", AWS, "5.9.0", "linux_amd64");
    world.package("plugin-cache", AWS, "5.2.0", "linux_amd64");
    world.package("home/.terraform.d/plugins", AWS, "5.2.0", "linux_amd64");
    world.package("share/terraform/plugins", AWS, "5.1.0", "linux_amd64");
    world.package("cache", AWS, "5.1.0", "linux_amd64");
    world.package("cache", AWS, "6.0.0", "linux_amd64");
    world.package("cache", "registry.terraform.io/hashicorp/awscc", "1.0.0", "linux_amd64");
    world.configure("plugin_cache_dir = \"ROOT/plugin-cache\"\n");
    assert_snapshot!(world.shown(world.search(&["dir"], "aws")), @"
    registry.terraform.io/hashicorp/aws 5.1.0 by implied mirror ROOT/share/terraform/plugins
    registry.terraform.io/hashicorp/aws 5.2.0 by plugin cache ROOT/plugin-cache
    registry.terraform.io/hashicorp/aws 5.9.0 by working directory ROOT/work/.terraform/providers
    registry.terraform.io/hashicorp/aws 5.10.0 by provider folder ROOT/dir
    registry.terraform.io/hashicorp/aws 6.0.0 by Driftwire's cache ROOT/cache
    looked at
    provider folder ROOT/dir: 1 package
    working directory ROOT/work/.terraform/providers: 2 packages
    plugin cache ROOT/plugin-cache: 2 packages
    implied mirror ROOT/home/.terraform.d/plugins: 1 package
    implied mirror ROOT/share/terraform/plugins: 1 package
    Driftwire's cache ROOT/cache: 2 packages
    ");
}

#[test]
fn a_provider_folder_is_a_mirror_or_holds_executables_and_zips() {
    let world = World::new();
    world.package("mirror", "tf.example.com/acme/x", "1.0.0", "linux_amd64");
    world.write("mirror/tf.example.com/acme/x/terraform-provider-x_1.1.0_linux_amd64.zip", &package_zip("x", "1.1.0"));
    assert_snapshot!(world.shown(world.search(&["mirror"], "tf.example.com/acme/x")), @"
    tf.example.com/acme/x 1.0.0 by provider folder ROOT/mirror
    tf.example.com/acme/x 1.1.0 by provider folder ROOT/mirror
    looked at
    provider folder ROOT/mirror: 2 packages
    ");
    world.executable("flat/terraform-provider-aws_v5.1.0_x5");
    world.executable("flat/terraform-provider-aws_v5.2.0");
    world.executable("flat/terraform-provider-aws");
    world.executable("flat/terraform-provider-awscc_v1.0.0");
    world.write("flat/terraform-provider-aws_5.3.0_linux_amd64.zip", &package_zip("aws", "5.3.0"));
    world.write("flat/terraform-provider-aws_v5.4.0", b"");
    assert_snapshot!(world.shown(world.search(&["flat", "no-such"], "aws")), @"
    registry.terraform.io/hashicorp/aws 5.1.0 by provider folder ROOT/flat
    registry.terraform.io/hashicorp/aws 5.2.0 by provider folder ROOT/flat
    registry.terraform.io/hashicorp/aws 5.3.0 by provider folder ROOT/flat
    looked at
    provider folder ROOT/flat: 3 packages
      ROOT/flat/terraform-provider-aws: its name tells no version, as terraform-provider-NAME_vVERSION does
      ROOT/flat/terraform-provider-aws_v5.4.0: may not be executed; `chmod +x` it
    ");
}

#[test]
fn what_does_not_serve_is_told_with_the_reason() {
    let world = World::new();
    world.package("mirror", AWS, "5.0.0", "darwin_arm64");
    world.package("mirror", AWS, "5.0.0", "windows_amd64");
    world.write("mirror/registry.terraform.io/hashicorp/aws/5.1.0/linux_amd64/README", b"");
    world.write("mirror/registry.terraform.io/hashicorp/aws/5.2.0/linux_amd64/terraform-provider-aws_v5.2.0", b"");
    world.write("mirror/registry.terraform.io/hashicorp/aws/terraform-provider-aws_5.3.0_linux_amd64.zip", b"PK\x03\x04 and no more");
    world.write("mirror/registry.terraform.io/hashicorp/aws/terraform-provider-aws_5.4.0_linux_arm64.zip", &package_zip("aws", "5.4.0"));
    world.write("mirror/registry.terraform.io/hashicorp/aws/terraform-provider-aws_5.5.0_linux_amd64.zip", &package_zip("awscc", "5.5.0"));
    world.write("mirror/registry.terraform.io/hashicorp/aws/index.json", b"{}");
    world.write("file", b"");
    assert_snapshot!(world.shown(world.search(&["mirror", "file"], "aws")), @"
    looked at
    provider folder ROOT/mirror: nothing that serves
      ROOT/mirror/registry.terraform.io/hashicorp/aws/5.0.0: only for darwin_arm64, windows_amd64
      ROOT/mirror/registry.terraform.io/hashicorp/aws/5.1.0/linux_amd64: holds no executable of this provider
      ROOT/mirror/registry.terraform.io/hashicorp/aws/5.2.0/linux_amd64/terraform-provider-aws_v5.2.0: may not be executed; `chmod +x` it
      ROOT/mirror/registry.terraform.io/hashicorp/aws/terraform-provider-aws_5.3.0_linux_amd64.zip: cannot be unpacked: invalid Zip archive: Could not find EOCD
      ROOT/mirror/registry.terraform.io/hashicorp/aws/terraform-provider-aws_5.4.0_linux_arm64.zip: only for linux_arm64
      ROOT/mirror/registry.terraform.io/hashicorp/aws/terraform-provider-aws_5.5.0_linux_amd64.zip: holds no executable of this provider
    provider folder ROOT/file: nothing that serves
      ROOT/file: cannot be read: it is no folder
    ");
}

#[cfg(unix)]
#[test]
fn links_into_a_cache_work_and_links_to_nothing_are_told() {
    use std::os::unix::fs::symlink;

    let mut world = World::new();
    world.set("TF_DATA_DIR", ".data");
    world.package("elsewhere", AWS, "5.1.0", "linux_amd64");
    for version in ["5.1.0", "5.2.0"] {
        let folder = format!("work/.data/providers/{AWS}/{version}");
        fs::create_dir_all(world.path(&folder)).expect("made");
        symlink(world.path(&format!("elsewhere/{AWS}/{version}/linux_amd64")), world.path(&format!("{folder}/linux_amd64")))
            .expect("linked");
    }
    symlink(world.path("work"), world.path("work/.data/providers/loop")).expect("linked");
    let search = world.search(&[], "aws");
    let found: Vec<_> = search.candidates.iter().map(|candidate| (candidate.version.to_string(), candidate.origin.rule)).collect();
    assert_eq!(found, [("5.1.0".to_owned(), Rule::WorkingDir)]);
    let report = world.hidden(&search.report());
    assert!(report.contains("5.2.0/linux_amd64: cannot be read: No such file"), "{report}");
    assert_eq!(world.list().candidates, search.candidates);
}

#[test]
fn the_cli_configuration_says_what_may_come_from_which_mirror() {
    let world = World::new();
    world.package("ours", AWS, "5.1.0", "linux_amd64");
    world.package("ours", "tf.example.com/acme/x", "1.0.0", "linux_amd64");
    world.package("home/.terraform.d/plugins", AWS, "5.2.0", "linux_amd64");
    world.executable("dev/terraform-provider-aws");
    world.configure(
        r#"
        provider_installation {
          dev_overrides {
            "hashicorp/aws" = "ROOT/dev"
          }
          filesystem_mirror {
            path    = "ROOT/ours"
            include = ["tf.example.com/*/*"]
          }
          filesystem_mirror {
            path    = "../ours"
            exclude = ["hashicorp/awscc"]
          }
          direct {}
        }"#,
    );
    assert_snapshot!(world.shown(world.search(&[], "aws")), @"
    registry.terraform.io/hashicorp/aws 0.0.0-dev by dev_overrides ROOT/dev
    registry.terraform.io/hashicorp/aws 5.1.0 by filesystem_mirror ROOT/work/../ours
    looked at
    dev_overrides ROOT/dev: 1 package
    filesystem_mirror ROOT/ours: kept out by its include and exclude
    filesystem_mirror ROOT/work/../ours: 1 package
    ");
    assert_snapshot!(world.shown(world.search(&[], "tf.example.com/acme/x")), @"
    tf.example.com/acme/x 1.0.0 by filesystem_mirror ROOT/ours
    looked at
    filesystem_mirror ROOT/ours: 1 package
    filesystem_mirror ROOT/work/../ours: 1 package
    ");
    assert_snapshot!(world.shown(world.list()), @"
    registry.terraform.io/hashicorp/aws 0.0.0-dev by dev_overrides ROOT/dev
    registry.terraform.io/hashicorp/aws 5.1.0 by filesystem_mirror ROOT/work/../ours
    tf.example.com/acme/x 1.0.0 by filesystem_mirror ROOT/ours
    looked at
    dev_overrides ROOT/dev: 1 package
    filesystem_mirror ROOT/ours: 1 package
    filesystem_mirror ROOT/work/../ours: 2 packages
    ");
}

#[test]
fn a_broken_configuration_is_a_warning_and_costs_nothing_else() {
    let world = World::new();
    world.package("home/.terraform.d/plugins", AWS, "5.2.0", "linux_amd64");
    world.configure("provider_installation {\n  filesystem_mirror {\n    path = \n");
    let problems = world.plugins(&[], |plugins| plugins.problems().iter().map(ToString::to_string).collect::<Vec<_>>());
    assert!(problems.len() == 1 && problems[0].contains(".terraformrc, line 3"), "{problems:?}");
    assert_eq!(world.search(&[], "aws").candidates.len(), 1);
}

#[test]
fn a_packed_candidate_is_unpacked_into_the_cache_once_and_anew_when_the_zip_changed() {
    let world = World::new();
    let zip = format!("mirror/{AWS}/terraform-provider-aws_5.1.0_linux_amd64.zip");
    let unpacked = || {
        let search = world.search(&["mirror"], "aws");
        world.plugins(&["mirror"], |plugins| plugins.unpacked(&search.candidates[0])).expect("a package")
    };
    world.write(&zip, &package_zip("aws", "5.1.0"));
    let package = unpacked();
    assert_eq!(package.folder, world.path(&format!("cache/{AWS}/5.1.0/linux_amd64")));
    assert!(package.executable.ends_with("terraform-provider-aws_v5.1.0_x5") && package.origin.rule == Rule::ProviderDir);

    fs::write(package.folder.join("mark"), "").expect("written");
    assert_eq!(unpacked(), package);
    assert!(package.folder.join("mark").exists(), "it was not unpacked again");

    world.write(&zip, &package_zip("aws", "5.1.0-other"));
    let other = unpacked();
    assert_eq!(other.folder, package.folder);
    assert!(other.executable.ends_with("terraform-provider-aws_v5.1.0-other_x5") && !package.folder.join("mark").exists());
    assert_ne!(other.sums, package.sums);
    let left = fs::read_dir(world.path(&format!("cache/{AWS}/5.1.0"))).expect("a folder").flatten();
    let mut left: Vec<_> = left.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    left.sort();
    assert_eq!(left, [".lock", "linux_amd64", "linux_amd64.sums"]);

    // The cache alone is enough from now on.
    let search = world.search(&[], "aws");
    assert!(matches!(search.candidates[0].form, Form::Unpacked { .. }) && search.candidates[0].origin.rule == Rule::OwnCache);
    assert_eq!(world.plugins(&[], |plugins| plugins.unpacked(&search.candidates[0])).expect("a package").sums, other.sums);
}

#[test]
fn several_who_unpack_at_once_get_the_same_package() {
    let world = World::new();
    world.write(&format!("mirror/{AWS}/terraform-provider-aws_5.1.0_linux_amd64.zip"), &package_zip("aws", "5.1.0"));
    let candidate = &world.search(&["mirror"], "aws").candidates[0];
    let unpacked = || world.plugins(&["mirror"], |plugins| plugins.unpacked(candidate)).expect("a package");
    let packages = thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(unpacked)).collect();
        all.into_iter().map(|one| one.join().expect("no panic")).collect::<Vec<_>>()
    });
    assert!(packages.iter().all(|package| *package == packages[0] && package.executable.is_file()), "{packages:?}");
}

#[test]
fn the_plugins_of_this_machine_are_found() {
    let Some(folder) = option_env!("DRIFTWIRE_TEST_PROVIDER_DIR") else {
        // Written directly, because the test harness would capture `eprintln!`.
        let _ = writeln!(std::io::stderr(), "skipped: DRIFTWIRE_TEST_PROVIDER_DIR names no folder of plugins");
        return;
    };
    let surroundings = Surroundings { variable: &|_| None, working_dir: "/".into(), platform: Platform::current() };
    let plugins = Plugins::new(surroundings, vec![folder.into()]);
    let search = plugins.search(&source("hashicorp/aws"));
    let newest = search.candidates.last().unwrap_or_else(|| panic!("{}", search.report()));
    let package = plugins.unpacked(newest).expect("a package");
    assert!(package.executable.is_file() && package.version.major >= 4, "{package:?}");
}
