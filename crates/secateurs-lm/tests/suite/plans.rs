//! Plans that are refused before any work.
