"""Where people live and come from: two trees of places, their dated codes, and what became of them."""
