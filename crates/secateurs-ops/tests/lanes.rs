//! The loops over vectors side by side against sums in f64, lane by lane.
#![cfg(feature = "slices")]

use secateurs_ops::lanes::{self, LANES};

fn rows(n: usize, seed: usize) -> Vec<[f32; LANES]> {
    let value = |index: usize| ((index * 7919 + seed * 104_729) % 2003) as f32 / 500.0 - 2.0;
    (0..n)
        .map(|row| std::array::from_fn(|lane| value(row * LANES + lane)))
        .collect()
}

fn column(rows: &[[f32; LANES]], lane: usize) -> Vec<f64> {
    rows.iter().map(|row| f64::from(row[lane])).collect()
}

fn assert_close(got: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        assert!((got - expected).abs() <= tolerance, "{got} is not {expected}");
    }
}

#[test]
fn norms_are_those_of_each_lane() {
    for n in [1, 2, 33, 576] {
        let x = rows(n, 1);
        let weight: Vec<f32> = rows(n, 2).iter().map(|row| row[0]).collect();
        let mut out = vec![[f32::NAN; LANES]; n];
        lanes::rms_norm(&x, &weight, 1e-3, &mut out);
        for lane in 0..LANES {
            let x = column(&x, lane);
            let rms = (x.iter().map(|x| x * x).sum::<f64>() / n as f64 + 1e-3).sqrt();
            let expected: Vec<f64> = x.iter().zip(&weight).map(|(x, w)| x / rms * f64::from(*w)).collect();
            assert_close(&column(&out, lane), &expected, 2e-5);
        }
    }
}

#[test]
fn pairs_turn_by_the_angles_of_their_lane() {
    let angles = rows(5, 3);
    let cos: Vec<_> = angles.iter().map(|row| row.map(f32::cos)).collect();
    let sin: Vec<_> = angles.iter().map(|row| row.map(f32::sin)).collect();
    let before = rows(10, 4);
    let mut x = before.clone();
    lanes::rope(&mut x, &cos, &sin);
    for lane in 0..LANES {
        let (before, angles) = (column(&before, lane), column(&angles, lane));
        let turned = |i: usize| {
            let (a, b, angle) = (before[i % 5], before[i % 5 + 5], angles[i % 5]);
            if i < 5 {
                a * angle.cos() - b * angle.sin()
            } else {
                b * angle.cos() + a * angle.sin()
            }
        };
        let expected: Vec<f64> = (0..10).map(turned).collect();
        assert_close(&column(&x, lane), &expected, 1e-6);
    }
}

#[test]
fn gates_are_those_of_each_lane() {
    let (mut gate, up) = (rows(7, 5), rows(7, 6));
    let before = gate.clone();
    lanes::swiglu(&mut gate, &up);
    for lane in 0..LANES {
        let gates = column(&before, lane).into_iter().zip(column(&up, lane));
        let expected: Vec<f64> = gates.map(|(gate, up)| gate / (1.0 + (-gate).exp()) * up).collect();
        assert_close(&column(&gate, lane), &expected, 1e-6);
    }
}

/// Keys in the future have no weight at all, whatever their scores are.
#[test]
fn weights_are_those_of_the_keys_that_a_lane_sees() {
    for (n_before, n_keys) in [(0, 1), (0, 32), (0, 20), (5, 37), (100, 132), (100, 110), (64, 64)] {
        let mut scores = rows(n_keys, 7);
        let before = scores.clone();
        for (key, row) in scores.iter_mut().enumerate() {
            let blind = row.iter_mut().enumerate().filter(|(lane, _)| key > n_before + lane);
            blind.for_each(|(_, score)| *score = f32::INFINITY);
        }
        let sums = lanes::causal_weights(&mut scores, n_before, 0.5);
        for (lane, got_sum) in sums.iter().enumerate() {
            let n_seen = (n_before + lane + 1).min(n_keys);
            let seen = &column(&before, lane)[..n_seen];
            let largest = seen.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let mut expected: Vec<f64> = seen.iter().map(|score| (0.5 * (score - largest)).exp()).collect();
            let sum: f64 = expected.iter().sum();
            expected.resize(n_keys, 0.0);
            assert_close(&column(&scores, lane), &expected, 1e-6);
            assert!(column(&scores, lane)[n_seen..].iter().all(|weight| *weight == 0.0));
            assert_close(&[f64::from(*got_sum)], &[sum], 1e-5 * sum);
        }
    }
}

#[test]
fn every_lane_has_its_own_divisor() {
    let mut x = rows(3, 8);
    let before = x.clone();
    let divisors: [f32; LANES] = std::array::from_fn(|lane| lane as f32 + 1.0);
    lanes::divide(&mut x, &divisors);
    for (lane, divisor) in divisors.iter().enumerate() {
        let expected: Vec<f64> = column(&before, lane).iter().map(|x| x / f64::from(*divisor)).collect();
        assert_close(&column(&x, lane), &expected, 1e-6);
    }
}
