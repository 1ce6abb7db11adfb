//! Several arguments as one, for batches.

use super::FromRecord;
use crate::error::ListenerError;
use crate::listener::{BootCheck, Delivery};

macro_rules! tuple {
    ($($argument:ident)+) => {
        /// Several arguments as one; in a `Batch`, each record's.
        impl<'r, $($argument: FromRecord<'r>),+> FromRecord<'r> for ($($argument,)+) {
            fn from_record(delivery: &'r Delivery) -> Result<Self, ListenerError> {
                Ok(($($argument::from_record(delivery)?,)+))
            }

            fn check(boot: &mut BootCheck<'_>) {
                $($argument::check(boot);)+
            }
        }
    };
}

tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
tuple!(A B C D E);
