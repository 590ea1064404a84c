#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::Value;
use tar::{Archive, EntryType};

use super::{Digest, Image, Layer, Store};

fn sample(root: &Path, order: &[&str]) {
    for name in order {
        fs::create_dir_all(root.join("bin")).unwrap();
        fs::write(root.join(name), format!("content of {name}")).unwrap();
    }
    symlink("a", root.join("bin/link")).unwrap();
    for (name, mode) in [("bin", 0o755), ("bin/a", 0o4755), ("bin/b", 0o644)] {
        fs::set_permissions(root.join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
}

#[test]
fn a_layer_depends_on_its_files_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    sample(&one, &["bin/a", "bin/b", "c"]);
    sample(&two, &["c", "bin/b", "bin/a"]);
    // Another time of change must not show.
    File::open(two.join("c")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    let store = Store::new(dir.path().join("store"));
    let first = store.layer(&Layer::new().tree(&one, "app").unwrap()).unwrap();
    let second = store.layer(&Layer::new().tree(&two, "/app/").unwrap()).unwrap();
    assert_eq!(first, second);

    fs::write(two.join("c"), "changed").unwrap();
    let changed = store.layer(&Layer::new().tree(&two, "app").unwrap()).unwrap();
    assert_ne!(first.digest, changed.digest);
}

#[test]
fn entries_belong_to_root_and_keep_their_permissions() {
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path(), &["bin/a", "bin/b"]);
    let layer =
        Layer::new().tree(dir.path(), "").unwrap().dir("/tmp", 0o1777).remove("/usr/bin/gone");
    let mut tar = Vec::new();
    layer.write(&mut tar).unwrap();

    let mut seen = Vec::new();
    for entry in Archive::new(tar.as_slice()).entries().unwrap() {
        let entry = entry.unwrap();
        let header = entry.header();
        assert_eq!(
            (header.uid().unwrap(), header.gid().unwrap(), header.mtime().unwrap()),
            (0, 0, 0)
        );
        let path = entry.path().unwrap().display().to_string();
        seen.push((path, header.entry_type(), header.mode().unwrap()));
    }
    let file = EntryType::Regular;
    let expected = [
        ("bin/", EntryType::Directory, 0o755),
        ("bin/a", file, 0o755), // without its set-user bit
        ("bin/b", file, 0o644),
        ("bin/link", EntryType::Symlink, 0o777),
        ("tmp/", EntryType::Directory, 0o1777),
        ("usr/bin/.wh.gone", file, 0o644),
    ];
    assert_eq!(seen, expected.map(|(path, kind, mode)| (path.to_owned(), kind, mode)));
}

#[test]
fn plain_modes_do_not_depend_on_the_umask() {
    let dir = tempfile::tempdir().unwrap();
    sample(dir.path(), &["bin/a", "bin/b"]);
    let digest = || {
        let layer = Layer::new().tree(dir.path(), "").unwrap().plain_modes();
        let mut tar = Vec::new();
        layer.write(&mut tar).unwrap();
        Digest::of(&tar)
    };
    let before = digest();
    for (path, mode) in [("bin", 0o700), ("bin/a", 0o700), ("bin/b", 0o600)] {
        fs::set_permissions(dir.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    assert_eq!(digest(), before);
    fs::set_permissions(dir.path().join("bin/b"), fs::Permissions::from_mode(0o700)).unwrap();
    assert_ne!(digest(), before);
}

fn image(store: &Store) -> Image {
    let layer = Layer::new().file("hello", "hello", 0o644);
    Image {
        layers: vec![store.layer(&layer).unwrap()],
        user: "1000:1000".into(),
        env: BTreeMap::from([("PATH".into(), "/bin".into())]),
        cmd: vec!["hello".into()],
        workdir: "/app".into(),
        ports: vec![8080],
        ..Image::default()
    }
}

fn linked(folder: &Path) -> String {
    fs::read_to_string(folder.join("link")).unwrap()
}

#[test]
fn a_tag_leads_to_every_byte_of_its_image() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path());
    let image = image(&store);
    let manifest = store.tag("team/app", "v1", &image).unwrap();

    let repository = dir.path().join("docker/registry/v2/repositories/team/app");
    let hex = manifest.hex();
    for folder in [
        "_manifests/tags/v1/current".to_owned(),
        format!("_manifests/tags/v1/index/sha256/{hex}"),
        format!("_manifests/revisions/sha256/{hex}"),
    ] {
        assert_eq!(linked(&repository.join(folder)), manifest.to_string());
    }

    let bytes = fs::read(store.data(&manifest)).unwrap();
    assert_eq!(Digest::of(&bytes), manifest);
    let parsed: Value = serde_json::from_slice(&bytes).unwrap();
    let layer = &parsed["layers"][0];
    assert_eq!(layer["digest"], image.layers[0].digest.to_string());
    assert_eq!(layer["size"], fs::metadata(store.data(&image.layers[0].digest)).unwrap().len());

    let config = parsed["config"]["digest"].as_str().unwrap().to_owned();
    for digest in [&config, &image.layers[0].digest.to_string()] {
        let hex = digest.strip_prefix("sha256:").unwrap();
        assert_eq!(&linked(&repository.join("_layers/sha256").join(hex)), digest);
    }
    let hex = config.strip_prefix("sha256:").unwrap();
    let blob =
        dir.path().join("docker/registry/v2/blobs/sha256").join(&hex[..2]).join(hex).join("data");
    let config: Value = serde_json::from_slice(&fs::read(blob).unwrap()).unwrap();
    assert_eq!(config["config"]["User"], "1000:1000");
    assert_eq!(config["config"]["ExposedPorts"]["8080/tcp"], serde_json::json!({}));
    assert_eq!(config["rootfs"]["diff_ids"][0], image.layers[0].digest.to_string());
}

#[test]
fn nothing_but_the_layout_is_left_in_the_storage() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path());
    store.tag("app", "v1", &image(&store)).unwrap();
    let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["docker"]);
}

#[test]
fn a_shared_blob_is_readable_in_both_storages() {
    let dir = tempfile::tempdir().unwrap();
    let (base, other) = (Store::new(dir.path().join("base")), Store::new(dir.path().join("other")));
    let blob = base.layer(&Layer::new().file("x", "y", 0o644)).unwrap();
    other.share(&base, &blob).unwrap();
    other.share(&base, &blob).unwrap();
    assert_eq!(
        fs::read(base.data(&blob.digest)).unwrap(),
        fs::read(other.data(&blob.digest)).unwrap()
    );
}

#[test]
fn an_archive_is_a_whole_oci_layout() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::new(dir.path().join("store"));
    let file = dir.path().join("image.tar");
    store.archive("registry.example/app:v1", &image(&store), &file).unwrap();

    let mut files = BTreeMap::new();
    for entry in Archive::new(File::open(&file).unwrap()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        std::io::copy(&mut entry, &mut content).unwrap();
        files.insert(entry.path().unwrap().display().to_string(), content);
    }
    let index: Value = serde_json::from_slice(&files["index.json"]).unwrap();
    let named = &index["manifests"][0]["annotations"]["io.containerd.image.name"];
    assert_eq!(named, "registry.example/app:v1");
    assert_eq!(files.keys().filter(|name| name.starts_with("blobs/")).count(), 3);
    for (name, content) in files.iter().filter(|(name, _)| name.starts_with("blobs/")) {
        assert_eq!(name, &format!("blobs/sha256/{}", Digest::of(content).hex()));
    }
}
