//! A whole small shop against a simple model.
