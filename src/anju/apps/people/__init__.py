"""Who was resettled: households, persons, who belonged to which and when, and what identifies them."""
