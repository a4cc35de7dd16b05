// SPDX-License-Identifier: MIT
//! Compiles libmobilenet and libmobilenet_image to one static library, as CMakeLists.txt does: all of c/src but the
//! folders of the commands, which c/src/tools.txt lists for both, and the plugin for TensorFlow Lite. Kernels of all
//! tiers are in it, and the processor's are chosen when a session is made, so no flag names a processor's instructions.
//!
//! With MOBILENET_LIB_DIR the libraries in that folder are linked instead, static ones if they are there.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// The photos that need a library of the system's.
const CODECS: [(&str, &str); 3] = [("jpeg", "jpeg"), ("png", "png"), ("webp", "webp")];

/// The .c files below `folder`, sorted, so that builds repeat; `root` is what `left_out` is relative to.
fn find_sources(root: &Path, folder: &Path, left_out: &[String], found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {}; is the package whole?", folder.display(), error))
        .map(|entry| entry.expect("a folder's entry").path())
        .collect();
    entries.sort();
    for path in entries {
        let inside = path.strip_prefix(root).expect("below root").to_string_lossy().replace('\\', "/");
        if path.is_dir() && !left_out.contains(&inside) {
            find_sources(root, &path, left_out, found);
        } else if path.extension().map_or(false, |extension| extension == "c") {
            found.push(path);
        }
    }
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

/// Links the libraries that somebody else has built.
fn link_built(folder: &str) {
    println!("cargo:rustc-link-search=native={}", folder);
    for library in ["mobilenet_image", "mobilenet"] {
        let archive = Path::new(folder).join(format!("lib{}.a", library));
        let kind = if archive.exists() { "static" } else { "dylib" };
        println!("cargo:rustc-link-lib={}={}", kind, library);
        println!("cargo:rerun-if-changed={}", archive.display());
    }
}

/// Compiles them. `codecs` are those of the features.
fn compile(codecs: &[&str]) {
    let root = Path::new("c/src");
    let list = fs::read_to_string(root.join("tools.txt")).expect("c/src/tools.txt; is the package whole?");
    let mut left_out: Vec<String> = list.lines().filter(|l| !l.starts_with('#')).map(str::to_string).collect();
    left_out.push("plugin".to_string());
    let mut sources = Vec::new();
    find_sources(root, root, &left_out, &mut sources);

    let mut build = cc::Build::new();
    // A fused multiply-add would change float results from one processor to the next.
    build.include("c/include").include("c/src").flag("-std=c11").flag("-ffp-contract=off");
    build.flag_if_supported("-fvisibility=hidden").define("_FILE_OFFSET_BITS", "64").warnings(false);
    build.opt_level(3); // also in debug builds: tens of times as fast
    match (variable("CARGO_CFG_TARGET_ARCH").as_str(), variable("CARGO_CFG_TARGET_OS").as_str()) {
        // Older registers keep more digits of floats than the reference has.
        ("x86", _) => drop(build.flag("-msse2").flag("-mfpmath=sse")),
        ("s390x", _) => drop(build.flag_if_supported("-fexcess-precision=fast")),
        (_, "windows") => drop(build.define("__USE_MINGW_ANSI_STDIO", "1")),
        _ => {}
    }
    for (codec, _) in CODECS {
        if codecs.contains(&codec) {
            build.define(&format!("MN_HAS_{}", codec.to_uppercase()), None);
        } else {
            sources.retain(|path| !path.ends_with(format!("decode/{}.c", codec)));
        }
    }
    build.files(sources).compile("mobilenet");
    println!("cargo:rerun-if-changed=c/src");
    println!("cargo:rerun-if-changed=c/include");
}

fn main() {
    let wanted = |codec: &str| env::var_os(format!("CARGO_FEATURE_{}", codec.to_uppercase())).is_some();
    let (codecs, mut libraries): (Vec<_>, Vec<_>) = CODECS.into_iter().filter(|(codec, _)| wanted(codec)).unzip();
    println!("cargo:rerun-if-env-changed=MOBILENET_LIB_DIR");
    match env::var("MOBILENET_LIB_DIR") {
        Ok(folder) => link_built(&folder),
        Err(_) => compile(&codecs),
    }
    if variable("CARGO_CFG_TARGET_FAMILY") == "unix" {
        libraries.extend(["m", "pthread", "dl"]);
    }
    for library in libraries {
        println!("cargo:rustc-link-lib={}", library);
    }
    println!("cargo:include={}", fs::canonicalize("c/include").expect("c/include").display());
}
