//! Removes every known credential from what leaves the program. Pure.
