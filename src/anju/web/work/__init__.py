"""Work: the queues of alerts, one alert and what became of it, what is put off, and what waits to be released."""
