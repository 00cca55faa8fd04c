use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    thread,
};

use drift_registry::{Package, RegistryError, executable_in, pack, unpack, unpack_once, verify_zip};
use insta::assert_snapshot;

use crate::world::{PLUGIN, World, package_zip, source, zip_of};

/// What unpacking these entries comes to.
fn refused(entries: &[(&str, &[u8], u32)]) -> String {
    let world = World::new();
    world.write("p.zip", &zip_of(entries));
    let error = unpack(&world.path("p.zip"), &world.path("to/p")).expect_err("refused");
    assert!(!world.path("to/p").exists() && !world.path("escaped").exists() && !world.path("to/escaped").exists());
    assert_eq!(fs::read_dir(world.path("to")).expect("a folder").count(), 0, "nothing is left behind");
    world.hidden(&error.to_string())
}

const GOOD: (&str, &[u8], u32) = ("terraform-provider-x_v1.0.0", PLUGIN, 0o644);

#[test]
fn a_package_is_unpacked_with_an_executable_that_may_be_started() {
    let world = World::new();
    world.write("p.zip", &zip_of(&[GOOD, ("doc/LICENSE", b"free", 0o644)]));
    let executable = unpack(&world.path("p.zip"), &world.path("to/p")).expect("unpacked");
    assert_eq!(executable, world.path("to/p/terraform-provider-x_v1.0.0"));
    assert_eq!(fs::read(world.path("to/p/doc/LICENSE")).expect("a file"), b"free");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path| fs::metadata(path).expect("a file").permissions().mode() & 0o111;
        assert!(mode(executable) != 0 && mode(world.path("to/p/doc/LICENSE")) == 0);
    }
    let again = unpack(&world.path("p.zip"), &world.path("to/p")).expect_err("in use");
    assert!(matches!(again, RegistryError::Occupied { .. }), "{again}");
}

