//! Products of constants that may overflow or underflow.

/// Whether a product with a value keeps all its digits: it is neither infinite nor so small that digits are missing.
pub(crate) fn keeps_digits(product: f64, value: f64) -> bool {
    product.is_normal() || value == 0.0
}

/// The product of constants, and the constants that would make it overflow or underflow.
pub(crate) struct Coefficient {
    pub(crate) value: f64,
    pub(crate) separate: Vec<f64>,
}

impl Default for Coefficient {
    fn default() -> Self {
        Self {
            value: 1.0,
            separate: Vec::new(),
        }
    }
}

impl Coefficient {
    pub(crate) fn multiply(&mut self, factor: f64) {
        let product = self.value * factor;
        if self.value == 0.0 || keeps_digits(product, factor) {
            self.value = product;
        } else {
            self.separate.push(factor);
        }
    }
}
