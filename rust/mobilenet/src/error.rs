// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

use std::ffi::{CStr, CString};
use std::fmt;
use std::os::raw::c_char;
use std::path::Path;

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
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    pub(crate) fn argument(sentence: String) -> Self {
        Error { kind: ErrorKind::Argument, sentence }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Error {}

fn kind_of(status: sys::mn_status) -> ErrorKind {
    match status {
        sys::MN_ERROR_ARGUMENT => ErrorKind::Argument,
        sys::MN_ERROR_MEMORY => ErrorKind::Memory,
        sys::MN_ERROR_IO => ErrorKind::Io,
        sys::MN_ERROR_FORMAT => ErrorKind::Format,
        sys::MN_ERROR_UNSUPPORTED => ErrorKind::Unsupported,
        sys::MN_ERROR_LIMIT => ErrorKind::Limit,
        sys::MN_ERROR_THREAD => ErrorKind::Thread,
        sys::MN_ERROR_BACKEND => ErrorKind::Backend,
        sys::MN_ERROR_DEVICE => ErrorKind::Device,
        sys::MN_ERROR_BUSY => ErrorKind::Busy,
        sys::MN_ERROR_TIMEOUT => ErrorKind::Timeout,
        sys::MN_ERROR_CANCELLED => ErrorKind::Cancelled,
        _ => ErrorKind::Other,
    }
}

/// What a function in C returned, just now and on this thread.
pub(crate) fn check(status: sys::mn_status) -> Result<()> {
    if status == sys::MN_OK {
        return Ok(());
    }
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
