//! The keys of the configuration itself.

use crate::config::reference::Kind::Texts;
use crate::config::reference::{Key, key};

pub(super) const CONFIG: &[Key] = &[key(
    "import",
    Texts,
    "",
    "TOML files, and folders as `configtree:/run/secrets` whose files hold a value each, laid over the file that \
     names them; `optional:` before one that may be missing",
)];
