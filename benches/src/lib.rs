//! Nothing of its own: what is measured stands beside it in Python, Weir against others on the same files and cores, and in `bin`.
