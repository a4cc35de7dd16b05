// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

use std::path::Path;
use std::ptr::{self, NonNull};

use mobilenet_sys as sys;

use crate::error::{check, in_c, path_in_c, text};
use crate::Result;

/// Somebody else who runs operators of a session: an NPU or a GPU, by its maker's delegate for TensorFlow Lite.
#[derive(Debug)]
pub struct Delegate {
    raw: NonNull<sys::mn_delegate>,
}

// SAFETY: a delegate may serve sessions on several threads (mobilenet_delegate.h).
unsafe impl Send for Delegate {}
unsafe impl Sync for Delegate {}

impl Delegate {
    /// Loads the shared library `path`, with options such as "key:value;key:value".
    ///
    /// # Safety
    /// The library is a delegate of TensorFlow Lite that keeps its promises: its code runs in this process, here and in
    /// sessions, on whatever thread they are.
    pub unsafe fn open_external(path: impl AsRef<Path>, options: &str) -> Result<Self> {
        let (path, options) = (path_in_c(path.as_ref())?, in_c("the options", options)?);
        let mut raw = ptr::null_mut();
        check(sys::mn_delegate_open_external(path.as_ptr(), options.as_ptr(), &mut raw))?;
        Ok(Delegate { raw: NonNull::new(raw).expect("a delegate") })
    }

    /// Emulates Arm's Ethos-U55 and U65 for models that Vela has compiled.
    pub fn open_ethosu() -> Result<Self> {
        let mut raw = ptr::null_mut();
        // SAFETY: a place for the delegate.
        check(unsafe { sys::mn_delegate_open_ethosu(&mut raw) })?;
        Ok(Delegate { raw: NonNull::new(raw).expect("a delegate") })
    }

    pub fn name(&self) -> &str {
        // SAFETY: it lives as long as the delegate.
        unsafe { text(sys::mn_delegate_name(self.raw.as_ptr())) }.unwrap_or_default()
    }

    pub(crate) fn raw(&self) -> *mut sys::mn_delegate {
        self.raw.as_ptr()
    }
}

impl Drop for Delegate {
    fn drop(&mut self) {
        let mut raw = self.raw.as_ptr();
        // SAFETY: sessions borrow their delegates, so there is none left.
        unsafe { sys::mn_delegate_close(&mut raw) }
    }
}
