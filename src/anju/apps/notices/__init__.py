"""What is told to whom: notices to people, and an outbox that carries them to the page, by mail and by the chat of the office."""
