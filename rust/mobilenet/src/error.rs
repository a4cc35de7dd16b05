// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

use std::any::Any;
use std::cell::Cell;
use std::ffi::{CStr, CString};
use std::fmt;
use std::os::raw::c_char;
use std::panic;
use std::path::Path;
use std::slice;

use mobilenet_sys as sys;

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument that cannot be.
    Argument,
    Memory,
    /// A file cannot be read.
    Io,
    /// A file is damaged.
    Format,
    /// A model, or a photo, that this library does not support.
    Unsupported,
    /// Over a limit of size.
    Limit,
    /// A thread cannot be started.
    Thread,
    /// A delegate failed.
    Backend,
    Device,
    Busy,
    Timeout,
    Cancelled,
    /// What a newer library has.
    Other,
}

/// A failure: its kind, and the library's sentence with the file, the place and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    sentence: String,
}

/// A value, or the library's sentence about why there is none.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A failure of a reader of [`Image::from_reader`](crate::Image::from_reader), which gets to whoever reads the image;
    /// of the sentence, the first 511 bytes.
    pub fn new(kind: ErrorKind, sentence: impl Into<String>) -> Self {
        Error { kind, sentence: sentence.into() }
    }

    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    pub(crate) fn argument(sentence: String) -> Self {
        Error::new(ErrorKind::Argument, sentence)
    }

    /// The same for C, as a callback's result.
    pub(crate) fn set(&self) -> sys::mn_status {
        let sentence = CString::new(self.sentence.replace('\0', " ")).unwrap_or_default();
        // SAFETY: text that ends with a zero, which is copied.
        unsafe { sys::mn_error_set(status_of(self.kind), sentence.as_ptr()) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Error {}

/// Of a reader's file, say.
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Error::new(ErrorKind::Io, error.to_string())
    }
}

const KINDS: [(sys::mn_status, ErrorKind); 12] = [
    (sys::MN_ERROR_ARGUMENT, ErrorKind::Argument),
    (sys::MN_ERROR_MEMORY, ErrorKind::Memory),
    (sys::MN_ERROR_IO, ErrorKind::Io),
    (sys::MN_ERROR_FORMAT, ErrorKind::Format),
    (sys::MN_ERROR_UNSUPPORTED, ErrorKind::Unsupported),
    (sys::MN_ERROR_LIMIT, ErrorKind::Limit),
    (sys::MN_ERROR_THREAD, ErrorKind::Thread),
    (sys::MN_ERROR_BACKEND, ErrorKind::Backend),
    (sys::MN_ERROR_DEVICE, ErrorKind::Device),
    (sys::MN_ERROR_BUSY, ErrorKind::Busy),
    (sys::MN_ERROR_TIMEOUT, ErrorKind::Timeout),
    (sys::MN_ERROR_CANCELLED, ErrorKind::Cancelled),
];

fn kind_of(status: sys::mn_status) -> ErrorKind {
    KINDS.iter().find(|pair| pair.0 == status).map_or(ErrorKind::Other, |pair| pair.1)
}

/// `Other` has none, and becomes an I/O error.
fn status_of(kind: ErrorKind) -> sys::mn_status {
    KINDS.iter().find(|pair| pair.1 == kind).map_or(sys::MN_ERROR_IO, |pair| pair.0)
}

thread_local! {
    /// What a callback panicked with: it must not unwind through C, and goes on behind it.
    static PANIC: Cell<Option<Box<dyn Any + Send>>> = Cell::new(None);
}

/// Calls a function of the user's on behalf of C.
pub(crate) fn call_back(function: impl FnOnce() -> sys::mn_status) -> sys::mn_status {
    // Whoever catches the panic later sees what it left, as if no C were between.
    panic::catch_unwind(panic::AssertUnwindSafe(function)).unwrap_or_else(|payload| {
        PANIC.with(|panic| panic.set(Some(payload)));
        sys::MN_ERROR_CANCELLED
    })
}

/// Goes on with the panic of a callback, if there was one.
pub(crate) fn resume_panic() {
    if let Some(payload) = PANIC.with(Cell::take) {
        panic::resume_unwind(payload);
    }
}

/// What a function in C returned, just now and on this thread.
pub(crate) fn check(status: sys::mn_status) -> Result<()> {
    if status == sys::MN_OK {
        return Ok(());
    }
    resume_panic();
    // SAFETY: a string of this thread's, which the next call may change; it is copied before.
    let sentence = unsafe { CStr::from_ptr(sys::mn_error_detail()) }.to_string_lossy().into_owned();
    Err(Error { kind: kind_of(status), sentence })
}

/// Text in C that lives for 'a; names that are not UTF-8 count as none.
///
/// # Safety
/// `text` is NULL or ends with a zero, and does not change in 'a.
pub(crate) unsafe fn text<'a>(text: *const c_char) -> Option<&'a str> {
    if text.is_null() {
        return None;
    }
    CStr::from_ptr(text).to_str().ok()
}

/// A list of C that lives for 'a.
///
/// # Safety
/// There are `count` items, unless that is 0, and they do not change in 'a.
pub(crate) unsafe fn list<'a, T>(items: *const T, count: i32) -> &'a [T] {
    if count == 0 {
        return &[];
    }
    slice::from_raw_parts(items, count as usize)
}

/// Text for C, which has no zero inside.
pub(crate) fn in_c(what: &str, text: impl Into<Vec<u8>>) -> Result<CString> {
    CString::new(text).map_err(|error| {
        let place = error.nul_position();
        Error::argument(format!("{}: byte {} is zero; give text without zeros", what, place))
    })
}

#[cfg(unix)]
pub(crate) fn path_in_c(path: &Path) -> Result<CString> {
    use std::os::unix::ffi::OsStrExt;
    in_c("the path", path.as_os_str().as_bytes())
}

#[cfg(not(unix))]
pub(crate) fn path_in_c(path: &Path) -> Result<CString> {
    let text = path.to_str().ok_or_else(|| Error::argument(format!("{}: is not Unicode", path.display())))?;
    in_c("the path", text)
}

/// A struct of C that begins with its size, and zeros.
macro_rules! sized {
    ($type:ty) => {{
        let mut made = <$type>::zeroed();
        made.struct_bytes = std::mem::size_of::<$type>() as u32;
        made
    }};
}
pub(crate) use sized;
