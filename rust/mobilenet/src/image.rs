// SPDX-License-Identifier: MIT
// Copyright the mobilenet.c authors

use std::marker::PhantomData;
use std::os::raw::c_void;
use std::path::Path;
use std::ptr::{self, NonNull};

use mobilenet_sys as sys;

use crate::error::{call_back, check, in_c, path_in_c, resume_panic, sized};
use crate::{Error, Result};

/// Order of the bytes of one pixel. Alpha is dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    #[default]
    Rgb,
    Rgba,
    Bgr,
    Bgra,
    Gray,
}

impl Format {
    fn in_c(self) -> (sys::mn_pixel_format, u64) {
        match self {
            Format::Rgb => (sys::MN_FORMAT_RGB, 3),
            Format::Rgba => (sys::MN_FORMAT_RGBA, 4),
            Format::Bgr => (sys::MN_FORMAT_BGR, 3),
            Format::Bgra => (sys::MN_FORMAT_BGRA, 4),
            Format::Gray => (sys::MN_FORMAT_GRAY, 1),
        }
    }
}

/// How pixels lie in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    pub width: i32,
    pub height: i32,
    pub format: Format,
    /// Bytes from a row to the one below it; 0: no gaps.
    pub stride: usize,
    /// EXIF's, 1..8: how to turn the picture for looking at it; 0: not at all.
    pub orientation: i32,
}

impl Frame {
    /// Bytes that the pixels take; 0 for sizes that the library refuses.
    fn bytes(&self) -> u64 {
        if self.width < 1 || self.height < 1 {
            return 0;
        }
        let row = self.width as u64 * self.format.in_c().1;
        let stride = if self.stride == 0 { row } else { self.stride as u64 };
        stride.saturating_mul(self.height as u64 - 1).saturating_add(row)
    }
}

/// How to open a photo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ImageOptions {
    /// The longest side that is taken; 0: the library's limit, 65500.
    pub max_side: i32,
    /// The most pixels that are taken; 0: the library's limit, 220 million.
    pub max_pixels: i32,
    /// Ignores the orientation in EXIF data or XMP.
    pub as_stored: bool,
}

impl ImageOptions {
    fn in_c(&self) -> sys::mn_image_options {
        let mut options = sized!(sys::mn_image_options);
        options.max_side = self.max_side;
        options.max_pixels = self.max_pixels;
        options.as_stored = self.as_stored.into();
        options
    }
}

/// Takes the rows of a reader: see [`Image::from_reader`].
#[derive(Debug)]
pub struct Rows<'call> {
    take: sys::mn_take_row,
    context: *mut c_void,
    bytes: usize,
    call: PhantomData<&'call mut ()>,
}

impl Rows<'_> {
    /// Takes the next row, 3 bytes for each pixel: red, green and blue. Errors: another number of bytes.
    pub fn take(&mut self, rgb: &[u8]) -> Result<()> {
        if rgb.len() != self.bytes {
            let sentence = format!("a row of the image takes {} bytes, and {} are given", self.bytes, rgb.len());
            return Err(Error::argument(sentence));
        }
        // SAFETY: the function and its context last for the call of the reader, and the row is whole.
        unsafe { (self.take)(self.context, rgb.as_ptr()) };
        Ok(())
    }
}

/// A reader, which C owns.
struct Reader<R> {
    read: R,
    bytes: usize,
}

/// # Safety
/// `itself` is a `Reader<R>` that nobody else uses, and the other two are of the library.
unsafe extern "C" fn read_rows<R: FnMut(&mut Rows<'_>) -> Result<()>>(
    itself: *mut c_void,
    take: Option<sys::mn_take_row>,
    context: *mut c_void,
) -> sys::mn_status {
    let reader = &mut *itself.cast::<Reader<R>>();
    let mut rows = Rows { take: take.expect("a function"), context, bytes: reader.bytes, call: PhantomData };
    call_back(|| (reader.read)(&mut rows).map_or_else(|error| error.set(), |()| sys::MN_OK))
}

/// # Safety
/// `itself` is a `Reader<R>` from a box, and this is the last use of it.
unsafe extern "C" fn close_reader<R>(itself: *mut c_void) {
    call_back(|| {
        drop(Box::from_raw(itself.cast::<Reader<R>>()));
        sys::MN_OK
    });
}

/// A picture that can be shown to models: pixels in memory, the rows of a reader, or a photo's file.
#[derive(Debug)]
pub struct Image<'pixels> {
    raw: NonNull<sys::mn_image>,
    pixels: PhantomData<&'pixels [u8]>,
}

// SAFETY: an image belongs to one thread at a time, whichever (mobilenet_classify.h). It is not Sync.
unsafe impl Send for Image<'_> {}

impl Image<'static> {
    /// Reads a photo: BMP, PGM or PPM, and JPEG, PNG and WebP with the features of these names.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Image::open_with(path, &ImageOptions::default())
    }

    /// As [`Image::open`], with options.
    pub fn open_with(path: impl AsRef<Path>, options: &ImageOptions) -> Result<Self> {
        let path = path_in_c(path.as_ref())?;
        let mut raw = ptr::null_mut();
        // SAFETY: text that ends with a zero, whole options, and a place for the image.
        check(unsafe { sys::mn_image_open(path.as_ptr(), &options.in_c(), &mut raw) })?;
        Ok(Image::new(raw))
    }
}

