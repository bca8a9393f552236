//! What fuzzing has found and begun with (`fuzz/corpus`) goes through every parser again.

use downcity_http::fuzzing::{run, targets};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn names(folder: &str, ending: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(fuzz().join(folder)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect()
}

#[test]
fn every_parser_has_a_target_and_a_corpus() {
    let all: BTreeSet<String> = targets().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(names("corpus", ""), all);
    assert_eq!(names("fuzz_targets", ".rs"), all);
    let manifest = std::fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    assert!(all.iter().all(|name| manifest.contains(&format!("name = \"{name}\""))));
}

#[test]
fn no_input_of_the_corpus_breaks_a_promise() {
    let (mut inputs, mut size) = (0, 0);
    for (name, _) in targets() {
        for input in std::fs::read_dir(fuzz().join("corpus").join(name)).unwrap() {
            let bytes = std::fs::read(input.unwrap().path()).unwrap();
            run(name, &bytes);
            (inputs, size) = (inputs + 1, size + bytes.len());
        }
    }
    assert!(inputs >= 50 && size < 400_000, "{inputs} inputs of {size} bytes");
}
