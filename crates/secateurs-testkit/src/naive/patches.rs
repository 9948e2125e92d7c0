//! Patches of images, one place of the kernel after another.

/// A kernel that moves over images.
#[derive(Debug, Clone, Copy)]
pub struct Kernel {
    /// Height and width of the kernel.
    pub size: [usize; 2],
    /// Steps between two places.
    pub stride: [usize; 2],
    /// Zeros above and below, and zeros left and right.
    pub padding: [[usize; 2]; 2],
    /// Steps between two entries of the kernel.
    pub dilation: [usize; 2],
    /// Groups of channels.
    pub groups: usize,
}

/// The values under the kernel at each of its places, `[batch * groups * places, channels / groups * k_h * k_w]`.
///
/// `images` has the shape `[batch, channels, height, width]`.
pub fn patches(images: &[f64], shape: [usize; 4], kernel: Kernel) -> Vec<f64> {
    let [batch, channels, height, width] = shape;
    let per_group = channels / kernel.groups;
    let at = |image: usize, channel: usize, row: isize, column: isize| {
        let inside = row >= 0 && column >= 0 && row < height as isize && column < width as isize;
        if inside {
            images[((image * channels + channel) * height + row as usize) * width + column as usize]
        } else {
            0.0
        }
    };
    let [n_rows, n_columns] = [0, 1].map(|axis| {
        let padded = shape[2 + axis] + kernel.padding[axis][0] + kernel.padding[axis][1];
        (padded - kernel.dilation[axis] * (kernel.size[axis] - 1) - 1) / kernel.stride[axis] + 1
    });
    let position = |axis: usize, place: usize, entry: usize| {
        (place * kernel.stride[axis] + entry * kernel.dilation[axis]) as isize - kernel.padding[axis][0] as isize
    };
    let mut patches = Vec::new();
    for (image, group) in pairs(batch, kernel.groups) {
        for (row, column) in pairs(n_rows, n_columns) {
            for channel in group * per_group..(group + 1) * per_group {
                for (k_row, k_column) in pairs(kernel.size[0], kernel.size[1]) {
                    let [row, column] = [position(0, row, k_row), position(1, column, k_column)];
                    patches.push(at(image, channel, row, column));
                }
            }
        }
    }
    patches
}

fn pairs(outer: usize, inner: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..outer).flat_map(move |a| (0..inner).map(move |b| (a, b)))
}
