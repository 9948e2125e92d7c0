//! Orders of batches, and trainings that end early.

use proptest::prelude::*;
use secateurs_train::{Batches, EarlyStopping, EpochOrder, TrainError, Verdict};

proptest! {
    #[test]
    fn every_epoch_takes_every_item_once(n_items in 1usize..400, seed: u64, epoch in 0usize..20) {
        let mut items = EpochOrder::new(n_items, seed).unwrap().epoch(epoch);
        items.sort_unstable();
        prop_assert!(items.into_iter().eq(0..n_items as u32));
    }

    #[test]
    fn batches_are_the_epochs_one_after_the_other(
        n_items in 1usize..60,
        seed: u64,
        n_batches in 0usize..40,
        batch_size in 1usize..70,
    ) {
        let order = EpochOrder::new(n_items, seed).unwrap();
        let batches = order.batches(n_batches, batch_size).unwrap();
        prop_assert_eq!(batches.len(), n_batches);
        prop_assert!(batches.iter().all(|batch| batch.len() == batch_size));
        let epochs = (0..).flat_map(|epoch| order.epoch(epoch));
        prop_assert!(epochs.take(n_batches * batch_size).eq(batches.items().iter().copied()));
        // An order that is longer begins with the same batches, in whatever order they are asked for.
        let longer = order.batches(n_batches + 3, batch_size).unwrap();
        for index in (0..n_batches).rev() {
            prop_assert_eq!(longer.batch(index), batches.batch(index));
        }
    }

    #[test]
    fn given_items_are_cut_without_loss(items in prop::collection::vec(0u32..100, 0..80), batch_size in 1usize..20) {
        let batches = Batches::new(items.clone(), batch_size).unwrap();
        prop_assert_eq!(batches.iter().collect::<Vec<_>>().concat(), items);
        prop_assert_eq!(batches.is_empty(), batches.items().is_empty());
    }

    #[test]
    fn the_least_loss_is_kept_and_patience_is_exact(
        losses in prop::collection::vec(0u8..20, 1..40),
        patience in 0usize..6,
        min_delta in 0u8..3,
    ) {
        let rule = EarlyStopping { patience: Some(patience), min_delta: f64::from(min_delta) };
        let mut watch = rule.watch().unwrap();
        let mut stop = None;
        for (index, loss) in losses.iter().enumerate() {
            if watch.see(f64::from(*loss), || index).unwrap() == Verdict::Stop {
                stop = Some(index);
                break;
            }
        }
        prop_assert_eq!(stop, naive_stop(&losses, patience, min_delta));
        let seen = &losses[..stop.map_or(losses.len(), |last| last + 1)];
        let least = seen.iter().min().unwrap();
        let best = watch.into_best().unwrap();
        prop_assert_eq!(best.loss, f64::from(*least));
        prop_assert_eq!(best.index, best.state);
        prop_assert_eq!(Some(best.state), seen.iter().position(|loss| loss == least));
    }
}

/// The index at which training ends: the first after more than `patience` losses in a row that did not help.
fn naive_stop(losses: &[u8], patience: usize, min_delta: u8) -> Option<usize> {
    let mut last_help = 0;
    for index in 1..losses.len() {
        if losses[index] + min_delta < losses[last_help] {
            last_help = index;
        } else if index - last_help > patience {
            return Some(index);
        }
    }
    None
}

#[test]
fn seeds_and_epochs_have_orders_of_their_own() {
    let order = |seed| EpochOrder::new(1000, seed).expect("items");
    assert_ne!(order(7).epoch(0), order(8).epoch(0));
    assert_ne!(order(7).epoch(0), order(7).epoch(1));
    let displaced = order(7).epoch(0).into_iter().enumerate();
    assert!(displaced.filter(|(at, item)| *at as u32 != *item).count() > 980);
    // Orders are part of what an interrupted training goes on with: they must not change.
    assert_eq!(EpochOrder::new(8, 1).expect("items").epoch(0), FIRST_EPOCH);
}

const FIRST_EPOCH: [u32; 8] = [0, 3, 7, 1, 2, 6, 5, 4];

#[test]
fn a_watch_that_goes_on_elsewhere_ends_at_the_same_loss() {
    let losses = [3.0, 2.0, 2.5, 2.2, 2.1, 2.4, 1.0];
    let mut whole = EarlyStopping::new(2).watch().expect("valid");
    let mut parted = whole.clone();
    for (index, loss) in losses.iter().enumerate().take(5) {
        let verdicts = [&mut whole, &mut parted].map(|watch| watch.see(*loss, || index).expect("finite"));
        assert_eq!(verdicts[0], verdicts[1]);
        assert_eq!(verdicts[0] == Verdict::Stop, index == 4);
        parted = parted.clone();
    }
    assert_eq!(whole, parted);
    let forever = &mut EarlyStopping::default().watch().expect("valid");
    assert!((0..1000).all(|_| {
        forever
            .see(1.0, || ())
            .is_ok_and(|verdict| verdict == Verdict::Continue)
    }));
}

#[test]
fn bad_orders_and_losses_are_refused() {
    for n_items in [0, 1 << 33] {
        assert!(EpochOrder::new(n_items, 0).is_err());
    }
    assert!(Batches::new(vec![1], 0).is_err());
    for min_delta in [-1.0, f64::NAN, f64::INFINITY] {
        let rule = EarlyStopping {
            patience: None,
            min_delta,
        };
        assert!(rule.watch::<()>().is_err(), "{min_delta}");
    }
    let mut watch = EarlyStopping::new(3).watch().expect("valid");
    watch.see(1.0, || ()).expect("finite");
    for loss in [f64::NAN, f64::INFINITY] {
        let error = watch.see(loss, || ()).expect_err("not finite");
        assert!(
            matches!(error, TrainError::WatchedLossNotFinite { index: 1, .. }),
            "{error}"
        );
    }
}
