//! Laws of numbers.

/// Checks that a square matrix equals its transpose to the last bit.
pub fn symmetric(matrix: &[f64], side: usize) {
    assert_eq!(matrix.len(), side * side);
    for i in 0..side {
        for j in 0..i {
            let [lower, upper] = [matrix[i * side + j], matrix[j * side + i]];
            assert_eq!(
                lower.to_bits(),
                upper.to_bits(),
                "[{i}, {j}] is {lower}, [{j}, {i}] is {upper}"
            );
        }
    }
}

/// Checks that every entry lies within `relative` of the expected one, measured against the larger of it and `floor`.
pub fn close(got: &[f64], expected: &[f64], relative: f64, floor: f64) {
    assert_eq!(got.len(), expected.len());
    for (index, (got, expected)) in got.iter().zip(expected).enumerate() {
        let bound = relative * expected.abs().max(floor);
        assert!(
            (got - expected).abs() <= bound,
            "entry {index} is {got}, expected {expected} within {bound}"
        );
    }
}
