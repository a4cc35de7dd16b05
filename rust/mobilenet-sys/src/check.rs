// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

//! Compares the bindings with the headers: they are written as C once more, in assertions and prototypes, and a C compiler
//! is asked whether they agree.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Name, types of arguments and of the result, in Rust.
pub(crate) type Function = (&'static str, &'static [&'static str], &'static str);
/// Name, type in Rust, place and bytes.
pub(crate) type Field = (&'static str, &'static str, usize, usize);
/// Name, bytes and fields.
pub(crate) type Struct = (&'static str, usize, Vec<Field>);

const HEADERS: [&str; 3] = ["mobilenet_image.h", "mobilenet_delegate.h", "mobilenet_inspect.h"];

/// The type in C that a type of the bindings stands for.
fn in_c(rust: &str) -> String {
    let rust = rust.trim();
    if let Some(rest) = rust.strip_prefix("*const ") {
        return format!("{} const *", in_c(rest));
    }
    if let Some(rest) = rust.strip_prefix("*mut ") {
        return format!("{} *", in_c(rest));
    }
    if let Some(rest) = rust.strip_prefix("Option<") {
        return format!("{} *", rest.trim_end_matches('>'));
    }
    if let Some(rest) = rust.strip_prefix('[') {
        return format!("{} *", in_c(rest.split(';').next().unwrap())); // as expressions have it
    }
    match rust {
        "" => "void",
        "i32" => "int32_t",
        "u32" => "uint32_t",
        "i64" => "int64_t",
        "u64" => "uint64_t",
        "u8" => "uint8_t",
        "usize" => "size_t",
        "isize" => "ptrdiff_t",
        "f32" => "float",
        "f64" => "double",
        "c_char" => "char",
        "c_void" => "void",
        other => other,
    }
    .to_string()
}

fn prototype(name: &str, function: &Function) -> String {
    let arguments: Vec<String> = function.1.iter().map(|a| in_c(a)).collect();
    let list = if arguments.is_empty() { "void".to_string() } else { arguments.join(", ") };
    format!("{} {}({});\n", in_c(function.2), name, list)
}

fn program() -> String {
    let mut c = String::new();
    for header in HEADERS {
        writeln!(c, "#include \"{}\"", header).unwrap();
    }
    for (name, value) in crate::CONSTANTS {
        writeln!(c, "_Static_assert((int64_t){} == {}, \"{}\");", name, value, name).unwrap();
    }
    for (name, value) in [("MN_MAX_RANK", crate::MN_MAX_RANK as i64), ("MN_ROOM_RANK", crate::MN_ROOM_RANK as i64)] {
        writeln!(c, "_Static_assert({} == {}, \"{}\");", name, value, name).unwrap();
    }
    writeln!(c, "_Static_assert(MN_THREADS_ALL == {}, \"MN_THREADS_ALL\");", crate::MN_THREADS_ALL).unwrap();
    for (name, bytes, fields) in crate::structs() {
        writeln!(c, "_Static_assert(sizeof({}) == {}, \"{}\");", name, bytes, name).unwrap();
        for (field, rust, place, bytes) in fields {
            let (field, text) = (field.trim_end_matches('_'), format!("{}.{}", name, field));
            writeln!(c, "_Static_assert(offsetof({}, {}) == {}, \"{}\");", name, field, place, text).unwrap();
            writeln!(c, "_Static_assert(sizeof((({} *)0)->{}) == {}, \"{}\");", name, field, bytes, text).unwrap();
            writeln!(
                c,
                "_Static_assert(_Generic((({} *)0)->{}, {}: 1, default: 0), \"{}\");",
                name,
                field,
                in_c(rust),
                text
            )
            .unwrap();
        }
    }
    for callback in crate::CALLBACKS {
        let name = format!("check_{}", callback.0);
        write!(c, "{} {}; {}", callback.0, name, prototype(&name, callback)).unwrap();
    }
    for function in crate::FUNCTIONS {
        c.push_str(&prototype(function.0, function));
    }
    c
}

/// What the C compiler says of a program: nothing if it is right.
fn complaints(program: &str) -> String {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".to_string());
    let mut words = compiler.split_whitespace();
    let mut child = Command::new(words.next().unwrap())
        .args(words)
        .args(["-std=c11", "-Wall", "-Werror", "-fsyntax-only", "-x", "c", "-"])
        .arg(concat!("-I", env!("CARGO_MANIFEST_DIR"), "/c/include"))
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a C compiler, which built this crate");
    child.stdin.take().unwrap().write_all(program.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.success(), output.stderr.is_empty());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn bindings_are_what_the_headers_say() {
    assert_eq!(complaints(&program()), "");
}

#[test]
fn differences_are_found() {
    let right = program();
    for (from, to) in [
        ("sizeof(mn_frame) == ", "sizeof(mn_frame) == 1"),
        ("mn_status mn_session_run(mn_session *)", "mn_status mn_session_run(mn_session const *)"),
        ("->macs, int64_t", "->macs, uint64_t"),
        ("(int64_t)MN_INT16 == 7", "(int64_t)MN_INT16 == 8"),
        ("check_mn_take_row(void *, uint8_t const *)", "check_mn_take_row(void *, uint8_t *)"),
    ] {
        assert!(right.contains(from), "{}", from);
        assert_ne!(complaints(&right.replace(from, to)), "", "{}", to);
    }
}

/// Every function that the headers declare is here.
#[test]
fn nothing_is_missing() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/c/include");
    let mut declared = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        for declaration in text.split("\nMN_API ").skip(1) {
            let name = declaration.split('(').next().unwrap().rsplit(&[' ', '*'][..]).next().unwrap();
            assert!(crate::FUNCTIONS.iter().any(|function| function.0 == name), "{} is missing", name);
            declared += 1;
        }
    }
    assert_eq!(declared, crate::FUNCTIONS.len());
}
