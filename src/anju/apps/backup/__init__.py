"""A whole deployment as one consistent set, and back: tables, lake and policy, and which keys open them."""