impl<'pixels> Image<'pixels> {
    /// A photo of a file's bytes; `name` stands for it in errors.
    pub fn from_bytes(bytes: &'pixels [u8], name: &str) -> Result<Self> {
        Image::from_bytes_with(bytes, name, &ImageOptions::default())
    }

    /// As [`Image::from_bytes`], with options.
    pub fn from_bytes_with(bytes: &'pixels [u8], name: &str, options: &ImageOptions) -> Result<Self> {
        let name = in_c("the name", name)?;
        let mut raw = ptr::null_mut();
        // SAFETY: the bytes outlive the image, by its lifetime.
        check(unsafe {
            sys::mn_image_from_memory(bytes.as_ptr().cast(), bytes.len(), name.as_ptr(), &options.in_c(), &mut raw)
        })?;
        Ok(Image::new(raw))
    }

    /// Pixels in memory, as a camera gives them; make one for each frame, which is cheap: nothing is copied.
    pub fn from_pixels(pixels: &'pixels [u8], frame: &Frame) -> Result<Self> {
        enough(pixels, frame.bytes())?;
        let mut raw = ptr::null_mut();
        let mut in_c = sized!(sys::mn_frame);
        in_c.format = frame.format.in_c().0;
        in_c.width = frame.width;
        in_c.height = frame.height;
        in_c.orientation = frame.orientation;
        in_c.pixels = pixels.as_ptr().cast();
        in_c.stride = isize::try_from(frame.stride).unwrap_or(isize::MAX);
        // SAFETY: as many bytes as the frame takes outlive the image.
        check(unsafe { sys::mn_image_from_pixels(&in_c, &mut raw) })?;
        Ok(Image::new(raw))
    }

    /// The rows of another decoder, or of any other source; only the current one need be in memory. `size` is width and
    /// height as stored, and `orientation` EXIF's, as in [`Frame`].
    ///
    /// Each time the image is used, `read` hands over all stored rows, the top one first. Its errors are those of what
    /// used the image, and so are its panics.
    ///
    /// ```
    /// use mobilenet::Image;
    ///
    /// # fn main() -> mobilenet::Result<()> {
    /// let mut ramp = Image::from_reader((256, 2), 0, |rows| {
    ///     let row: Vec<u8> = (0..=255).flat_map(|level| [level; 3]).collect();
    ///     (0..2).try_for_each(|_| rows.take(&row))
    /// })?;
    /// assert_eq!(ramp.to_rgb()?[3 * 255..3 * 257], [255, 255, 255, 0, 0, 0]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_reader<R>(size: (i32, i32), orientation: i32, read: R) -> Result<Self>
    where
        R: FnMut(&mut Rows<'_>) -> Result<()> + Send + 'pixels,
    {
        let mut raw = ptr::null_mut();
        let mut in_c = sized!(sys::mn_image_reader);
        let reader = Box::into_raw(Box::new(Reader { read, bytes: 3 * usize::try_from(size.0).unwrap_or(0) }));
        in_c.width = size.0;
        in_c.height = size.1;
        in_c.orientation = orientation;
        in_c.self_ = reader.cast();
        in_c.read = Some(read_rows::<R>);
        in_c.close = Some(close_reader::<R>);
        // SAFETY: the functions are those of this reader, which outlives the image, that closes it.
        let made = check(unsafe { sys::mn_image_from_reader(&in_c, &mut raw) });
        if made.is_err() {
            // SAFETY: on failure the library has not closed it.
            drop(unsafe { Box::from_raw(reader) });
        }
        made.map(|()| Image::new(raw))
    }

    /// Width and height as seen, after turning.
    pub fn size(&self) -> (i32, i32) {
        let (mut width, mut height) = (0, 0);
        // SAFETY: the image is open, here and below; with places for both this cannot fail.
        unsafe { sys::mn_image_size(self.raw.as_ptr(), &mut width, &mut height) };
        (width, height)
    }

    /// The whole image, upright: `rgb[height][width][3]`.
    pub fn to_rgb(&mut self) -> Result<Vec<u8>> {
        let (width, height) = self.size();
        let mut rgb = vec![0; 3 * width as usize * height as usize];
        check(unsafe { sys::mn_image_copy(self.raw(), rgb.as_mut_ptr(), rgb.len()) })?;
        Ok(rgb)
    }

    fn new(raw: *mut sys::mn_image) -> Self {
        Image { raw: NonNull::new(raw).expect("an image"), pixels: PhantomData }
    }

    pub(crate) fn raw(&mut self) -> *mut sys::mn_image {
        self.raw.as_ptr()
    }
}

/// C does not know how long a slice is.
fn enough(pixels: &[u8], needed: u64) -> Result<()> {
    if (pixels.len() as u64) < needed {
        let sentence =
            format!("the pixels take {} bytes, and {} are given; check width, height and format", needed, pixels.len());
        return Err(Error::argument(sentence));
    }
    Ok(())
}

impl Drop for Image<'_> {
    fn drop(&mut self) {
        let mut raw = self.raw.as_ptr();
        unsafe { sys::mn_image_close(&mut raw) }
        resume_panic();
    }
}
