//! Lists of vectors against sums in f64.

use half::f16;
use proptest::prelude::*;
use secateurs_sparse::{FloatVectors, Level, VectorType};

fn rounded(value: f32, vector_type: VectorType) -> f32 {
    match vector_type {
        VectorType::F32 => value,
        VectorType::F16 => f16::from_f32(value).to_f32(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn products_and_sums_are_those_of_the_vectors(
        (width, len, values) in (1usize..150, 0usize..20).prop_flat_map(|(width, len)| {
            (Just(width), Just(len), proptest::collection::vec(-3.0f32..3.0, (len + 1) * width + len))
        }),
        vector_type in prop_oneof![Just(VectorType::F32), Just(VectorType::F16)],
    ) {
        let (x, rest) = values.split_at(width);
        let (shares, pushed) = rest.split_at(len);
        let mut vectors = FloatVectors::new(width, vector_type);
        vectors.push(pushed);
        vectors.push(&vec![9.0; 2 * width]);
        vectors.truncate(len);
        prop_assert_eq!(vectors.len(), len);
        let stored: Vec<f32> = pushed.iter().map(|value| rounded(*value, vector_type)).collect();
        prop_assert_eq!(&vectors.to_f32(), &stored);

        let mut first: Option<(Vec<f32>, Vec<f32>)> = None;
        for level in Level::available() {
            let (mut products, mut sum) = (vec![f32::NAN; len], vec![f32::NAN; width]);
            vectors.dot(level, x, &mut products);
            vectors.combine(level, shares, &mut sum);
            for (product, vector) in products.iter().zip(stored.chunks(width)) {
                let terms = vector.iter().zip(x).map(|(a, b)| f64::from(*a) * f64::from(*b));
                prop_assert!((f64::from(*product) - terms.sum::<f64>()).abs() < 1e-4);
            }
            for (input, sum) in sum.iter().enumerate() {
                let column = stored.iter().skip(input).step_by(width);
                let terms = shares.iter().zip(column).map(|(a, b)| f64::from(*a) * f64::from(*b));
                prop_assert!((f64::from(*sum) - terms.sum::<f64>()).abs() < 1e-4);
            }
            let results = (products, sum);
            prop_assert_eq!(first.get_or_insert_with(|| results.clone()), &results);
        }
    }
}
