"""The paper's study: what its tables compare, on whatever faces are given."""
