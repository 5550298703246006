"""What happened and who is on it: Django tables, and the actions that may change them."""
