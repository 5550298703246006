"""What runs found: the runs themselves, the breaches that stand, and attainment by standard and place."""
