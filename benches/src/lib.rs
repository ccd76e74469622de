//! Nothing of its own yet: what is measured stands beside it in `speed.py`, Weir against others on the same file and cores.
