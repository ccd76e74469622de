//! Mail: that something waits, and where to sign in; never whom it is about.
