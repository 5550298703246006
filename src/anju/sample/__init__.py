"""A synthetic prefecture: a compliant world, planted troubles, and the departments' files that tell of them."""
