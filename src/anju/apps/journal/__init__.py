"""Who did and saw what: one append-only journal, sealed into a chain of hashes that can be verified far from here."""