#[test]
fn entries_that_lead_elsewhere_are_refused_and_nothing_is_kept() {
    assert_snapshot!(refused(&[GOOD, ("../escaped", b"x", 0o644)]), @r#"ROOT/p.zip was not unpacked: its entry "../escaped" would be written outside of its folder, which no provider's package has"#);
    for name in ["a/../../escaped", "/tmp/escaped", "..\\escaped", "C:escaped", "a//escaped", "./escaped"] {
        assert!(refused(&[GOOD, (name, b"x", 0o644)]).contains("outside of its folder"), "{name}");
    }
}

#[test]
fn links_and_devices_are_refused() {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.add_symlink("terraform-provider-x", "/bin/sh", zip::write::SimpleFileOptions::default()).expect("added");
    let world = World::new();
    world.write("p.zip", writer.finish().expect("finished").get_ref());
    let error = unpack(&world.path("p.zip"), &world.path("p")).expect_err("refused");
    assert!(error.to_string().contains("is a link"), "{error}");
}

#[test]
fn a_zip_without_a_plugin_or_with_damage_is_refused() {
    assert_snapshot!(refused(&[("README", b"x", 0o644)]), @"ROOT/p.zip holds no executable whose name begins with terraform-provider-: it is no package of that provider");
    let world = World::new();
    let mut bytes = zip_of(&[("terraform-provider-x", &[7; 4096], 0o644)]);
    bytes[60..70].iter_mut().for_each(|byte| *byte ^= 0xff);
    world.write("p.zip", &bytes);
    let error = unpack(&world.path("p.zip"), &world.path("p")).expect_err("refused");
    assert!(matches!(error, RegistryError::Zip { .. }) && !world.path("p").exists(), "{error}");
}

/// Unpacks `p.zip` to `to/aws`, unless that is there.
fn once(world: &World) -> Result<PathBuf, RegistryError> {
    let zip = File::open(world.path("p.zip")).expect("a file");
    unpack_once(zip, Path::new("s3://b/p.zip"), &source("hashicorp/aws"), &world.path("to/aws"))
}

#[test]
fn of_several_who_unpack_once_one_unpacks_and_the_others_find_it_there() {
    let world = World::new();
    world.write("p.zip", &package_zip("aws", "5.1.0"));
    let found: Vec<_> = thread::scope(|scope| {
        let all: Vec<_> = (0..4).map(|_| scope.spawn(|| once(&world))).collect();
        all.into_iter().map(|one| one.join().expect("no panic").expect("it is there")).collect()
    });
    assert_eq!(found, [(); 4].map(|()| world.path("to/aws/terraform-provider-aws_v5.1.0_x5")));
    assert_eq!(fs::read(&found[0]).expect("a file"), PLUGIN);
    world.write("p.zip", b"nobody reads it any more");
    assert_eq!(once(&world).expect("it is there"), found[0]);
    assert!(matches!(executable_in(&world.path("to/aws"), &source("hashicorp/awscc")), Err(RegistryError::NoExecutable { .. })));
}

#[test]
fn what_a_killed_process_left_half_unpacked_is_never_taken_for_whole_and_makes_room() {
    let world = World::new();
    world.write("p.zip", &package_zip("aws", "5.1.0"));
    world.write("to/.unpacking-aws/package/terraform-provider-aws_v5.1.0_x5", b"#!/bi");
    world.write("to/.aws.lock", b"");
    assert!(executable_in(&world.path("to/aws"), &source("hashicorp/aws")).is_err());
    assert_eq!(fs::read(once(&world).expect("unpacked")).expect("a file"), PLUGIN);
    assert!(!world.path("to/.unpacking-aws").exists());
}

#[test]
fn nothing_is_kept_of_what_cannot_be_unpacked_once_and_messages_have_the_name_that_was_given() {
    let refused = |zip: &[u8]| {
        let world = World::new();
        world.write("p.zip", zip);
        let error = once(&world).expect_err("refused");
        let left: Vec<_> = fs::read_dir(world.path("to")).expect("a folder").map(|entry| entry.expect("an entry").file_name()).collect();
        assert_eq!(left, [".aws.lock"], "{error}");
        error.to_string()
    };
    assert_snapshot!(refused(b"<Error>NoSuchKey</Error>"), @"s3://b/p.zip is no package that can be unpacked: invalid Zip archive: Could not find EOCD; fetch it anew");
    assert_snapshot!(refused(&package_zip("awscc", "1.0.0")), @"s3://b/p.zip holds no executable whose name begins with terraform-provider-aws: it is no package of that provider");
    let escaping = zip_of(&[("terraform-provider-aws", PLUGIN, 0o644), ("../escaped", b"x", 0o644)]);
    assert_snapshot!(refused(&escaping), @r#"s3://b/p.zip was not unpacked: its entry "../escaped" would be written outside of its folder, which no provider's package has"#);
}

#[test]
fn what_is_packed_twice_is_the_same_and_unpacks_to_what_it_was() {
    let world = World::new();
    world.write("p.zip", &package_zip("aws", "5.1.0"));
    let search = {
        world.write("flat/terraform-provider-aws_5.1.0_linux_amd64.zip", &package_zip("aws", "5.1.0"));
        world.search(&["flat"], "aws")
    };
    let package: Package = world.plugins(&["flat"], |plugins| plugins.unpacked(&search.candidates[0])).expect("a package");
    let first = pack(&package, &world.path("1.zip")).expect("packed");
    let copy = world.path("copy");
    fs::create_dir(&copy).expect("made");
    for name in ["terraform-provider-aws_v5.1.0_x5", "LICENSE.txt"] {
        fs::write(copy.join(name), fs::read(package.folder.join(name)).expect("a file")).expect("written");
    }
    let second = pack(&Package { folder: copy, ..package.clone() }, &world.path("2.zip")).expect("packed");
    assert_eq!(first, second);
    assert_eq!(fs::read(world.path("1.zip")).expect("a file"), fs::read(world.path("2.zip")).expect("a file"));
    verify_zip(&world.path("1.zip"), &first.to_ascii_uppercase()).expect("its own checksum");
    let error = verify_zip(&world.path("1.zip"), &"0".repeat(64)).expect_err("another checksum");
    assert!(matches!(&error, RegistryError::Checksum { found, .. } if *found == first), "{error}");

    let executable = unpack(&world.path("1.zip"), &world.path("back")).expect("unpacked");
    assert_eq!(fs::read(executable).expect("a file"), PLUGIN);
    assert_eq!(fs::read(world.path("back/LICENSE.txt")).expect("a file"), b"free");
}
