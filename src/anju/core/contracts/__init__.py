"""What a feed promises: kind, delivery, world, keys, columns, freshness."""
