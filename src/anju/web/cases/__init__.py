"""Cases: the queue that is a worker's home page, one case and its gate, work in bulk, supervision."""
