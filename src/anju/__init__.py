"""Anju (安居): looks after families after they have been resettled."""
