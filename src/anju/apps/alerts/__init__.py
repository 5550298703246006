"""Who is told of what: episodes of trouble, what holds one back and why, and the queues they are worked from."""
